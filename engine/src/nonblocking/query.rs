//! Questions to the kernel beside a call, and looks at the memory that its arguments name; the attempts, the probe and
//! `exec` ask them.
//!
//! A question changes nothing and waits for nothing. Its answer decides whether an attempt is exact, so it is asked for
//! each call and never remembered (TWIN-48).
#![allow(unsafe_code, reason = "makes calls that the application did not ask for, and follows its addresses")]

use std::io::Write;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use syslet_syscalls::{Invoked, Narrowed, RawArgs, invoke};

use crate::sys::interrupt::internal;

/// `invoke` wants a cancel word. A question is over before cancelling it would matter.
static NEVER: AtomicU32 = AtomicU32::new(0);

/// Makes one of the engine's own calls, which no cancelling keeps from beginning.
///
/// # Safety
/// As for [`invoke`].
pub(crate) unsafe fn ask(nr: libc::c_long, args: &[u64; 6]) -> i64 {
    // SAFETY: the caller answers for the addresses in the arguments, as for `invoke`.
    unsafe { ask_raw(nr, &RawArgs::new(*args)) }
}

/// The same, with arguments that are an application's.
///
/// # Safety
/// As for [`invoke`].
unsafe fn ask_raw(nr: libc::c_long, args: &RawArgs) -> i64 {
    let Ok(nr) = u32::try_from(nr) else { return -i64::from(libc::ENOSYS) };
    loop {
        // SAFETY: the caller answers for the addresses in the arguments, as for `invoke`.
        if let Invoked::Result(result) = unsafe { invoke(&NEVER, nr, args) } {
            return result;
        }
    }
}

/// Whether a raw result is this error.
pub(crate) fn is_errno(result: i64, errno: i32) -> bool {
    result == -i64::from(errno)
}

/// The address of our own memory, for the kernel to read.
pub(crate) fn address<T>(of: &T) -> u64 {
    (&raw const *of).expose_provenance() as u64
}

/// The address of our own memory, for the kernel to write.
pub(crate) fn address_mut<T>(of: &mut T) -> u64 {
    (&raw mut *of).expose_provenance() as u64
}

/// The low 32 bits of an argument.
#[allow(clippy::cast_possible_truncation, reason = "as the kernel does")]
pub(super) const fn low(arg: u64) -> u32 {
    arg as u32
}

/// The kind of file that a descriptor stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A regular file, and how long it is, or a block device, which does not tell.
    Storage(Option<u64>),
    Pipe,
    Socket,
    /// An eventfd, timerfd, signalfd or another file without a place: each read is one answer.
    Anonymous,
    /// The devices null, zero and full: every write to them is over at once, whatever its length.
    Sink,
    /// Another device without side effects: random, say.
    Memory,
    /// A directory.
    Folder,
    /// No descriptor has this number.
    Nothing,
    /// A terminal or another device.
    Other,
}

/// The major number of the devices in `mem.c`.
const MEMORY_MAJOR: u32 = 1;
/// Of these: null, zero, full.
const SINK_MINORS: [u32; 3] = [3, 5, 7];

pub(crate) fn kind(fd: u64) -> Kind {
    let mut stat = std::mem::MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: fstat writes one stat, for which there is room.
    let result = unsafe { ask(libc::SYS_fstat, &[fd, address_mut(&mut stat), 0, 0, 0, 0]) };
    // SAFETY: zeroed, then perhaps written: a stat is numbers.
    let stat = unsafe { stat.assume_init() };
    let rdev = (libc::major(stat.st_rdev), libc::minor(stat.st_rdev));
    kind_told(result, || kind_of(stat.st_mode, rdev, stat.st_size.cast_unsigned()))
}

fn kind_told(result: i64, kind: impl FnOnce() -> Kind) -> Kind {
    match result {
        0 => kind(),
        _ if is_errno(result, libc::EBADF) => Kind::Nothing,
        _ => Kind::Other,
    }
}

/// The file system that a file lies in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum FileSystem {
    /// By its magic number.
    Known(u64),
    /// The kernel does not tell; whether it has a block device of its own.
    Untold { has_device: bool },
}

/// The kind of a file and its file system, by what the kernel has in its memory: no server is asked, so an answer does not wait for
/// one. The length is not to be relied upon.
pub(super) fn cached_kind(fd: u64) -> (Kind, FileSystem) {
    let mut stat = std::mem::MaybeUninit::<libc::statx>::zeroed();
    let flags = u64::from((libc::AT_EMPTY_PATH | libc::AT_STATX_DONT_SYNC).cast_unsigned());
    let asked = u64::from(libc::STATX_TYPE | libc::STATX_MNT_ID_UNIQUE);
    let args = [fd, address(&0_u8), flags, asked, address_mut(&mut stat), 0];
    // SAFETY: statx reads an empty path, and writes one statx, for which there is room.
    let result = unsafe { ask(libc::SYS_statx, &args) };
    // SAFETY: zeroed, then perhaps written: a statx is numbers.
    let stat = unsafe { stat.assume_init() };
    let rdev = (stat.stx_rdev_major, stat.stx_rdev_minor);
    let kind = kind_told(result, || kind_of(stat.stx_mode.into(), rdev, stat.stx_size));
    let is_mounted = matches!(kind, Kind::Storage(_)) && stat.stx_mask & libc::STATX_MNT_ID_UNIQUE != 0;
    let magic = if is_mounted { magic_of_mount(stat.stx_mnt_id) } else { None };
    let untold = FileSystem::Untold { has_device: stat.stx_dev_major != 0 };
    (kind, magic.map_or(untold, FileSystem::Known))
}

/// Mounts of which the file system is known: the number of the mount in the upper half, the file system's in the lower one. A mount
/// never gets another file system, and the number of one that is gone never comes again, so this is remembered. Relaxed: each
/// word says all by itself.
static MOUNTS: [AtomicU64; 8] = [const { AtomicU64::new(0) }; 8];

/// The magic number of the file system mounted there, where the kernel tells it.
fn magic_of_mount(mount: u64) -> Option<u64> {
    const STATMOUNT: libc::c_long = 457;
    const SB_BASIC: u64 = 1;
    const REQUEST_BYTES: u64 = 24;
    const ANSWER_WORDS: usize = 64;
    let place = &MOUNTS[usize::try_from(mount % 8).unwrap_or(0)];
    let known = place.load(Ordering::Relaxed);
    if known >> 32 == mount {
        return Some(known & u64::from(u32::MAX));
    }
    let request = [REQUEST_BYTES, mount, SB_BASIC];
    let mut answer = [0_u64; ANSWER_WORDS];
    let args = [address(&request), address_mut(&mut answer), 8 * ANSWER_WORDS as u64, 0, 0, 0];
    // SAFETY: the kernel reads the request, and writes at most so many bytes of the answer.
    let result = unsafe { ask(STATMOUNT, &args) };
    // Behind the sizes and the mask stands the device, and then the number.
    let [_, mask, _, magic, ..] = answer;
    let is_told = result == 0 && mask & SB_BASIC != 0;
    if is_told && mount.max(magic) <= u32::MAX.into() {
        place.store(mount << 32 | magic, Ordering::Relaxed);
    }
    is_told.then_some(magic)
}

fn kind_of(mode: u32, (major, minor): (u32, u32), size: u64) -> Kind {
    match mode & libc::S_IFMT {
        libc::S_IFREG => Kind::Storage(Some(size)),
        libc::S_IFBLK => Kind::Storage(None),
        libc::S_IFIFO => Kind::Pipe,
        libc::S_IFSOCK => Kind::Socket,
        libc::S_IFCHR if major == MEMORY_MAJOR && SINK_MINORS.contains(&minor) => Kind::Sink,
        libc::S_IFCHR if major == MEMORY_MAJOR => Kind::Memory,
        libc::S_IFDIR => Kind::Folder,
        0 => Kind::Anonymous,
        _ => Kind::Other,
    }
}

/// Whether calls on the descriptor's file never wait (O_NONBLOCK). Only of files that honour it: storage does not.
pub(super) fn is_non_blocking(fd: u64) -> bool {
    status_flags(fd).is_some_and(|flags| flags & libc::O_NONBLOCK != 0)
}

/// Whether the descriptor's file was opened for reading alone, or for nothing.
pub(super) fn is_read_only(fd: u64) -> bool {
    status_flags(fd).is_some_and(|flags| flags & libc::O_ACCMODE == libc::O_RDONLY)
}

/// Whether the file is memory: of tmpfs, or of memfd_create. Files of no other kind have seals.
pub(super) fn has_seals(fd: u64) -> bool {
    let get = libc::F_GET_SEALS.cast_unsigned().into();
    // SAFETY: the command reads no memory.
    let seals = unsafe { ask(libc::SYS_fcntl, &[fd, get, 0, 0, 0, 0]) };
    seals >= 0
}

/// The flags that the descriptor's file was opened with, or set to since.
pub(super) fn status_flags(fd: u64) -> Option<i32> {
    let get = libc::F_GETFL.cast_unsigned().into();
    // SAFETY: the command reads no memory.
    let flags = unsafe { ask(libc::SYS_fcntl, &[fd, get, 0, 0, 0, 0]) };
    i32::try_from(flags).ok().filter(|&flags| flags >= 0)
}

/// Whether calls on the socket do the same with MSG_DONTWAIT, sleeping aside, as its family says. XDP sockets refuse
/// calls without it, packet sockets wait for the card, netlink sends to many and then fails for one.
pub(super) fn is_known_socket(fd: u64) -> bool {
    let known = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6];
    option(fd, libc::SO_DOMAIN).is_some_and(|domain| known.contains(&domain))
}

/// Whether a receive from the socket ends with the first byte: SO_RCVLOWAT can make it wait for more.
pub(super) fn answers_first_byte(fd: u64) -> bool {
    option(fd, libc::SO_RCVLOWAT) == Some(1)
}

pub(super) fn is_stream(fd: u64) -> bool {
    option(fd, libc::SO_TYPE) == Some(libc::SOCK_STREAM)
}

/// Whether a receive from the socket waits for as long as it takes: no time limit is set.
pub(super) fn waits_for_ever(fd: u64) -> bool {
    option_words::<4>(fd, libc::SO_RCVTIMEO) == Some([0; 4])
}

/// Whether closing the socket may wait until its peer has what was sent (SO_LINGER), or cannot be asked.
pub(super) fn may_linger(fd: u64) -> bool {
    option_words(fd, libc::SO_LINGER).is_none_or(|[is_on, seconds]| is_on != 0 && seconds != 0)
}

fn option(fd: u64, name: i32) -> Option<i32> {
    option_words(fd, name).map(|[value]| value)
}

/// A socket option of `N` ints.
fn option_words<const N: usize>(fd: u64, name: i32) -> Option<[i32; N]> {
    let mut value = [0i32; N];
    let Ok(mut len) = u32::try_from(size_of_val(&value)) else { return None };
    let (level, name) = (libc::SOL_SOCKET.cast_unsigned(), name.cast_unsigned());
    let args = [fd, level.into(), name.into(), address_mut(&mut value), address_mut(&mut len), 0];
    // SAFETY: getsockopt writes at most `len` bytes of the value, and the length.
    let result = unsafe { ask(libc::SYS_getsockopt, &args) };
    (result == 0).then_some(value)
}

/// How many bytes a stream socket holds.
pub(super) fn available(fd: u64) -> Option<u64> {
    let mut bytes = 0i32;
    // SAFETY: FIONREAD writes one int.
    let result = unsafe { ask(libc::SYS_ioctl, &[fd, libc::FIONREAD, address_mut(&mut bytes), 0, 0, 0]) };
    if result == 0 { u64::try_from(bytes).ok() } else { None }
}

/// Whether a futex holds this value, as its waiters would find it; none where there is no futex. The kernel compares
/// before it moves no waiter at all from there to there.
pub(super) fn holds(at: u64, value: u32) -> Option<bool> {
    let command = (libc::FUTEX_CMP_REQUEUE | libc::FUTEX_PRIVATE_FLAG).cast_unsigned().into();
    // SAFETY: the kernel reads 4 bytes, which fails softly, and is asked to wake and move no waiter.
    let result = unsafe { ask(libc::SYS_futex, &[at, command, 0, 0, at, value.into()]) };
    match result {
        0 => Some(true),
        result if is_errno(result, libc::EAGAIN) => Some(false),
        _ => None,
    }
}

/// Whether 8 bytes can be read there. The mask is copied in before `how` is refused, so nothing changes.
pub(crate) fn is_readable(at: u64) -> bool {
    const NO_HOW: u64 = u32::MAX as u64;
    // SAFETY: the kernel reads 8 bytes, which fails softly, and refuses the command.
    let result = unsafe { ask(libc::SYS_rt_sigprocmask, &[NO_HOW, at, 0, 8, 0, 0]) };
    is_errno(result, libc::EINVAL)
}

/// Whether 8 bytes can be written there: they are, with the thread's signal mask.
///
/// # Safety
/// The bytes are the caller's to overwrite.
unsafe fn overwrite(at: u64) -> bool {
    // SAFETY: the bytes are the caller's to overwrite, and a bad address fails softly. Without a new mask none is set.
    let result = unsafe { ask(libc::SYS_rt_sigprocmask, &[0, 0, at, 8, 0, 0]) };
    result == 0
}

/// A signalfd, as /proc tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Signalfd {
    pub(crate) set: u64,
    pub(crate) is_non_blocking: bool,
}

/// A read of fewer bytes takes no signal: the kernel refuses it.
pub(crate) const SIGNAL_BYTES: u64 = size_of::<libc::signalfd_siginfo>() as u64;
const AT_FDCWD: u64 = (libc::AT_FDCWD as i64).cast_unsigned();

impl Signalfd {
    /// None where the descriptor is no signalfd, or /proc is not there. It asks by raw calls: a thread that has only
    /// borrowed its storage asks, too.
    pub(crate) fn of(fd: u64) -> Option<Signalfd> {
        let (mut path, mut text) = ([0; 64], [0; 512]);
        // The last byte stays the NUL.
        write!(&mut path[..63], "/proc/thread-self/fdinfo/{fd}").ok()?;
        let flags = (libc::O_RDONLY | libc::O_CLOEXEC).cast_unsigned().into();
        // SAFETY: the kernel reads the path, which ends with a NUL.
        let opened = unsafe { ask(libc::SYS_openat, &[AT_FDCWD, address(&path), flags, 0, 0, 0]) };
        let info = u64::try_from(opened).ok()?;
        let read = [info, address_mut(&mut text), text.len() as u64, 0, 0, 0];
        // SAFETY: the kernel writes at most as many bytes as there is room for.
        let read = unsafe { ask(libc::SYS_read, &read) };
        // SAFETY: the descriptor was opened above.
        let _closed = unsafe { ask(libc::SYS_close, &[info, 0, 0, 0, 0, 0]) };
        Signalfd::parse(std::str::from_utf8(text.get(..usize::try_from(read).ok()?)?).ok()?)
    }

    fn parse(text: &str) -> Option<Signalfd> {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let flags = i32::from_str_radix(field("flags:")?, 8).ok()?;
        Some(Signalfd {
            set: u64::from_str_radix(field("sigmask:")?, 16).ok()?,
            is_non_blocking: flags & libc::O_NONBLOCK != 0,
        })
    }

    /// Whether a read of so many bytes from the descriptor could take an internal signal.
    pub(crate) fn takes_internal(fd: u64, bytes: u64) -> bool {
        bytes >= SIGNAL_BYTES && Signalfd::of(fd).is_some_and(|signalfd| signalfd.set & internal() != 0)
    }
}

/// Leave to look where the arguments of one call point. An address is not trusted: the kernel is asked first, so a bad
/// one is an EFAULT of the plain call and no fault of the engine.
///
/// INVARIANT: made only while a submitter answers for the addresses in the arguments: the memory there stays
/// mapped, and no other thread writes it, until the call is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory(());

/// A number that no kernel takes for a count of descriptors.
const TOO_MANY: u64 = u32::MAX as u64;
/// The length of a vector's entry, in words: address and length.
const ENTRY_WORDS: usize = 2;
/// The parts of a siginfo that waitid fills, in bytes: signal, errno, code, then behind a gap process, user, status.
const SIGINFO_FILLED: [std::ops::Range<usize>; 2] = [0..12, 16..28];
/// The last 8 bytes of them.
const SIGINFO_LAST: u64 = 20;
const PAGE: u64 = syslet_abi::PAGE_BYTES as u64;

/// Whether the bytes from a word to a last one behind it, on the same page or the next, can be read. One page is there
/// or not, so it is asked for once.
fn are_readable(at: u64, last: u64) -> bool {
    let is_one_page = at / PAGE == last.saturating_add(7) / PAGE;
    is_readable(at) && (is_one_page || is_readable(last))
}

impl Memory {
    /// # Safety
    /// By the type's invariant.
    pub(super) unsafe fn promised() -> Memory {
        Memory(())
    }

    /// `N` words, at most a page of them, from any address; nothing when the kernel cannot read them.
    pub(super) fn words<const N: usize>(self, at: u64) -> Option<[u64; N]> {
        let last = at.checked_add(8 * (N as u64 - 1))?;
        are_readable(at, last).then(|| self.words_just_used(at))
    }

    /// `N` words that the kernel has just read for this very call.
    fn words_just_used<const N: usize>(self, at: u64) -> [u64; N] {
        let Ok(at) = usize::try_from(at) else { return [0; N] };
        let words: *const [u64; N] = std::ptr::with_exposed_provenance(at);
        // SAFETY: readable, as the kernel said, and by the invariant that stays so.
        unsafe { words.read_unaligned() }
    }

    /// Copies at most a page of bytes from any address; false when the kernel cannot read them, or cannot say so.
    pub(super) fn copy(self, at: u64, into: &mut [u8]) -> bool {
        let Some(behind) = (into.len() as u64).checked_sub(1) else { return true };
        let (Some(last), Ok(from)) = (at.checked_add(behind), usize::try_from(at)) else { return false };
        // The kernel is asked for the aligned words that have the first and the last byte: they lie in the same pages.
        let is_there = |byte: u64| is_readable(byte & !7);
        if !is_there(at) || (at / PAGE != last / PAGE && !is_there(last)) {
            return false;
        }
        let from: *const u8 = std::ptr::with_exposed_provenance(from);
        // SAFETY: the first and the last byte are readable, as the kernel said, and by the invariant that stays so.
        unsafe { std::ptr::copy_nonoverlapping(from, into.as_mut_ptr(), into.len()) };
        true
    }

    /// Writes two words; false when the memory is not there.
    pub(super) fn put(self, at: u64, words: [u64; 2]) -> bool {
        let Some(last) = at.checked_add(8) else { return false };
        // SAFETY: by the invariant the words are the call's to write; this is the first.
        let first_is_there = unsafe { overwrite(at) };
        // SAFETY: by the invariant the words are the call's to write; this is the second.
        if !first_is_there || !unsafe { overwrite(last) } {
            return false;
        }
        let Ok(at) = usize::try_from(at) else { return false };
        let to: *mut [u64; 2] = std::ptr::with_exposed_provenance_mut(at);
        // SAFETY: both words have just been written.
        unsafe { to.write_unaligned(words) };
        true
    }

    /// Puts words back that were copied from there and that the kernel has just written over. A word that has changed has
    /// been written, so it can be.
    pub(super) fn put_back(self, at: u64, words: &[u64]) {
        for (index, was) in (0u64..).zip(words) {
            let at = at + 8 * index;
            let ([is], Ok(to)) = (self.words_just_used(at), usize::try_from(at)) else { return };
            if is != *was {
                let to: *mut u64 = std::ptr::with_exposed_provenance_mut(to);
                // SAFETY: the kernel has written there for this very call.
                unsafe { to.write_unaligned(*was) };
            }
        }
    }

    /// Makes the kernel write back the rest of a time. It does that also when it refuses the call, as it does here
    /// for a `count` that cannot be.
    pub(super) fn write_back_time(self, nr: u32, args: Narrowed<'_>, count: usize) {
        let refused = args.raw().with(count, TOO_MANY);
        // SAFETY: by the invariant the time is the call's to write; nothing else is looked at.
        let _refused = unsafe { ask_raw(nr.into(), &refused) };
    }

    /// The entries of a vector that the kernel has just read for this very call: addresses and lengths.
    fn entries(self, vec: u64, count: u64) -> impl Iterator<Item = [u64; ENTRY_WORDS]> {
        (0..count).map(move |index| self.words_just_used(vec + index * 8 * ENTRY_WORDS as u64))
    }

    /// How many bytes a vector asks for, as the kernel counts them.
    pub(super) fn total(self, vec: u64, count: u64) -> u64 {
        let sum = self.entries(vec, count).fold(0u64, |sum, [_, len]| sum.saturating_add(len));
        sum.min(TRANSFER_MAX)
    }

    /// A vector without its first `done` bytes, and with no more than one call would have moved.
    pub(super) fn rest(self, vec: u64, count: u64, done: u64) -> Vec<[u64; ENTRY_WORDS]> {
        let mut skip = done;
        let mut room = TRANSFER_MAX.saturating_sub(done);
        let mut rest = Vec::new();
        for [at, len] in self.entries(vec, count) {
            let skipped = skip.min(len);
            skip -= skipped;
            let taken = (len - skipped).min(room);
            room -= taken;
            if taken > 0 {
                rest.push([at + skipped, taken]);
            }
        }
        rest
    }

    /// Writes the parts of a siginfo that waitid writes; false when the memory is not there.
    pub(super) fn put_siginfo(self, at: u64, info: &[u64; 16]) -> bool {
        let Some(last) = at.checked_add(SIGINFO_LAST) else { return false };
        // SAFETY: by the invariant the siginfo is the call's to write; these are its first 8 bytes.
        let first_is_there = unsafe { overwrite(at) };
        // SAFETY: by the invariant the siginfo is the call's to write; these are the last 8 that are filled.
        if !first_is_there || !unsafe { overwrite(last) } {
            return false;
        }
        let Ok(at) = usize::try_from(at) else { return false };
        let to: *mut u8 = std::ptr::with_exposed_provenance_mut(at);
        let from: &[u8] = bytemuck::cast_slice(info);
        for range in SIGINFO_FILLED {
            // SAFETY: both ends of the siginfo were just written, and the range lies between them.
            let to = unsafe { to.add(range.start) };
            // SAFETY: both ends were just written; the engine's own copy does not overlap the siginfo.
            unsafe { std::ptr::copy_nonoverlapping(from[range.clone()].as_ptr(), to, range.len()) };
        }
        true
    }
}

/// The most bytes that one call moves, however many are asked for: INT_MAX without its last page.
pub(super) const TRANSFER_MAX: u64 = 0x7fff_f000;

/// The set with nothing but SIGPIPE.
static PIPE_SIGNAL: u64 = 1 << (libc::SIGPIPE - 1);
/// Bytes of a signal set.
const SET_BYTES: u64 = size_of::<u64>() as u64;

/// Makes a call that may send SIGPIPE and has no flag that keeps the signal away. The signal is blocked meanwhile and
/// taken back, so that no handler of the application runs in the submitter; one that was pending or blocked before stays
/// so.
pub(super) fn without_pipe_signal(call: impl FnOnce() -> Invoked) -> Invoked {
    let mut before = 0u64;
    let block = libc::SIG_BLOCK.cast_unsigned().into();
    let args = [block, address(&PIPE_SIGNAL), address_mut(&mut before), SET_BYTES, 0, 0];
    // SAFETY: reads one set and writes another, both the engine's own; the mask is restored below.
    let blocked = unsafe { ask(libc::SYS_rt_sigprocmask, &args) };
    let was_blocked = blocked != 0 || before & PIPE_SIGNAL != 0;
    let was_pending = was_blocked && is_pipe_signal_pending();
    let invoked = call();
    if matches!(invoked, Invoked::Result(result) if is_errno(result, libc::EPIPE)) && !was_pending {
        take_pipe_signal();
    }
    if !was_blocked {
        let set = libc::SIG_SETMASK.cast_unsigned().into();
        // SAFETY: the mask is the one read above.
        let _restored =
            unsafe { ask(libc::SYS_rt_sigprocmask, &[set, address(&before), 0, SET_BYTES, 0, 0]) };
    }
    invoked
}

pub(super) fn is_pipe_signal_pending() -> bool {
    let mut pending = 0u64;
    // SAFETY: writes one set, the engine's own.
    let asked = unsafe { ask(libc::SYS_rt_sigpending, &[address_mut(&mut pending), SET_BYTES, 0, 0, 0, 0]) };
    asked == 0 && pending & PIPE_SIGNAL != 0
}

/// Takes a pending SIGPIPE. The thread's own comes first, and that is the call's.
pub(super) fn take_pipe_signal() {
    let now = [0u64; 2];
    let args = [address(&PIPE_SIGNAL), 0, address(&now), SET_BYTES, 0, 0];
    // SAFETY: reads a set and a time, both the engine's own, and writes nothing.
    while is_errno(unsafe { ask(libc::SYS_rt_sigtimedwait, &args) }, libc::EINTR) {}
}
