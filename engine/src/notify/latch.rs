//! A latch: one thread waits until a number of others have arrived. A program waits with it for the calls of a parallel
//! group. Steps in comments (G1 …) are those of specs/syslets.md.

use std::ops::Deref;

use crate::notify::FutexWord;
use crate::sys::sync::{AtomicU32, Ordering};

/// Counts the threads that have arrived.
#[derive(Debug)]
pub(crate) struct Latch<W> {
    arrived: W,
    /// The number that opens the latch.
    all: u32,
}

impl<W: FutexWord + Deref<Target = AtomicU32>> Latch<W> {
    /// A latch that opens when `all` have arrived. The word is 0.
    pub(crate) fn new(word: W, all: u32) -> Latch<W> {
        Latch { arrived: word, all }
    }

    /// G1: one more thread has arrived.
    pub(crate) fn arrive(&self) {
        // Release: pairs with the load of `wait` (G3, acquire): the results that this thread has stored are seen there.
        // Acquire: the last thread's addition carries those of the threads before it.
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.all {
            // G2: the waiter sleeps on another number, or is about to look.
            self.arrived.wake_one();
        }
    }

    /// Waits until all have arrived. `before_sleep` runs each time before it sleeps, also where a signal has ended a
    /// sleep.
    pub(crate) fn wait(&self, mut before_sleep: impl FnMut()) {
        loop {
            // G3. Acquire: pairs with the addition of `arrive` (G1, release).
            let arrived = self.arrived.load(Ordering::Acquire);
            if arrived == self.all {
                return;
            }
            before_sleep();
            // G4: the kernel compares, and does not sleep once the number is another.
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

    /// SYSLET-33: the waiter finds the results of every thread that has arrived, and its sleep ends when all have.
    #[test]
    fn loom_the_waiter_finds_all() {
        loom::model(|| {
            let latch = Arc::new(Latch::new(word(), 2));
            let left: [Arc<AtomicU64>; 2] = std::array::from_fn(|_| Arc::new(AtomicU64::new(0)));
            let threads: Vec<_> = (0..2_usize)
                .map(|index| {
                    let (latch, left) = (Arc::clone(&latch), Arc::clone(&left[index]));
                    thread::spawn(move || {
                        left.store(index as u64 + 1, Ordering::Relaxed);
                        latch.arrive();
                    })
                })
                .collect();
            latch.wait(|| {});
            assert_eq!(left.each_ref().map(|left| left.load(Ordering::Relaxed)), [1, 2]);
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
    }
}
