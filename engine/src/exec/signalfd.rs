//! Reads of a signalfd whose set has internal signals. Who sleeps in such a read takes what the C library sends to it, and
//! the application's setuid waits for ever. All that a signalfd has is its set: so a worker reads another one, with the same
//! set but for the internal signals (ENGINE-33).
//!
//! Every call is entered raw: a thread that has only borrowed its storage reads, too.
#![allow(unsafe_code, reason = "makes system calls that the application did not ask for")]

#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests;

use std::ffi::c_long;
use std::io::Write;
use std::mem::MaybeUninit;

use syslet_syscalls::{Invoked, RawArgs, invoke, row};

use crate::exec::claim::NEVER;
use crate::exec::signal_sets::internal;

/// A read of fewer bytes takes no signal: the kernel refuses it.
const SIGNAL_BYTES: u64 = size_of::<libc::signalfd_siginfo>() as u64;

/// A signalfd of the engine's own. Dropped, it is closed.
#[derive(Debug)]
pub(crate) struct Own(u64);

/// What the call reads instead, if its descriptor is a signalfd whose set has internal signals.
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

/// Whether a read of so many bytes from the descriptor could take an internal signal.
pub(crate) fn takes_internal(fd: u64, bytes: u64) -> bool {
    bytes >= SIGNAL_BYTES && Seen::of(fd).is_some_and(|seen| seen.set & internal() != 0)
}

fn of_descriptor(fd: u64) -> Option<Result<Own, i64>> {
    if !is_anonymous(fd) {
        return None;
    }
    let seen = Seen::of(fd).filter(|seen| seen.set & internal() != 0)?;
    let set = seen.set & !internal();
    let flags = libc::SFD_CLOEXEC | if seen.is_non_blocking { libc::SFD_NONBLOCK } else { 0 };
    let set = (&raw const set).expose_provenance() as u64;
    let made = ask(libc::SYS_signalfd4, [u64::MAX, set, 8, u64::from(flags.cast_unsigned())]);
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
        let _closed = ask(libc::SYS_close, [self.0, 0, 0, 0]);
    }
}

/// Whether the descriptor is a file without a place, as a signalfd is one.
fn is_anonymous(fd: u64) -> bool {
    let mut stat = MaybeUninit::<libc::stat>::zeroed();
    let asked = ask(libc::SYS_fstat, [fd, stat.as_mut_ptr().expose_provenance() as u64, 0, 0]);
    // SAFETY: zeroed, then perhaps written by the kernel: a stat is numbers.
    let stat = unsafe { stat.assume_init() };
    asked == 0 && stat.st_mode & libc::S_IFMT == 0
}

/// What /proc tells of a signalfd.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Seen {
    set: u64,
    is_non_blocking: bool,
}

impl Seen {
    /// Nothing, if it is none, or /proc is not there.
    fn of(fd: u64) -> Option<Seen> {
        let mut path = [0; 64];
        // The last byte stays the NUL.
        write!(&mut path[..63], "/proc/thread-self/fdinfo/{fd}").ok()?;
        let path = path.as_ptr().expose_provenance() as u64;
        let flags = (libc::O_RDONLY | libc::O_CLOEXEC).cast_unsigned().into();
        let info = u64::try_from(ask(libc::SYS_openat, [AT_FDCWD, path, flags, 0])).ok()?;
        let mut text = [0; 512];
        let place = text.as_mut_ptr().expose_provenance() as u64;
        let read = ask(libc::SYS_read, [info, place, text.len() as u64, 0]);
        let _closed = ask(libc::SYS_close, [info, 0, 0, 0]);
        Seen::parse(std::str::from_utf8(text.get(..usize::try_from(read).ok()?)?).ok()?)
    }

    fn parse(text: &str) -> Option<Seen> {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let flags = i32::from_str_radix(field("flags:")?, 8).ok()?;
        Some(Seen {
            set: u64::from_str_radix(field("sigmask:")?, 16).ok()?,
            is_non_blocking: flags & libc::O_NONBLOCK != 0,
        })
    }
}

const AT_FDCWD: u64 = (libc::AT_FDCWD as i64).cast_unsigned();

/// Makes a call whose addresses, if it has any, are those of values that outlive it.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "call numbers are small")]
fn ask(nr: c_long, [a, b, c, d]: [u64; 4]) -> i64 {
    let args = RawArgs::new([a, b, c, d, 0, 0]);
    loop {
        // SAFETY: the calls of this file read and write nothing but values that their callers hold for them, and close only
        // what this file has opened.
        if let Invoked::Result(result) = unsafe { invoke(&NEVER, nr as u32, &args) } {
            return result;
        }
    }
}
