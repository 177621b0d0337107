//! What all rings of an engine share.

use std::sync::Arc;

use syslet_attrs::Registry;

use crate::fork::ForkGuard;

/// What every ring of an engine needs.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) registry: Arc<Registry>,
    pub(crate) guard: Arc<ForkGuard>,
}
