//! Reads at a position of their own.

use std::fs::File;
use std::io::{Seek, Write};
use std::sync::atomic::AtomicU32;

use syslet_syscalls::Invoked;

use crate::nonblocking::Attempt;
use crate::nonblocking::tests::rig::{
    at, at_mut, attempt_with, enter, error, fd, file, finished, nonblocking, owned, plain, tries, words,
};

/// A way into the kernel as if only this many bytes were cached: the twin is cut, the plain call is not.
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

/// TWIN-10: a positioned read that is short of what the file holds is made again, whole, by the plain call.
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

/// TWIN-10: a memory file has no twin on some kernels, and then a worker reads it.
#[test]
fn a_memory_file_is_read_by_whoever_can() {
    let memory = owned(plain("memfd_create", [at(c"m"), 0]));
    assert_eq!(plain("write", [fd(&memory), at(b"abc"), 3]), 3);
    let mut buffer = [0u8; 8];
    let args = [fd(&memory), at_mut(&mut buffer), 8, 1];
    let attempt = nonblocking("pread64", args);
    assert!(matches!(attempt, Attempt::Final(2) | Attempt::NotHere), "{attempt:?}");
    assert_eq!(finished("pread64", args, 0), 2);
    assert_eq!(&buffer[..2], b"bc");
}
