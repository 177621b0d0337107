//! Reads at the file's own position.

use std::io::{Seek, Write, pipe};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixStream};

use crate::nonblocking::Attempt;
use crate::nonblocking::tests::rig::{
    at, at_mut, attempt_with, enter, fd, file, finished, nonblocking, owned, plain, tries,
};

/// TWIN-7: a read at a shared position of storage is the plain call's, in place.
#[test]
fn shared_positions_of_storage_are_read_in_place() {
    let mut file = file();
    file.write_all(b"abcdef").expect("room");
    file.rewind().expect("seekable");
    let mut buffer = [0u8; 4];
    let vector = [at_mut(&mut buffer), 4];
    assert_eq!(nonblocking("read", [fd(&file), at_mut(&mut buffer), 4]), Attempt::Plain);
    assert_eq!(nonblocking("readv", [fd(&file), at(&vector), 1]), Attempt::Plain);
    assert_eq!(nonblocking("preadv2", [fd(&file), at(&vector), 1, u64::MAX, 0, 0]), Attempt::Plain);
    assert_eq!(file.stream_position().expect("seekable"), 0, "nothing was read");
}

/// TWIN-8: a read of a pipe or socket is whole when it is short, and leaves nothing behind when it would sleep.
#[test]
fn what_a_pipe_holds_is_the_answer() {
    for name in ["read", "readv", "preadv2"] {
        let (reader, mut writer) = pipe().expect("a pipe");
        let mut buffer = [0u8; 8];
        let vector = [at_mut(&mut buffer), 8];
        let args = match name {
            "read" => [fd(&reader), at_mut(&mut buffer), 8, 0, 0, 0],
            _ => [fd(&reader), at(&vector), 1, u64::MAX, 0, 0],
        };
        assert_eq!(nonblocking(name, args), Attempt::WouldBlock, "{name}");
        writer.write_all(b"abc").expect("room");
        assert_eq!(nonblocking(name, args), Attempt::Final(3), "{name}");
        assert_eq!(&buffer[..3], b"abc");
        assert_eq!(nonblocking(name, args), Attempt::WouldBlock, "{name}");
        writer.write_all(b"de").expect("room");
        assert_eq!(finished(name, args, 0), 2, "the worker's plain call");
        drop(writer);
        assert_eq!(nonblocking(name, args), Attempt::Final(0), "the end");
    }
}

/// TWIN-8: sockets and eventfds as well; a datagram is one answer.
#[test]
fn what_a_socket_or_eventfd_holds_is_the_answer() {
    let (left, right) = UnixDatagram::pair().expect("a pair");
    let mut buffer = [0u8; 8];
    let args = [fd(&left), at_mut(&mut buffer), 8];
    assert_eq!(nonblocking("read", args), Attempt::WouldBlock);
    right.send(b"one").expect("room");
    right.send(b"three").expect("room");
    assert_eq!(nonblocking("read", args), Attempt::Final(3));
    assert_eq!(plain("read", args), 5);
    let counter = eventfd();
    let args = [fd(&counter), at_mut(&mut buffer), 8];
    assert_eq!(nonblocking("read", args), Attempt::WouldBlock);
    assert_eq!(plain("write", [fd(&counter), at(&7u64), 8]), 8);
    assert_eq!(nonblocking("read", args), Attempt::Final(8));
    assert_eq!(u64::from_ne_bytes(buffer), 7);
}

/// TWIN-9: nothing is not read, and files whose short answers say nothing are left to a worker.
#[test]
fn reads_that_are_no_question_of_waiting() {
    let (reader, _writer) = pipe().expect("a pipe");
    let zero = std::fs::File::open("/dev/zero").expect("a device");
    let (left, mut right) = UnixStream::pair().expect("a pair");
    let mut buffer = [0u8; 8];
    let mut args = [fd(&reader), at_mut(&mut buffer), 8];
    assert!(tries("read", args));
    for length in [0, 0x7fff_f001, u64::MAX] {
        args[2] = length;
        assert!(!tries("read", args), "{length:#x}");
    }
    assert_eq!(nonblocking("read", [fd(&zero), args[1], 8]), Attempt::NotHere);
    assert_eq!(nonblocking("read", [u32::MAX.into(), args[1], 8]), Attempt::NotHere);
    right.write_all(b"ab").expect("room");
    let level = libc::SOL_SOCKET.cast_unsigned().into();
    let lowat = libc::SO_RCVLOWAT.cast_unsigned().into();
    assert_eq!(plain("setsockopt", [fd(&left), level, lowat, at(&4u32), 4]), 0);
    assert_eq!(
        nonblocking("read", [fd(&left), args[1], 8]),
        Attempt::NotHere,
        "the plain call waits for four"
    );
    assert_eq!(nonblocking("recvfrom", [fd(&left), args[1], 8]), Attempt::NotHere);
}

/// TWIN-9: a file without the twin says EOPNOTSUPP or EINVAL, and a worker makes the plain call.
#[test]
fn files_without_a_twin_are_left_to_a_worker() {
    let (reader, _writer) = pipe().expect("a pipe");
    let mut buffer = [0u8; 8];
    let args = [fd(&reader), at_mut(&mut buffer), 8];
    for errno in [libc::EOPNOTSUPP, libc::EINVAL] {
        let refuses =
            |_, _: &[u64; 6]| syslet_syscalls::Invoked::Result(crate::nonblocking::tests::rig::error(errno));
        assert_eq!(attempt_with("read", args, refuses), Attempt::NotHere);
    }
    let never = std::sync::atomic::AtomicU32::new(0);
    assert_eq!(attempt_with("read", args, |nr, args| enter(&never, nr, args)), Attempt::WouldBlock);
    let terminal = std::fs::File::open("/dev/ptmx").expect("a terminal");
    assert_eq!(nonblocking("read", [fd(&terminal), args[1], 8]), Attempt::NotHere);
    let inotify = owned(plain("inotify_init1", [0]));
    assert_eq!(nonblocking("read", [fd(&inotify), args[1], 8]), Attempt::NotHere);
}

fn eventfd() -> OwnedFd {
    owned(plain("eventfd2", [0, 0]))
}
