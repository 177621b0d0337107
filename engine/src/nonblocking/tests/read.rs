//! Reads: at the file's own position, and at one of their own.

use std::fs::File;
use std::io::{Seek, Write, pipe};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::sync::atomic::AtomicU32;

use syslet_syscalls::Invoked;

use crate::nonblocking::Attempt;
use crate::nonblocking::tests::rig::{
    HIGH, at, at_mut, attempt_with, enter, error, fd, file, finished, nonblocking, owned, plain, tries, words,
};

/// TWIN-7: a read at a shared position of storage is the plain call's, inline.
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

/// TWIN-9: nothing is not read, and files with short answers that say nothing are left to a worker.
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

/// TWIN-9: a file without RWF_NOWAIT says EOPNOTSUPP or EINVAL, and a worker makes the plain call.
#[test]
fn files_without_the_flag_are_left_to_a_worker() {
    let (reader, _writer) = pipe().expect("a pipe");
    let mut buffer = [0u8; 8];
    let args = [fd(&reader), at_mut(&mut buffer), 8];
    for errno in [libc::EOPNOTSUPP, libc::EINVAL] {
        let refuses = |_, _: &[u64; 6]| syslet_syscalls::Invoked::Result(error(errno));
        assert_eq!(attempt_with("read", args, refuses), Attempt::NotHere);
    }
    let never = AtomicU32::new(0);
    assert_eq!(attempt_with("read", args, |nr, args| enter(&never, nr, args)), Attempt::WouldBlock);
    let terminal = std::fs::File::open("/dev/ptmx").expect("a terminal");
    assert_eq!(nonblocking("read", [fd(&terminal), args[1], 8]), Attempt::NotHere);
    let inotify = owned(plain("inotify_init1", [0]));
    assert_eq!(nonblocking("read", [fd(&inotify), args[1], 8]), Attempt::NotHere);
}

fn eventfd() -> OwnedFd {
    owned(plain("eventfd2", [0, 0]))
}

/// A way into the kernel as if only this many bytes were cached: the attempt is cut, the plain call is not.
fn cached(bytes: u64) -> impl FnMut(u32, &[u64; 6]) -> Invoked {
    move |nr, args| {
        if libc::c_long::from(nr) != libc::SYS_preadv2 || args[5] & 8 == 0 {
            return enter(&AtomicU32::new(0), nr, args);
        }
        if bytes == 0 {
            return Invoked::Result(error(libc::EAGAIN));
        }
        let [address, len] = words(args[1]);
        let cut = [address, len.min(bytes)];
        let mut waiting = *args;
        (waiting[1], waiting[2], waiting[5]) = (at(&cut), 1, args[5] & !8);
        enter(&AtomicU32::new(0), nr, &waiting)
    }
}

fn filled(len: usize) -> File {
    let mut file = file();
    let bytes: Vec<u8> = (0..len).map(|at| u8::try_from(at % 251).expect("small")).collect();
    file.write_all(&bytes).expect("room");
    file.seek(std::io::SeekFrom::Start(3)).expect("seekable");
    file
}

/// TWIN-10: a positioned read that is short although the file goes on is made again, whole, by the plain call.
#[test]
fn a_cached_part_is_no_answer() {
    let mut file = filled(5000);
    let mut buffer = vec![0u8; 4096];
    let mut expected = vec![0u8; 4096];
    let args = [fd(&file), at_mut(&mut buffer[..]), 4096, 100];
    for bytes in [0, 1, 4095] {
        assert_eq!(attempt_with("pread64", args, cached(bytes)), Attempt::WouldBlock, "{bytes}");
        assert_eq!(finished("pread64", args, 0), 4096);
        assert_eq!(plain("pread64", [args[0], at_mut(&mut expected[..]), 4096, 100]), 4096);
        assert_eq!(buffer, expected);
        buffer.fill(0);
    }
    assert_eq!(attempt_with("pread64", args, cached(4096)), Attempt::Final(4096));
    assert_eq!(buffer, expected);
    assert_eq!(file.stream_position().expect("seekable"), 3, "the file's own position stays");
}

/// TWIN-10: the end of the file is an answer.
#[test]
fn the_end_of_a_file_is_an_answer() {
    let file = filled(5000);
    let mut buffer = vec![0u8; 4096];
    let to = at_mut(&mut buffer[..]);
    let args = |position| [fd(&file), to, 4096, position];
    assert_eq!(attempt_with("pread64", args(4000), cached(4096)), Attempt::Final(1000));
    assert_eq!(attempt_with("pread64", args(5000), cached(4096)), Attempt::Final(0));
    assert_eq!(attempt_with("pread64", args(9000), cached(4096)), Attempt::Final(0));
    assert_eq!(attempt_with("pread64", args(4000), cached(999)), Attempt::WouldBlock);
    let zero = File::open("/dev/zero").expect("a device");
    let endless = [fd(&zero), to, 4096, 0];
    assert_eq!(attempt_with("pread64", endless, cached(3)), Attempt::WouldBlock, "it has no end");
    let real = nonblocking("pread64", args(4000));
    assert!(matches!(real, Attempt::Final(1000) | Attempt::NotHere), "a kernel's own: {real:?}");
}

/// TWIN-11: vectors and flags are the caller's, and a position below zero is an error.
#[test]
fn vectors_are_read_at_positions() {
    let file = filled(5000);
    let (mut one, mut two) = ([0u8; 10], [0u8; 20]);
    let vector = [at_mut(&mut one), 10, at_mut(&mut two), 20];
    for (name, flags) in
        [("preadv", 0), ("preadv2", 0), ("preadv2", u64::from(libc::RWF_HIPRI.cast_unsigned()))]
    {
        let args = [fd(&file), at(&vector), 2, 7, 0, flags];
        let mut seen = 0;
        let attempt = attempt_with(name, args, |nr, args| {
            seen = args[5];
            let mut args = *args;
            args[5] &= !8;
            enter(&AtomicU32::new(0), nr, &args)
        });
        assert_eq!(attempt, Attempt::Final(30), "{name}");
        assert_eq!(seen, flags | 8, "{name}");
        assert_eq!((one[0], two[0]), (7, 17));
        assert_eq!(attempt_with(name, args, cached(6)), Attempt::WouldBlock, "{name}");
    }
    let below = u64::MAX;
    for name in ["pread64", "preadv"] {
        assert!(!tries(name, [fd(&file), at(&vector), 2, below]), "{name}");
    }
    let refused = nonblocking("preadv2", [fd(&file), at(&vector), 2, below - 1, 0, 0]);
    assert_eq!(refused, Attempt::NotHere, "the plain call says EINVAL");
}

/// TWIN-10: a memory file knows no RWF_NOWAIT on some kernels, and then a worker reads it.
#[test]
fn a_memory_file_is_read_either_way() {
    let memory = owned(plain("memfd_create", [at(c"m"), 0]));
    assert_eq!(plain("write", [fd(&memory), at(b"abc"), 3]), 3);
    let mut buffer = [0u8; 8];
    let args = [fd(&memory), at_mut(&mut buffer), 8, 1];
    let attempt = nonblocking("pread64", args);
    assert!(matches!(attempt, Attempt::Final(2) | Attempt::NotHere), "{attempt:?}");
    assert_eq!(finished("pread64", args, 0), 2);
    assert_eq!(&buffer[..2], b"bc");
}

/// ENGINE-32: of a count of buffers the kernel takes 32 bits: none of 2^32 are looked at, and one of 2^32 + 1.
#[test]
fn buffers_are_counted_as_the_kernel_does() {
    let mut file = file();
    file.write_all(b"sixteen bytes are").expect("room");
    let mut buffer = [0u8; 32];
    // Behind the one entry is nothing that an entry could be.
    let vector = [at_mut(&mut buffer[..]), 16, u64::MAX, u64::MAX];
    for name in ["preadv", "preadv2"] {
        let args = |count| [fd(&file) | HIGH, at(&vector), count, 0, HIGH, 0];
        assert_eq!(
            (plain(name, args(1 << 32)), nonblocking(name, args(1 << 32))),
            (0, Attempt::Final(0)),
            "{name}"
        );
        let one = 1 << 32 | 1;
        assert_eq!(
            (plain(name, args(one)), nonblocking(name, args(one))),
            (16, Attempt::Final(16)),
            "{name}"
        );
        assert_eq!(nonblocking(name, args(HIGH | 1)), Attempt::Final(16), "{name}");
    }
    // Short: whether the file goes on is asked about the same descriptor.
    let long = [at_mut(&mut buffer), 32];
    assert_eq!(nonblocking("preadv", [fd(&file) | HIGH, at(&long), HIGH | 1, 0]), Attempt::Final(17));
}
