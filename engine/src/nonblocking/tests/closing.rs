//! Calls that close a file.

use std::fs::File;
use std::io::pipe;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::nonblocking::tests::rig::{
    ABILITIES, HIGH, at, attempt_with, error, fd, file, nonblocking, nonblocking_by, owned, plain,
};
use crate::nonblocking::{Abilities, Ability, Attempt};

fn opened(path: &str) -> OwnedFd {
    File::open(path).expect("it is there").into()
}

fn writable(path: &str) -> OwnedFd {
    File::options().write(true).open(path).expect("it is there").into()
}

/// A connection, of which closing this end waits for so many seconds.
fn lingering(seconds: Option<u64>) -> OwnedFd {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let stream = TcpStream::connect(listener.local_addr().expect("an address")).expect("connected");
    if let Some(seconds) = seconds {
        let linger = [1, i32::try_from(seconds).expect("small")];
        let (level, name) = (libc::SOL_SOCKET.cast_unsigned().into(), libc::SO_LINGER.cast_unsigned().into());
        assert_eq!(plain("setsockopt", [fd(&stream), level, name, at(&linger), 8]), 0);
    }
    stream.set_read_timeout(Some(Duration::from_secs(1))).expect("set");
    stream.into()
}

/// TWIN-51: files that are closed without a wait for a peer or a device are closed inline, by close, dup2 and dup3.
#[test]
fn what_cannot_wait_is_closed_inline() {
    let (reader, writer) = pipe().expect("a pipe");
    let (left, right) = UnixStream::pair().expect("a pair");
    let memory = owned(plain("memfd_create", [at(c"m".to_bytes_with_nul()), 0]));
    let files: Vec<(&str, OwnedFd)> = vec![
        ("a file that can be written", file().into()),
        ("a file that cannot", opened("/etc/passwd")),
        ("one of no device that cannot", opened("/proc/self/comm")),
        ("memory", memory),
        ("a folder", opened("/")),
        ("a pipe's end", reader.into()),
        ("its other end", writer.into()),
        ("a pair's end", left.into()),
        ("its other end", right.into()),
        ("a connection", lingering(None)),
        ("one that is cut", lingering(Some(0))),
        ("null", writable("/dev/null")),
        ("random", opened("/dev/urandom")),
    ];
    for (name, file) in &files {
        assert_eq!(nonblocking("close", [fd(file)]), Attempt::Plain, "{name}");
        assert_eq!(nonblocking("close", [fd(file) | HIGH]), Attempt::Plain, "{name}");
        assert_eq!(nonblocking("dup3", [0, fd(file), 0]), Attempt::Plain, "{name}");
        if cfg!(target_arch = "x86_64") {
            assert_eq!(nonblocking("dup2", [0, fd(file)]), Attempt::Plain, "{name}");
        }
    }
    assert_eq!(nonblocking("close", [u64::from(u32::MAX)]), Attempt::Plain, "nothing is closed at once");
}

/// TWIN-51: all others are a worker's to close, and the attempt leaves them open.
#[test]
fn what_may_wait_is_left_to_a_worker() {
    let (alg, netlink) = (libc::AF_ALG.cast_unsigned().into(), libc::AF_NETLINK.cast_unsigned().into());
    let raw = libc::SOCK_RAW.cast_unsigned().into();
    let mut files: Vec<(&str, OwnedFd)> = vec![
        ("a file of no device that can be written", writable("/proc/self/comm")),
        ("a connection that lingers", lingering(Some(30))),
        ("a terminal", opened("/dev/ptmx")),
        ("an eventfd", owned(plain("eventfd2", [0, 0]))),
        ("an inotify", owned(plain("inotify_init1", [0]))),
        ("a netlink socket", owned(plain("socket", [netlink, raw, 0]))),
    ];
    let alg = plain("socket", [alg, 5, 0]);
    if alg >= 0 {
        files.push(("a socket of another family", owned(alg)));
    }
    for (name, file) in &files {
        for (call, args) in [("close", [fd(file), 0, 0]), ("dup3", [0, fd(file), 0])] {
            let came = attempt_with(call, args, |nr, _| panic!("{name}: call {nr} is made"));
            assert_eq!(came, Attempt::NotHere, "{name}");
        }
        assert!(plain("fcntl", [fd(file), libc::F_GETFD.cast_unsigned().into(), 0]) >= 0, "{name}");
    }
}

/// TWIN-51: a socket that may not be asked is a worker's.
#[test]
fn sockets_are_asked() {
    let (left, _right) = UnixStream::pair().expect("a pair");
    let blind = Abilities { found: ABILITIES.found & !Ability::SocketQuestions.bit(), ..*ABILITIES };
    assert_eq!(nonblocking_by(blind, "close", [fd(&left)]), Attempt::NotHere);
    assert_eq!(plain("close", [u64::from(u32::MAX)]), error(libc::EBADF));
}
