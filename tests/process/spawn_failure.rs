//! Threads that the kernel refuses to start. Alone in its process, because it filters system calls: a seccomp filter
//! hands every clone and clone3 of the threads under it to a supervisor, who answers EAGAIN or lets them be.
#![allow(unsafe_code, reason = "installs a filter and answers it, which no library here does")]

use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use syslet::{CallFlags, Config, Engine, Params, StartError, Submission};

/// Only against hanging.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the supervisor does, and has done.
#[derive(Debug, Default)]
struct Door {
    is_shut: AtomicBool,
    refused: AtomicU64,
}

/// A filter under which clone and clone3 are asked of a supervisor and all else is allowed; gives what to ask through.
fn filter_this_thread() -> OwnedFd {
    let statement = |code: u32, k: u32| libc::sock_filter {
        code: u16::try_from(code).expect("16 bits"),
        jt: 0,
        jf: 0,
        k,
    };
    let equals = |nr: libc::c_long, jt: u8| libc::sock_filter {
        code: u16::try_from(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K).expect("16 bits"),
        jt,
        jf: 0,
        k: u32::try_from(nr).expect("a number"),
    };
    let mut program = [
        // The number is the first word of what a filter sees.
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0),
        equals(libc::SYS_clone, 2),
        equals(libc::SYS_clone3, 1),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_USER_NOTIF),
    ];
    let program = libc::sock_fprog { len: 5, filter: program.as_mut_ptr() };
    nix::sys::prctl::set_no_new_privs().expect("anybody may");
    // SAFETY: the program lives until the call returns.
    let listener = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            libc::SECCOMP_FILTER_FLAG_NEW_LISTENER,
            &raw const program,
        )
    };
    let listener = i32::try_from(listener).expect("a descriptor");
    assert!(listener >= 0, "no filter: {}", std::io::Error::last_os_error());
    // SAFETY: the kernel has just given it, to nobody else.
    unsafe { OwnedFd::from_raw_fd(listener) }
}

/// Answers until nobody is left under the filter.
fn supervise(listener: &OwnedFd, door: &Door) {
    loop {
        // SAFETY: zeroes are a valid question.
        let mut asked: libc::seccomp_notif = unsafe { std::mem::zeroed() };
        let mut answer = libc::seccomp_notif_resp { id: 0, val: 0, error: 0, flags: 0 };
        // SAFETY: the kernel writes a question where one has room.
        let received =
            unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut asked) };
        if received != 0 {
            return;
        }
        answer.id = asked.id;
        if door.is_shut.load(Ordering::SeqCst) {
            door.refused.fetch_add(1, Ordering::SeqCst);
            answer.error = -libc::EAGAIN;
        } else {
            answer.flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE.try_into().expect("one bit");
        }
        // SAFETY: the kernel reads the answer. Who asked may be gone: no error then.
        unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut answer) };
    }
}

#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "not so: {what}");
        thread::yield_now();
    }
}

/// POOL-4, POOL-9: the kernel itself answers EAGAIN. The engine neither hangs nor aborts: its one worker goes from call
/// to call, every refusal is counted, and when threads can be started again the rest get theirs. And while they
/// cannot, no engine starts.
#[test]
fn pool_spawn_failure_degrades_for_real() {
    let door = Arc::new(Door::default());
    let (send, receive) = channel::<OwnedFd>();
    let supervisor = Arc::clone(&door);
    // Before the filter: it is not under it.
    thread::spawn(move || supervise(&receive.recv().unwrap(), &supervisor));
    send.send(filter_this_thread()).unwrap();

    let engine = Engine::start(Config::default()).unwrap();
    let mut ring = engine.ring(&Params::default()).unwrap();
    door.is_shut.store(true, Ordering::SeqCst);
    let failed = Engine::start(Config::default().nonblocking(syslet::NonBlocking::Off)).map(|_| ());
    assert_eq!(failed, Err(StartError::Thread(nix::Error::EAGAIN)));
    let before = door.refused.swap(0, Ordering::SeqCst);
    assert_eq!(before, 1, "the monitor");

    let mut pipes: Vec<_> = (0..6).map(|_| std::io::pipe().unwrap()).collect();
    for (reader, _) in &pipes {
        // A poll is known to sleep; a read is found to, if it matters.
        let fd = [reader.as_raw_fd().to_ne_bytes().as_slice(), &libc::POLLIN.to_ne_bytes(), &[0; 2]].concat();
        let call = Submission::call(libc::SYS_ppoll).inout(&fd).value(1).value(0).value(0).value(8);
        // SAFETY: no addresses.
        unsafe { ring.push(&call.flags(CallFlags::ASYNC).build()) }.unwrap();
    }
    ring.submit();
    until("it was tried more than once", || engine.stats().spawns_refused > 3);
    // One that is asked for counts, until it is refused.
    until("there is the one", || engine.stats().workers == 1);
    for (_, writer) in &mut pipes[..2] {
        writer.write_all(b"x").unwrap();
        assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1), "one after the other");
        assert!(ring.completions().all(|done| done.result().0 == 1));
    }
    door.is_shut.store(false, Ordering::SeqCst);
    until("the others sleep in workers of their own", || engine.stats().blocked == 4);
    assert_eq!(engine.stats().spawns_refused, door.refused.load(Ordering::SeqCst));
    pipes[2..].iter_mut().for_each(|(_, writer)| writer.write_all(b"x").unwrap());
    assert_eq!(ring.wait(4, Some(PATIENCE)), Ok(4));
}
