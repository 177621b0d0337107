//! A timer for each thread that may be interrupted. Where the system queues no more signals, a timer that was made
//! beforehand still signals the thread it was made for, because the kernel has kept room for that signal (CANCEL-22).
//! Workers make them, `cancel::signal` fires them.
#![allow(unsafe_code, reason = "the safe timers signal a process, and are set by their owner only")]

use std::ffi::c_int;
use std::mem::MaybeUninit;

use nix::errno::Errno;
use nix::unistd::{Pid, getpid};

use crate::slots::maker::Maker;
use crate::sys::clock::now_ns;
use crate::sys::interrupt;

/// A timer that signals one thread of this process.
#[derive(Debug)]
pub(crate) struct Timer {
    /// INVARIANT: the kernel's number of a timer of `owner`, which is deleted with this.
    id: c_int,
    owner: Pid,
}

/// A timer that is set to a time in the past expires behind an interrupt, mostly within microseconds; where the clock is
/// coarse, at its next tick.
const EXPIRY_NS_MAX: u64 = 50_000_000;

impl Timer {
    /// Makes one for the thread with that number. None where the system has no room for it, or a filter refuses.
    pub(crate) fn of_thread(tid: u32) -> Option<Timer> {
        let signal = interrupt::INTERRUPT.get()?;
        // SAFETY: zeroes are a valid description.
        let mut event: libc::sigevent = unsafe { MaybeUninit::zeroed().assume_init() };
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = signal;
        event.sigev_notify_thread_id = tid.cast_signed();
        let mut id: c_int = 0;
        // Entered without the C library: its timers have numbers of their own.
        // SAFETY: the kernel reads the description and writes one number.
        let made = unsafe {
            libc::syscall(libc::SYS_timer_create, libc::CLOCK_MONOTONIC, &raw const event, &raw mut id)
        };
        (made == 0).then(|| Timer { id, owner: getpid() })
    }

    /// The kernel's number of it.
    pub(crate) fn id(&self) -> c_int {
        self.id
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        // A forked child has none of them, and may have others with the same numbers.
        if self.owner == getpid() {
            // SAFETY: by the invariant of `id`.
            let _gone = unsafe { libc::syscall(libc::SYS_timer_delete, self.id) };
        }
    }
}

/// The calling thread, and a timer that signals it, to be kept for as long as it makes calls.
pub(crate) fn reach(tid: u32) -> (Maker, Option<Timer>) {
    let timer = Timer::of_thread(tid);
    (Maker::new(tid, timer.as_ref().map(Timer::id)), timer)
}

/// Has the timer with that number signal its thread; says whether the signal is pending there when this returns. The
/// timer's thread stands still for it, so the timer is there.
pub(crate) fn fire(id: c_int) -> Result<(), Errno> {
    // The earliest time that is one: zero would stop the timer.
    set(id, 1)?;
    let started_ns = now_ns();
    while left(id)? != 0 {
        if now_ns() - started_ns > EXPIRY_NS_MAX {
            // Stopped, it sends no late signal, which would meet another call of that thread.
            let was_left = set(id, 0)?;
            return if was_left == 0 { Ok(()) } else { Err(Errno::ETIMEDOUT) };
        }
        std::thread::yield_now();
    }
    Ok(())
}

/// Sets the timer to that time of its clock, in nanoseconds, or stops it; gives the time that was left until it
/// expired, or 0 where it had.
fn set(id: c_int, at_ns: libc::c_long) -> Result<libc::c_long, Errno> {
    let none = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let time = libc::itimerspec { it_interval: none, it_value: libc::timespec { tv_sec: 0, tv_nsec: at_ns } };
    let mut before = libc::itimerspec { it_interval: none, it_value: none };
    let (new, old) = (&raw const time, &raw mut before);
    // SAFETY: the kernel reads one time and writes another.
    let done = unsafe { libc::syscall(libc::SYS_timer_settime, id, libc::TIMER_ABSTIME, new, old) };
    Errno::result(done).map(|_| nanoseconds(&before))
}

/// The time that is left until the timer expires; 0 once it has: then its signal is pending, because the kernel sends
/// it under the lock under which it answers this.
fn left(id: c_int) -> Result<libc::c_long, Errno> {
    let none = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let mut time = libc::itimerspec { it_interval: none, it_value: none };
    // SAFETY: the kernel writes one time.
    let done = unsafe { libc::syscall(libc::SYS_timer_gettime, id, &raw mut time) };
    Errno::result(done).map(|_| nanoseconds(&time))
}

fn nanoseconds(time: &libc::itimerspec) -> libc::c_long {
    // Whether it is nothing is all that matters.
    time.it_value.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.it_value.tv_nsec)
}
