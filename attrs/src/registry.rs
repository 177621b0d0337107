//! Which attributes an engine knows.

use std::sync::Arc;

use syslet_abi::AttributeId;

use crate::attribute::Attribute;
use crate::data::Data;
use crate::timing::Timing;

/// Two attributes with the same id cannot be registered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DuplicateId(pub AttributeId);

impl core::fmt::Display for DuplicateId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "attribute id {:#x} is taken", self.0.0)
    }
}

impl core::error::Error for DuplicateId {}

/// The attributes of one engine, sorted by id.
#[derive(Clone, Debug)]
pub struct Registry {
    attributes: Vec<Arc<dyn Attribute>>,
}

impl Registry {
    /// The attributes that every engine knows.
    #[must_use]
    pub fn built_in() -> Registry {
        Registry { attributes: vec![Arc::new(Data), Arc::new(Timing)] }
    }

    /// Adds an attribute.
    ///
    /// # Errors
    /// When its id is taken.
    pub fn add(&mut self, attribute: Arc<dyn Attribute>) -> Result<(), DuplicateId> {
        match self.position(attribute.id()) {
            Ok(_) => Err(DuplicateId(attribute.id())),
            Err(at) => {
                self.attributes.insert(at, attribute);
                Ok(())
            }
        }
    }

    /// The attribute of that id.
    #[must_use]
    pub fn get(&self, id: AttributeId) -> Option<&dyn Attribute> {
        self.position(id).ok().map(|at| &*self.attributes[at])
    }

    /// All attributes, by id.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Attribute> {
        self.attributes.iter().map(|attribute| &**attribute)
    }

    fn position(&self, id: AttributeId) -> Result<usize, usize> {
        self.attributes.binary_search_by_key(&id, |attribute| attribute.id())
    }
}
