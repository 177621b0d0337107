//! The futex system call on a word in ring memory. Not the private kind: the waiter may be another process.
#![allow(unsafe_code, reason = "nix has no futex")]

use std::time::Duration;

use super::{FutexWord, Slept};
use crate::ring::region::Word32;

impl FutexWord for Word32 {
    fn sleep(&self, expected: u32, timeout: Option<Duration>) -> Slept {
        let timeout = timeout.map(|duration| libc::timespec {
            tv_sec: libc::time_t::try_from(duration.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_nsec: libc::c_long::from(duration.subsec_nanos().cast_signed()),
        });
        let timeout = timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        // SAFETY: the word lives as long as `self`, and the timespec, if any, until the call returns.
        let result =
            unsafe { libc::syscall(libc::SYS_futex, self.as_ptr(), libc::FUTEX_WAIT, expected, timeout) };
        if result == 0 {
            return Slept::Woken;
        }
        match std::io::Error::last_os_error().raw_os_error() {
            Some(libc::EINTR) => Slept::Interrupted,
            Some(libc::ETIMEDOUT) => Slept::TimedOut,
            _ => Slept::Woken,
        }
    }

    fn wake_one(&self) {
        // SAFETY: the word lives as long as `self`; waking touches no memory.
        unsafe { libc::syscall(libc::SYS_futex, self.as_ptr(), libc::FUTEX_WAKE, 1) };
    }
}
