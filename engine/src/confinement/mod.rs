//! Whether the submitter may give calls to workers: a worker must not do for it what it may no longer do itself
//! (POOL-20). Sandboxes are per thread: a filter, a lost capability or a new namespace binds the thread that asked for it
//! and those it starts later, not workers that run already.
//!
//! `own` is the thread of a ring, `workers` what it is compared with. What they may do is told by `files` of /proc, whose
//! lines `status` reads, or by `calls` where there is no /proc; what threads share is told by `tables`, and Landlock by
//! `landlock`. What differs is `difference`. `outside` is the same for a thread that is stuck, looked at by another.

mod calls;
mod difference;
mod files;
mod landlock;
mod outside;
mod own;
mod raw;
mod status;
mod tables;
mod workers;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::confinement::difference::Difference;
pub(crate) use crate::confinement::outside::Outside;
use crate::confinement::own::Own;
pub(crate) use crate::confinement::workers::{Told, Workers};
use crate::pool::Pool;

/// How much is compared before calls of a thread are given to workers (`specs/pool.md`, POOL-42 and POOL-46).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Confine {
    /// What the kernel tells of a thread: ids, groups, capabilities, seccomp filters by their number, no_new_privs,
    /// namespaces, directories, descriptor table. A few microseconds for each batch that goes to workers.
    #[default]
    Checked,
    /// Landlock's layers as well, by their number, which takes a short-lived thread: nearly a hundred microseconds for each
    /// batch that goes to workers.
    Strict,
}

/// By what threads are compared here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Source {
    /// The status file of /proc, its links of namespaces, and the security module's label.
    Status,
    /// Without /proc: calls that ask for ids, groups, capabilities, no_new_privs and the mode of seccomp.
    Calls,
    /// What threads share is compared by the kernel itself.
    Kcmp,
    /// Without kcmp: the descriptor table by a record lock, directories by what they are.
    Locks,
}

/// How submitters are compared with workers, as [`crate::Engine::comparison`] tells it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Comparison {
    /// What a thread may do: [`Source::Status`] or [`Source::Calls`].
    pub threads: Source,
    /// What threads share: [`Source::Kcmp`] or [`Source::Locks`].
    pub tables: Source,
    /// Whether Landlock's layers are counted.
    pub landlock: bool,
}

/// What a ring knows of its submitter.
#[derive(Debug)]
pub(crate) struct Confinement {
    /// The thread that was compared.
    thread: u64,
    own: Own,
    /// Whether it was found to be confined as the workers are.
    is_open: bool,
    /// When everything was compared.
    compared: Instant,
    /// From the workers.
    difference: Difference,
}

/// What a wait has found of its thread so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Looked {
    /// It has not looked.
    #[default]
    Not,
    /// It is as the workers are.
    Equal,
    /// It is not.
    Different,
}

/// Everything is compared at least so often, while calls are given to workers.
const PERIOD: Duration = Duration::from_millis(10);
/// So often a wait looks whether a difference is gone that keeps nothing from being made.
const AGAIN: Duration = Duration::from_millis(100);

impl Confinement {
    /// Compares the calling thread.
    pub(crate) fn of_this_thread(pool: &Pool, outside: &Outside) -> Confinement {
        let mut confinement = Confinement::unknown();
        confinement.compare(pool, None);
        confinement.show(pool, outside);
        confinement
    }

    fn unknown() -> Confinement {
        Confinement {
            thread: thread_mark(),
            own: Own::of_this_thread(),
            is_open: false,
            compared: Instant::now(),
            difference: Difference::default(),
        }
    }

    /// Whether the calling thread is, as far as was seen last, confined as the workers are.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Looks again, before calls are given to workers; a difference is not read again after `until`.
    pub(crate) fn look(&mut self, pool: &Pool, until: Option<Instant>) -> bool {
        if self.thread != thread_mark() {
            self.own.let_go(pool);
            *self = Confinement::unknown();
        }
        if self.is_open && self.compared.elapsed() < PERIOD && self.own.is_unchanged(pool) {
            return true;
        }
        self.compare(pool, until)
    }

    /// Lets others look at the thread, where they can find out all that matters.
    pub(crate) fn show(&mut self, pool: &Pool, outside: &Outside) {
        self.own.show(pool, outside);
    }

    /// The ring is dropped.
    pub(crate) fn let_go(&mut self, pool: &Pool) {
        self.own.let_go(pool);
    }

    /// Whether others can.
    pub(crate) fn is_shown(&self) -> bool {
        self.own.is_shown()
    }

    /// Whether it is some time since everything was compared.
    pub(crate) fn is_old(&self) -> bool {
        self.compared.elapsed() >= AGAIN
    }

    /// Compares everything with the workers.
    fn compare(&mut self, pool: &Pool, until: Option<Instant>) -> bool {
        let Confinement { own, compared, difference, .. } = self;
        let is_open = difference.is_none(until, |found| {
            let is_equal = own.compare(pool, until, found);
            *compared = Instant::now();
            is_equal
        });
        self.is_open = is_open;
        is_open
    }
}

/// A number that no other thread of this process has, or will have.
fn thread_mark() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static MARK: u64 = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    MARK.with(|mark| *mark)
}

/// What a thread was stamped with when the application said that it is confined; 0 if it never did. Workers have the stamp of the
/// thread that has started their engine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stamp(Arc<AtomicU64>);

thread_local! {
    static STAMP: Stamp = Stamp::default();
}

impl Stamp {
    pub(crate) fn of_this_thread() -> Stamp {
        STAMP.with(Stamp::clone)
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// From now on the calling thread differs from all workers there are.
    pub(crate) fn anew() {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        STAMP.with(|stamp| stamp.0.store(NEXT.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed));
    }
}
