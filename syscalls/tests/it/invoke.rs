//! The raw invocation.
#![allow(unsafe_code, reason = "these tests make raw system calls")]

use std::sync::atomic::AtomicU32;

use syslet_syscalls::{Invoked, invoke, stub_range};

const EBADF: i64 = -(libc::EBADF as i64);

/// Makes a call whose arguments hold no address, or addresses of live buffers that fit.
fn call(nr: i64, args: [u64; 6]) -> i64 {
    let nr = u32::try_from(nr).expect("call numbers are small and positive");
    // SAFETY: each test passes only values, or addresses of its own buffers with their lengths.
    match unsafe { invoke(&AtomicU32::new(0), nr, &args.into()) } {
        Invoked::Result(result) => result,
        Invoked::NeverBegan => panic!("the cancel word was zero"),
    }
}

fn pid() -> i64 {
    i64::from(std::process::id())
}

#[test]
fn results_are_raw_and_errno_stays() {
    // SAFETY: the C library's errno of this thread is always there.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    unsafe { *errno = 77 };
    assert_eq!(call(libc::SYS_getpid, [0; 6]), pid());
    assert_eq!(call(libc::SYS_fsync, [u64::MAX, 0, 0, 0, 0, 0]), EBADF);
    assert_eq!(call(0x7fff_ffff, [0; 6]), -i64::from(libc::ENOSYS));
    // SAFETY: as above.
    assert_eq!(unsafe { *errno }, 77);
}

/// Whether a descriptor is open.
fn is_open(fd: u64) -> bool {
    call(libc::SYS_fcntl, [fd, u64::from(libc::F_GETFD.cast_unsigned()), 0, 0, 0, 0]) != EBADF
}

/// A cancel word that is set keeps the call from being made at all: here, a descriptor from appearing.
#[test]
fn a_cancelled_call_never_begins() {
    const FREE: u64 = 900;
    assert!(!is_open(FREE));
    let nr = u32::try_from(libc::SYS_dup3).expect("call numbers are small and positive");
    for cancel in [1, 0x8000_0000, u32::MAX] {
        // SAFETY: dup3 takes no address, and nobody else uses the descriptor.
        let invoked = unsafe { invoke(&AtomicU32::new(cancel), nr, &[0, FREE, 0, 0, 0, 0].into()) };
        assert_eq!(invoked, Invoked::NeverBegan);
        assert!(!is_open(FREE));
    }
    // SAFETY: as above.
    let invoked = unsafe { invoke(&AtomicU32::new(0), nr, &[0, FREE, 0, 0, 0, 0].into()) };
    assert_eq!(invoked, Invoked::Result(900));
    assert!(is_open(FREE));
    assert_eq!(call(libc::SYS_close, [FREE, 0, 0, 0, 0, 0]), 0);
}

/// Copies between two memory files: all six arguments decide what is copied from where to where.
#[test]
fn six_arguments_arrive_in_order() {
    let file = |name: &std::ffi::CStr| {
        let fd = call(libc::SYS_memfd_create, [name.as_ptr().addr() as u64, 0, 0, 0, 0, 0]);
        u64::try_from(fd).expect("a memory file can be made")
    };
    let (from, to) = (file(c"from"), file(c"to"));
    let text = b"0123456789";
    let wrote = call(libc::SYS_pwrite64, [from, text.as_ptr().addr() as u64, 10, 0, 0, 0]);
    assert_eq!(wrote, 10);
    let (mut read_at, mut write_at) = (2u64, 5u64);
    let offsets =
        [(&raw mut read_at).expose_provenance() as u64, (&raw mut write_at).expose_provenance() as u64];
    let copied = call(libc::SYS_copy_file_range, [from, offsets[0], to, offsets[1], 3, 0]);
    assert_eq!(copied, 3);
    assert_eq!((read_at, write_at), (5, 8));
    let with_flags = call(libc::SYS_copy_file_range, [from, offsets[0], to, offsets[1], 3, 99]);
    assert_eq!(with_flags, -i64::from(libc::EINVAL), "the sixth argument arrives");
    let mut buffer = [0xffu8; 8];
    let read = call(libc::SYS_pread64, [to, buffer.as_mut_ptr().expose_provenance() as u64, 8, 0, 0, 0]);
    assert_eq!((read, &buffer), (8, b"\0\0\0\0\x00234"));
    for fd in [from, to] {
        assert_eq!(call(libc::SYS_close, [fd, 0, 0, 0, 0, 0]), 0);
    }
}

/// Many calls between which many values live: a register lost to the stub would show.
#[test]
fn other_registers_survive() {
    let seed = u64::from(std::process::id());
    let mut lanes: [u64; 12] = std::array::from_fn(|lane| seed.wrapping_mul(lane as u64 + 3));
    let mut expected = lanes;
    let mut fraction = 1.5f64;
    for round in 0..10_000u64 {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = lanes;
        assert_eq!(call(libc::SYS_getpid, [a, b, c, d, e, f]), pid());
        lanes = [b ^ round, c, d, e, f, g, h, i, j, k, l, a.rotate_left(7)];
        fraction = fraction * 0.5 + 1.0;
    }
    for round in 0..10_000u64 {
        let first = expected[0];
        expected.rotate_left(1);
        expected[0] ^= round;
        expected[11] = first.rotate_left(7);
    }
    assert_eq!(lanes, expected);
    assert!((fraction - 2.0).abs() < 1e-9);
}

/// A signal handler tells by these program counters whether a call had begun.
#[test]
fn the_stub_lies_where_it_says() {
    let [start, syscall, end, cancelled] = stub_range();
    assert!(start < syscall && syscall < end, "{start:#x} {syscall:#x} {end:#x}");
    assert!(end - start < 64 && cancelled >= end && cancelled - start < 128);
    let instruction: &[u8] =
        if cfg!(target_arch = "x86_64") { &[0x0f, 0x05] } else { &0xd400_0001u32.to_le_bytes() };
    assert_eq!(end - syscall, instruction.len());
    let at = std::ptr::with_exposed_provenance::<u8>(syscall);
    // SAFETY: the stub's code is mapped and readable for as long as the process runs.
    let code = unsafe { std::slice::from_raw_parts(at, instruction.len()) };
    assert_eq!(code, instruction);
}
