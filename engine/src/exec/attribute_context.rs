//! What an engine knows of attributes, and where it tells of traced calls.

use std::ops::Deref;

use syslet_abi::{AttributeId, Call};
use syslet_attrs::{Needs, Registry, TraceValue};

use crate::exec::trace::Trace;

/// The attributes of an engine, and what it needs for them.
#[derive(Debug)]
pub(crate) struct AttributeContext {
    pub(crate) registry: Registry,
    /// Where calls with TRACE are told of, if anywhere.
    pub(crate) trace: Option<Trace>,
}

impl AttributeContext {
    /// Where a call that needs this is told of, if it has TRACE, and by which id.
    pub(crate) fn traced(&self, call: &Call<'_>, needs: Needs) -> Option<(&Trace, u64)> {
        if !needs.contains(Needs::TRACE) {
            return None;
        }
        let ask = call.asks().find(|ask| ask.id == AttributeId::TRACE)?;
        Some((self.trace.as_ref()?, TraceValue::parse(ask.payload)?.id))
    }
}

impl Deref for AttributeContext {
    type Target = Registry;

    fn deref(&self) -> &Registry {
        &self.registry
    }
}
