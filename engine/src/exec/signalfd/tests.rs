#![allow(unsafe_code, reason = "makes signalfds with sets that the C library would not make")]

use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;

use syslet_syscalls::RawArgs;

use crate::exec::signalfd::{Own, Signalfd, internal};

/// Made without the C library, which takes its own signals out.
fn signalfd(set: u64, flags: i32) -> OwnedFd {
    // SAFETY: the kernel reads 8 bytes.
    let fd = unsafe { libc::syscall(libc::SYS_signalfd4, -1, &raw const set, 8, flags) };
    let fd = i32::try_from(Errno::result(fd).expect("a signalfd")).expect("a descriptor");
    // SAFETY: it was made just now.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

fn number(fd: &impl AsRawFd) -> u64 {
    u64::try_from(fd.as_raw_fd()).expect("not negative")
}

const READ: i64 = libc::SYS_read;

fn instead(nr: i64, args: [u64; 6]) -> Option<Result<Own, i64>> {
    crate::exec::signalfd::instead(u32::try_from(nr).expect("small"), &RawArgs::new(args))
}

/// ENGINE-33: another signalfd takes the place of one whose set has internal signals, with its other properties, and is closed.
#[test]
fn another_one_in_its_place() {
    let usr1 = 1 << (libc::SIGUSR1 - 1);
    for (flags, is_non_blocking) in [(0, false), (libc::SFD_NONBLOCK, true)] {
        let fd = signalfd(internal() | usr1, flags);
        for (call, bytes) in [(libc::SYS_read, 128), (libc::SYS_readv, 1), (libc::SYS_preadv2, 1)] {
            let args = [number(&fd), 1, bytes, 4, 5, 6];
            let own = instead(call, args).expect("another one").expect("a descriptor");
            let Own(given) = own;
            assert_eq!(own.args(&RawArgs::new(args)), RawArgs::new([given, 1, bytes, 4, 5, 6]));
            assert_ne!(given, number(&fd));
            assert_eq!(Signalfd::of(given), Some(Signalfd { set: usr1, is_non_blocking }));
            drop(own);
            assert_eq!(Signalfd::of(given), None);
        }
    }
}

/// A descriptor that gives no internal signal is read itself.
#[test]
fn others_are_read_themselves() {
    let harmless = signalfd(1 << (libc::SIGUSR1 - 1), 0);
    let dirty = signalfd(u64::MAX, 0);
    let file = File::open("/proc/self/status").expect("/proc is mounted");
    let (pipe, _writer) = std::io::pipe().expect("a pipe");
    for fd in [number(&harmless), number(&file), number(&pipe), u64::MAX, 1 << 31, 99_999] {
        assert!(instead(READ, [fd, 0, 4096, 0, 0, 0]).is_none(), "{fd}");
        assert!(!Signalfd::takes_internal(fd, 4096), "{fd}");
    }
    assert!(instead(READ, [number(&dirty), 0, 127, 0, 0, 0]).is_none(), "the kernel refuses it");
    assert!(!Signalfd::takes_internal(number(&dirty), 127));
    assert!(Signalfd::takes_internal(number(&dirty), 128));
    assert!(instead(libc::SYS_write, [number(&dirty), 0, 128, 0, 0, 0]).is_none());
    // The kernel takes the low half of a descriptor.
    assert!(instead(READ, [number(&dirty) | 7 << 32, 0, 128, 0, 0, 0]).is_some());
}
