#![allow(unsafe_code, reason = "makes calls that sleep, and wakes them by a signal")]

use std::ffi::{c_int, c_long};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::AtomicU32;
use std::sync::mpsc;

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::unistd::getpid;
use syslet_syscalls::{Arg, ArgType, Invoked, RawArgs, Row, invoke, rows};

use crate::exec::signal_sets::{Cleared, IO_PGETEVENTS, Place, carries, cleared, internal};
use crate::pool::look;
use crate::sys::thread::{own_tid, spawn};

/// Everything but the signal that is to end the sleep.
const MASK: u64 = !(1 << (libc::SIGUSR1 - 1));
/// The part of it that stays: the kernel does not let a thread block these two.
const UNBLOCKABLE: u64 = (1 << (libc::SIGKILL - 1)) | (1 << (libc::SIGSTOP - 1));

extern "C" fn nothing(_: c_int) {}

fn number(nr: c_long) -> u32 {
    u32::try_from(nr).unwrap()
}

fn address<T: ?Sized>(of: &T) -> u64 {
    std::ptr::from_ref(of).cast::<()>().expose_provenance() as u64
}

/// The arguments with which the call is made; the tests keep the memory that they name.
fn clear(nr: c_long, args: &[u64; 6]) -> Option<Cleared> {
    // SAFETY: the arguments name memory of the test, or none.
    unsafe { cleared(number(nr), &RawArgs::new(*args)) }
}

/// Makes a call that sleeps until SIGUSR1 comes, in a worker's thread and with its set cleared, and checks which
/// signals the thread blocks while it sleeps.
fn sleeps_with(nr: c_long, args: [u64; 6], expected: u64) {
    let (give, take) = mpsc::channel();
    let body = move || {
        give.send(own_tid()).unwrap();
        let mut cleared = clear(nr, &args).unwrap();
        // SAFETY: the addresses are those of `cleared` and of memory that the test keeps until this thread has ended.
        let result = unsafe { invoke(&AtomicU32::new(0), number(nr), &cleared.args()) };
        assert_eq!(result, Invoked::Result(-i64::from(libc::EINTR)));
    };
    let worker = spawn("syslet-test", Box::new(body)).unwrap();
    let tid = take.recv().unwrap();
    look::until_asleep_in(tid, nr);
    assert_eq!(look::blocked(tid), expected, "call {nr}");
    let process = getpid().as_raw();
    // SAFETY: a signal with a handler, to a thread of this process.
    let sent = unsafe { libc::syscall(libc::SYS_tgkill, process, tid, libc::SIGUSR1) };
    assert_eq!(sent, 0);
    worker.join();
}

/// A ring of the kernel's, where it may be made.
fn uring() -> Option<OwnedFd> {
    let params = [0_u64; 15];
    // SAFETY: the kernel reads and writes 120 bytes.
    let fd = unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, &raw const params) };
    // SAFETY: it was made just now.
    Errno::result(fd).ok().map(|fd| unsafe { OwnedFd::from_raw_fd(i32::try_from(fd).unwrap()) })
}

/// ENGINE-33: each call that sleeps under a mask, with one that blocks the internal signals: while it sleeps they are not
/// blocked, and all others are as the mask says.
#[test]
fn internal_signals_come_through() {
    let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing, and no other test uses this signal.
    unsafe { sigaction(Signal::SIGUSR1, &action) }.unwrap();
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).unwrap();
    let epoll = u64::try_from(epoll.0.as_raw_fd()).unwrap();
    let mut aio = 0_u64;
    // SAFETY: the kernel writes the context's number to `aio`.
    Errno::result(unsafe { libc::syscall(libc::SYS_io_setup, 1, &raw mut aio) }).unwrap();
    let events = [0_u64; 8];
    let (mask, events) = (address(&MASK), address(&events));
    let pack = [mask, 8];
    let pack = address(&pack);
    let forever = u64::MAX;
    let calls = [
        (libc::SYS_rt_sigsuspend, [mask, 8, 0, 0, 0, 0]),
        (libc::SYS_ppoll, [0, 0, 0, mask, 8, 0]),
        (libc::SYS_pselect6, [0, 0, 0, 0, 0, pack]),
        (libc::SYS_epoll_pwait, [epoll, events, 1, forever, mask, 8]),
        (libc::SYS_epoll_pwait2, [epoll, events, 1, 0, mask, 8]),
        (IO_PGETEVENTS, [aio, 1, 1, events, 0, pack]),
    ];
    let expected = MASK & !(UNBLOCKABLE | internal());
    for (nr, args) in calls {
        sleeps_with(nr, args, expected);
    }
    match uring() {
        None => println!("skipped: io_uring_enter, because io_uring_setup is refused"),
        Some(ring) => {
            let ring = u64::try_from(ring.as_raw_fd()).unwrap();
            let extended = [mask, 8, 0];
            let events = 1;
            sleeps_with(libc::SYS_io_uring_enter, [ring, 0, 1, events, mask, 8], expected);
            sleeps_with(libc::SYS_io_uring_enter, [ring, 0, 1, events | 8, address(&extended), 24], expected);
        }
    }
    // SAFETY: nothing waits for the context any more.
    Errno::result(unsafe { libc::syscall(libc::SYS_io_destroy, aio) }).unwrap();
}

/// ENGINE-33: a call that waits for signals, takes them by a descriptor, or blocks them for later gets a set without the internal
/// ones.
#[test]
fn sets_that_stay_have_none() {
    let all = [u64::MAX; 4];
    let set = address(&all);
    let calls = [
        (libc::SYS_rt_sigtimedwait, [set, 0, 0, 8, 0, 0], 0),
        (libc::SYS_rt_sigprocmask, [0, set, 0, 8, 0, 0], 1),
        (libc::SYS_signalfd4, [u64::MAX, set, 8, 0, 0, 0], 1),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_signalfd, [u64::MAX, set, 8, 0, 0, 0], 1),
    ];
    for (nr, args, at) in calls {
        let mut cleared = clear(nr, &args).unwrap();
        let given = cleared.args();
        assert_eq!(given, RawArgs::new(args).with(at, address(&cleared.set)), "call {nr}");
        assert_eq!(cleared.set, !internal(), "call {nr}");
    }
    let mut cleared = clear(libc::SYS_rt_sigaction, &[10, set, 0, 8, 0, 0]).unwrap();
    assert_eq!(cleared.args(), RawArgs::new([10, address(&cleared.words), 0, 8, 0, 0]));
    assert_eq!(cleared.words, [u64::MAX, u64::MAX, u64::MAX, !internal()]);
    assert_eq!(all, [u64::MAX; 4], "the caller's own is as it was");
}

/// The C library's signals are those that it keeps out of a full set.
#[test]
fn the_list_is_the_c_librarys() {
    let full = SigSet::all();
    // SAFETY: the set is initialised.
    let is_in = |signal| unsafe { libc::sigismember(full.as_ref(), signal) } == 1;
    let kept = (1..=64).filter(|signal| !is_in(*signal)).fold(0, |set, signal| set | 1_u64 << (signal - 1));
    assert_eq!(kept, crate::sys::interrupt::OF_THE_C_LIBRARY);
}

/// A set that the kernel is going to refuse, or does not look at, stays as it was.
#[test]
fn what_is_no_mask_is_left_alone() {
    let (mask, pack) = (address(&MASK), |pack: [u64; 2]| (pack, [0, 0, 0, 0, 0, 0_u64]));
    let ppoll = libc::SYS_ppoll;
    for (address, size) in
        [(0, 8), (0, 0), (1, 8), (u64::MAX, 8), (u64::MAX - 7, 8), (mask, 7), (mask, 16), (mask, 0)]
    {
        assert!(clear(ppoll, &[0, 0, 0, address, size, 0]).is_none(), "{address:#x}, {size}");
    }
    assert!(clear(ppoll, &[0, 0, 0, mask, 8, 0]).is_some());
    let pselect6 = libc::SYS_pselect6;
    for (pack, mut args) in [[0, 8], [mask, 7], [1, 8]].map(pack) {
        args[5] = address(&pack);
        assert!(clear(pselect6, &args).is_none(), "{pack:x?}");
    }
    for address in [0, 1, u64::MAX - 7] {
        assert!(clear(pselect6, &[0, 0, 0, 0, 0, address]).is_none(), "{address:#x}");
    }
    assert!(clear(libc::SYS_read, &[mask, mask, mask, mask, 8, mask]).is_none());
}

/// A mask that ends where the memory ends is read; one that goes on beyond it is not.
#[test]
fn memory_is_read_to_its_end_and_no_further() {
    const PAGE: usize = syslet_abi::PAGE_BYTES;
    // SAFETY: a new mapping at an address of the kernel's choice.
    let pages = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            2 * PAGE,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    assert_ne!(pages, libc::MAP_FAILED);
    let end = pages.wrapping_byte_add(PAGE);
    // SAFETY: closes the second page of the mapping above. Unmapped, another test might get it.
    assert_eq!(unsafe { libc::mprotect(end, PAGE, libc::PROT_NONE) }, 0);
    let end = end.expose_provenance() as u64;
    let at = |address| clear(libc::SYS_ppoll, &[0, 0, 0, address, 8, 0]).is_some();
    assert!(at(end - 8));
    assert!(!at(end - 4));
    // SAFETY: unmaps the mapping above.
    assert_eq!(unsafe { libc::munmap(pages, 2 * PAGE) }, 0);
}

/// All other arguments, and the caller's own mask, are as they were.
#[test]
fn nothing_else_changes() {
    let mask = u64::MAX;
    let args = [11, 12, 13, address(&mask), 8, 16];
    let mut cleared = clear(libc::SYS_ppoll, &args).unwrap();
    let given = cleared.args();
    assert_eq!(given, RawArgs::new([11, 12, 13, address(&cleared.set), 8, 16]));
    assert_eq!(mask, u64::MAX);
    assert_eq!(cleared.set, !internal());
}

/// ENGINE-33: the places are those of the table's rows, and no other row has a set, by any of the names that sets have
/// there.
#[test]
fn the_places_are_the_tables() {
    let place = |row: &Row, (at, arg): (usize, &Arg)| match (arg.name, arg.ty) {
        ("sigmask" | "unewset" | "uthese" | "nset" | "user_mask", ArgType::In) => {
            let size = row.args.iter().position(|arg| matches!(arg.name, "sigsetsize" | "sizemask"));
            Some(Place::Arguments { set: at, size: size.unwrap() })
        }
        ("sig" | "usig", ArgType::Gather) => Some(Place::Packed(at)),
        ("argp", _) if row.name == "io_uring_enter" => Some(Place::Uring),
        ("act", _) => Some(Place::Action),
        _ => None,
    };
    let mut found = 0;
    for row in rows() {
        let has_size = row.args.iter().any(|arg| matches!(arg.name, "sigsetsize" | "sizemask"));
        let expected = row.args.iter().enumerate().find_map(|arg| place(row, arg));
        // rt_sigpending gives a set, and brings none.
        assert!(expected.is_some() || !has_size || row.name == "rt_sigpending", "{}", row.name);
        let Some(nr) = row.numbers.here() else { continue };
        assert_eq!(Place::of(nr.into()), expected, "{}", row.name);
        assert_eq!(carries(nr.into()), expected.is_some(), "{}", row.name);
        found += usize::from(expected.is_some());
    }
    assert_eq!(found, if cfg!(target_arch = "x86_64") { 12 } else { 11 });
    assert!(!carries(u32::MAX) && !carries(512));
}
