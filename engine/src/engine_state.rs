//! The state of an engine, which its handles and all of its rings share. Made by `Engine::start`, called by rings and
//! cancellers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::admission::Terms;
use crate::pool::Pool;
use crate::pool::registry::RingRegistry;
use crate::sys::fork::ForkGuard;

/// The state of an engine. It lives until the engine's handles and its last ring are dropped.
#[derive(Debug)]
pub(crate) struct EngineState {
    pub(crate) terms: Terms,
    pub(crate) guard: Arc<ForkGuard>,
    /// `None` when the submitters run all calls themselves.
    pub(crate) pool: Option<Arc<Pool>>,
    pub(crate) is_closed: AtomicBool,
    pub(crate) registry: RingRegistry,
}

impl Drop for EngineState {
    /// No ring is left either. Calls that run go on by themselves; this does not wait for them (POOL-22).
    fn drop(&mut self) {
        if !self.guard.is_home() {
            return; // The threads and their locks are the parent's.
        }
        if let Some(pool) = &self.pool {
            pool.shut();
        }
    }
}

impl EngineState {
    pub(crate) fn is_closed(&self) -> bool {
        // Relaxed: reads the store in `Engine::close`, and no data through it. A push that does not see the store yet
        // is accepted; with workers, the scheduler's `closed` and its fences have that call ended (POOL-21).
        self.is_closed.load(Ordering::Relaxed)
    }
}
