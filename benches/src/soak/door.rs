//! Where the soak touches memory by address: pushes with addresses, and a futex woken by hand.
#![allow(unsafe_code, reason = "pushes calls with addresses, and there is no safe futex call")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use syslet::program::Program;
use syslet::{Refused, Ring, Submission, Ticket};

/// Pushes a call of the soak.
pub(super) fn push(ring: &mut Ring, submission: &Submission) -> Result<Ticket, Refused> {
    // SAFETY: whatever a call of the soak names by address or number stands in its entry of the ring's table. The entry
    // is dropped when the completion is consumed, or else, with the ring's others, after the engine was closed.
    unsafe { ring.push(submission) }
}

/// Pushes a program of the soak.
pub(super) fn push_program(ring: &mut Ring, program: &Program) -> Result<Ticket, Refused> {
    // SAFETY: it names nothing but its own bytes.
    unsafe { ring.push_program(program) }
}

/// Makes a waiter's word differ from what it waits for, and wakes it.
pub(super) fn wake(word: &Arc<AtomicU32>) {
    word.store(1, Ordering::Release);
    // SAFETY: wakes who waits on a word that is alive, and touches no memory.
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, i32::MAX)
    };
}
