//! Ends a run from outside: SIGINT, SIGTERM, SIGHUP, and the time given. `command` installs the handlers, the run asks whether it has to end.
//!
//! All handlers are installed without SA_RESTART, so that a call which sleeps returns. A signal that comes between
//! the look at the flag and the call would be lost on it; so the handler starts a timer that repeats the signal until
//! the run ends. A group that this thread runs goes on behind the call; so a thread waits for the signal, and cancels it.
#![allow(unsafe_code, reason = "signal handlers, timers and futexes are used through libc")]

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicI64, AtomicPtr, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::signal::SigSet;

use crate::exit::Exit;

/// How often the signal is repeated once the run shall end.
const REPEAT: Duration = Duration::from_millis(50);

/// Another such signal, so much later than the first or more, ends the command at once: its output may have no reader.
const AGAIN_MS: i64 = 500;

/// The signals that end a run, each with the exit that it leads to.
const ENDING: [(libc::c_int, Exit); 3] =
    [(libc::SIGHUP, Exit::HungUp), (libc::SIGINT, Exit::Interrupted), (libc::SIGTERM, Exit::Terminated)];

const RUNNING: i32 = 0;

/// The signal for which the run ends, the first of several; the timer's where the time given is over.
static STOP: AtomicI32 = AtomicI32::new(RUNNING);
/// When the first signal of `ENDING` came, if one did.
static FIRST_MS: AtomicI64 = AtomicI64::new(0);
/// How many signals there were; it may wrap.
static SIGNALS: AtomicI32 = AtomicI32::new(0);
/// The timer, once there is one. Its signal is not one that scripts use.
static TIMER: AtomicPtr<libc::c_void> = AtomicPtr::new(ptr::null_mut());

/// The reason for which the run has to end, if there is one.
pub(crate) fn stopped() -> Option<Exit> {
    match STOP.load(Ordering::Relaxed) {
        RUNNING => None,
        signal => Some(exit_for(signal).unwrap_or(Exit::TimedOut)),
    }
}

/// The exit to which a signal leads, if it is one that ends runs.
fn exit_for(signal: libc::c_int) -> Option<Exit> {
    ENDING.iter().find(|(known, _)| *known == signal).map(|&(_, exit)| exit)
}

/// From here on the signals of `ENDING` end the run, but for those that are ignored, and so does `timeout`.
pub(crate) fn install(timeout: Option<Duration>) -> io::Result<()> {
    handle(timer_signal())?;
    let mut event = {
        // SAFETY: a sigevent is plain data, for which zeros are valid.
        unsafe { std::mem::zeroed::<libc::sigevent>() }
    };
    event.sigev_notify = libc::SIGEV_SIGNAL;
    event.sigev_signo = timer_signal();
    let mut timer = ptr::null_mut();
    // SAFETY: both pointers are to live locals of the types the function wants.
    check(unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer) })?;
    TIMER.store(timer, Ordering::Relaxed);
    if let Some(timeout) = timeout {
        start_timer(timeout);
    }
    ENDING.iter().try_for_each(|&(signal, _)| if is_ignored(signal)? { Ok(()) } else { handle(signal) })
}

/// When the run shall end, and with each repetition of the signal, a thread that takes no signals itself calls `stop`.
pub(crate) fn on_stop(stop: impl Fn() + Send + 'static) -> io::Result<()> {
    let watch = move || {
        // Where that fails the signal may come here, and is repeated until it meets the other thread.
        let _ = SigSet::all().thread_block();
        loop {
            let seen = SIGNALS.load(Ordering::Acquire);
            if stopped().is_some() {
                stop();
            }
            futex(libc::FUTEX_WAIT, seen);
        }
    };
    thread::Builder::new().name("syslet-stop".to_owned()).spawn(watch).map(drop)
}

/// Sleeps while the count of signals is `number`, or wakes up to `number` threads that sleep so. Async-signal-safe.
fn futex(operation: libc::c_int, number: i32) {
    let operation = operation | libc::FUTEX_PRIVATE_FLAG;
    let no_timeout = ptr::null::<libc::timespec>();
    // SAFETY: the word lives for ever.
    unsafe { libc::syscall(libc::SYS_futex, SIGNALS.as_ptr(), operation, number, no_timeout) };
}

fn timer_signal() -> libc::c_int {
    libc::SIGRTMAX() - 1
}

fn handle(signal: libc::c_int) -> io::Result<()> {
    let mut action = no_action();
    action.sa_sigaction = on_signal as extern "C" fn(libc::c_int) as usize;
    // SAFETY: the handler is async-signal-safe: it uses atomics and timer_settime, which POSIX lists as such.
    check(unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) })
}

fn is_ignored(signal: libc::c_int) -> io::Result<bool> {
    let mut action = no_action();
    // SAFETY: nothing is set, and the pointer is to a live local.
    check(unsafe { libc::sigaction(signal, ptr::null(), &raw mut action) })?;
    Ok(action.sa_sigaction == libc::SIG_IGN)
}

fn no_action() -> libc::sigaction {
    // SAFETY: a sigaction is plain data, for which zeros are valid: the default action, no flags, an empty mask.
    unsafe { std::mem::zeroed() }
}

extern "C" fn on_signal(signal: libc::c_int) {
    if let Some(exit) = exit_for(signal) {
        let (now, first) = (now_ms(), FIRST_MS.load(Ordering::Relaxed));
        if first == 0 {
            FIRST_MS.store(now, Ordering::Relaxed);
        } else if now - first >= AGAIN_MS {
            // SAFETY: it ends the process, and nothing of it is looked at any more.
            unsafe { libc::_exit(exit.code().into()) };
        }
    }
    let _ = STOP.compare_exchange(RUNNING, signal, Ordering::Relaxed, Ordering::Relaxed);
    // Release, for the acquire load of SIGNALS in the waiting thread: a thread that reads the new count reads STOP, stored
    // above, too. Without it the thread could read the new count, find STOP unset, and sleep until the
    // signal is repeated.
    SIGNALS.fetch_add(1, Ordering::Release);
    futex(libc::FUTEX_WAKE, i32::MAX);
    start_timer(REPEAT);
}

/// The time, in milliseconds. Async-signal-safe.
fn now_ms() -> i64 {
    let mut now = timespec(Duration::ZERO);
    // SAFETY: the pointer is to a live local.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    1 + now.tv_sec * 1000 + now.tv_nsec / 1_000_000
}

/// The timer fires after `first`, and then again and again. Async-signal-safe.
fn start_timer(first: Duration) {
    let spec = libc::itimerspec { it_interval: timespec(REPEAT), it_value: timespec(first) };
    let timer = TIMER.load(Ordering::Relaxed);
    // SAFETY: the timer was created before any handler was installed that could come here, and is never deleted.
    unsafe { libc::timer_settime(timer, 0, &raw const spec, ptr::null_mut()) };
}

fn timespec(duration: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: libc::time_t::try_from(duration.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
