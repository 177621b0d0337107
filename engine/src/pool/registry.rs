//! The rings of an engine, for who stops calls of all of them (CANCEL-13).

use std::sync::Weak;

use crate::pool::ring_work::RingWork;
use crate::sys::sync::{Arc, AtomicBool, Mutex, Ordering, lock};

/// All rings there are, those included whose application's end is gone while calls of theirs still run.
#[derive(Debug)]
pub(crate) struct RingRegistry {
    /// Whether somebody might stop calls of all rings.
    is_watched: AtomicBool,
    /// A ring is kept by its calls and by its submitter, not by this list.
    rings: Mutex<Vec<Weak<RingWork>>>,
}

impl RingRegistry {
    pub(crate) fn new() -> RingRegistry {
        RingRegistry { is_watched: AtomicBool::new(false), rings: Mutex::new(Vec::new()) }
    }

    /// A ring is opened.
    pub(crate) fn enter(&self, ring: &Arc<RingWork>) {
        let mut rings = lock(&self.rings);
        if rings.len() == rings.capacity() {
            rings.retain(|ring| ring.strong_count() > 0);
        }
        rings.push(Arc::downgrade(ring));
    }

    /// Somebody may stop calls of all rings from now on.
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
