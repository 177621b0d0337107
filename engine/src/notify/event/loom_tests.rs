//! Every interleaving of a thread that polls and threads that post, over a model of an eventfd and of the two ways to
//! poll it.

use std::convert::Infallible;

use loom::sync::{Condvar, Mutex};
use loom::thread;

use crate::notify::event::{Event, EventCounter};
use crate::sys::sync::{Arc, AtomicU64, Ordering, fence};

#[derive(Clone, Copy, Default)]
struct Count {
    value: u64,
    /// An addition that no edge-triggered poll has reported.
    is_new: bool,
    additions: u64,
}

/// An eventfd: the kernel reads and writes it under one lock.
struct Model {
    count: Mutex<Count>,
    changed: Condvar,
}

#[derive(Clone)]
struct ModelFd(Arc<Model>);

impl EventCounter for ModelFd {
    fn add_one(&self) {
        let mut count = self.0.count.lock().unwrap();
        count.value += 1;
        count.is_new = true;
        count.additions += 1;
        self.0.changed.notify_all();
    }

    fn take(&self) -> u64 {
        std::mem::take(&mut self.0.count.lock().unwrap().value)
    }
}

/// How the application polls.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Poll {
    Level,
    Edge,
    /// Level-triggered, and the descriptor is read after each poll.
    AndRead,
}

impl ModelFd {
    /// An eventfd with one added, as it is made.
    fn readable() -> ModelFd {
        let count = Count { value: 1, is_new: true, additions: 0 };
        ModelFd(Arc::new(Model { count: Mutex::new(count), changed: Condvar::new() }))
    }

    fn poll(&self, how: Poll) {
        let mut count = self.0.count.lock().unwrap();
        while if how == Poll::Edge { !count.is_new } else { count.value == 0 } {
            count = self.0.changed.wait(count).unwrap();
        }
        count.is_new = false;
        if how == Poll::AndRead {
            count.value = 0;
        }
    }

    fn count(&self) -> Count {
        *self.0.count.lock().unwrap()
    }
}

/// `posters` post one thing each; the consumer polls and looks until it has seen them all. A lost edge is a deadlock,
/// which loom reports.
fn explore(posters: u64, how: Poll) {
    loom::model(move || {
        let event = Arc::new(Event::new());
        let posted = Arc::new(AtomicU64::new(0));
        let threads: Vec<_> = (0..posters)
            .map(|_| {
                let (event, posted) = (Arc::clone(&event), Arc::clone(&posted));
                thread::spawn(move || {
                    posted.fetch_add(1, Ordering::Release);
                    fence(Ordering::SeqCst);
                    event.raise();
                })
            })
            .collect();
        let fd = ModelFd::readable();
        let Ok(_) = event.get_or_create(|| Ok::<_, Infallible>(fd.clone()));
        let mut looks = 0;
        while {
            fd.poll(how);
            event.rearm();
            looks += 1;
            posted.load(Ordering::Acquire) < posters
        } {}
        // A look without a poll, when a write may still be on its way.
        event.rearm();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(fd.count().additions <= looks + 1, "one arming, one addition");
        event.rearm();
        assert_eq!(fd.count().value, 0, "a look makes it unreadable");
    });
}

/// RING-20, RING-21, RING-22: level-triggered.
#[test]
fn loom_no_readiness_is_lost() {
    explore(1, Poll::Level);
    explore(2, Poll::Level);
}

/// RING-20: edge-triggered: a poll reports each addition once.
#[test]
fn loom_no_edge_is_lost() {
    explore(1, Poll::Edge);
    explore(2, Poll::Edge);
}

/// RING-22: nor is anything lost when the application takes the count away.
#[test]
fn loom_reading_the_descriptor_loses_nothing() {
    explore(1, Poll::AndRead);
    explore(2, Poll::AndRead);
}
