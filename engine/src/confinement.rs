//! Whether the submitter may give calls to workers: a worker must not do for it what it may no longer do itself
//! (POOL-20).

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::identity::{Identity, Quick};

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
const PERIOD: Duration = Duration::from_millis(20);

/// The identity that workers have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workers {
    /// One of the pool's threads.
    pub(crate) tid: u32,
    /// What the thread that started the pool was.
    pub(crate) quick: Quick,
}

impl Confinement {
    /// Compares the calling thread.
    pub(crate) fn of_this_thread(workers: Workers) -> Confinement {
        let quick = Quick::of_this_thread();
        let matched = (quick == workers.quick && is_equal(workers.tid)).then_some(quick);
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
            // What a thread has taken upon itself it does not lose.
            None if is_same_thread => return false,
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

/// Whether the calling thread's identity is that of this thread. Where /proc tells nothing of either, or the process
/// has no descriptor left to ask with, what is cheap to ask for has to do.
fn is_equal(tid: u32) -> bool {
    match (Identity::of_this_thread(), Identity::of(tid.cast_signed())) {
        (Ok(own), Ok(theirs)) => own == theirs,
        (Err(error), _) | (_, Err(error)) if is_passing(&error) => true,
        (Err(_), Err(_)) => true,
        _ => false,
    }
}

/// Whether the question can be asked again later.
fn is_passing(error: &std::io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::EINTR))
}

/// A number that no other thread of this process has, or will have.
fn thread_mark() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static MARK: u64 = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    MARK.with(|mark| *mark)
}
