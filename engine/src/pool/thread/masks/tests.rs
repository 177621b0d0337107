#![allow(unsafe_code, reason = "makes calls that sleep, and wakes them by a signal")]

use std::ffi::{c_int, c_long};
use std::sync::atomic::AtomicU32;
use std::sync::mpsc;

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::unistd::getpid;
use syslet_syscalls::{Arg, ArgType, Invoked, invoke, rows};

use super::{IO_PGETEVENTS, Place, never_blocked, soften};
use crate::pool::look;
use crate::pool::thread::{own_tid, spawn};

/// Everything but the signal that is to end the sleep.
const MASK: u64 = !(1 << (libc::SIGUSR1 - 1));
/// What of it stays: the kernel lets nobody block these two.
const UNBLOCKABLE: u64 = (1 << (libc::SIGKILL - 1)) | (1 << (libc::SIGSTOP - 1));

extern "C" fn nothing(_: c_int) {}

fn number(nr: c_long) -> u32 {
    u32::try_from(nr).unwrap()
}

fn address<T: ?Sized>(of: &T) -> u64 {
    std::ptr::from_ref(of).cast::<()>().expose_provenance() as u64
}

/// Makes a call that sleeps until SIGUSR1 comes, in a worker's thread and with its mask softened, and checks what the
/// thread blocks while it sleeps.
fn sleeps_with(nr: c_long, args: [u64; 6], expected: u64) {
    let (give, take) = mpsc::channel();
    let body = move || {
        give.send(own_tid()).unwrap();
        let mut softened = soften(number(nr), &args.into()).unwrap();
        // SAFETY: the addresses are those of `softened` and of what the test keeps until this thread has ended.
        let result = unsafe { invoke(&AtomicU32::new(0), number(nr), &softened.args()) };
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

/// Each call, with a mask that blocks the C library's signals: while it sleeps they are not blocked, and all others are
/// as the mask says.
#[test]
fn the_c_librarys_signals_come_through() {
    let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing, and no other test uses this signal.
    unsafe { sigaction(Signal::SIGUSR1, &action) }.unwrap();
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).unwrap();
    let epoll = u64::try_from(std::os::fd::AsRawFd::as_raw_fd(&epoll.0)).unwrap();
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
    let let_through = never_blocked().fold(UNBLOCKABLE, |mask, signal| mask | 1 << (signal - 1));
    for (nr, args) in calls {
        sleeps_with(nr, args, MASK & !let_through);
    }
    // SAFETY: nothing waits for the context any more.
    Errno::result(unsafe { libc::syscall(libc::SYS_io_destroy, aio) }).unwrap();
}

/// The C library's signals are those that it keeps out of a full set.
#[test]
fn the_list_is_the_c_librarys() {
    let full = SigSet::all();
    // SAFETY: the set is initialised.
    let is_in = |signal| unsafe { libc::sigismember(full.as_ref(), signal) } == 1;
    let kept: Vec<i32> = (1..=64).filter(|signal| !is_in(*signal)).collect();
    assert_eq!(kept, never_blocked().take(2).collect::<Vec<_>>());
}

/// What the kernel is going to refuse, or does not look at, it gets as it was.
#[test]
fn what_is_no_mask_is_left_alone() {
    let (mask, pack) = (address(&MASK), |pack: [u64; 2]| (pack, [0, 0, 0, 0, 0, 0_u64]));
    let ppoll = number(libc::SYS_ppoll);
    for (address, size) in
        [(0, 8), (0, 0), (1, 8), (u64::MAX, 8), (u64::MAX - 7, 8), (mask, 7), (mask, 16), (mask, 0)]
    {
        assert!(soften(ppoll, &[0, 0, 0, address, size, 0].into()).is_none(), "{address:#x}, {size}");
    }
    assert!(soften(ppoll, &[0, 0, 0, mask, 8, 0].into()).is_some());
    let pselect6 = number(libc::SYS_pselect6);
    for (pack, mut args) in [[0, 8], [mask, 7], [1, 8]].map(pack) {
        args[5] = address(&pack);
        assert!(soften(pselect6, &args.into()).is_none(), "{pack:x?}");
    }
    for address in [0, 1, u64::MAX - 7] {
        assert!(soften(pselect6, &[0, 0, 0, 0, 0, address].into()).is_none(), "{address:#x}");
    }
    assert!(soften(number(libc::SYS_read), &[mask, mask, mask, mask, 8, mask].into()).is_none());
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
    // SAFETY: closes the second page of what was mapped above. Unmapped, another test might get it.
    assert_eq!(unsafe { libc::mprotect(end, PAGE, libc::PROT_NONE) }, 0);
    let end = end.expose_provenance() as u64;
    let at = |address| soften(number(libc::SYS_ppoll), &[0, 0, 0, address, 8, 0].into()).is_some();
    assert!(at(end - 8));
    assert!(!at(end - 4));
    // SAFETY: unmaps what was mapped above.
    assert_eq!(unsafe { libc::munmap(pages, 2 * PAGE) }, 0);
}

/// All other arguments, and the caller's own mask, are as they were.
#[test]
fn nothing_else_changes() {
    let mask = u64::MAX;
    let args = [11, 12, 13, address(&mask), 8, 16];
    let mut softened = soften(number(libc::SYS_ppoll), &args.into()).unwrap();
    let given = softened.args();
    assert_eq!(given, super::RawArgs::new([11, 12, 13, address(&softened.mask), 8, 16]));
    assert_eq!(mask, u64::MAX);
    assert_eq!(softened.mask, !(0b11 << 31));
}

/// The places are those of the table's rows, and no other row has a mask under these names.
#[test]
fn the_places_are_the_tables() {
    let place = |(at, arg): (usize, &Arg)| match (arg.name, arg.ty) {
        ("sigmask" | "unewset", ArgType::In) => Some(Place::Arguments(at)),
        ("sig" | "usig", ArgType::Gather) => Some(Place::Packed(at)),
        _ => None,
    };
    let mut found = 0;
    for row in rows() {
        let Some(nr) = row.numbers.here() else { continue };
        let expected = row.args.iter().enumerate().find_map(place);
        assert_eq!(Place::of(nr.into()), expected, "{}", row.name);
        found += usize::from(expected.is_some());
    }
    assert_eq!(found, 6);
}
