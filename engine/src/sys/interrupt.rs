//! The numbers of the signal that interrupts workers, and of the one that kicks submitters. `cancel::signal` and `cancel::kick`
//! choose them once for the process; workers are started with the first unblocked, timers are made for it, and the masks of calls leave
//! both out.
#![allow(unsafe_code, reason = "nix has no name for real-time signals in a set")]

use std::ffi::c_int;
use std::sync::atomic::{AtomicI32, Ordering};

use nix::sys::signal::SigSet;

/// The number of a signal that is chosen once for the process; 0 until then.
#[derive(Debug)]
pub(crate) struct Chosen(AtomicI32);

/// The signal that interrupts workers.
pub(crate) static INTERRUPT: Chosen = Chosen(AtomicI32::new(0));
/// The signal that takes submitters out of inline calls. There may be none.
pub(crate) static KICK: Chosen = Chosen(AtomicI32::new(0));

impl Chosen {
    /// The signal, once it is chosen.
    pub(crate) fn get(&self) -> Option<c_int> {
        // Relaxed: the number is all that is read. A thread that uses it was started by an engine, and so behind `set`.
        Some(self.0.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
    }

    /// From now on it is that one. Its handler is installed.
    pub(crate) fn set(&self, signal: c_int) {
        self.0.store(signal, Ordering::Relaxed);
    }
}

/// A mask without the signal, if one is chosen: a worker takes it under any mask that its call has.
pub(crate) fn unblocked(mask: SigSet) -> SigSet {
    let Some(signal) = INTERRUPT.get() else { return mask };
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
    OF_THE_C_LIBRARY | bit(INTERRUPT.get()) | bit(KICK.get())
}
