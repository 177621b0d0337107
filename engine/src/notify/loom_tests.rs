//! Every interleaving of a thread that sleeps and threads that post, over a model of the kernel's futex.

use std::ops::Deref;
use std::time::Duration;

use loom::sync::{Condvar, Mutex};
use loom::thread;

use crate::notify::{FutexWord, Slept, Wake};
use crate::sys::sync::{Arc, AtomicU32, AtomicU64, Ordering};

/// A futex: the word, and the state that the kernel keeps for it. It compares and sleeps under one lock, and wakes
/// under it.
struct Model {
    word: AtomicU32,
    woken: Mutex<bool>,
    changed: Condvar,
    wakes: AtomicU64,
}

#[derive(Clone)]
pub(crate) struct ModelWord(Arc<Model>);

impl Deref for ModelWord {
    type Target = AtomicU32;

    fn deref(&self) -> &AtomicU32 {
        &self.0.word
    }
}

impl FutexWord for ModelWord {
    fn sleep(&self, expected: u32, _timeout: Option<Duration>) -> Slept {
        let mut woken = self.0.woken.lock().unwrap();
        if self.0.word.load(Ordering::Relaxed) != expected {
            return Slept::Woken;
        }
        *woken = false;
        while !*woken {
            woken = self.0.changed.wait(woken).unwrap();
        }
        Slept::Woken
    }

    fn wake_one(&self) {
        let mut woken = self.0.woken.lock().unwrap();
        *woken = true;
        self.0.wakes.fetch_add(1, Ordering::Relaxed);
        self.0.changed.notify_all();
    }
}

pub(crate) fn word() -> ModelWord {
    ModelWord(Arc::new(Model {
        word: AtomicU32::new(0),
        woken: Mutex::new(false),
        changed: Condvar::new(),
        wakes: AtomicU64::new(0),
    }))
}

/// `posters` post one thing each; the waiter sleeps until it has seen them all. A lost wake-up is a deadlock, which
/// loom reports. Checks that no arming cost two wake-ups.
fn explore(posters: u64) {
    loom::model(move || {
        let futex = word();
        let wake = Arc::new(Wake::new(futex.clone(), word()));
        let posted = Arc::new(AtomicU64::new(0));
        let threads: Vec<_> = (0..posters)
            .map(|_| {
                let (wake, posted) = (Arc::clone(&wake), Arc::clone(&posted));
                thread::spawn(move || {
                    posted.fetch_add(1, Ordering::Release);
                    wake.notify();
                })
            })
            .collect();
        let mut armings = 0;
        loop {
            let seen = posted.load(Ordering::Acquire);
            if seen == posters {
                break;
            }
            armings += 1;
            wake.sleep_unless(|| posted.load(Ordering::Acquire) != seen, None);
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(futex.0.wakes.load(Ordering::Relaxed) <= armings, "one arming, one wake-up");
    });
}

/// RING-16: no wake-up is lost.
#[test]
fn loom_no_wake_up_is_lost() {
    explore(1);
}

/// RING-16, RING-17: nor with two posters, and one arming costs one wake-up.
#[test]
fn loom_one_arming_costs_one_wake_up() {
    explore(2);
}
