//! What an engine knows of attributes, and where it tells of traced calls.

use std::ops::Deref;

use syslet_attrs::Registry;

use crate::trace::Trace;

/// The attributes of an engine, and what it needs for them.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) registry: Registry,
    /// Where calls with TRACE are told of, if anywhere.
    pub(crate) trace: Option<Trace>,
}

impl Deref for Known {
    type Target = Registry;

    fn deref(&self) -> &Registry {
        &self.registry
    }
}
