//! How many layers of Landlock a thread has. No file and no call tells that, but a thread can have 16 at most: one that ends right
//! away takes those of its starter, and adds layers until the kernel has no more.
#![allow(unsafe_code, reason = "Landlock's calls, in a thread that has borrowed its storage")]

use std::ffi::c_long;
use std::io::{self, ErrorKind};

use nix::sys::signal::{SigSet, SigmaskHow};
use syslet_syscalls::{Invoked, RawArgs, invoke};

use crate::pool::worker::disposable::{self, Ended, Own};
use crate::sys::sync::AtomicU32;

/// The kernel allows no more; the count below ends if one does.
const LAYERS_MAX: u32 = 16;
const ENDLESS: u32 = 1024;

/// The layers of the calling thread; 0 where the kernel has no Landlock. It takes a thread, and nearly a hundred
/// microseconds.
///
/// # Errors
/// When that cannot be known: no thread, no memory or no descriptor to be had, or the calls are refused.
pub(crate) fn layers() -> io::Result<u32> {
    let mut added = Err(libc::EIO);
    // Two threads have one storage meanwhile: a handler of the application in one of them would see the other's.
    let mask = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
    let ended = disposable::run(Own::Nothing, &mut || added = add_all());
    mask.thread_set_mask()?;
    match ended {
        Ok(Ended::Returned) => {}
        Ok(Ended::Killed) => return Err(ErrorKind::PermissionDenied.into()),
        Err(errno) => return Err(io::Error::from_raw_os_error(errno as i32)),
    }
    match added {
        Ok(added) => LAYERS_MAX.checked_sub(added).ok_or_else(|| ErrorKind::InvalidData.into()),
        // Not built in, or not switched on.
        Err(libc::ENOSYS | libc::EOPNOTSUPP) => Ok(0),
        Err(errno) => Err(io::Error::from_raw_os_error(errno)),
    }
}

/// Adds layers to the calling thread, which is of no other use, until it has all it can have. Gives how many it added.
fn add_all() -> Result<u32, i32> {
    /// Making directories: what a ruleset handles does not matter, but nothing is no ruleset.
    const HANDLED: [u64; 1] = [1 << 7];
    const NO_NEW_PRIVS: u64 = libc::PR_SET_NO_NEW_PRIVS as u64;
    ask(libc::SYS_prctl, [NO_NEW_PRIVS, 1, 0])?;
    let handled = HANDLED.as_ptr().expose_provenance() as u64;
    let ruleset = ask(libc::SYS_landlock_create_ruleset, [handled, size_of_val(&HANDLED) as u64, 0])?;
    let mut added = 0;
    let last = loop {
        match ask(libc::SYS_landlock_restrict_self, [ruleset, 0, 0]) {
            Ok(_) if added < ENDLESS => added += 1,
            Ok(_) => break libc::EOVERFLOW,
            Err(errno) => break errno,
        }
    };
    // It was open: nothing comes of closing it that matters.
    let _ = ask(libc::SYS_close, [ruleset, 0, 0]);
    if last == libc::E2BIG { Ok(added) } else { Err(last) }
}

/// Makes a call whose address, if it has one, is that of a value that outlives it. Not through the C library, which would write
/// its error number to storage that this thread has only borrowed.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "call numbers are small")]
fn ask(nr: c_long, [a, b, c]: [u64; 3]) -> Result<u64, i32> {
    let never = AtomicU32::new(0);
    // SAFETY: these calls read at most the ruleset's word, change the calling thread, and close what it has opened.
    match unsafe { invoke(&never, nr as u32, &RawArgs::new([a, b, c, 0, 0, 0])) } {
        Invoked::Result(result) => {
            u64::try_from(result).map_err(|_| i32::try_from(-result).unwrap_or(libc::EIO))
        }
        Invoked::NeverBegan => Err(libc::EINTR),
    }
}
