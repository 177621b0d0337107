//! Whether the submitter may give calls to workers: a worker must not do for it what it may no longer do itself
//! (POOL-20).

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::identity::{Identity, Quick};

/// What a ring knows of its submitter.
#[derive(Debug)]
pub(crate) struct Confinement {
    /// The thread that was compared.
    thread: u64,
    /// The parts of its identity that are cheap to ask for, when it was found to be confined as the workers are.
    /// None when it was not.
    matched: Option<Quick>,
    /// When everything was compared.
    compared: Instant,
}

/// Everything is compared at least so often, while calls are given to workers.
const PERIOD: Duration = Duration::from_millis(10);
/// So often it is looked whether a difference is gone. The C library's setuid changes one thread after the other: who
/// looks in between sees two that differ, and are equal soon.
const AGAIN: Duration = Duration::from_millis(100);
/// So often a difference is looked at before it is believed, for the same reason.
const LOOKS: u32 = 3;

/// The identity that workers have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workers {
    /// One of the pool's threads.
    pub(crate) tid: u32,
    /// What the thread that started the pool was.
    pub(crate) quick: Quick,
    /// Whether /proc told of that thread when the pool was started.
    pub(crate) is_proc_there: bool,
}

impl Confinement {
    /// Compares the calling thread.
    pub(crate) fn of_this_thread(workers: Workers) -> Confinement {
        let quick = Quick::of_this_thread();
        let is_matched = quick == workers.quick && (0..LOOKS).any(|_| is_equal(workers));
        let matched = is_matched.then_some(quick);
        Confinement { thread: thread_mark(), matched, compared: Instant::now() }
    }

    /// Whether the calling thread is, as far as was seen last, confined as the workers are.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        self.matched.is_some()
    }

    /// Looks again, before calls are given to workers.
    pub(crate) fn look(&mut self, workers: Workers) -> bool {
        let is_same_thread = self.thread == thread_mark();
        match self.matched {
            None if is_same_thread && self.compared.elapsed() < AGAIN => return false,
            Some(quick) if is_same_thread && self.compared.elapsed() < PERIOD => {
                if quick != Quick::of_this_thread() {
                    self.matched = None;
                }
            }
            _ => *self = Confinement::of_this_thread(workers),
        }
        self.is_open()
    }
}

/// Whether the calling thread's identity is that of the workers. Where /proc has never told of anybody, what is cheap
/// to ask for has to do. Where it did, who may not look any more is confined; who has no descriptor left to look with
/// looks again in the next period.
fn is_equal(workers: Workers) -> bool {
    match (Identity::of_this_thread(), Identity::of(workers.tid.cast_signed())) {
        (Ok(own), Ok(theirs)) => own == theirs,
        (Err(error), _) | (_, Err(error)) if is_shortage(&error) => true,
        (Err(_), Err(_)) => !workers.is_proc_there,
        _ => false,
    }
}

fn is_shortage(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM))
}

/// A number that no other thread of this process has, or will have.
fn thread_mark() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static MARK: u64 = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    MARK.with(|mark| *mark)
}
