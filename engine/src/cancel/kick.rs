//! The signal that takes a submitter out of an inline call, and its handler, shared by all engines of the process (KICK-5). An engine
//! claims it when it starts; the monitor sends it.
#![allow(unsafe_code, reason = "is a signal handler")]

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU32, Ordering};

use syslet_syscalls::{site_before_call, site_behind_call};

use crate::cancel::signal::{
    CHOOSING, counter_of, direct, install, is_free, place, queue, register, result_of, word_of,
};
use crate::sys::hold::word;
use crate::sys::interrupt;

/// Chooses the signal and installs the handler, unless that was done before: the highest below SIGRTMAX that is free. Where there is none
/// nothing is kicked.
pub(crate) fn claim() {
    let _choosing = CHOOSING.lock().unwrap_or_else(PoisonError::into_inner);
    if interrupt::KICK.get().is_some() {
        return;
    }
    let mut all = (libc::SIGRTMIN()..=libc::SIGRTMAX()).rev().skip(1);
    if let Some(chosen) = all.find(|signal| is_free(*signal))
        // With SA_RESTART: a call that has done nothing is put before its instruction again.
        && install(chosen, handle, libc::SA_RESTART).is_ok()
    {
        interrupt::KICK.set(chosen);
    }
}

/// KICK-5. The sender does not matter: the word that the invocation tests says whether the thread is to leave its call.
extern "C" fn handle(_signal: c_int, _info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel gives a context to a handler with SA_SIGINFO, and no other reference to it exists.
    let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
    let counter = place(*counter_of(context));
    let (site, least) = if let Some(site) = site_before_call(counter) {
        (site, word::RESTARTED)
    } else if let Some(site) = site_behind_call(counter)
        && result_of(context) == -i64::from(libc::EINTR)
    {
        (site, word::INTERRUPTED)
    } else {
        return;
    };
    let said: *const AtomicU32 = ptr::with_exposed_provenance(place(word_of(context)));
    // SAFETY: a thread that stands at a site, or right behind the instruction of one, has the address of its word there, which
    // the kernel keeps; and the word outlives the invocation.
    let said = unsafe { &*said };
    // Acquire: pairs with the release store of the word by `Hold::kick`, before it has the signal sent. Without it the kernel could
    // make the call again, and keep the thread in it with no signal left to come.
    if said.load(Ordering::Acquire) >= least {
        *counter_of(context) = register(site.never);
    }
}

/// Sends the signal to a thread of this process; says whether it is pending there.
pub(crate) fn send(tid: u32) -> bool {
    interrupt::KICK.get().is_some_and(|signal| queue(tid, signal).or_else(|_| direct(tid, signal)).is_ok())
}
