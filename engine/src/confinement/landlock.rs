//! The number of Landlock layers that a thread has; `submitter` and `reference` ask under [`Confine::Strict`](super::Confine).
//!
//! No file and no call tells it, but a thread can have 16 layers at most. A thread that ends right away inherits the layers of
//! the thread that starts it, and adds layers until the kernel refuses.
#![allow(unsafe_code, reason = "Landlock's calls, in a thread that has borrowed its storage")]

use std::ffi::c_long;
use std::io::{self, ErrorKind};

use nix::sys::signal::{SigSet, SigmaskHow};
use syslet_syscalls::{Invoked, RawArgs, invoke};

use crate::sys::disposable::{self, Ended, KeptStack, Own};
use crate::sys::sync::AtomicU32;

/// The kernel allows no more.
const LAYERS_MAX: u32 = 16;
/// The count ends here on a kernel that does.
const ENDLESS: u32 = 1024;

/// The layers of the calling thread; 0 where the kernel has no Landlock. It takes a thread, and nearly a hundred
/// microseconds.
///
/// # Errors
/// When the number cannot be known: the system has no thread, memory or descriptor, or refuses the calls.
pub(super) fn layers() -> io::Result<u32> {
    let mut added = Err(libc::EIO);
    // Both threads use one thread-local storage meanwhile: a handler of the application in one would see the other's.
    let mask = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
    let ended = disposable::run(Own::Nothing, &mut KeptStack::default(), &mut |_| added = add_all());
    mask.thread_set_mask()?;
    match ended {
        Ok(Ended::Returned) => {}
        Ok(Ended::Killed) => return Err(ErrorKind::PermissionDenied.into()),
        Err(errno) => return Err(io::Error::from_raw_os_error(errno as i32)),
    }
    match added {
        Ok(added) => LAYERS_MAX.checked_sub(added).ok_or_else(|| ErrorKind::InvalidData.into()),
        // Landlock is not built in, or not switched on.
        Err(libc::ENOSYS | libc::EOPNOTSUPP) => Ok(0),
        Err(errno) => Err(io::Error::from_raw_os_error(errno)),
    }
}

/// Adds layers to the calling thread, which serves no other purpose, until the kernel refuses. Gives how many it added.
fn add_all() -> Result<u32, i32> {
    /// Making directories. Any right would do; a ruleset that handles none is refused.
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
    // The descriptor is this function's own, so closing it cannot fail in a way that matters.
    let _ = ask(libc::SYS_close, [ruleset, 0, 0]);
    if last == libc::E2BIG { Ok(added) } else { Err(last) }
}

/// Makes a call; an address among the arguments is that of a value that outlives the call. The C library is left out: it would
/// write its error number to storage that this thread has only borrowed.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "call numbers are small")]
fn ask(nr: c_long, [a, b, c]: [u64; 3]) -> Result<u64, i32> {
    let never = AtomicU32::new(0);
    // SAFETY: these calls read at most the ruleset's word, change the calling thread, and close a descriptor that it has opened.
    match unsafe { invoke(&never, nr as u32, &RawArgs::new([a, b, c, 0, 0, 0])) } {
        Invoked::Result(result) => {
            u64::try_from(result).map_err(|_| i32::try_from(-result).unwrap_or(libc::EIO))
        }
        Invoked::NeverBegan => Err(libc::EINTR),
    }
}
