//! The ways of asking without waiting that may be used here: those that the application allows, and of these the ones
//! that work when a child tries them. The engine probes once, when it starts.
//!
//! A seccomp filter may kill a process for a call that it does not expect, hence the child. It is a raw clone without an
//! exit signal: no handler of the application runs for it and no wait for any child sees it. It makes raw system calls
//! only, since another thread may have held any lock when it was made. Its findings stand in a shared page, so a child
//! killed by one step leaves the earlier ones known, and another goes on behind that step.
#![allow(unsafe_code, reason = "clones the process and makes raw calls in the child")]

use std::ffi::c_void;
use std::io::{PipeReader, PipeWriter, pipe};
use std::num::NonZeroUsize;
use std::os::fd::AsRawFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use syslet_syscalls::Invoked;

use crate::nonblocking::query::{
    address, address_mut, ask, holds, is_errno, is_non_blocking, is_pipe_signal_pending, is_readable,
    take_pipe_signal, without_pipe_signal,
};
use crate::sys::barrier::{PRIVATE_EXPEDITED, REGISTER_PRIVATE_EXPEDITED};

const PAGE_BYTES: NonZeroUsize = NonZeroUsize::new(syslet_abi::PAGE_BYTES).expect("a page is not empty");
pub(super) const RWF_NOWAIT: u64 = libc::RWF_NOWAIT as u64;
/// Since Linux 6.18; the C library does not name it yet.
pub(super) const RWF_NOSIGNAL: u64 = 0x100;

/// Which non-blocking attempts the engine may make before a call that could block.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum NonBlocking {
    /// None: calls that may sleep go to workers, and nothing is probed.
    Off,
    /// Those that are the same system call with other arguments. A seccomp filter that knows the application's calls
    /// sees no other one in its place.
    SameNumber,
    /// All, other numbers included, as far as a probe in a forked child survived them.
    #[default]
    All,
}

/// One thing that the probe tries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub(crate) enum Ability {
    /// fstat and F_GETFL answer: which kind of file a descriptor is, and whether calls on it wait.
    FileQuestions,
    /// getsockopt, FIONREAD and F_GETFL answer: which kind of socket it is, and how much it holds.
    SocketQuestions,
    /// rt_sigprocmask answers whether memory is there.
    MemoryQuestions,
    /// preadv2 knows RWF_NOWAIT.
    NowaitReads,
    /// pwritev2 knows RWF_NOWAIT, and RWF_NOSIGNAL keeps SIGPIPE away.
    NowaitWrites,
    /// futex answers whether a value is still there.
    FutexQuestions,
    /// SIGPIPE can be blocked, found pending and taken.
    QuietPipes,
    /// kcmp compares threads. No attempt needs it: submitters are compared with workers by it.
    Kcmp,
    /// setfsuid and setfsgid tell the ids in force, for the same comparison.
    FsIds,
    /// membarrier runs a fence on every CPU of the process: a private lane is taken from its owner by it.
    Membarrier,
    /// A table of descriptors of its own, files that are sent over a socket, and a set of files to wait for: the poller needs them. The
    /// child has a table of its own from here on.
    Parking,
}

impl Ability {
    pub(crate) const ALL: [Ability; 11] = [
        Ability::FileQuestions,
        Ability::SocketQuestions,
        Ability::MemoryQuestions,
        Ability::NowaitReads,
        Ability::NowaitWrites,
        Ability::FutexQuestions,
        Ability::QuietPipes,
        Ability::Kcmp,
        Ability::FsIds,
        Ability::Membarrier,
        Ability::Parking,
    ];

    pub(crate) const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// The forms and questions that may be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Abilities {
    /// The application's choice.
    pub(crate) allowed: NonBlocking,
    /// One bit for each [`Ability`].
    pub(crate) found: u32,
}

impl Abilities {
    /// No attempt at all.
    pub(crate) const NONE: Abilities = Abilities { allowed: NonBlocking::Off, found: 0 };

    /// Whether the probe found this.
    pub(crate) fn has(self, ability: Ability) -> bool {
        self.found & ability.bit() != 0
    }

    /// Whether a call may be asked for under another number.
    pub(crate) fn may_change_number(self) -> bool {
        self.allowed == NonBlocking::All
    }
}

/// Finds out which abilities there are. A failure on the way leaves some out, and never adds one.
pub(crate) fn probe(allowed: NonBlocking) -> Abilities {
    let found = if allowed == NonBlocking::Off { 0 } else { probe_with(try_step) };
    Abilities { allowed, found }
}

/// Runs the steps in as many children as it takes.
fn probe_with(step: fn(Ability, &Files) -> bool) -> u32 {
    let (Ok(files), Ok(page)) = (Files::open(), Page::map()) else { return 0 };
    let last = Ability::ALL.map(|ability| ability as u32).into_iter().max().unwrap_or(0);
    let mut next = 0;
    while next <= last {
        page.at().store(next, Ordering::Relaxed);
        if !run_child(next, &page, &files, step) {
            break;
        }
        // The step at which the child stopped is not tried again. Relaxed: the child's stores come before its end, for
        // which `collect` has waited, so the loads here and below see them.
        next = page.at().load(Ordering::Relaxed).max(next) + 1;
    }
    page.found().load(Ordering::Relaxed)
}

/// One child that tries the steps from `from`; false when there is none to be had.
fn run_child(from: u32, page: &Page, files: &Files, step: fn(Ability, &Files) -> bool) -> bool {
    let child = start_child(from, page, files, step);
    child.inspect(|pid| collect(*pid)).is_some()
}

fn start_child(from: u32, page: &Page, files: &Files, step: fn(Ability, &Files) -> bool) -> Option<u64> {
    let all_signals = u64::MAX;
    let mut mask = 0u64;
    let (block, set) = (libc::SIG_BLOCK.cast_unsigned().into(), libc::SIG_SETMASK.cast_unsigned().into());
    let blocked = [block, address(&all_signals), address_mut(&mut mask), 8, 0, 0];
    // SAFETY: no handler of the application shall run in the child; the mask is restored below.
    let can_block = unsafe { ask(libc::SYS_rt_sigprocmask, &blocked) } == 0;
    // One table of descriptors: copies would keep the application's pipes open for a moment longer.
    let flags = if is_watched() { 0 } else { libc::CLONE_FILES.cast_unsigned().into() };
    // SAFETY: a copy of this process on a copy of this stack, without an exit signal. It makes raw calls only.
    let child = unsafe { ask(libc::SYS_clone, &[flags, 0, 0, 0, 0, 0]) };
    if child == 0 {
        try_steps(from, page, files, step);
    }
    if can_block {
        // SAFETY: the mask is the one read above.
        let _restored = unsafe { ask(libc::SYS_rt_sigprocmask, &[set, address(&mask), 0, 8, 0, 0]) };
    }
    u64::try_from(child).ok()
}

/// Whether valgrind runs this process, which knows no clone that shares descriptors and nothing else. LD_PRELOAD
/// names its libraries.
fn is_watched() -> bool {
    std::env::var_os("LD_PRELOAD").is_some_and(|loaded| loaded.to_string_lossy().contains("vgpreload"))
}

/// Waits until the child has ended. If another thread collects it, with __WALL, it has ended too.
fn collect(pid: u64) {
    let all_children = libc::__WALL.cast_unsigned().into();
    // SAFETY: waits for our own child, and writes nothing.
    while is_errno(unsafe { ask(libc::SYS_wait4, &[pid, 0, all_children, 0, 0, 0]) }, libc::EINTR) {}
}

/// The child.
fn try_steps(from: u32, page: &Page, files: &Files, step: fn(Ability, &Files) -> bool) -> ! {
    for ability in Ability::ALL.into_iter().filter(|ability| *ability as u32 >= from) {
        page.at().store(ability as u32, Ordering::Relaxed);
        if step(ability, files) {
            page.found().fetch_or(ability.bit(), Ordering::Relaxed);
        }
    }
    loop {
        // SAFETY: the child ends, and nothing of the application runs at its exit.
        let _never = unsafe { ask(libc::SYS_exit_group, &[0; 6]) };
    }
}

fn try_step(ability: Ability, files: &Files) -> bool {
    let (empty, broken) = (fd(files.empty.0.as_raw_fd()), fd(files.broken.as_raw_fd()));
    let mut room = [0u64; 64];
    let vector = [address_mut(&mut room), 8];
    let here = u64::MAX;
    let reads = [empty, address(&vector), 1, here, here, RWF_NOWAIT];
    let writes = [broken, address(&vector), 1, here, here, RWF_NOWAIT | RWF_NOSIGNAL];
    let (domain, level) = (libc::SO_DOMAIN.cast_unsigned().into(), libc::SOL_SOCKET.cast_unsigned().into());
    let option = [empty, level, domain, address_mut(&mut room), 0, 0];
    let raw = |nr, args: &[u64; 6]| {
        // SAFETY: every address is one of the arrays above, and large enough.
        unsafe { ask(nr, args) }
    };
    match ability {
        Ability::FileQuestions => {
            raw(libc::SYS_fstat, &[empty, vector[0], 0, 0, 0, 0]) == 0 && is_non_blocking(broken)
        }
        Ability::SocketQuestions => {
            is_errno(raw(libc::SYS_getsockopt, &option), libc::ENOTSOCK)
                && raw(libc::SYS_ioctl, &[empty, libc::FIONREAD, vector[0], 0, 0, 0]) == 0
                && is_non_blocking(broken)
        }
        Ability::MemoryQuestions => {
            is_readable(vector[0])
                && is_errno(raw(libc::SYS_rt_sigprocmask, &[u32::MAX.into(), 0, 0, 7, 0, 0]), libc::EINVAL)
                && !is_readable(8)
        }
        Ability::NowaitReads => is_errno(raw(libc::SYS_preadv2, &reads), libc::EAGAIN),
        Ability::NowaitWrites => {
            let is_quiet = |pending: u64| pending & (1 << (libc::SIGPIPE - 1)) == 0;
            // Every signal is blocked, so one that is raised stays pending, even one that is ignored.
            is_errno(raw(libc::SYS_pwritev2, &writes), libc::EPIPE)
                && raw(libc::SYS_rt_sigpending, &[vector[0], 8, 0, 0, 0, 0]) == 0
                && is_quiet(room[0])
        }
        Ability::FutexQuestions => {
            let at = vector[0];
            holds(at, 0) == Some(true) && holds(at, 1) == Some(false)
        }
        Ability::QuietPipes => is_pipe_signal_quiet(broken, address(&vector)),
        Ability::Kcmp => {
            const FILES: u64 = 2;
            let own = raw(libc::SYS_gettid, &[0; 6]).unsigned_abs();
            raw(libc::SYS_kcmp, &[own, own, FILES, 0, 0, 0]) == 0
        }
        Ability::FsIds => {
            let no_id = [u32::MAX.into(), 0, 0, 0, 0, 0];
            raw(libc::SYS_setfsuid, &no_id) >= 0 && raw(libc::SYS_setfsgid, &no_id) >= 0
        }
        Ability::Membarrier => [REGISTER_PRIVATE_EXPEDITED, PRIVATE_EXPEDITED]
            .into_iter()
            .all(|command| raw(libc::SYS_membarrier, &[command, 0, 0, 0, 0, 0]) == 0),
        Ability::Parking => can_park(empty),
    }
}

/// Whether the steps of a poller work: it has a table of its own, a file is sent to it and waited for. All descriptors that this opens are
/// of the child's own table.
fn can_park(file: u64) -> bool {
    let last = u64::from(u32::MAX);
    let raw = |nr, args: [u64; 6]| {
        // SAFETY: every address is one of the arrays here, and large enough.
        unsafe { ask(nr, &args) }
    };
    let unshare = libc::CLOSE_RANGE_UNSHARE.into();
    if raw(libc::SYS_close_range, [last, last, unshare, 0, 0, 0]) != 0 {
        return false;
    }
    let mut ends = [0_i32; 2];
    let kinds = [libc::AF_UNIX, libc::SOCK_SEQPACKET, 0].map(i64::from).map(i64::cast_unsigned);
    if raw(libc::SYS_socketpair, [kinds[0], kinds[1], kinds[2], address_mut(&mut ends), 0, 0]) != 0 {
        return false;
    }
    let [sending, receiving] = ends.map(fd);
    let mut byte = 0_u64;
    let part = [address_mut(&mut byte), 1];
    let header = size_of::<libc::cmsghdr>() as u64 + 4;
    let kind =
        u64::from(libc::SOL_SOCKET.cast_unsigned()) | u64::from(libc::SCM_RIGHTS.cast_unsigned()) << 32;
    let mut control = [header, kind, file];
    let message = [0, 0, address(&part), 1, address_mut(&mut control), 24, 0];
    let is_sent = raw(libc::SYS_sendmsg, [sending, address(&message), 0, 0, 0, 0]) == 1;
    let is_there = is_sent && raw(libc::SYS_recvmsg, [receiving, address(&message), 0, 0, 0, 0]) == 1;
    let set = raw(libc::SYS_epoll_create1, [0; 6]);
    let Ok(set) = u64::try_from(set) else { return false };
    let mut event = [u64::from(libc::EPOLLOUT.cast_unsigned()), 0];
    let add = [set, u64::from(libc::EPOLL_CTL_ADD.cast_unsigned()), sending, address_mut(&mut event), 0, 0];
    is_there
        && raw(libc::SYS_epoll_ctl, add) == 0
        && raw(libc::SYS_epoll_pwait, [set, address_mut(&mut event), 1, 0, 0, 8]) == 1
        && raw(libc::SYS_fcntl, [sending, libc::F_DUPFD_CLOEXEC.cast_unsigned().into(), 3, 0, 0, 0]) > 0
        && raw(libc::SYS_dup3, [set, receiving, 0, 0, 0, 0]) >= 0
}

/// Whether a call that sends SIGPIPE can be made so that none stays pending. Every signal is blocked here, and an
/// earlier step may have left one.
fn is_pipe_signal_quiet(broken: u64, vector: u64) -> bool {
    take_pipe_signal();
    let args = [broken, vector, 1, libc::SPLICE_F_NONBLOCK.into(), 0, 0];
    // SAFETY: the vector is one of the steps' own; the pipe has no reader, so nothing goes into it.
    let invoked = without_pipe_signal(|| Invoked::Result(unsafe { ask(libc::SYS_vmsplice, &args) }));
    matches!(invoked, Invoked::Result(result) if is_errno(result, libc::EPIPE)) && !is_pipe_signal_pending()
}

fn fd(fd: i32) -> u64 {
    u64::from(fd.cast_unsigned())
}

/// The files on which the steps try their calls.
#[derive(Debug)]
struct Files {
    /// A pipe with nothing in it.
    empty: (PipeReader, PipeWriter),
    /// The writing end of a pipe without a reader, non-blocking.
    broken: PipeWriter,
}

impl Files {
    fn open() -> std::io::Result<Files> {
        let broken = pipe()?.1;
        fcntl(&broken, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok(Files { empty: pipe()?, broken })
    }
}

/// A page that the child shares.
#[derive(Debug)]
struct Page {
    /// INVARIANT: mapped and zeroed at first, until this value is dropped.
    words: NonNull<[AtomicU32; 2]>,
}

impl Page {
    fn map() -> nix::Result<Page> {
        let (access, flags) = (ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED);
        // SAFETY: a new mapping at an address of the kernel's choice affects no other memory.
        let page = unsafe { mmap_anonymous(None, PAGE_BYTES, access, flags) }?;
        Ok(Page { words: page.cast() })
    }

    /// The step being tried.
    fn at(&self) -> &AtomicU32 {
        &self.words()[0]
    }

    /// The abilities found.
    fn found(&self) -> &AtomicU32 {
        &self.words()[1]
    }

    fn words(&self) -> &[AtomicU32; 2] {
        // SAFETY: by the invariant of `words`; a page is aligned, and zeroes are valid atomics.
        unsafe { self.words.as_ref() }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let page: NonNull<c_void> = self.words.cast();
        // SAFETY: by the invariant of `words`, and no reference to them outlives `self`.
        let unmapped = unsafe { munmap(page, PAGE_BYTES.get()) };
        debug_assert_eq!(unmapped, Ok(()), "the page was mapped");
    }
}

#[cfg(test)]
mod tests;
