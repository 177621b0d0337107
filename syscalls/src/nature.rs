//! The class of a call, how long it may keep its thread, and its scope, the state that it touches. A row has both, and
//! placement reads them.

use crate::harm::Harm;

/// How long a call may keep its thread.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Class {
    /// It never sleeps for anything but the processor and a short lock.
    Instant,
    /// It may wait for storage, or for the server behind a file system.
    Storage,
    /// The kind of the descriptor decides: a regular file's wait is bounded, a pipe's is not.
    Descriptor,
    /// It may sleep for ever.
    Sleeps,
}

/// The state that a call touches.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scope {
    /// The process, or nothing: any thread may make it.
    Process,
    /// It answers about the thread that makes it.
    ReadsThread,
    /// It changes the thread that makes it.
    WritesThread,
    /// It acts for the thread that makes it beyond the call itself.
    BoundToThread,
    /// It ends, replaces or breaks the thread that makes it: no engine does.
    EngineLife(Harm),
}
