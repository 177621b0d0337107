//! The outcome of an attempt, and the steps that attempts have in common: `rw`, `socket`, `wait` and `ipc` take them.

use syslet_syscalls::{Invoked, Narrowed, RawArgs};

use crate::nonblocking::query::is_non_blocking;

/// The outcome of an attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Attempt {
    /// The raw result, as the plain call would have given it.
    Final(i64),
    /// It would have slept, and nothing has happened: a worker makes the plain call.
    WouldBlock,
    /// So many bytes or events are done, and the plain call would have gone on: a worker finishes it.
    Partial(u64),
    /// The file is storage: the submitter may make the plain call, inline.
    Plain,
    /// There is no exact attempt for this file or these arguments: a worker makes the plain call from the start.
    NotHere,
    /// The slot's cancel word was set; nothing has happened.
    Cancelled,
}

impl Attempt {
    /// The call's answer, where `would_block` does not say of it that the plain call would have slept.
    pub(super) fn of(invoked: Invoked, would_block: impl FnOnce(i64) -> bool) -> Attempt {
        match invoked {
            Invoked::NeverBegan => Attempt::Cancelled,
            Invoked::Result(result) if would_block(result) => Attempt::WouldBlock,
            Invoked::Result(result) => Attempt::Final(result),
        }
    }

    /// The outcome of a write or a send that was told not to wait: of a stream, fewer bytes than `asked` are a part. A
    /// descriptor that is non-blocking already gives EAGAIN and the part as answers (TWIN-34).
    pub(super) fn of_output(
        result: i64,
        fd: u64,
        would_block: bool,
        asked: impl FnOnce() -> u64,
        is_stream: impl FnOnce() -> bool,
    ) -> Attempt {
        if would_block {
            return if is_non_blocking(fd) { Attempt::Final(result) } else { Attempt::WouldBlock };
        }
        match u64::try_from(result) {
            Ok(bytes) if bytes > 0 && bytes < asked() && is_stream() && !is_non_blocking(fd) => {
                Attempt::Partial(bytes)
            }
            _ => Attempt::Final(result),
        }
    }
}

/// The result of a call of which `done` was done before the rest was asked for: an error of the rest is not seen, as in
/// the plain call.
pub(super) fn with_done(done: u64, rest: Invoked) -> Invoked {
    match rest {
        Invoked::Result(more @ 0..) => Invoked::Result(done.cast_signed().saturating_add(more)),
        _ => Invoked::Result(done.cast_signed()),
    }
}

/// The arguments of a call with one buffer, behind its first `done` bytes. Address and length are the second argument
/// and the third.
pub(super) fn behind(args: Narrowed<'_>, done: u64) -> RawArgs {
    args.raw().with(1, args.get(1) + done).with(2, args.get(2) - done)
}
