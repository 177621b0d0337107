//! Making a call once more, after a signal and for the rest of its bytes: `exec` retries calls with it.
#![allow(unsafe_code, reason = "hands on the promise that a call's addresses are the caller's to answer for")]

use syslet_syscalls::{Direction, Invoked, RawArgs, Restart, Row};

use crate::nonblocking::attempt::behind;
use crate::nonblocking::query::{Kind, Memory, address, is_known_socket, is_stream, kind, low, status_flags};
use crate::nonblocking::wait::{finish_poll, may_try_sleep, shortened};

/// Makes a call again that a signal has interrupted, `passed_ns` after it began; nothing when its row says not to, or
/// when the rest of its time is not known.
///
/// # Safety
/// As for [`super::attempt()`].
pub(crate) unsafe fn again(
    row: &Row,
    nr: u32,
    raw: &RawArgs,
    passed_ns: u64,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Option<Invoked> {
    // SAFETY: the caller answers for the addresses in the arguments until this call is over.
    let memory = unsafe { Memory::promised() };
    let args = row.narrow(raw);
    match row.restart_with(raw) {
        Restart::Again => Some(enter(nr, raw)),
        Restart::Left(from, to) if from == to => Some(enter(nr, raw)),
        Restart::Left(from, to) if args.get(from.into()) != 0 => {
            Some(enter(nr, &raw.with(to.into(), args.get(from.into()))))
        }
        Restart::Left(_, to) if may_try_sleep(nr.into(), args) => {
            Some(shortened(to.into(), nr, args, passed_ns, memory, enter))
        }
        Restart::Shortened(arg) if row.args[usize::from(arg)].ty.direction() != Direction::Value => {
            Some(shortened(arg.into(), nr, args, passed_ns, memory, enter))
        }
        Restart::Shortened(arg) => Some(finish_poll(arg.into(), nr, args, passed_ns, enter)),
        Restart::Uninterrupted | Restart::Never(_) | Restart::Left(..) => None,
    }
}

/// Whether EAGAIN says of this call that it would have had to wait, and nothing else: no time that is over, no value
/// that is another one.
pub(crate) fn says_not_now(row: &Row, args: &RawArgs) -> bool {
    let has_time = matches!(row.restart_with(args), Restart::Shortened(_) | Restart::Left(..));
    !has_time && !row.name.starts_with("futex")
}

/// A transfer of bytes, of which one call may move a part and another one the rest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream {
    row: &'static Row,
    nr: u32,
    args: RawArgs,
    total: u64,
}

/// How a transfer goes on: where its call has the buffers and the position.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Shape {
    /// One buffer, at the file's own position.
    One,
    /// One buffer, at a position.
    OneAt,
    /// A vector, at the file's own position.
    Vector,
    /// A vector, at a position, or at the file's own if that is −1.
    VectorAt,
    /// One buffer, and an address besides.
    Message,
    /// From one file to that argument's, as many bytes as that one says. Positions are the kernel's to move on, in the
    /// files or in the memory that the call names.
    Between { other: usize, count: usize },
}

impl Shape {
    fn of(nr: libc::c_long) -> Option<Shape> {
        Some(match nr {
            libc::SYS_read | libc::SYS_write => Shape::One,
            libc::SYS_pread64 | libc::SYS_pwrite64 => Shape::OneAt,
            libc::SYS_readv | libc::SYS_writev => Shape::Vector,
            libc::SYS_preadv | libc::SYS_pwritev | libc::SYS_preadv2 | libc::SYS_pwritev2 => Shape::VectorAt,
            libc::SYS_recvfrom | libc::SYS_sendto => Shape::Message,
            libc::SYS_sendfile => Shape::Between { other: 1, count: 3 },
            libc::SYS_copy_file_range | libc::SYS_splice => Shape::Between { other: 2, count: 4 },
            _ => return None,
        })
    }

    const fn is_vector(self) -> bool {
        matches!(self, Shape::Vector | Shape::VectorAt)
    }
}

/// Whether bytes go through that file as a stream.
fn has_stream(fd: u64) -> bool {
    match kind(fd) {
        Kind::Storage(_) | Kind::Sink | Kind::Memory => true,
        Kind::Pipe => status_flags(fd).is_some_and(|flags| flags & libc::O_DIRECT == 0),
        Kind::Socket => is_known_socket(fd) && is_stream(fd),
        Kind::Anonymous | Kind::Folder | Kind::Nothing | Kind::Other => false,
    }
}

const POSITION: usize = 3;
const FLAGS: usize = 3;
/// All or nothing: such a write has no rest.
const RWF_ATOMIC: u64 = 0x40;
/// Flags of messages that change nothing about a rest.
const MESSAGE_FLAGS: i32 = libc::MSG_WAITALL | libc::MSG_NOSIGNAL | libc::MSG_MORE | libc::MSG_DONTROUTE;

impl Stream {
    /// The transfer, if its bytes are a stream: of a regular file, a block or memory device, a pipe without packets, or a
    /// stream socket. A message is whole, however long.
    ///
    /// # Safety
    /// As for [`super::attempt()`], for as long as the value is used.
    pub(crate) unsafe fn of(row: &'static Row, nr: u32, raw: &RawArgs) -> Option<Stream> {
        // SAFETY: the caller answers for the addresses in the arguments as long as the value is used.
        let memory = unsafe { Memory::promised() };
        let (shape, args) = (Shape::of(nr.into())?, row.narrow(raw));
        let flags_fit = match shape {
            Shape::Message => low(args.get(FLAGS)) & !MESSAGE_FLAGS.cast_unsigned() == 0,
            Shape::VectorAt => args.get(5) & RWF_ATOMIC == 0,
            _ => true,
        };
        let (total, fits) = match shape {
            Shape::Vector | Shape::VectorAt => (memory.total(args.get(1), args.get(2)), true),
            Shape::One | Shape::OneAt | Shape::Message => (args.get(2), true),
            Shape::Between { other, count } => (args.get(count), has_stream(args.get(other))),
        };
        (flags_fit && fits && has_stream(args.get(0))).then_some(Stream { row, nr, args: *raw, total })
    }

    /// How many bytes were asked for.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Makes the call for the rest behind `done` bytes.
    pub(crate) fn go_on(&self, done: u64, enter: &mut impl FnMut(u32, &RawArgs) -> Invoked) -> Invoked {
        let Some(shape) = Shape::of(self.nr.into()) else { return enter(self.nr, &self.args) };
        let (args, mut rest) = (self.row.narrow(&self.args), self.args);
        if matches!(shape, Shape::OneAt | Shape::VectorAt) && args.get(POSITION) != u64::MAX {
            rest.set(POSITION, args.get(POSITION) + done);
        }
        if let Shape::Between { count, .. } = shape {
            rest.set(count, args.get(count) - done);
            return enter(self.nr, &rest);
        }
        if !shape.is_vector() {
            return enter(self.nr, &behind(args.like(&rest), done));
        }
        // SAFETY: the maker of this value answers for the addresses in the arguments as long as it is used.
        let memory = unsafe { Memory::promised() };
        let entries = memory.rest(args.get(1), args.get(2), done);
        rest.set(1, entries.first().map_or(0, address));
        rest.set(2, entries.len() as u64);
        enter(self.nr, &rest)
    }
}
