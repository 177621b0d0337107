//! Programs that change the thread that runs them.
#![allow(
    unsafe_code,
    reason = "asks which namespace a socket is of, and owns the descriptors that programs give back"
)]

use std::fs::File;
use std::net::UdpSocket;
use std::os::fd::{AsFd, AsRawFd as _, FromRawFd as _, OwnedFd};

use nix::sched::{CloneFlags, unshare};
use syslet::program::{Builder, Call, Fd, Number};
use syslet::{CallFlags, DoneFlags, Refusal};

use crate::rig::{program, push, ring, run};

/// Which network namespace a socket is of.
fn cookie(socket: &impl AsFd) -> u64 {
    let (mut cookie, mut len) = (0_u64, 8_u32);
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: the kernel writes at most eight bytes to a number of eight.
    let got = unsafe {
        libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_NETNS_COOKIE, (&raw mut cookie).cast(), &raw mut len)
    };
    assert_eq!((got, len), (0, 8));
    cookie
}

fn datagrams() -> UdpSocket {
    UdpSocket::bind("0.0.0.0:0").expect("a socket")
}

/// A namespace that this makes, and its cookie; nothing where that is not permitted.
fn other_namespace() -> Option<(File, u64)> {
    let made = std::thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNET).ok()?;
        let namespace = File::open("/proc/thread-self/ns/net").expect("its namespace");
        Some((namespace, cookie(&datagrams())))
    });
    made.join().expect("the thread ends")
}

fn socket_call<'p>() -> Call<'p, Fd> {
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC;
    Call::new(libc::SYS_socket).arg(libc::AF_INET).arg(kind).arg(0)
}

/// SYSLET-17: a private program enters another network namespace, and gives back a socket of that one; what comes after, and the
/// process, have not moved.
#[test]
fn a_socket_of_another_namespace() {
    let Some((namespace, theirs)) = other_namespace() else {
        println!("skipped: a network namespace cannot be made here");
        return;
    };
    let ours = cookie(&datagrams());
    assert_ne!(ours, theirs);
    let mut ring = ring(1);
    let enters = |p: &mut Builder<'_>| {
        let setns = Call::<Number>::new(libc::SYS_setns).arg(namespace.as_raw_fd()).arg(libc::CLONE_NEWNET);
        p.call(setns).or_stop();
        p.call(socket_call()).or_stop();
    };
    let stays = |p: &mut Builder<'_>| {
        p.call(socket_call()).or_stop();
    };
    for (flags, write, expected) in [
        (CallFlags::PRIVATE, &enters as &dyn Fn(&mut Builder<'_>), theirs),
        (CallFlags::ASYNC, &stays, ours),
        (CallFlags::NONE, &stays, ours),
        (CallFlags::PRIVATE, &stays, ours),
    ] {
        let came = run(&mut ring, &program(flags, |p| write(p)));
        assert_eq!(came.flags, DoneFlags::NONE);
        // SAFETY: the program has opened it, and given it back.
        let socket = unsafe { OwnedFd::from_raw_fd(i32::try_from(came.result).unwrap()) };
        assert_eq!(cookie(&socket), expected, "{flags:?}");
    }
    assert_eq!(cookie(&datagrams()), ours);
    let refused = push(&mut ring, &program(CallFlags::NONE, enters)).unwrap_err();
    assert_eq!(refused.refusal(), Refusal::THREAD_STATE);
}
