//! Holds words on the heap that both ends of a ring share, for the tests beside it.

use std::ops::Deref;

use crate::sys::sync::{Arc, AtomicU64};

#[derive(Clone, Debug)]
pub(crate) struct Heap(Arc<Vec<AtomicU64>>);

impl Heap {
    pub(crate) fn zeroed(words: usize) -> Heap {
        Heap(Arc::new((0..words).map(|_| AtomicU64::new(0)).collect()))
    }
}

impl Deref for Heap {
    type Target = [AtomicU64];

    fn deref(&self) -> &[AtomicU64] {
        &self.0
    }
}
