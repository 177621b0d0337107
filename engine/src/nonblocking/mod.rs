//! Non-blocking attempts: a call is asked for so that it does not sleep. The submitter tries it inline; where it would
//! have slept, a worker makes the plain call, and the result is the plain call's alone (`specs/twins.md`). `exec` calls
//! [`attempt()`] and [`finish`].
//!
//! Bottom first: questions to the kernel (`query`), the outcome of an attempt (`attempt`), the forms that work here
//! (`probe`), the ways of asking (`rw`, `socket`, `wait`, `ipc`, `closing`, `input`), a call made once more (`restart`), and whether to try
//! at all (`eligible`). A file names only files before it.
#![allow(unsafe_code, reason = "hands on the promise that a call's addresses are the caller's to answer for")]

pub(crate) mod query;
mod attempt;
mod probe;
mod rw;
mod socket;
mod wait;
mod ipc;
mod closing;
mod input;
mod restart;
mod eligible;

use syslet_syscalls::{Invoked, NonBlockingForm, RawArgs, Row};

pub(crate) use attempt::Attempt;
pub(crate) use closing::opens_what_closes_at_once;
pub(crate) use eligible::{deciders, is_timed, may_signal, may_try};
pub use probe::NonBlocking;
pub(crate) use probe::{Abilities, Ability, probe};
pub(crate) use query::is_readable;
pub(crate) use restart::{Stream, again, says_not_now};

use eligible::Family;
use query::{Kind, Memory, is_known_socket, is_non_blocking, kind};

/// The state from which a worker finishes a call that was tried.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Begun {
    /// Bytes done, of [`Attempt::Partial`].
    pub(crate) progress: u64,
    /// CLOCK_MONOTONIC at the first attempt, in nanoseconds; 0 when there was none. Needed where [`is_timed`].
    pub(crate) first_ns: u64,
}

/// Tries a call that [`may_try`] let through, without sleeping in it.
///
/// # Safety
/// As for [`syslet_syscalls::invoke`]. `enter` is the way into the kernel, with the slot's cancel word; it does nothing but
/// make the call it is given.
pub(crate) unsafe fn attempt(
    abilities: Abilities,
    row: &Row,
    nr: u32,
    args: &RawArgs,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Attempt {
    let args = row.narrow(args);
    // SAFETY: the caller answers for the addresses in the arguments until this attempt is over.
    let memory = unsafe { Memory::promised() };
    match Family::of(row) {
        None => Attempt::NotHere,
        Some(Family::Read) => rw::read(abilities, nr, args, memory, enter),
        Some(Family::Write) => rw::write(abilities, nr, args, memory, enter),
        Some(Family::Cached(arg)) => rw::open_cached(arg, nr, args, memory, enter),
        Some(Family::Splice(arg, bit)) => rw::splice(arg, bit, nr, args, enter),
        Some(Family::Receive) => socket::receive(nr, args, enter),
        Some(Family::Send) => socket::send(nr, args, memory, enter),
        // A second attempt would be another call, so it is made where it cannot wait, or not here.
        Some(Family::InPlace) if cannot_wait(nr, args.get(0)) => Attempt::Plain,
        Some(Family::InPlace) => Attempt::NotHere,
        Some(Family::Closing(arg)) => closing::in_place(abilities, args.get(arg)),
        Some(Family::Poll(arg)) => wait::poll(arg, nr, args, enter),
        Some(Family::Select) => wait::select(nr, args, memory, enter),
        Some(Family::Events) => wait::events(nr, args, memory, enter),
        Some(Family::Timed(arg, idle)) => wait::until_time(arg, idle, nr, args, memory, enter),
        Some(Family::Deadline(arg)) => wait::until_time(arg, PAST, nr, args, memory, enter),
        Some(Family::Sleep(arg)) => wait::sleep(arg, nr, args, memory, enter),
        Some(Family::Wait4) => wait::wait4(nr, args, enter),
        Some(Family::WaitId) => wait::waitid(nr, args, memory, enter),
        Some(Family::Flag(arg, bit, sleeps)) => ipc::flag(arg, bit, sleeps, nr, args, enter),
        Some(Family::Command(arg, exchanges)) => ipc::command(arg, exchanges, nr, args, enter),
        Some(Family::Semaphores(arg, bit)) => ipc::semaphores(arg, bit, nr, args, memory, enter),
        Some(Family::Futex(arg)) => ipc::futex(arg, nr, args, memory, enter),
    }
}

/// When a sleep is over that an attempt has found to be one, in nanoseconds of CLOCK_MONOTONIC; `None` for other calls. `first_ns` is
/// the time of the attempt.
///
/// # Safety
/// As for [`attempt()`], with the row, number and arguments given there.
pub(crate) unsafe fn sleeps_until(row: &Row, nr: u32, args: &RawArgs, first_ns: u64) -> Option<u64> {
    let Some(Family::Sleep(arg)) = Family::of(row) else { return None };
    // SAFETY: the caller answers for the addresses in the arguments until this call is over.
    let memory = unsafe { Memory::promised() };
    wait::over_ns(arg, nr, row.narrow(args), first_ns, memory)
}

/// Whether an attempt at this call may find that it waits without a thread: a sleep (PARK-40), or, where those are parked, a wait for
/// input (PARK-1).
pub(crate) fn may_be_parked(abilities: Abilities, row: &Row, args: &RawArgs, parks_input: bool) -> bool {
    let is_parked = match Family::of(row) {
        Some(Family::Sleep(_)) => true,
        Some(Family::Read | Family::Receive) => parks_input && input::may_wait(row, row.narrow(args)),
        _ => false,
    };
    is_parked && may_try(abilities, row, args)
}

/// The descriptor for whose input a call waits, of which an attempt has found that it would sleep; `None` where such a call is not parked.
pub(crate) fn input_of(row: &Row, args: &RawArgs) -> Option<i32> {
    let args = row.narrow(args);
    input::may_wait(row, args).then(|| input::descriptor(args)).flatten()
}

/// Whether a call on this descriptor is over at once, though it could wait on others.
fn cannot_wait(nr: u32, fd: u64) -> bool {
    (libc::c_long::from(nr) != libc::SYS_connect || is_known_socket(fd)) && is_non_blocking(fd)
}

/// The plain call, from where its attempt stopped: the bytes already done are counted, relative times are shortened.
///
/// # Safety
/// As for [`attempt()`], with the row, number and arguments given there.
pub(crate) unsafe fn finish(
    row: &Row,
    nr: u32,
    args: &RawArgs,
    begun: Begun,
    now_ns: u64,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Invoked {
    // SAFETY: the caller answers for the addresses in the arguments until this call is over.
    let memory = unsafe { Memory::promised() };
    let (args, done) = (row.narrow(args), begun.progress);
    let passed_ns = if begun.first_ns == 0 { 0 } else { now_ns.saturating_sub(begun.first_ns) };
    match Family::of(row) {
        Some(Family::Write) if done > 0 => rw::finish_write(nr, args, done, memory, enter),
        Some(Family::Receive | Family::Send) if done > 0 => socket::finish(nr, args, done, memory, enter),
        Some(Family::Poll(arg)) => wait::finish_poll(arg, nr, args, passed_ns, enter),
        Some(Family::Sleep(arg)) if passed_ns > 0 => {
            wait::finish_sleep(arg, nr, args, passed_ns, memory, enter)
        }
        Some(Family::Select) if passed_ns > 0 => wait::finish_select(nr, args, passed_ns, memory, enter),
        Some(Family::Events) => wait::finish_events(nr, args, done, passed_ns, memory, enter),
        Some(Family::Futex(arg)) if passed_ns > 0 => {
            ipc::finish_futex(arg, nr, args, passed_ns, memory, enter)
        }
        Some(Family::Timed(arg, _)) if passed_ns > 0 => {
            wait::shortened(arg, nr, args, passed_ns, memory, enter)
        }
        Some(Family::Semaphores(..)) if passed_ns > 0 => {
            wait::shortened(SEMAPHORES_TIME, nr, args, passed_ns, memory, enter)
        }
        _ => enter(nr, args.raw()),
    }
}

/// Whether an attempt at this call has all of its effect or none: it never does a part that another thread would have to finish.
pub(crate) fn is_whole(row: &Row, args: &RawArgs) -> bool {
    match Family::of(row) {
        None | Some(Family::Write | Family::Send | Family::Splice(..) | Family::Events) => false,
        Some(Family::Receive) => !socket::waits_for_all(row.narrow(args)),
        Some(_) => true,
    }
}

/// Whether the attempt at a call with this row can wait for another process.
#[inline]
pub(crate) fn waits_all_the_same(row: &Row) -> bool {
    matches!(row.nonblocking, Some(NonBlockingForm::Cached(_)))
}

/// Whether storage refused a first attempt at this call: the bytes or the path were not in memory.
pub(crate) fn is_refused_by_storage(row: &Row, args: &RawArgs) -> bool {
    match Family::of(row) {
        Some(Family::Read) => matches!(kind(row.narrow(args).get(0)), Kind::Storage(_)),
        Some(Family::Cached(_)) => true,
        _ => false,
    }
}

/// How a message queue says that its deadline has passed.
const PAST: i64 = -(libc::ETIMEDOUT as i64);
/// Where semtimedop has its time.
const SEMAPHORES_TIME: usize = 3;

#[cfg(test)]
mod tests;
