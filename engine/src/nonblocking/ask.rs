//! Questions to the kernel that change nothing and wait for nothing: what kind of file, what kind of socket, is
//! there memory. They decide whether a twin is exact, so they are asked about this call and never remembered.
#![allow(unsafe_code, reason = "makes system calls that the application did not ask for")]

use std::sync::atomic::AtomicU32;

use syslet_syscalls::{Invoked, RawArgs, invoke};

/// The stub wants a cancel word. A question is over before cancelling it would matter.
static NEVER: AtomicU32 = AtomicU32::new(0);

/// Makes one of the engine's own calls, which no cancelling keeps from beginning.
///
/// # Safety
/// As for [`invoke`].
pub(crate) unsafe fn ask(nr: libc::c_long, args: &[u64; 6]) -> i64 {
    // SAFETY: the caller's promise, passed on.
    unsafe { ask_raw(nr, &RawArgs::new(*args)) }
}

/// The same, with arguments that are an application's.
///
/// # Safety
/// As for [`invoke`].
pub(crate) unsafe fn ask_raw(nr: libc::c_long, args: &RawArgs) -> i64 {
    let Ok(nr) = u32::try_from(nr) else { return -i64::from(libc::ENOSYS) };
    loop {
        // SAFETY: the caller's promise, passed on.
        if let Invoked::Result(result) = unsafe { invoke(&NEVER, nr, args) } {
            return result;
        }
    }
}

/// The address of our own memory, for the kernel to read.
pub(crate) fn address<T>(of: &T) -> u64 {
    (&raw const *of).expose_provenance() as u64
}

/// The address of our own memory, for the kernel to write.
pub(crate) fn address_mut<T>(of: &mut T) -> u64 {
    (&raw mut *of).expose_provenance() as u64
}

/// A descriptor as an argument: the kernel takes the low 32 bits.
#[allow(clippy::cast_possible_truncation, reason = "as the kernel does")]
pub(crate) const fn low(arg: u64) -> u32 {
    arg as u32
}

/// What a descriptor stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A regular file, and how long it is, or a block device, which does not tell.
    Storage(Option<u64>),
    Pipe,
    Socket,
    /// An eventfd, timerfd, signalfd or another file without a place: each read is one answer.
    Anonymous,
    /// A device without side effects: zero, null, random.
    Memory,
    /// A terminal, another device, a directory, or nothing.
    Other,
}

/// The major number of the devices in `mem.c`.
const MEMORY_MAJOR: u32 = 1;

pub(crate) fn kind(fd: u64) -> Kind {
    let mut stat = std::mem::MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: fstat writes one stat, for which there is room.
    let result = unsafe { ask(libc::SYS_fstat, &[fd, address_mut(&mut stat), 0, 0, 0, 0]) };
    // SAFETY: zeroed, then perhaps written: a stat is numbers.
    let stat = unsafe { stat.assume_init() };
    if result != 0 {
        return Kind::Other;
    }
    match stat.st_mode & libc::S_IFMT {
        libc::S_IFREG => Kind::Storage(Some(stat.st_size.cast_unsigned())),
        libc::S_IFBLK => Kind::Storage(None),
        libc::S_IFIFO => Kind::Pipe,
        libc::S_IFSOCK => Kind::Socket,
        libc::S_IFCHR if libc::major(stat.st_rdev) == MEMORY_MAJOR => Kind::Memory,
        0 => Kind::Anonymous,
        _ => Kind::Other,
    }
}

/// Whether the descriptor's file never makes anybody wait (O_NONBLOCK). Only of files that honour it: storage does not.
pub(crate) fn is_non_blocking(fd: u64) -> bool {
    status_flags(fd).is_some_and(|flags| flags & libc::O_NONBLOCK != 0)
}

/// The flags that the descriptor's file was opened with, or set to since.
pub(crate) fn status_flags(fd: u64) -> Option<i32> {
    let get = libc::F_GETFL.cast_unsigned().into();
    // SAFETY: the command reads no memory.
    let flags = unsafe { ask(libc::SYS_fcntl, &[fd, get, 0, 0, 0, 0]) };
    i32::try_from(flags).ok().filter(|&flags| flags >= 0)
}

/// Whether the socket's family is one whose calls do the same with MSG_DONTWAIT, sleeping aside. XDP sockets refuse
/// calls without it, packet sockets wait for the card, netlink sends to many and then fails for one.
pub(crate) fn is_known_socket(fd: u64) -> bool {
    let known = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6];
    option(fd, libc::SO_DOMAIN).is_some_and(|domain| known.contains(&domain))
}

/// Whether a receive from the socket ends with the first byte: SO_RCVLOWAT can make it wait for more.
pub(crate) fn answers_first_byte(fd: u64) -> bool {
    option(fd, libc::SO_RCVLOWAT) == Some(1)
}

pub(crate) fn is_stream(fd: u64) -> bool {
    option(fd, libc::SO_TYPE) == Some(libc::SOCK_STREAM)
}

fn option(fd: u64, name: i32) -> Option<i32> {
    let mut value = 0i32;
    let mut len = 4u32;
    let (level, name) = (libc::SOL_SOCKET.cast_unsigned(), name.cast_unsigned());
    let args = [fd, level.into(), name.into(), address_mut(&mut value), address_mut(&mut len), 0];
    // SAFETY: getsockopt writes at most `len` bytes of the value, and the length.
    let result = unsafe { ask(libc::SYS_getsockopt, &args) };
    (result == 0).then_some(value)
}

/// How many bytes a stream socket holds.
pub(crate) fn available(fd: u64) -> Option<u64> {
    let mut bytes = 0i32;
    // SAFETY: FIONREAD writes one int.
    let result = unsafe { ask(libc::SYS_ioctl, &[fd, libc::FIONREAD, address_mut(&mut bytes), 0, 0, 0]) };
    if result == 0 { u64::try_from(bytes).ok() } else { None }
}

/// Whether 8 bytes can be read there. The mask is copied in before `how` is refused, so nothing changes.
pub(crate) fn is_readable(at: u64) -> bool {
    const NO_HOW: u64 = u32::MAX as u64;
    // SAFETY: the kernel reads 8 bytes, which fails softly, and refuses the command.
    let result = unsafe { ask(libc::SYS_rt_sigprocmask, &[NO_HOW, at, 0, 8, 0, 0]) };
    result == -i64::from(libc::EINVAL)
}

/// Whether 8 bytes can be written there: they are, with the thread's signal mask.
///
/// # Safety
/// The bytes are the caller's to overwrite.
pub(crate) unsafe fn overwrite(at: u64) -> bool {
    // SAFETY: the caller's promise; a bad address fails softly. Without a new mask none is set.
    let result = unsafe { ask(libc::SYS_rt_sigprocmask, &[0, 0, at, 8, 0, 0]) };
    result == 0
}

/// Whether a futex holds this value, as its waiters would find it; none where there is no futex. The kernel compares
/// before it moves no waiter at all from there to there.
pub(crate) fn holds(at: u64, value: u32) -> Option<bool> {
    let command = (libc::FUTEX_CMP_REQUEUE | libc::FUTEX_PRIVATE_FLAG).cast_unsigned().into();
    // SAFETY: the kernel reads 4 bytes, which fails softly, and is asked to wake and move nobody.
    let result = unsafe { ask(libc::SYS_futex, &[at, command, 0, 0, at, value.into()]) };
    match result {
        0 => Some(true),
        result if result == -i64::from(libc::EAGAIN) => Some(false),
        _ => None,
    }
}
