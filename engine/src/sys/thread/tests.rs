#![allow(unsafe_code, reason = "asks for the stacks of a thread")]

use std::collections::BTreeMap;
use std::fs;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::{Arc, mpsc};

use nix::errno::Errno;
use nix::sys::pthread::pthread_self;
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

use crate::pool::look;
use crate::sys::interrupt;
use crate::sys::thread::{STACK_BYTES, own_tid, spawn};

/// Runs `body` in a thread of its own and gives its result.
fn in_thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    let (give, take) = mpsc::channel();
    spawn("syslet-test", Box::new(move || give.send(body()).unwrap())).unwrap().join();
    take.recv().unwrap()
}

/// Makes the calling thread's calls of these numbers end in `action`; those of other threads do not.
fn filter_own_thread(numbers: &[libc::c_long], action: SeccompAction) {
    let rules: BTreeMap<_, _> = numbers.iter().map(|nr| (*nr, vec![])).collect();
    let arch = TargetArch::try_from(std::env::consts::ARCH).unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, arch).unwrap();
    seccompiler::apply_filter(&BpfProgram::try_from(filter).unwrap()).unwrap();
}

#[test]
fn a_thread_has_a_name_and_an_id() {
    let (tid, name) =
        in_thread(|| (own_tid(), fs::read_to_string(format!("/proc/self/task/{}/comm", own_tid()))));
    assert_ne!(tid, own_tid());
    assert_eq!(name.unwrap(), "syslet-test\n");
}

#[test]
fn a_name_with_a_nul_is_refused_and_the_body_dropped() {
    let held = Arc::new(());
    let body = Arc::clone(&held);
    assert_eq!(spawn("a\0b", Box::new(move || drop(body))).err(), Some(Errno::EINVAL));
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn all_signals_are_blocked_but_the_synchronous_ones_and_the_c_librarys() {
    let free = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP, libc::SIGSYS];
    let unblockable = [libc::SIGKILL, libc::SIGSTOP];
    let let_through = free.iter().chain(&unblockable).chain(&[32, 33]);
    let expected = let_through.fold(u64::MAX, |mask, signal| mask & !(1 << (signal - 1)));
    let blocked = in_thread(|| look::blocked(own_tid()));
    // An engine of another test may have chosen the signal that interrupts workers.
    let own = interrupt::INTERRUPT.get().map_or(0, |signal| 1 << (signal - 1));
    assert_eq!(blocked | own, expected | own);
}

#[test]
fn the_creator_keeps_its_own_mask() {
    let (before, after) = in_thread(|| {
        let mut own = SigSet::empty();
        own.add(Signal::SIGUSR1);
        own.thread_swap_mask(SigmaskHow::SIG_SETMASK).unwrap();
        let before = look::blocked(own_tid());
        spawn("syslet-inner", Box::new(|| ())).unwrap().join();
        (before, look::blocked(own_tid()))
    });
    assert_eq!(before, 1 << (libc::SIGUSR1 - 1));
    assert_eq!(after, before);
}

/// The two mappings of a thread: no alternate signal stack beside the stack and its guard.
#[test]
fn a_thread_has_a_small_stack_and_no_other() {
    let (flags, stack_bytes) = in_thread(|| {
        let mut stack = MaybeUninit::<libc::stack_t>::uninit();
        // SAFETY: asks for the stack in force, which the kernel writes.
        assert_eq!(unsafe { libc::sigaltstack(ptr::null(), stack.as_mut_ptr()) }, 0);
        // SAFETY: written above.
        let flags = unsafe { stack.assume_init() }.ss_flags;
        (flags, own_stack_bytes())
    });
    assert_eq!(flags, libc::SS_DISABLE);
    assert!((STACK_BYTES..2 * STACK_BYTES).contains(&stack_bytes), "{stack_bytes}");
}

fn own_stack_bytes() -> usize {
    let mut attributes = MaybeUninit::uninit();
    // SAFETY: asks about the calling thread, and initialises the attributes that it is given.
    let asked = unsafe { libc::pthread_getattr_np(pthread_self(), attributes.as_mut_ptr()) };
    assert_eq!(asked, 0);
    let mut bytes = 0;
    // SAFETY: initialised above.
    assert_eq!(unsafe { libc::pthread_attr_getstacksize(attributes.as_ptr(), &raw mut bytes) }, 0);
    // SAFETY: initialised above, and not used any more.
    unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
    bytes
}

#[test]
fn try_join_tells_whether_the_thread_has_ended() {
    let (release, released) = mpsc::channel::<()>();
    let (give, tid) = mpsc::channel();
    let body = move || {
        give.send(own_tid()).unwrap();
        released.recv().unwrap();
    };
    let mut thread = spawn("syslet-test", Box::new(body)).unwrap();
    let tid = tid.recv().unwrap();
    assert!(!thread.try_join(), "it waits to be released");
    release.send(()).unwrap();
    look::until_gone(tid);
    assert!(thread.try_join());
    assert!(thread.try_join(), "and stays joined");
    thread.join();
}

/// A thread killed in the middle of a call is seen as ended.
#[test]
fn a_killed_thread_can_be_joined() {
    let (give, tid) = mpsc::channel();
    let body = move || {
        filter_own_thread(&[libc::SYS_getppid], SeccompAction::KillThread);
        give.send(own_tid()).unwrap();
        nix::unistd::getppid();
        give.send(0).unwrap();
    };
    let mut thread = spawn("syslet-test", Box::new(body)).unwrap();
    let killed = tid.recv().unwrap();
    look::until_gone(killed);
    assert!(thread.try_join());
    assert!(tid.try_recv().is_err(), "it died in the call");
}

/// The body of a thread that could not be started is dropped, and the creator's mask is as it was.
#[test]
fn a_thread_that_cannot_be_started_is_an_error() {
    in_thread(|| {
        let again = SeccompAction::Errno(libc::EAGAIN.cast_unsigned());
        filter_own_thread(&[libc::SYS_clone, libc::SYS_clone3], again);
        let (before, held) = (look::blocked(own_tid()), Arc::new(()));
        let body = Arc::clone(&held);
        assert_eq!(spawn("syslet-none", Box::new(move || drop(body))).err(), Some(Errno::EAGAIN));
        assert_eq!(Arc::strong_count(&held), 1);
        assert_eq!(look::blocked(own_tid()), before);
    });
}

/// A detached thread goes on, and a dropped one, too.
#[test]
fn a_detached_thread_goes_on() {
    let (give, ran) = mpsc::channel();
    let give_too = give.clone();
    spawn("syslet-test", Box::new(move || give.send(()).unwrap())).unwrap().detach();
    drop(spawn("syslet-test", Box::new(move || give_too.send(()).unwrap())).unwrap());
    assert_eq!(ran.iter().count(), 2);
}
