//! The numbers of the signal that interrupts workers, and of the one that kicks submitters. `cancel::signal` and `cancel::kick`
//! choose them once for the process; workers are started with the first unblocked, timers are made for it, and the masks of calls leave
//! both out.
#![allow(unsafe_code, reason = "nix has no name for real-time signals in a set")]

use std::ffi::c_int;
use std::sync::atomic::{AtomicI32, Ordering};

use nix::sys::signal::SigSet;

/// The signal; 0 until it is chosen.
static CHOSEN: AtomicI32 = AtomicI32::new(0);

/// The signal that engines of this process use, once one has been started.
pub(crate) fn signal() -> Option<c_int> {
    // Relaxed: the number is all that is read. A thread that uses it was started by an engine, and so behind `choose`.
    match CHOSEN.load(Ordering::Relaxed) {
        0 => None,
        signal => Some(signal),
    }
}

/// From now on it is that one. Its handler is installed.
pub(crate) fn choose(signal: c_int) {
    CHOSEN.store(signal, Ordering::Relaxed);
}

/// The signal that takes a submitter out of an inline call; 0 until it is chosen, or where there is none.
static KICK: AtomicI32 = AtomicI32::new(0);

/// The signal that takes submitters out of calls, if engines of this process have one.
pub(crate) fn kick_signal() -> Option<c_int> {
    // Relaxed as in `signal`.
    match KICK.load(Ordering::Relaxed) {
        0 => None,
        signal => Some(signal),
    }
}

/// From now on it is that one. Its handler is installed.
pub(crate) fn choose_kick(signal: c_int) {
    KICK.store(signal, Ordering::Relaxed);
}

/// A mask without the signal, if one is chosen: a worker takes it under any mask that its call has.
pub(crate) fn unblocked(mask: SigSet) -> SigSet {
    let Some(signal) = signal() else { return mask };
    let mut raw = *mask.as_ref();
    // SAFETY: the set is initialised, and the signal exists.
    unsafe { libc::sigdelset(&raw mut raw, signal) };
    // SAFETY: it was a set before, and has one signal less.
    unsafe { SigSet::from_sigset_t_unchecked(raw) }
}

/// The C library's signals: for cancelling threads, and for setuid.
pub(crate) const OF_THE_C_LIBRARY: u64 = 0b11 << 31;

/// The internal signals, as a set: the C library's two, the one by which workers are interrupted, and the one by which submitters are
/// kicked.
pub(crate) fn internal() -> u64 {
    let bit = |signal: Option<c_int>| signal.map_or(0, |signal| 1 << (signal - 1));
    OF_THE_C_LIBRARY | bit(signal()) | bit(kick_signal())
}
