//! Whether a submitter may give calls to workers (POOL-20): a worker does nothing for a thread that this thread may no longer
//! do itself. The ring asks before it publishes, the pool owns the reference, and its monitor answers.
//!
//! Sandboxes are per thread. A filter, a lost capability or a new namespace binds the thread that asked for it and the threads
//! that this one starts later, not the workers that run already. The engine therefore compares the submitter with the monitor,
//! which is confined as the workers are: it has started them.
//!
//! `submitter` compares the thread of a ring; `reference` is the other side of the comparison. Both read a thread by `proc`, or
//! by `calls` where there is no /proc. `landlock` counts layers. `difference` decides how often a difference is read.

mod calls;
mod difference;
mod landlock;
mod proc;
mod reference;
mod submitter;

pub(crate) use reference::{Reference, Stamp};
pub(crate) use submitter::{Confinement, Looked};

/// How much is compared before calls of a thread are given to workers (`specs/pool.md`, POOL-42 and POOL-46).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Confine {
    /// The facts that the kernel tells of a thread: ids, groups, capabilities, the number of seccomp filters, no_new_privs,
    /// namespaces, directories, descriptor table. A few microseconds for each batch that goes to workers.
    #[default]
    Checked,
    /// The number of Landlock layers as well, which takes a short-lived thread: nearly a hundred microseconds for each
    /// batch that goes to workers.
    Strict,
}

/// How threads are compared here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Source {
    /// The status file of /proc, its links of namespaces, and the security module's label.
    Status,
    /// Without /proc: calls that ask for ids, groups, capabilities, no_new_privs and the mode of seccomp.
    Calls,
    /// The kernel itself compares the tables that threads share.
    Kcmp,
    /// Without kcmp: the descriptor table by a record lock, directories by mount, device and inode number.
    Locks,
}

/// How submitters are compared with workers, as [`crate::Engine::comparison`] tells it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Comparison {
    /// The source for ids, capabilities, filters and so on: [`Source::Status`] or [`Source::Calls`].
    pub threads: Source,
    /// The source for shared descriptors and directories: [`Source::Kcmp`] or [`Source::Locks`].
    pub tables: Source,
    /// Whether Landlock's layers are counted.
    pub landlock: bool,
}
