//! How a file comes into the poller's own table of descriptors: as a message of a socket pair (PARK-3), and the calls that the poller
//! makes on its own numbers. The threads that park calls send; the pool's poller receives, waits and closes.
#![allow(
    unsafe_code,
    reason = "nix is built without sockets; numbers of the poller's own table have no owner type"
)]

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};

use crate::sys::interrupt;

/// A thread that parks a call waits so long at most for room in the socket.
const ROOM_US: libc::suseconds_t = 50_000;
/// Events are taken in groups of this many.
const EVENTS_MAX: usize = 64;
/// The events that the poller waits for in a file. Each arrival tells once: an attempt takes the input, or finds nothing.
const INPUT: c_int = libc::EPOLLIN | libc::EPOLLRDHUP | libc::EPOLLET;

/// A file, by device and inode, under any number.
pub(crate) type FileId = (u64, u64);

/// An end in the application's table, which is not trusted once the application has closed it.
#[derive(Debug)]
pub(crate) struct End {
    socket: Option<OwnedFd>,
    id: FileId,
}

/// The control part of a message with one file.
#[repr(C)]
struct Rights {
    header: libc::cmsghdr,
    fd: c_int,
    padding: c_int,
}

impl Rights {
    fn new(fd: RawFd) -> Rights {
        // SAFETY: numbers, of which zero is one.
        let mut rights: Rights = unsafe { MaybeUninit::zeroed().assume_init() };
        rights.header.cmsg_len = size_of::<libc::cmsghdr>() + size_of::<c_int>();
        rights.header.cmsg_level = libc::SOL_SOCKET;
        rights.header.cmsg_type = libc::SCM_RIGHTS;
        rights.fd = fd;
        rights
    }
}

/// Calls `with` with a message of one byte that has this control part.
fn with_message(rights: &mut Rights, with: impl FnOnce(*mut libc::msghdr) -> isize) -> (isize, libc::msghdr) {
    let mut byte = 0_u8;
    let mut part = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    // SAFETY: numbers and addresses, of which zero is one.
    let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = (&raw mut *rights).cast::<c_void>();
    message.msg_controllen = size_of::<Rights>();
    (with(&raw mut message), message)
}

/// The two ends of a new way: one to send files, and one that the poller receives from.
///
/// # Errors
/// When the system does not give them.
pub(crate) fn way() -> Result<(End, End), Errno> {
    let mut ends = [0; 2];
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    // SAFETY: writes two numbers.
    Errno::result(unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) })?;
    // SAFETY: they were opened just now, and have no other owner.
    let [sending, receiving] = ends.map(|end| unsafe { OwnedFd::from_raw_fd(end) });
    let room = libc::timeval { tv_sec: 0, tv_usec: ROOM_US };
    let (level, option) = (libc::SOL_SOCKET, libc::SO_SNDTIMEO);
    let bytes = libc::socklen_t::try_from(size_of_val(&room)).unwrap_or(0);
    // SAFETY: reads one time.
    let set =
        unsafe { libc::setsockopt(sending.as_raw_fd(), level, option, (&raw const room).cast(), bytes) };
    Errno::result(set)?;
    Ok((End::new(sending)?, End::new(receiving)?))
}

impl End {
    fn new(socket: OwnedFd) -> Result<End, Errno> {
        let id = id_of(socket.as_raw_fd()).ok_or(Errno::EBADF)?;
        Ok(End { socket: Some(socket), id })
    }

    /// Its number in the application's table.
    pub(crate) fn number(&self) -> RawFd {
        self.socket.as_ref().map_or(-1, AsRawFd::as_raw_fd)
    }

    /// Sends the file of that number. False where it could not be sent: the table has no such number, the socket is no longer ours, or
    /// the system refuses.
    pub(crate) fn send(&self, fd: RawFd) -> bool {
        let Some(socket) = &self.socket else { return false };
        let socket = socket.as_raw_fd();
        if !self.is_ours() {
            return false;
        }
        let mut rights = Rights::new(fd);
        // SAFETY: the kernel reads the message and the memory that it names.
        let (sent, _) = with_message(&mut rights, |message| unsafe {
            libc::sendmsg(socket, message, libc::MSG_NOSIGNAL)
        });
        sent == 1
    }

    /// Whether the number still is the socket: the application may have closed it, and opened another file.
    fn is_ours(&self) -> bool {
        self.socket.as_ref().is_some_and(|socket| id_of(socket.as_raw_fd()) == Some(self.id))
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if !self.is_ours()
            && let Some(socket) = self.socket.take()
        {
            // The number is not the engine's to close.
            let _number = socket.into_raw_fd();
        }
    }
}

/// Device and inode of a number's file, if it has one.
pub(crate) fn id_of(fd: RawFd) -> Option<FileId> {
    let mut stat = MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: writes one stat.
    let asked = unsafe { libc::fstat(fd, stat.as_mut_ptr()) };
    // SAFETY: zeroed, then perhaps written: a stat is numbers.
    let stat = unsafe { stat.assume_init() };
    (asked == 0).then_some((stat.st_dev, stat.st_ino))
}

/// The descriptors of the poller: a table of its own, with the receiving end, a set of files to wait for, and files that calls wait for.
#[derive(Debug)]
pub(crate) struct OwnTable {
    /// INVARIANT: both are numbers of the table of the thread that made this, which no other thread has.
    receiver: RawFd,
    set: RawFd,
    /// The signals that are blocked while the thread waits.
    mask: SigSet,
}

/// An event of the set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Event {
    /// Files wait to be received.
    Arrivals,
    /// The file that was added with this word may have input.
    Input(u64),
}

/// A message that was received.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Arrival {
    /// A file, under this number of the own table.
    File(RawFd),
    /// A message of which the table had no room for the file.
    NoRoom,
}

/// The word of the receiving end in the set.
const ARRIVALS: u64 = u64::MAX;

impl OwnTable {
    /// Gives the calling thread a table of its own, with the receiving end in it and nothing else of the process's. From here on the
    /// thread takes the signal that interrupts workers only while it waits.
    ///
    /// # Errors
    /// When the system refuses. The thread has to end then.
    pub(crate) fn new(receiver: RawFd) -> Result<OwnTable, Errno> {
        let last = libc::c_uint::MAX;
        close_range(last, last, libc::CLOSE_RANGE_UNSHARE)?;
        // The first three are taken: a text that a failure writes must not reach a file of the application.
        let moved = |fd: RawFd| {
            // SAFETY: a new number for a file.
            Errno::result(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) })
        };
        let receiver = moved(receiver)?;
        // SAFETY: a new set.
        let set = moved(Errno::result(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?)?;
        for standard in 0..3 {
            // SAFETY: the numbers are those of this thread's own table.
            Errno::result(unsafe { libc::dup3(set, standard, libc::O_CLOEXEC) })?;
        }
        let (low, high) = (receiver.min(set).cast_unsigned(), receiver.max(set).cast_unsigned());
        for (from, to) in [(3, low - 1), (low + 1, high - 1), (high + 1, last)] {
            if from <= to {
                close_range(from, to, 0)?;
            }
        }
        let mut mask = SigSet::empty();
        pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&blocking()), Some(&mut mask))?;
        let table = OwnTable { receiver, set, mask };
        table.control(libc::EPOLL_CTL_ADD, receiver, libc::EPOLLIN, ARRIVALS)?;
        Ok(table)
    }

    fn control(&self, what: c_int, fd: RawFd, events: c_int, word: u64) -> Result<(), Errno> {
        let mut event = libc::epoll_event { events: events.cast_unsigned(), u64: word };
        // SAFETY: reads one event.
        Errno::result(unsafe { libc::epoll_ctl(self.set, what, fd, &raw mut event) }).map(drop)
    }

    /// Waits for input of a file; an event comes at once if there is some.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn add(&self, fd: RawFd, word: u64) -> Result<(), Errno> {
        self.control(libc::EPOLL_CTL_ADD, fd, INPUT, word)
    }

    /// Has an event come at once if there is input.
    pub(crate) fn look_again(&self, fd: RawFd, word: u64) {
        let _is_there = self.control(libc::EPOLL_CTL_MOD, fd, INPUT, word);
    }

    /// Lets go of a file that was added.
    pub(crate) fn drop_file(&self, fd: RawFd) {
        let _was_there = self.control(libc::EPOLL_CTL_DEL, fd, 0, 0);
        self.close(fd);
    }

    /// Lets go of a file that was not added.
    pub(crate) fn close(&self, fd: RawFd) {
        // SAFETY: by the invariant the number is of this thread's own table, and it was received there.
        let _closed = unsafe { libc::close(fd) };
    }

    /// Takes the next message, if one is there.
    pub(crate) fn receive(&self) -> Option<Arrival> {
        let flags = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
        let mut rights = Rights::new(-1);
        // SAFETY: writes the message and the memory that it names, for which there is room.
        let (taken, message) =
            with_message(&mut rights, |message| unsafe { libc::recvmsg(self.receiver, message, flags) });
        (taken == 1).then_some(if message.msg_controllen >= rights.header.cmsg_len && rights.fd >= 0 {
            Arrival::File(rights.fd)
        } else {
            Arrival::NoRoom
        })
    }

    /// Sleeps until something is to be done, or a signal comes.
    pub(crate) fn wait(&self, events: &mut Vec<Event>) {
        let mut room = [libc::epoll_event { events: 0, u64: 0 }; EVENTS_MAX];
        let max = c_int::try_from(EVENTS_MAX).unwrap_or(1);
        let mask: *const libc::sigset_t = self.mask.as_ref();
        // SAFETY: writes as many events as there is room for, and reads one mask.
        let count = unsafe { libc::epoll_pwait(self.set, room.as_mut_ptr(), max, -1, mask) };
        events.clear();
        let count = usize::try_from(count).unwrap_or(0);
        events.extend(room.iter().take(count).map(|event| match event.u64 {
            ARRIVALS => Event::Arrivals,
            word => Event::Input(word),
        }));
    }
}

/// Whether two numbers of the own table are one open file. False where the kernel (before Linux 6.10) does not tell.
pub(crate) fn are_one(one: RawFd, other: RawFd) -> bool {
    const F_DUPFD_QUERY: c_int = 1027;
    // SAFETY: numbers only.
    unsafe { libc::fcntl(one, F_DUPFD_QUERY, other) == 1 }
}

/// The signal that interrupts workers, as a set.
fn blocking() -> SigSet {
    let mut raw = *SigSet::empty().as_ref();
    if let Some(signal) = interrupt::INTERRUPT.get() {
        // SAFETY: the set is initialised, and the signal exists.
        unsafe { libc::sigaddset(&raw mut raw, signal) };
    }
    // SAFETY: it was a set before, and has one signal more.
    unsafe { SigSet::from_sigset_t_unchecked(raw) }
}

fn close_range(from: libc::c_uint, to: libc::c_uint, flags: libc::c_uint) -> Result<(), Errno> {
    // SAFETY: numbers only; the caller's table is its own, or is about to be.
    Errno::result(unsafe { libc::syscall(libc::SYS_close_range, from, to, flags) }).map(drop)
}
