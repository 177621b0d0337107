//! One descriptor number, behind which one file after the other lies.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;

use syslet::attrs::RunBy;
use syslet::{Config, Ring, Submission};

use super::rig::{Bench, at, at_mut, fd, owned, plain};
use crate::rig::{drain, push};
use syslet_tests::pool::{PATIENCE, start};

/// A file from which twelve bytes can be read, and its other end, held open.
type Made = (OwnedFd, Option<OwnedFd>);

const BYTES: &[u8; 12] = b"12345678\nabc";
const SHARED: u64 = u64::MAX;

fn holding(mut file: File) -> Made {
    file.write_all(BYTES).expect("room");
    std::io::Seek::rewind(&mut file).expect("a position");
    (file.into(), None)
}

fn pair(from: impl Into<OwnedFd>, to: impl Into<OwnedFd>) -> Made {
    let mut to = File::from(to.into());
    to.write_all(BYTES).expect("room");
    (from.into(), Some(to.into()))
}

fn fifo() -> Made {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("fifo");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
    let mut file = File::options().read(true).write(true).open(path).expect("both ends");
    file.write_all(BYTES).expect("room");
    (file.into(), None)
}

/// The side of a terminal that is no terminal.
fn terminal() -> Made {
    let main = File::options().read(true).write(true).open("/dev/ptmx").expect("a terminal");
    let (unlock, peer) = (0x4004_5431, 0x5441);
    assert_eq!(plain(libc::SYS_ioctl, &[fd(&main), unlock, at(&0u32)]), 0);
    let flags = libc::O_RDWR | libc::O_NOCTTY;
    let other = owned(plain(libc::SYS_ioctl, &[fd(&main), peer, flags.cast_unsigned().into()]));
    pair(main, other)
}

/// A semaphore: each read takes one.
fn event() -> Made {
    let flags = libc::EFD_SEMAPHORE.cast_unsigned().into();
    (owned(plain(libc::SYS_eventfd2, &[9, flags])), None)
}

/// A kind, how many bytes are read at once, and how to make one.
type Kind = (&'static str, u64, fn() -> Made);

const KINDS: &[Kind] = &[
    ("a pipe", 4, || std::io::pipe().map(|(from, to)| pair(from, to)).expect("a pipe")),
    ("a file", 4, || holding(tempfile::tempfile().expect("a file"))),
    ("memory", 4, || holding(owned(plain(libc::SYS_memfd_create, &[at("m\0"), 0])).into())),
    ("a socket", 4, || {
        std::os::unix::net::UnixStream::pair().map(|(from, to)| pair(from, to)).expect("a pair")
    }),
    ("a FIFO", 4, fifo),
    ("a terminal", 4, terminal),
    ("an eventfd", 8, event),
    ("a device", 4, || (File::open("/dev/zero").expect("a device").into(), None)),
    ("what /proc says", 4, || (File::open("/proc/sys/kernel/ostype").expect("a file").into(), None)),
    ("a folder", 4, || (File::open("/").expect("a folder").into(), None)),
];

/// Some bytes, read at a position and in three ways without one: result and bytes. There are enough for all.
fn read(number: u64, len: u64, mut call: impl FnMut(i64, &[u64]) -> i64) -> Vec<(i64, [u8; 8])> {
    let mut seen = Vec::new();
    for nr in [libc::SYS_pread64, libc::SYS_read, libc::SYS_readv, libc::SYS_preadv2] {
        let mut room = [0u8; 8];
        let vector = [at_mut(&mut room), len];
        let result = match nr {
            libc::SYS_read => call(nr, &[number, vector[0], len]),
            libc::SYS_pread64 => call(nr, &[number, vector[0], len, 2]),
            libc::SYS_readv => call(nr, &[number, at(&vector), 1]),
            _ => call(nr, &[number, at(&vector), 1, SHARED, 0, 0]),
        };
        seen.push((result, super::rig::look(vector[0])));
    }
    seen
}

fn through(ring: &mut Ring, nr: i64, args: &[u64]) -> i64 {
    let call = args.iter().fold(Submission::call(nr), |call, arg| call.value(*arg));
    push(ring, &call.build()).expect("accepted");
    assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1), "it hangs");
    drain(ring).remove(0).result
}

/// TWIN-48: one number stands for one file after the other, of every kind, and each is read as its kind.
#[test]
fn files_are_known_by_what_they_are() {
    let (_engine, mut ring) = start(Config::default());
    let first = File::open("/dev/null").unwrap();
    let number = owned(plain(libc::SYS_fcntl, &[fd(&first), 0, 900]));
    for round in 0..2 {
        for (name, len, make) in KINDS {
            let put = |made: &Made| assert!(plain(libc::SYS_dup3, &[fd(&made.0), fd(&number), 0]) >= 0);
            let made = make();
            put(&made);
            let expected = read(fd(&number), *len, plain);
            let again = make();
            put(&again);
            let seen = read(fd(&number), *len, |nr, args| through(&mut ring, nr, args));
            assert_eq!(seen, expected, "{name}, round {round}");
        }
    }
}

/// TWIN-48: the thread that reads changes with the file behind the number, too.
#[test]
fn files_are_read_by_whom_their_kind_says() {
    let first = File::open("/dev/null").unwrap();
    let number = owned(plain(libc::SYS_fcntl, &[fd(&first), 0, 900]));
    let mut bench = Bench::new();
    for _ in 0..2 {
        for (name, len, make) in KINDS {
            let expected = match *name {
                "a pipe" | "a socket" | "an eventfd" => RunBy::NONBLOCKING,
                "a file" | "memory" | "what /proc says" => RunBy::INLINE,
                _ => continue,
            };
            let made = make();
            assert!(plain(libc::SYS_dup3, &[fd(&made.0), fd(&number), 0]) >= 0);
            let read = Submission::call(libc::SYS_read).value(fd(&number)).output(8).value(*len);
            let (done, by) = bench.here(read);
            assert_eq!((done.result.cast_unsigned(), by), (*len, expected), "{name}");
        }
    }
}
