//! One who waits for several to arrive. Steps in comments (G1 …) are those of specs/syslets.md.

use std::ops::Deref;

use crate::notify::FutexWord;
use crate::sys::sync::{AtomicU32, Ordering};

/// How many have arrived, of how many.
#[derive(Debug)]
pub(crate) struct Gather<W> {
    arrived: W,
    all: u32,
}

impl<W: FutexWord + Deref<Target = AtomicU32>> Gather<W> {
    /// Nobody has arrived. The word is 0.
    pub(crate) fn new(word: W, all: u32) -> Gather<W> {
        Gather { arrived: word, all }
    }

    /// G1: one more has arrived. Release: who sees that all have finds what each has left.
    pub(crate) fn arrive(&self) {
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.all {
            // G2: whoever waits sleeps on another number, or is about to look.
            self.arrived.wake_one();
        }
    }

    /// Waits until all have arrived; `before_sleep` each time before it sleeps, also when a signal has ended that.
    pub(crate) fn wait(&self, mut before_sleep: impl FnMut()) {
        loop {
            // G3: acquire pairs with G1.
            let arrived = self.arrived.load(Ordering::Acquire);
            if arrived == self.all {
                return;
            }
            before_sleep();
            // G4: does not sleep once the number is another.
            let _why = self.arrived.sleep(arrived, None);
        }
    }
}

#[cfg(test)]
#[cfg(syslet_loom)]
mod tests {
    use loom::thread;

    use super::*;
    use crate::notify::loom_tests::word;
    use crate::sys::sync::{Arc, AtomicU64};

    /// SYSLET-33: who waits for several finds what each has left, and sleeps on no longer than all have arrived.
    #[test]
    fn loom_who_waits_finds_all() {
        loom::model(|| {
            let gather = Arc::new(Gather::new(word(), 2));
            let left: [Arc<AtomicU64>; 2] = std::array::from_fn(|_| Arc::new(AtomicU64::new(0)));
            let threads: Vec<_> = (0..2_usize)
                .map(|index| {
                    let (gather, left) = (Arc::clone(&gather), Arc::clone(&left[index]));
                    thread::spawn(move || {
                        left.store(index as u64 + 1, Ordering::Relaxed);
                        gather.arrive();
                    })
                })
                .collect();
            gather.wait(|| {});
            assert_eq!(left.each_ref().map(|left| left.load(Ordering::Relaxed)), [1, 2]);
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
    }
}
