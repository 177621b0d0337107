#![allow(unsafe_code, reason = "confines single threads by raw system calls")]

use std::fs;
use std::os::unix::process::parent_id;
use std::panic::catch_unwind;
use std::path::Path;
use std::sync::mpsc;
use std::{io, thread};

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork, geteuid, gettid};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

use super::{Identity, Quick};
use crate::pool::look;

/// What a new thread was before and after it did something to itself, and what another thread saw after.
struct Change {
    before: (Identity, Quick),
    after: (Identity, Quick),
    seen: Identity,
}

/// Lets a new thread change itself by `body`.
fn change(body: impl FnOnce() + Send + 'static) -> Change {
    let (give, took) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let look = || (Identity::of(gettid().as_raw()).unwrap(), Quick::of_this_thread());
    let changing = thread::spawn(move || {
        let before = look();
        body();
        let after = look();
        give.send((gettid().as_raw(), before, after)).unwrap();
        released.recv().unwrap();
    });
    let (tid, before, after) = took.recv().unwrap();
    let seen = Identity::of(tid).unwrap();
    release.send(()).unwrap();
    changing.join().unwrap();
    Change { before, after, seen }
}

/// Lets a new thread change itself, and checks that this is seen from inside and outside. Gives whether the quick look
/// sees it, too.
fn differs(body: impl FnOnce() + Send + 'static) -> bool {
    let Change { before, after, seen } = change(body);
    assert_ne!(before.0, after.0);
    assert_eq!(seen, after.0, "seen from outside");
    before.1 != after.1
}

fn is_superuser(needed_for: &str) -> bool {
    if !geteuid().is_root() {
        println!("skipped: {needed_for} needs the superuser");
    }
    geteuid().is_root()
}

fn forbid(nr: libc::c_long) {
    let action = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let arch = TargetArch::try_from(std::env::consts::ARCH).unwrap();
    let filter = SeccompFilter::new([(nr, vec![])].into(), SeccompAction::Allow, action, arch).unwrap();
    seccompiler::apply_filter(&BpfProgram::try_from(filter).unwrap()).unwrap();
}

#[test]
fn threads_that_do_nothing_to_themselves_are_equal() {
    let Change { before, after, seen } = change(|| ());
    assert_eq!(before, after);
    assert_eq!(seen, before.0);
    let here = Identity::of_this_thread().unwrap();
    assert_eq!(here, before.0);
    assert_eq!(here, Identity::of(gettid().as_raw()).unwrap());
    assert_eq!(Quick::of_this_thread(), before.1);
}

#[test]
fn no_new_privs_differ() {
    assert!(differs(|| prctl::set_no_new_privs().unwrap()));
}

#[test]
fn a_filter_differs() {
    let (give, took) = mpsc::channel();
    thread::spawn(move || {
        // Putting a filter on sets it, too: so that only the filter differs.
        prctl::set_no_new_privs().unwrap();
        give.send(differs(|| forbid(libc::SYS_kcmp))).unwrap();
    });
    assert!(took.recv().unwrap());
}

/// One more filter changes neither of the two things that the quick look sees.
#[test]
fn a_second_filter_differs() {
    let (give, took) = mpsc::channel();
    thread::spawn(move || {
        forbid(libc::SYS_kcmp);
        // Started under one filter, confined by two.
        give.send(differs(|| forbid(libc::SYS_kexec_load))).unwrap();
    });
    assert!(!took.recv().unwrap());
}

#[test]
fn a_dropped_capability_differs() {
    if !is_superuser("dropping a capability") {
        return;
    }
    assert!(!differs(|| {
        const VERSION_3: u32 = 0x2008_0522;
        const SYS_CHROOT: u32 = 1 << 18;
        let header = [VERSION_3, 0];
        // Effective, permitted, inheritable: low words, then high words.
        let mut data = [0_u32; 6];
        // SAFETY: the kernel reads the header and writes the data, both as long as version 3 says.
        Errno::result(unsafe { libc::syscall(libc::SYS_capget, header.as_ptr(), data.as_mut_ptr()) })
            .unwrap();
        data[0] &= !SYS_CHROOT;
        // SAFETY: the kernel reads both, as long as version 3 says.
        Errno::result(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), data.as_ptr()) }).unwrap();
    }));
}

#[test]
fn a_user_id_for_files_differs() {
    if !is_superuser("setfsuid") {
        return;
    }
    assert!(!differs(|| {
        const NOBODY: u32 = 65_534;
        // SAFETY: changes the calling thread only, and that ends soon.
        unsafe { libc::syscall(libc::SYS_setfsuid, NOBODY) };
    }));
    // The kernel takes it away from the whole process with the id.
    prctl::set_dumpable(true).unwrap();
}

#[test]
fn a_namespace_of_its_own_differs() {
    if !is_superuser("a new namespace") {
        return;
    }
    assert!(!differs(|| {
        // SAFETY: changes the calling thread only.
        Errno::result(unsafe { libc::unshare(libc::CLONE_NEWUTS) }).unwrap();
    }));
}

/// Nothing is taken for an identity when there is no such thread, or the number is a process's and not a thread's.
#[test]
fn a_stranger_has_no_identity() {
    let gone = thread::spawn(|| gettid().as_raw());
    let tid = gone.join().unwrap();
    while Path::new(&format!("/proc/self/task/{tid}")).exists() {
        thread::yield_now();
    }
    let parent = parent_id().cast_signed();
    for stranger in [tid, parent, 0, -1] {
        let kind = Identity::of(stranger).map_err(|error| error.kind());
        assert_eq!(kind, Err(io::ErrorKind::NotFound), "{stranger}");
    }
}

/// What the first process of a PID namespace finds in its parent's /proc; its exit code is the number of the first
/// thing that is not as it should be.
fn first_process() -> i32 {
    let outer = fs::read_link("/proc/thread-self").unwrap();
    let outer: i32 = outer.file_name().unwrap().to_str().unwrap().parse().unwrap();
    let not_found = |tid| Identity::of(tid).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    if gettid().as_raw() != 1 || outer == 1 {
        return 1;
    }
    if !not_found(outer) {
        return 2;
    }
    if !not_found(1) {
        return 3;
    }
    if Identity::of_this_thread().is_ok() { 0 } else { 4 }
}

/// A thread's number in another PID namespace is not taken for one in its own.
#[test]
fn a_number_of_another_namespace_is_a_stranger() {
    if !is_superuser("a new PID namespace") {
        return;
    }
    let _forks = look::FORKS.lock().unwrap();
    let forking = thread::spawn(|| {
        // SAFETY: changes where this thread's children live, and nothing else.
        Errno::result(unsafe { libc::unshare(libc::CLONE_NEWPID) }).unwrap();
        // SAFETY: the child reads /proc and exits.
        match unsafe { fork() }.unwrap() {
            ForkResult::Child => {
                let code = catch_unwind(first_process).unwrap_or(5);
                // SAFETY: leaves without running the parent's exit handlers.
                unsafe { libc::_exit(code) };
            }
            ForkResult::Parent { child } => {
                assert_eq!(waitpid(child, None), Ok(WaitStatus::Exited(child, 0)));
            }
        }
    });
    forking.join().unwrap();
}
