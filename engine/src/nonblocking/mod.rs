//! Twins: asking for a call without sleeping in it. A helping submitter tries the twin; where it would have slept, a
//! worker makes the plain call. What comes out is what the plain call alone would have given (`specs/twins.md`).
//!
//! In the order in which a call passes: what may be used here (`choice`, `probe`), whether to try at all (`door`,
//! `family`), what the attempt may ask and look at (`ask`, `memory`, `vectors`), and one file for each way of asking.
#![allow(unsafe_code, reason = "hands on the promise that a call's addresses are the caller's to answer for")]

mod choice;
mod probe;
mod admission;
mod family;
mod ask;
mod memory;
mod vectors;
mod limit;
mod quiet;

mod transfer;
mod read;
mod write;
mod receive;
mod send;
mod poll;
mod child;
mod flag;
mod sleep;
mod timed;
mod select;
mod semaphores;
mod events;
mod futex;
mod cached;
mod splice;
mod again;

use syslet_syscalls::{Invoked, RawArgs, Row};

pub(crate) use admission::{is_timed, may_signal, may_try};
pub(crate) use again::{Stream, again, says_not_now};
pub(crate) use ask::is_readable;
pub use choice::NonBlocking;
pub(crate) use choice::{Abilities, Ability};
pub(crate) use probe::probe;

use family::Family;
use memory::Memory;

/// What the first attempt came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Attempt {
    /// The raw result, as the plain call would have given it.
    Final(i64),
    /// It would have slept, and nothing has happened: a worker makes the plain call.
    WouldBlock,
    /// So many bytes or events are done, and the plain call would have gone on: a worker finishes it.
    Partial(u64),
    /// The file is storage: the helper may make the plain call in place.
    Plain,
    /// There is no exact twin for this file or these arguments: a worker makes the plain call from the start.
    NotHere,
    /// The slot's cancel word was set; nothing has happened.
    Cancelled,
}

/// What a worker needs to finish what a twin began.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Begun {
    /// Bytes done, of [`Attempt::Partial`].
    pub(crate) progress: u64,
    /// CLOCK_MONOTONIC at the first attempt, in nanoseconds; 0 when there was none. Needed where [`is_timed`].
    pub(crate) first_ns: u64,
}

/// The way into the kernel: [`syslet_syscalls::invoke`] with the slot's cancel word.
trait Enter: FnMut(u32, &RawArgs) -> Invoked {}

impl<F: FnMut(u32, &RawArgs) -> Invoked> Enter for F {}

/// Tries a call that [`may_try`] let through, without sleeping in it.
///
/// # Safety
/// As for [`syslet_syscalls::invoke`]. `enter` does nothing but make the call it is given.
pub(crate) unsafe fn attempt(
    abilities: Abilities,
    row: &Row,
    nr: u32,
    args: &RawArgs,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Attempt {
    let args = row.narrow(args);
    // SAFETY: the caller's promise, for as long as this attempt.
    let memory = unsafe { Memory::promised() };
    match Family::of(row) {
        None => Attempt::NotHere,
        Some(Family::Read) => read::attempt(abilities, nr, args, memory, enter),
        Some(Family::Write) => write::attempt(abilities, nr, args, memory, enter),
        Some(Family::Receive) => receive::attempt(nr, args, enter),
        Some(Family::Send) => send::attempt(nr, args, memory, enter),
        // A second attempt would be another call, so it is made where it cannot wait, or not here.
        Some(Family::InPlace) if cannot_wait(nr, args.get(0)) => Attempt::Plain,
        Some(Family::InPlace) => Attempt::NotHere,
        Some(Family::Poll(arg)) => poll::attempt(arg, nr, args, enter),
        Some(Family::Wait4) => child::attempt_wait4(nr, args, enter),
        Some(Family::WaitId) => child::attempt_waitid(nr, args, memory, enter),
        Some(Family::Flag(arg, bit, sleeps)) => flag::attempt(arg, bit, sleeps, nr, args, enter),
        Some(Family::Command(arg, exchanges)) => flag::attempt_command(arg, exchanges, nr, args, enter),
        Some(Family::Sleep(arg)) => sleep::attempt(arg, nr, args, memory, enter),
        Some(Family::Select) => select::attempt(nr, args, memory, enter),
        Some(Family::Timed(arg, idle)) => timed::attempt(arg, idle, nr, args, memory, enter),
        Some(Family::Deadline(arg)) => timed::attempt(arg, PAST, nr, args, memory, enter),
        Some(Family::Semaphores(arg, bit)) => semaphores::attempt(arg, bit, nr, args, memory, enter),
        Some(Family::Events) => events::attempt(nr, args, memory, enter),
        Some(Family::Futex(arg)) => futex::attempt(arg, nr, args, memory, enter),
        Some(Family::Cached(arg)) => cached::attempt(arg, nr, args, memory, enter),
        Some(Family::Splice(arg, bit)) => splice::attempt(arg, bit, nr, args, enter),
    }
}

/// Whether a call on this descriptor is over at once, though it could wait on others.
fn cannot_wait(nr: u32, fd: u64) -> bool {
    (libc::c_long::from(nr) != libc::SYS_connect || ask::is_known_socket(fd)) && ask::is_non_blocking(fd)
}

/// The plain call, from where its twin stopped: the bytes already done are counted, relative times are shortened.
///
/// # Safety
/// As for [`attempt`], with the row, number and arguments given there.
pub(crate) unsafe fn finish(
    row: &Row,
    nr: u32,
    args: &RawArgs,
    begun: Begun,
    now_ns: u64,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Invoked {
    // SAFETY: the caller's promise, for as long as this call.
    let memory = unsafe { Memory::promised() };
    let (args, done) = (row.narrow(args), begun.progress);
    let passed_ns = if begun.first_ns == 0 { 0 } else { now_ns.saturating_sub(begun.first_ns) };
    match Family::of(row) {
        Some(Family::Write) if done > 0 => write::finish(nr, args, done, memory, enter),
        Some(Family::Receive) if done > 0 => receive::finish(nr, args, done, enter),
        Some(Family::Send) if done > 0 => send::finish(nr, args, done, memory, enter),
        Some(Family::Poll(arg)) => poll::finish(arg, nr, args, passed_ns, enter),
        Some(Family::Sleep(arg)) if passed_ns > 0 => sleep::finish(arg, nr, args, passed_ns, memory, enter),
        Some(Family::Select) if passed_ns > 0 => select::finish(nr, args, passed_ns, memory, enter),
        Some(Family::Events) => events::finish(nr, args, done, passed_ns, memory, enter),
        Some(Family::Futex(arg)) if passed_ns > 0 => futex::finish(arg, nr, args, passed_ns, memory, enter),
        Some(Family::Timed(arg, _)) if passed_ns > 0 => {
            limit::shortened(arg, nr, args, passed_ns, memory, enter)
        }
        Some(Family::Semaphores(..)) if passed_ns > 0 => {
            limit::shortened(SEMAPHORES_TIME, nr, args, passed_ns, memory, enter)
        }
        _ => enter(nr, args.raw()),
    }
}

/// Whether storage refused a first attempt at this call: what it asked for was not in memory.
pub(crate) fn is_refused_by_storage(row: &Row, args: &RawArgs) -> bool {
    match Family::of(row) {
        Some(Family::Read) => matches!(ask::kind(row.narrow(args).get(0)), ask::Kind::Storage(_)),
        Some(Family::Cached(_)) => true,
        _ => false,
    }
}

/// What a call comes to whose rest was asked for: an error after the first bytes is not seen, as in the plain call.
fn with_done(done: u64, rest: Invoked) -> Invoked {
    match rest {
        Invoked::Result(more @ 0..) => Invoked::Result(done.cast_signed().saturating_add(more)),
        _ => Invoked::Result(done.cast_signed()),
    }
}

/// Whether a raw result is this error.
fn is_errno(result: i64, errno: i32) -> bool {
    result == -i64::from(errno)
}

/// How a message queue says that its deadline has passed.
const PAST: i64 = -(libc::ETIMEDOUT as i64);
/// Where semtimedop has its time.
const SEMAPHORES_TIME: usize = 3;
const RWF_NOWAIT: u64 = libc::RWF_NOWAIT as u64;
/// Since Linux 6.18; the C library does not name it yet.
const RWF_NOSIGNAL: u64 = 0x100;

#[cfg(test)]
mod tests;
