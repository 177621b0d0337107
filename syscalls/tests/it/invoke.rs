//! The raw invocation.
#![allow(unsafe_code, reason = "these tests make raw system calls")]

use std::sync::atomic::AtomicU32;

use syslet_syscalls::{Invoked, invoke, site_before_call, sites};

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

/// Many calls between which many values live: a register lost to the call would show.
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

/// The code of this program, piece by piece: the address of each, and its bytes.
fn code() -> Vec<(usize, &'static [u8])> {
    let program = std::env::current_exe().expect("this test has a file");
    let program = program.to_str().expect("its name is text");
    let maps = std::fs::read_to_string("/proc/self/maps").expect("there is /proc");
    let pieces = maps.lines().filter(|line| line.contains(" r-xp ") && line.ends_with(program));
    let mapped = pieces.map(|line| {
        let (start, end) = line.split_once(' ').expect("a range").0.split_once('-').expect("two ends");
        let [start, end] = [start, end].map(|at| usize::from_str_radix(at, 16).expect("an address"));
        // SAFETY: code stays mapped, readable and as it is for as long as the process runs.
        (start, unsafe { std::slice::from_raw_parts(std::ptr::with_exposed_provenance(start), end - start) })
    });
    mapped.collect()
}

/// The bytes of the code at this address.
fn code_at(at: usize, bytes: usize) -> &'static [u8] {
    let pieces = code();
    let piece = pieces.iter().find(|(start, code)| (*start..start + code.len()).contains(&at));
    let (start, code) = piece.expect("it lies in the code");
    &code[at - start..][..bytes]
}

/// `cmp dword ptr [r12], 0`.
#[cfg(target_arch = "x86_64")]
const COMPARE: [u8; 5] = [0x41, 0x83, 0x3c, 0x24, 0];
/// `syscall`.
#[cfg(target_arch = "x86_64")]
const SYSCALL: [u8; 2] = [0x0f, 0x05];
/// `xor r12d, r12d`.
#[cfg(target_arch = "x86_64")]
const CLEAR: [u8; 3] = [0x45, 0x31, 0xe4];

/// The length of a jump, and where it goes: one of this operation, in its short form or its long one.
#[cfg(target_arch = "x86_64")]
fn jump(at: usize, short: &[u8], long: &[u8]) -> Option<(usize, usize)> {
    let is = |operation: &[u8]| code_at(at, operation.len()) == operation;
    let (length, distance) = if is(short) {
        let near = code_at(at + short.len(), 1)[0];
        (short.len() + 1, isize::from(near.cast_signed()))
    } else if is(long) {
        let far = code_at(at + long.len(), 4).try_into().expect("four bytes");
        (long.len() + 4, i32::from_le_bytes(far) as isize)
    } else {
        return None;
    };
    Some((length, (at + length).wrapping_add_signed(distance)))
}

/// CANCEL-10, CANCEL-23: at each site stand the test of the cancel word, the jump to the exit, and the instruction, with
/// nothing between; the exit says so in the word's register, and goes on behind the instruction.
#[cfg(target_arch = "x86_64")]
#[test]
fn each_site_lies_where_it_says() {
    for site in sites() {
        assert_eq!(code_at(site.start, COMPARE.len()), COMPARE, "{site:x?}");
        let branch = site.start + COMPARE.len();
        let (length, exit) = jump(branch, &[0x75], &[0x0f, 0x85]).expect("a jump if it is not zero");
        assert_eq!((branch + length, exit), (site.instruction, site.never), "{site:x?}");
        assert_eq!(code_at(site.instruction, SYSCALL.len()), SYSCALL, "{site:x?}");
        assert_eq!(site.end(), site.instruction + SYSCALL.len());
        assert_eq!(code_at(site.never, CLEAR.len()), CLEAR, "{site:x?}");
        let (_, back) = jump(site.never + CLEAR.len(), &[0xeb], &[0xe9]).expect("a jump");
        assert_eq!(back, site.end(), "{site:x?}");
    }
}

/// CANCEL-23: the list is in the order of the code, and each place of the program where `invoke` is inlined is in it.
#[cfg(target_arch = "x86_64")]
#[test]
fn each_place_is_in_the_list() {
    let mut found = Vec::new();
    for (start, code) in code() {
        let tests = (0..code.len()).filter(|at| code[*at..].starts_with(&COMPARE));
        found.extend(tests.map(|at| start + at).filter(|at| {
            jump(at + COMPARE.len(), &[0x75], &[0x0f, 0x85])
                .is_some_and(|(length, _)| code_at(at + COMPARE.len() + length, SYSCALL.len()) == SYSCALL)
        }));
    }
    let listed: Vec<usize> = sites().iter().map(|site| site.start).collect();
    assert!(listed.len() > 1, "these tests make calls at several places");
    assert_eq!(listed, found);
}

/// CANCEL-10: a thread has not begun its call from the test of the cancel word to the instruction, both included.
#[test]
fn a_site_is_found_by_its_counters() {
    for site in sites() {
        for counter in site.start..=site.instruction {
            assert_eq!(site_before_call(counter), Some(site));
        }
        for counter in [site.end(), site.never] {
            assert_ne!(site_before_call(counter), Some(site));
        }
    }
}
