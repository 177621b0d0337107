//! Which attributes an engine knows.

use std::sync::Arc;

use syslet_abi::AttributeId;

use crate::affinity::Affinity;
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
use crate::nice::Nice;
use crate::retry::Retry;
use crate::sched::Sched;
use crate::timer_slack::TimerSlack;
use crate::timing::Timing;
use crate::trace::Trace;
use crate::umask::Umask;
use crate::usage::Usage;
use crate::worker::Worker;

/// Those that change the thread of their call, or how it is made, by id.
fn acting() -> [(AttributeId, Arc<dyn Attribute>); 9] {
    [
        (AttributeId::NICE, Arc::new(Nice)),
        (AttributeId::SCHED, Arc::new(Sched)),
        (AttributeId::IOPRIO, Arc::new(Ioprio)),
        (AttributeId::AFFINITY, Arc::new(Affinity)),
        (AttributeId::CREDENTIALS, Arc::new(CredentialsAttribute)),
        (AttributeId::CWD, Arc::new(Cwd)),
        (AttributeId::UMASK, Arc::new(Umask)),
        (AttributeId::TIMER_SLACK, Arc::new(TimerSlack)),
        (AttributeId::RETRY, Arc::new(Retry)),
    ]
}

/// An id that cannot be registered: another attribute has it, or it is one of the engine's own.
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
    /// INVARIANT: sorted by id. The ids are those the attributes gave when they were added: an attribute that later
    /// gives another cannot spoil the order.
    attributes: Vec<(AttributeId, Arc<dyn Attribute>)>,
}

impl Registry {
    /// The attributes that every engine knows.
    #[must_use]
    pub fn built_in() -> Registry {
        let mut registry = Registry {
            attributes: vec![
                (AttributeId::DATA, Arc::new(Data)),
                (AttributeId::TIMING, Arc::new(Timing)),
                (AttributeId::WORKER, Arc::new(Worker)),
                (AttributeId::CACHE, Arc::new(Cache)),
                (AttributeId::USAGE, Arc::new(Usage)),
                (AttributeId::IO, Arc::new(Io)),
                (AttributeId::BLOCKED, Arc::new(Blocked)),
                (AttributeId::CHECKSUM, Arc::new(Checksum)),
                (AttributeId::COUNTERS, Arc::new(Counters)),
                (AttributeId::TRACE, Arc::new(Trace)),
                (AttributeId::DEADLINE, Arc::new(Deadline)),
            ],
        };
        registry.attributes.extend(acting());
        registry
    }

    /// Adds an attribute of the application's.
    ///
    /// # Errors
    /// When its id is taken. Ids below [`AttributeId::APPLICATION`] always are: they are the engine's, used or not.
    pub fn add(&mut self, attribute: Arc<dyn Attribute>) -> Result<(), DuplicateId> {
        let id = attribute.id();
        match self.position(id) {
            Err(at) if id.is_application() => {
                self.attributes.insert(at, (id, attribute));
                Ok(())
            }
            _ => Err(DuplicateId(id)),
        }
    }

    /// The attribute of that id.
    #[must_use]
    pub fn get(&self, id: AttributeId) -> Option<&dyn Attribute> {
        self.position(id).ok().map(|at| &*self.attributes[at].1)
    }

    /// All attributes, by id.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Attribute> {
        self.attributes.iter().map(|(_, attribute)| &**attribute)
    }

    fn position(&self, id: AttributeId) -> Result<usize, usize> {
        self.attributes.binary_search_by_key(&id, |&(id, _)| id)
    }
}
