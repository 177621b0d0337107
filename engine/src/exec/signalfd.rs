//! Reads of a signalfd whose set has internal signals: `attempt` asks before a worker reads. A thread that sleeps in such a
//! read takes the signals that the C library sends to it, and the application's setuid waits for ever. A signalfd has
//! nothing but its set, so a worker reads another one, with the same set but for the internal signals (ENGINE-33).
//!
//! Every call is entered raw: a thread that has only borrowed its storage reads, too.
#![allow(unsafe_code, reason = "makes system calls that the application did not ask for")]

#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests;

use std::ffi::c_long;

use syslet_syscalls::{RawArgs, row};

use crate::nonblocking::query::{Kind, SIGNAL_BYTES, Signalfd, address, ask, kind};
use crate::sys::interrupt::internal;

/// A signalfd of the engine's own. Dropped, it is closed.
#[derive(Debug)]
pub(crate) struct Own(u64);

/// The signalfd that the call reads instead, if its descriptor is a signalfd whose set has internal signals.
///
/// # Errors
/// The kernel's, negative, when it has no descriptor to give.
#[inline(always)]
pub(crate) fn instead(nr: u32, args: &RawArgs) -> Option<Result<Own, i64>> {
    match c_long::from(nr) {
        libc::SYS_read | libc::SYS_readv | libc::SYS_preadv2 => of_call(nr, args),
        _ => None,
    }
}

#[inline(never)]
fn of_call(nr: u32, args: &RawArgs) -> Option<Result<Own, i64>> {
    let seen = row(nr)?.narrow(args);
    let is_short = c_long::from(nr) == libc::SYS_read && seen.get(2) < SIGNAL_BYTES;
    if is_short { None } else { of_descriptor(seen.get(0)) }
}

fn of_descriptor(fd: u64) -> Option<Result<Own, i64>> {
    if kind(fd) != Kind::Anonymous {
        return None;
    }
    let seen = Signalfd::of(fd).filter(|seen| seen.set & internal() != 0)?;
    let set = seen.set & !internal();
    let flags = libc::SFD_CLOEXEC | if seen.is_non_blocking { libc::SFD_NONBLOCK } else { 0 };
    let args = [u64::MAX, address(&set), 8, u64::from(flags.cast_unsigned()), 0, 0];
    // SAFETY: the kernel reads the 8 bytes of the set.
    let made = unsafe { ask(libc::SYS_signalfd4, &args) };
    Some(u64::try_from(made).map(Own).map_err(|_| made))
}

impl Own {
    /// The call's arguments, with this descriptor in the place of its own.
    pub(crate) fn args(&self, args: &RawArgs) -> RawArgs {
        args.with(0, self.0)
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // SAFETY: the descriptor is this value's own.
        let _closed = unsafe { ask(libc::SYS_close, &[self.0, 0, 0, 0, 0, 0]) };
    }
}
