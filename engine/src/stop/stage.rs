//! The rings of an engine, for who stops calls of all of them (CANCEL-13).

use std::sync::Weak;

use crate::port::Port;
use crate::sync::{Arc, AtomicBool, Mutex, Ordering, lock};

/// All rings there are, those included whose application's end is gone while calls of theirs still run.
#[derive(Debug)]
pub(crate) struct Stage {
    /// Whether somebody might stop calls of all rings.
    is_watched: AtomicBool,
    /// A ring is kept by its calls and by its submitter, not by this list.
    ports: Mutex<Vec<Weak<Port>>>,
}

impl Stage {
    pub(crate) fn new() -> Stage {
        Stage { is_watched: AtomicBool::new(false), ports: Mutex::new(Vec::new()) }
    }

    /// A ring is opened.
    pub(crate) fn enter(&self, port: &Arc<Port>) {
        let mut ports = lock(&self.ports);
        if ports.len() == ports.capacity() {
            ports.retain(|port| port.strong_count() > 0);
        }
        ports.push(Arc::downgrade(port));
    }

    /// Somebody may stop calls of all rings from now on.
    pub(crate) fn watch(&self) {
        self.is_watched.store(true, Ordering::Relaxed);
    }

    #[inline(always)]
    pub(crate) fn is_watched(&self) -> bool {
        self.is_watched.load(Ordering::Relaxed)
    }

    pub(crate) fn ports(&self) -> Vec<Arc<Port>> {
        lock(&self.ports).iter().filter_map(Weak::upgrade).collect()
    }
}
