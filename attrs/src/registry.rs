//! The registry: the attributes that an engine knows, by id. The engine makes one at its start and looks each asked
//! id up.

use std::sync::Arc;

use syslet_abi::AttributeId;

use crate::affinity::Affinity;
use crate::atoms::Atoms;
use crate::attribute::Attribute;
use crate::blocked::Blocked;
use crate::cache::Cache;
use crate::checksum::Checksum;
use crate::counters::Counters;
use crate::credentials::CredentialsAttribute;
use crate::cwd::Cwd;
use crate::data::Data;
use crate::deadline::Deadline;
use crate::io::Io;
use crate::ioprio::Ioprio;
use crate::lane::Lane;
use crate::nice::Nice;
use crate::priority::Priority;
use crate::retry::Retry;
use crate::sched::Sched;
use crate::timer_slack::TimerSlack;
use crate::timing::Timing;
use crate::trace::Trace;
use crate::umask::Umask;
use crate::usage::Usage;
use crate::worker::Worker;

/// The attributes that tell about a call, or place it in time and queue, by id.
fn of_the_call() -> [Arc<dyn Attribute>; 14] {
    [
        Arc::new(Data),
        Arc::new(Timing),
        Arc::new(Worker),
        Arc::new(Cache),
        Arc::new(Usage),
        Arc::new(Io),
        Arc::new(Blocked),
        Arc::new(Checksum),
        Arc::new(Counters),
        Arc::new(Trace),
        Arc::new(Deadline),
        Arc::new(Priority),
        Arc::new(Lane),
        Arc::new(Atoms),
    ]
}

/// The attributes that change the thread of their call, or make the call again, by id.
fn of_the_thread() -> [Arc<dyn Attribute>; 9] {
    [
        Arc::new(Nice),
        Arc::new(Sched),
        Arc::new(Ioprio),
        Arc::new(Affinity),
        Arc::new(CredentialsAttribute),
        Arc::new(Cwd),
        Arc::new(Umask),
        Arc::new(TimerSlack),
        Arc::new(Retry),
    ]
}

/// An id that cannot be registered, because another attribute has it or it is below [`AttributeId::APPLICATION`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DuplicateId(pub AttributeId);

impl core::fmt::Display for DuplicateId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self(AttributeId(id)) = *self;
        if self.0.is_application() {
            write!(f, "attribute id {id:#x} is taken")
        } else {
            write!(f, "attribute id {id:#x} is the engine's: an application's begin at 0x8000")
        }
    }
}

impl core::error::Error for DuplicateId {}

/// The attributes of one engine.
#[derive(Clone, Debug)]
pub struct Registry {
    /// The engine's own attributes, each at the index of its id: a call looks each of its attributes up three times.
    built_in: Vec<Option<Arc<dyn Attribute>>>,
    /// INVARIANT: sorted by id. Each id is a copy of the one that the attribute gave when it was added, so an attribute
    /// that later gives another id cannot spoil the order.
    applications: Vec<(AttributeId, Arc<dyn Attribute>)>,
}

impl Registry {
    /// The attributes that every engine knows.
    #[must_use]
    pub fn built_in() -> Registry {
        let mut built_in: Vec<Option<Arc<dyn Attribute>>> = Vec::new();
        for attribute in of_the_call().into_iter().chain(of_the_thread()) {
            let at = usize::from(attribute.id().0);
            built_in.resize(built_in.len().max(at + 1), None);
            built_in[at] = Some(attribute);
        }
        Registry { built_in, applications: Vec::new() }
    }

    /// Adds an attribute of the application.
    ///
    /// # Errors
    /// The id, when another attribute of the application has it, or when it is below [`AttributeId::APPLICATION`]:
    /// those ids are the engine's, used or not.
    pub fn add(&mut self, attribute: Arc<dyn Attribute>) -> Result<(), DuplicateId> {
        let id = attribute.id();
        match self.position(id) {
            Err(at) if id.is_application() => {
                self.applications.insert(at, (id, attribute));
                Ok(())
            }
            _ => Err(DuplicateId(id)),
        }
    }

    /// The attribute of that id, if there is one.
    #[must_use]
    #[inline]
    pub fn get(&self, id: AttributeId) -> Option<&dyn Attribute> {
        match self.built_in.get(usize::from(id.0)) {
            Some(place) => place.as_deref(),
            None => self.position(id).ok().map(|at| &*self.applications[at].1),
        }
    }

    /// Whether the application has added attributes.
    #[must_use]
    #[inline]
    pub fn has_applications(&self) -> bool {
        !self.applications.is_empty()
    }

    /// All attributes, by id.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Attribute> {
        let applications = self.applications.iter().map(|(_, attribute)| &**attribute);
        self.built_in.iter().flatten().map(|attribute| &**attribute).chain(applications)
    }

    /// The index of an application's attribute, or the index at which it belongs.
    fn position(&self, id: AttributeId) -> Result<usize, usize> {
        self.applications.binary_search_by_key(&id, |&(id, _)| id)
    }
}
