//! The list of an engine's rings. Filled by `Ring::open`, read by cancellers of all rings (CANCEL-13) and by close.

use std::sync::Weak;

use crate::pool::ring_work::RingWork;
use crate::sys::sync::{Arc, AtomicBool, Mutex, Ordering, lock};

/// All rings of an engine. A ring with calls that still run is included after its handle was dropped.
#[derive(Debug)]
pub(crate) struct RingRegistry {
    /// Whether a canceller of all rings exists or has existed.
    is_watched: AtomicBool,
    /// The rings. A ring is kept by its calls and by its submitter, not by this list.
    rings: Mutex<Vec<Weak<RingWork>>>,
}

impl RingRegistry {
    pub(crate) fn new() -> RingRegistry {
        RingRegistry { is_watched: AtomicBool::new(false), rings: Mutex::new(Vec::new()) }
    }

    /// Adds a ring that is opened.
    pub(crate) fn enter(&self, ring: &Arc<RingWork>) {
        let mut rings = lock(&self.rings);
        if rings.len() == rings.capacity() {
            rings.retain(|ring| ring.strong_count() > 0);
        }
        rings.push(Arc::downgrade(ring));
    }

    /// A canceller may stop calls of all rings from now on. Relaxed: rings read the flag in `is_watched`, and a call
    /// queued before a ring sees it is found pending, as `Engine::canceller` says.
    pub(crate) fn watch(&self) {
        self.is_watched.store(true, Ordering::Relaxed);
    }

    #[inline(always)]
    pub(crate) fn is_watched(&self) -> bool {
        self.is_watched.load(Ordering::Relaxed)
    }

    pub(crate) fn rings(&self) -> Vec<Arc<RingWork>> {
        lock(&self.rings).iter().filter_map(Weak::upgrade).collect()
    }
}
