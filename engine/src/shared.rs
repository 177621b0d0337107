//! What all rings of an engine share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::fork::ForkGuard;
use crate::pool::Pool;
use crate::run::known::Known;
use crate::stop::stage::Stage;
use crate::twin::Abilities;

/// What every ring of an engine needs.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) known: Arc<Known>,
    pub(crate) guard: Arc<ForkGuard>,
    /// None when the submitters run everything themselves.
    pub(crate) pool: Option<Arc<Pool>>,
    /// The twins that may be tried.
    pub(crate) twins: Abilities,
    /// No other engine of this process has it.
    pub(crate) number: u64,
    /// No program may have a larger budget.
    pub(crate) program_steps_max: u32,
    pub(crate) is_closed: AtomicBool,
    pub(crate) stage: Stage,
}

impl Drop for Shared {
    /// No ring is left either: what runs goes on by itself, and nobody waits (POOL-22).
    fn drop(&mut self) {
        if !self.guard.is_home() {
            return; // The threads and their locks are the parent's.
        }
        if let Some(pool) = &self.pool {
            pool.shut();
        }
    }
}

impl Shared {
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }
}
