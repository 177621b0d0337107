//! Enters the kernel for one call: the plain call, its non-blocking attempt, or the rest that an attempt has left. The runner and the
//! calls of a program end here.
#![allow(unsafe_code, reason = "makes the call that `push` was asked for")]

use std::cell::Cell;

use syslet_abi::{Call, CallFlags, DoneFlags, RawResult};
use syslet_attrs::{Needs, RetryValue, RunBy, WorkerValue};
use syslet_syscalls::{Invoked, RawArgs, Row, invoke, row};

use crate::exec::outcome::Outcome;
use crate::exec::progress::{Progress, Step};
use crate::exec::retry::retried;
use crate::exec::signals;
use crate::exec::usage::{Seen, Watch};
use crate::exec::{signal_sets, signalfd};
use crate::nonblocking::{self, Abilities, Attempt};
use crate::sys::clock::now_ns;
use crate::sys::hold::{HeldCall, Hold};
use crate::sys::sync::{AtomicU32, Ordering};
use crate::sys::thread::current_tid;

/// How a call is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way<'a> {
    /// As it was submitted.
    Plain(RunBy),
    /// The same in its submitter, which may be taken out of it (KICK-1).
    Held(&'a Hold),
    /// Without sleeping in it; where the file is storage, the plain call, of which the submitter may be taken out.
    Attempt(Abilities, Option<&'a Hold>),
    /// Without sleeping in it, once more: it was parked.
    Again(Abilities, &'a Progress),
    /// From where a first attempt has left it.
    Rest(&'a Progress),
}

impl Way<'_> {
    /// Whether a first attempt has moved bytes.
    pub(crate) fn has_moved(&self) -> bool {
        matches!(self, Way::Rest(begun) if begun.bytes > 0)
    }

    /// The non-blocking attempts that may be made, where no call may block.
    pub(crate) fn abilities(&self) -> Option<Abilities> {
        if let Way::Attempt(abilities, _) = self { Some(*abilities) } else { None }
    }

    /// Where the submitter shows a call that may be taken from it.
    pub(crate) fn hold(&self) -> Option<&'_ Hold> {
        match self {
            Way::Held(hold) => Some(hold),
            Way::Attempt(_, hold) => *hold,
            Way::Plain(_) | Way::Again(..) | Way::Rest(_) => None,
        }
    }

    /// Whether the trace has its beginning.
    pub(crate) fn is_traced(&self) -> bool {
        matches!(self, Way::Rest(begun) | Way::Again(_, begun) if begun.is_traced)
    }

    /// The cost of the first attempt.
    pub(crate) fn seen(&self) -> Option<&Seen> {
        if let Way::Rest(begun) | Way::Again(_, begun) = self { begun.seen.as_deref() } else { None }
    }

    /// Puts back the bytes that a first attempt has left in the out area.
    pub(crate) fn restore(&self, out: &mut [u8]) {
        if let Way::Rest(Progress { out: left, .. }) = self {
            out.iter_mut().zip(left).for_each(|(to, byte)| *to = *byte);
        }
    }
}

/// Enters the kernel, unless `cancel` is not zero.
///
/// # Safety
/// As for [`invoke`].
#[inline(always)]
pub(crate) unsafe fn enter<W: Watch>(
    way: &Way<'_>,
    call: &Call<'_>,
    cancel: &AtomicU32,
    args: &RawArgs,
    needs: Needs,
    is_pooled: bool,
    watch: &mut W,
) -> Step<Outcome> {
    watch.begin(matches!(way, Way::Attempt(..) | Way::Again(..)));
    let started_ns = if needs.contains(Needs::CLOCK) { now_ns() } else { 0 };
    let mut retry = RetryValue::default();
    let (invoked, run_by, attempts, started_ns) = match way {
        Way::Plain(run_by) => {
            // SAFETY: the caller promises that the kernel may make this call with these arguments.
            let invoked = unsafe { plain(cancel, call.nr(), args, is_pooled) };
            (invoked, *run_by, 1, started_ns)
        }
        Way::Held(_) if call.flags().contains(CallFlags::SYNC) => {
            // SAFETY: the caller promises that the kernel may make this call with these arguments.
            (unsafe { plain(cancel, call.nr(), args, is_pooled) }, RunBy::INLINE, 1, started_ns)
        }
        Way::Held(hold) => {
            // SAFETY: the caller promises that the kernel may make this call with these arguments.
            match unsafe { held(hold, row(call.nr()), (call.nr(), args), cancel) } {
                Some(invoked) => (invoked, RunBy::INLINE, 1, started_ns),
                None => {
                    watch.end();
                    return Step::Suspended(Progress { started_ns, ..kicked() });
                }
            }
        }
        Way::Attempt(abilities, hold) => {
            let how = (*abilities, hold.filter(|_| !call.flags().contains(CallFlags::SYNC)));
            // SAFETY: the caller promises that the kernel may make this call with these arguments.
            match unsafe { first(how, row_of(call), (call.nr(), args), cancel, is_pooled, watch) } {
                Step::Done((invoked, run_by, attempts)) => (invoked, run_by, attempts, started_ns),
                Step::Suspended(progress) => {
                    watch.end();
                    return Step::Suspended(progress.seen_since(started_ns, watch.hand_on()));
                }
            }
        }
        Way::Again(abilities, begun) => {
            let started_ns = if begun.started_ns > 0 { begun.started_ns } else { started_ns };
            // SAFETY: the caller promises that the kernel may make this call with these arguments.
            match unsafe {
                first((*abilities, None), row_of(call), (call.nr(), args), cancel, is_pooled, watch)
            } {
                Step::Done((invoked, _, attempts)) => {
                    (invoked, RunBy::PARKED, begun.attempts + attempts, started_ns)
                }
                Step::Suspended(progress) => {
                    watch.end();
                    let progress = progress.seen_since(started_ns, watch.hand_on());
                    let attempts = begun.attempts + progress.attempts;
                    return Step::Suspended(Progress { attempts, ..progress });
                }
            }
        }
        Way::Rest(begun) => {
            let (invoked, tried) = if needs.contains(Needs::RETRY) {
                // SAFETY: the caller promises that the kernel may make this call with these arguments.
                let mut enter = |nr: u32, args: &RawArgs| unsafe { plain(cancel, nr, args, is_pooled) };
                // SAFETY: the caller promises that the kernel may make this call with these arguments; `enter` makes
                // the call it is given.
                unsafe { retried(call, cancel, args, &mut enter) }
            } else {
                // SAFETY: the caller promises that the kernel may make this call with these arguments.
                (unsafe { rest(begun, call, cancel, args, is_pooled) }, RetryValue { attempts: 1, ..retry })
            };
            retry = tried;
            let started_ns = if begun.started_ns > 0 { begun.started_ns } else { started_ns };
            let is_private = call.flags().contains(CallFlags::PRIVATE) || needs.contains(Needs::OWN_THREAD);
            let run_by = match (is_pooled, is_private) {
                (false, _) => RunBy::INLINE,
                (true, false) if begun.was_parked => RunBy::PARKED,
                (true, false) => RunBy::POOLED,
                (true, true) => RunBy::PRIVATE,
            };
            (invoked, run_by, begun.attempts + tried.attempts, started_ns)
        }
    };
    let outcome = outcome(invoked, started_ns, needs, run_by, attempts);
    watch.end();
    Step::Done(Outcome { retry, ..outcome })
}

#[inline(always)]
fn outcome(invoked: Invoked, started_ns: u64, needs: Needs, run_by: RunBy, attempts: u32) -> Outcome {
    let Invoked::Result(result) = invoked else {
        return Outcome::cancelled();
    };
    let finished_ns = if needs.contains(Needs::CLOCK) { now_ns() } else { 0 };
    let (tid, cpu) = if needs.contains(Needs::WORKER) { here(run_by) } else { (0, 0) };
    Outcome {
        result: RawResult(result),
        flags: DoneFlags::NONE,
        started_ns,
        finished_ns,
        worker: WorkerValue { tid, cpu, run_by, attempts },
        retry: RetryValue::default(),
        is_seen: true,
    }
}

/// The calling thread, and the CPU it is on.
pub(crate) fn here(run_by: RunBy) -> (u32, u32) {
    (
        crate::sys::thread::own_tid().cast_unsigned(),
        if run_by == RunBy::PRIVATE { asked_cpu() } else { told_cpu() },
    )
}

/// The CPU, as the kernel keeps it in the thread's local storage.
fn told_cpu() -> u32 {
    // SAFETY: sched_getcpu has no precondition.
    unsafe { libc::sched_getcpu() }.cast_unsigned()
}

/// The CPU, for a thread that has borrowed its local storage.
fn asked_cpu() -> u32 {
    let mut cpu = 0_u32;
    let none: *mut u32 = std::ptr::null_mut();
    // SAFETY: writes one number to where the first argument points.
    unsafe { libc::syscall(libc::SYS_getcpu, &raw mut cpu, none, none) };
    cpu
}

/// The call as it was submitted, but for internal signals in its set (ENGINE-33). Every call of the application passes here, inline
/// or in a worker, alone or in a program.
///
/// # Safety
/// As for [`invoke`].
#[inline(always)]
pub(crate) unsafe fn plain(cancel: &AtomicU32, nr: u32, args: &RawArgs, is_pooled: bool) -> Invoked {
    if is_pooled {
        // SAFETY: the caller promises that the kernel may make this call with these arguments.
        return unsafe { pooled(cancel, nr, args) };
    }
    if signal_sets::carries(nr) {
        // SAFETY: the caller promises that the kernel may make this call with these arguments.
        return unsafe { without_internal(cancel, nr, args) };
    }
    // SAFETY: the caller promises that the kernel may make this call with these arguments.
    unsafe { invoke(cancel, nr, args) }
}

/// The call as it was submitted, made by its submitter, which the monitor may take out of it where the row lets it (KICK-1). None when
/// it was taken out: nothing is done.
///
/// # Safety
/// As for [`invoke`].
#[inline(always)]
pub(crate) unsafe fn held(
    hold: &Hold,
    row: Option<&Row>,
    (nr, args): (u32, &RawArgs),
    cancel: &AtomicU32,
) -> Option<Invoked> {
    let Some(row) = row.filter(|row| row.kick.is_possible() && cancel.load(Ordering::Relaxed) == 0) else {
        // SAFETY: the caller promises that the kernel may make this call with these arguments.
        return Some(unsafe { plain(cancel, nr, args, false) });
    };
    let first = row.narrow(args).get(0);
    let invoked = if hold.enter(HeldCall { nr, first, tid: current_tid() }) {
        // SAFETY: the caller promises that the kernel may make this call with these arguments.
        unsafe { plain(hold.word(), nr, args, false) }
    } else {
        Invoked::NeverBegan
    };
    hold.leave(std::thread::yield_now);
    Some(invoked).filter(|invoked| *invoked != Invoked::NeverBegan)
}

/// The progress of a call that the submitter was taken out of: a worker makes it from its beginning, and it sleeps.
pub(crate) fn kicked() -> Progress {
    Progress { sleeps: true, is_kicked: true, ..Progress::default() }
}

/// The call, made by a worker: see POOL-18 and POOL-19.
///
/// # Safety
/// As for [`invoke`].
unsafe fn pooled(cancel: &AtomicU32, nr: u32, args: &RawArgs) -> Invoked {
    let invoked = if signal_sets::carries(nr) {
        signals::clear();
        // SAFETY: the caller promises that the kernel may make this call with these arguments.
        unsafe { without_internal(cancel, nr, args) }
    } else if let Some(own) = signalfd::instead(nr, args) {
        signals::clear();
        // SAFETY: the caller promises that the kernel may make this call with these arguments; the signalfd
        // in the place of another gives signals as that does.
        own.map_or_else(Invoked::Result, |own| unsafe { invoke(cancel, nr, &own.args(args)) })
    } else {
        // SAFETY: the caller promises that the kernel may make this call with these arguments.
        unsafe { invoke(cancel, nr, args) }
    };
    if let Invoked::Result(result) = invoked {
        signals::after(result);
    }
    invoked
}

/// A call that carries a signal set, made with a copy of it.
///
/// # Safety
/// As for [`invoke`].
#[inline(never)]
unsafe fn without_internal(cancel: &AtomicU32, nr: u32, args: &RawArgs) -> Invoked {
    // SAFETY: the caller promises that memory which the arguments name is the call's until it is over.
    let mut cleared = unsafe { signal_sets::cleared(nr, args) };
    let args = cleared.as_mut().map_or(*args, signal_sets::Cleared::args);
    // SAFETY: the caller promises that the kernel may make this call with these arguments; the set in the
    // place of the caller's says the same but for the internal signals, and lives until the call is over.
    unsafe { invoke(cancel, nr, &args) }
}

/// The first attempt at a call with this row. Suspended when a worker has to go on.
///
/// # Safety
/// As for [`invoke`].
pub(crate) unsafe fn first(
    (abilities, hold): (Abilities, Option<&Hold>),
    row: &Row,
    (nr, args): (u32, &RawArgs),
    cancel: &AtomicU32,
    is_pooled: bool,
    watch: &mut impl Watch,
) -> Step<(Invoked, RunBy, u32)> {
    let first_ns = if nonblocking::is_timed(row) { now_ns() } else { 0 };
    let (by_attempt, in_place) =
        if is_pooled { (RunBy::POOLED, RunBy::POOLED) } else { (RunBy::NONBLOCKING, RunBy::INLINE) };
    // An open that looks no further than memory still waits for the other end of a FIFO.
    let opening = hold.filter(|_| nonblocking::waits_all_the_same(row));
    let is_kicked = Cell::new(false);
    let mut enter = |nr: u32, args: &RawArgs| {
        if let Some(hold) = opening {
            // SAFETY: the caller promises that the kernel may make this call with these arguments.
            let held = unsafe { held(hold, Some(row), (nr, args), cancel) };
            is_kicked.set(held.is_none());
            return held.unwrap_or(Invoked::NeverBegan);
        }
        // SAFETY: the caller promises that the kernel may make this call with these arguments.
        unsafe { plain(cancel, nr, args, is_pooled) }
    };
    // SAFETY: the caller promises that the kernel may make this call with these arguments; `enter` makes
    // the call it is given.
    let attempt = unsafe { nonblocking::attempt(abilities, row, nr, args, &mut enter) };
    match attempt {
        Attempt::Final(_) => watch.enough(),
        Attempt::Plain => watch.plain(),
        Attempt::WouldBlock | Attempt::Partial(_) => {
            watch.refused(|| nonblocking::is_refused_by_storage(row, args));
        }
        Attempt::NotHere | Attempt::Cancelled => {}
    }
    match attempt {
        Attempt::Final(result) => Step::Done((Invoked::Result(result), by_attempt, 1)),
        Attempt::Cancelled if is_kicked.get() => Step::Suspended(kicked()),
        Attempt::Cancelled => Step::Done((Invoked::NeverBegan, by_attempt, 1)),
        Attempt::Plain if let Some(hold) = hold => {
            // SAFETY: the caller promises that the kernel may make this call with these arguments.
            match unsafe { held(hold, Some(row), (nr, args), cancel) } {
                Some(invoked) => Step::Done((invoked, in_place, 1)),
                None => Step::Suspended(kicked()),
            }
        }
        Attempt::Plain => Step::Done((enter(nr, args), in_place, 1)),
        Attempt::NotHere => Step::Suspended(Progress::default()),
        Attempt::WouldBlock => {
            // SAFETY: the caller promises that the memory which the arguments name is the call's until it is over.
            let until_ns = unsafe { nonblocking::sleeps_until(row, nr, args, first_ns) };
            let until_ns = until_ns.unwrap_or(0);
            Step::Suspended(Progress { first_ns, until_ns, attempts: 1, sleeps: true, ..Progress::default() })
        }
        Attempt::Partial(bytes) => {
            Step::Suspended(Progress { bytes, first_ns, attempts: 1, sleeps: true, ..Progress::default() })
        }
    }
}

/// The plain call, from where a first attempt has left it.
///
/// # Safety
/// As for [`invoke`].
unsafe fn rest(
    begun: &Progress,
    call: &Call<'_>,
    cancel: &AtomicU32,
    args: &RawArgs,
    is_pooled: bool,
) -> Invoked {
    if begun.attempts == 0 {
        // SAFETY: the caller promises that the kernel may make this call with these arguments.
        return unsafe { plain(cancel, call.nr(), args, is_pooled) };
    }
    let Progress { bytes: progress, first_ns, .. } = *begun;
    // SAFETY: the caller promises that the kernel may make this call with these arguments.
    let mut enter = |nr: u32, args: &RawArgs| unsafe { plain(cancel, nr, args, is_pooled) };
    let left = nonblocking::Begun { progress, first_ns };
    // A sleep that was parked until it was due has nothing left, whatever stands in the caller's memory by now.
    let now_ns = if begun.was_parked { u64::MAX } else { now_ns() };
    // SAFETY: the caller promises that the kernel may make this call with these arguments; `enter` makes
    // the call it is given.
    unsafe { nonblocking::finish(row_of(call), call.nr(), args, left, now_ns, &mut enter) }
}

/// The row of a call of which a non-blocking attempt was made.
fn row_of(call: &Call<'_>) -> &'static Row {
    row(call.nr()).expect("only calls with a row are dispatched to an attempt")
}
