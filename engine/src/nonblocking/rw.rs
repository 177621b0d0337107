//! Attempts on files: reads and writes through preadv2 and pwritev2 with RWF_NOWAIT, the splices, and openat2 from the
//! cache. `attempt` in `mod.rs` calls them.

use syslet_syscalls::{Invoked, Narrowed, RawArgs};

use crate::nonblocking::attempt::{Attempt, behind, with_done};
use crate::nonblocking::probe::{Abilities, Ability, RWF_NOSIGNAL, RWF_NOWAIT};
use crate::nonblocking::query::{
    Kind, Memory, Signalfd, TRANSFER_MAX, address, answers_first_byte, is_errno, is_known_socket,
    is_non_blocking, is_stream, kind, without_pipe_signal,
};

/// The position that means the file's own.
const SHARED: u64 = u64::MAX;

/// One of the six reads and six writes: which file, which buffers, from which position, with which flags.
#[derive(Clone, Copy, Debug)]
struct Transfer {
    fd: u64,
    /// Address and length of the one buffer, unless the caller gave a vector.
    one: Option<[u64; 2]>,
    vec: u64,
    count: u64,
    /// The position, or [`SHARED`].
    position: u64,
    /// The caller's RWF flags.
    flags: u64,
}

impl Transfer {
    fn of(nr: libc::c_long, args: Narrowed<'_>) -> Transfer {
        let one = matches!(nr, libc::SYS_read | libc::SYS_write | libc::SYS_pread64);
        let unpositioned =
            matches!(nr, libc::SYS_read | libc::SYS_write | libc::SYS_readv | libc::SYS_writev);
        let flagged = matches!(nr, libc::SYS_preadv2 | libc::SYS_pwritev2);
        Transfer {
            fd: args.get(0),
            one: one.then_some([args.get(1), args.get(2)]),
            vec: args.get(1),
            count: args.get(2),
            position: if unpositioned { SHARED } else { args.get(3) },
            flags: if flagged { args.get(5) } else { 0 },
        }
    }

    fn is_shared(&self) -> bool {
        self.position == SHARED
    }

    /// Whether the caller asks without waiting.
    fn never_waits(&self) -> bool {
        self.flags & RWF_NOWAIT != 0
    }

    /// Enters with preadv2's or pwritev2's arguments for this, and these flags besides.
    fn enter<R>(&self, flags: u64, enter: impl FnOnce(&RawArgs) -> R) -> R {
        let flags = self.flags | flags;
        match &self.one {
            Some(one) => enter(&[self.fd, address(one), 1, self.position, 0, flags].into()),
            None => enter(&[self.fd, self.vec, self.count, self.position, 0, flags].into()),
        }
    }

    /// More bytes than that are not asked for; any number, where a vector says how many.
    fn bytes_max(&self) -> u64 {
        self.one.map_or(u64::MAX, |[_, len]| len)
    }

    /// How many bytes are asked for. The kernel has just read the vector.
    fn total(&self, memory: Memory) -> u64 {
        self.one.map_or_else(|| memory.total(self.vec, self.count), |[_, len]| len)
    }
}

/// Nothing for empty buffers and for lengths that the kernel cuts: reading nothing is no question of waiting, and
/// preadv2 checks another address range than read. A position below zero is refused, except where it means the shared.
pub(super) fn may_try_read(nr: libc::c_long, args: Narrowed<'_>) -> bool {
    let length_fits = (1..=TRANSFER_MAX).contains(&args.get(2));
    match nr {
        libc::SYS_read | libc::SYS_write => length_fits,
        libc::SYS_pread64 => length_fits && args.get(3).cast_signed() >= 0,
        libc::SYS_preadv => args.get(3).cast_signed() >= 0,
        _ => true,
    }
}

/// A write at a position is not tried: in two parts it could mix with another, and O_APPEND would move the second.
pub(super) fn may_try_write(nr: libc::c_long, args: Narrowed<'_>) -> bool {
    may_try_read(nr, args) && Transfer::of(nr, args).is_shared()
}

/// A read, through preadv2 with RWF_NOWAIT.
pub(super) fn read(
    abilities: Abilities,
    nr: u32,
    args: Narrowed<'_>,
    memory: Memory,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Attempt {
    let read = Transfer::of(nr.into(), args);
    if read.never_waits() {
        return Attempt::of(enter(nr, args.raw()), |_| false);
    }
    if read.is_shared()
        && let Some(instead) = instead_of_shared_read(abilities, &read)
    {
        return instead;
    }
    let preadv2 = libc::SYS_preadv2.unsigned_abs().try_into().unwrap_or(u32::MAX);
    let Invoked::Result(result) = read.enter(RWF_NOWAIT, |args| enter(preadv2, args)) else {
        return Attempt::Cancelled;
    };
    if is_errno(result, libc::EAGAIN) {
        let is_answer = read.is_shared() && is_non_blocking(read.fd);
        return if is_answer { Attempt::Final(result) } else { Attempt::WouldBlock };
    }
    // The file knows no RWF_NOWAIT, or the plain call fails in the same way: it says so itself.
    if is_errno(result, libc::EOPNOTSUPP) || is_errno(result, libc::EINVAL) {
        return Attempt::NotHere;
    }
    match u64::try_from(result) {
        Ok(bytes) if !read.is_shared() && bytes < read.total(memory) => short_read(&read, bytes),
        _ => Attempt::Final(result),
    }
}

/// The outcome at the shared position where no attempt is exact.
fn instead_of_shared_read(abilities: Abilities, read: &Transfer) -> Option<Attempt> {
    let fd = read.fd;
    match kind(fd) {
        // A short read there could not be finished: other threads move the position, too.
        Kind::Storage(_) => Some(Attempt::Plain),
        // A worker reads another signalfd in its place.
        Kind::Anonymous if Signalfd::takes_internal(fd, read.bytes_max()) => Some(Attempt::NotHere),
        Kind::Pipe | Kind::Anonymous => None,
        Kind::Socket
            if abilities.has(Ability::SocketQuestions) && is_known_socket(fd) && answers_first_byte(fd) =>
        {
            None
        }
        _ => Some(Attempt::NotHere),
    }
}

/// A short read at a position: the end of the file is an answer, the end of the cached part is none. Reading leaves no
/// trace there, so the plain call starts again and is whole, however the file changes meanwhile.
fn short_read(read: &Transfer, bytes: u64) -> Attempt {
    match kind(read.fd) {
        Kind::Storage(Some(size)) if read.position.saturating_add(bytes) < size => Attempt::WouldBlock,
        Kind::Storage(None) | Kind::Sink | Kind::Memory => Attempt::WouldBlock,
        _ => Attempt::Final(bytes.cast_signed()),
    }
}

/// Whether a write may be made through pwritev2 with the flags of an attempt.
fn may_change(abilities: Abilities, nr: u32) -> bool {
    let number_stays = libc::c_long::from(nr) == libc::SYS_pwritev2;
    abilities.has(Ability::NowaitWrites) && (number_stays || abilities.may_change_number())
}

/// A write: to storage and sinks the plain call, to a pipe or socket through pwritev2 with RWF_NOWAIT and RWF_NOSIGNAL.
pub(super) fn write(
    abilities: Abilities,
    nr: u32,
    args: Narrowed<'_>,
    memory: Memory,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Attempt {
    let write = Transfer::of(nr.into(), args);
    let kind = kind(write.fd);
    match kind {
        // A short write there could not be finished: other threads move the position, too.
        Kind::Storage(_) => return Attempt::Plain,
        // The call itself is over at once, and says the same of an address at which nothing is.
        Kind::Sink => return Attempt::Plain,
        // The kernel knows no write there without waiting or without SIGPIPE, or the application wants no other number.
        _ if !may_change(abilities, nr) => return Attempt::NotHere,
        Kind::Pipe => {}
        Kind::Socket if abilities.has(Ability::SocketQuestions) && is_known_socket(write.fd) => {}
        _ => return Attempt::NotHere,
    }
    let pwritev2 = libc::SYS_pwritev2.unsigned_abs().try_into().unwrap_or(u32::MAX);
    let Invoked::Result(result) = write.enter(RWF_NOWAIT | RWF_NOSIGNAL, |args| enter(pwritev2, args)) else {
        return Attempt::Cancelled;
    };
    if is_errno(result, libc::EOPNOTSUPP) || is_errno(result, libc::EINVAL) {
        return Attempt::NotHere;
    }
    if write.never_waits() {
        return Attempt::Final(result);
    }
    let is_stream = || kind == Kind::Pipe || is_stream(write.fd);
    let would_block = is_errno(result, libc::EAGAIN);
    Attempt::of_output(result, write.fd, would_block, || write.total(memory), is_stream)
}

/// The plain write of the rest.
pub(super) fn finish_write(
    nr: u32,
    args: Narrowed<'_>,
    done: u64,
    memory: Memory,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Invoked {
    if libc::c_long::from(nr) == libc::SYS_write {
        return with_done(done, enter(nr, &behind(args, done)));
    }
    let rest = memory.rest(args.get(1), args.get(2), done);
    let vec = rest.first().map_or(0, address);
    with_done(done, enter(nr, &args.raw().with(1, vec).with(2, rest.len() as u64)))
}

/// splice, tee and vmsplice, with SPLICE_F_NONBLOCK. The flag is about pipes: the other end is storage, or the call is
/// not tried.
pub(super) fn splice(
    arg: usize,
    bit: u64,
    nr: u32,
    args: Narrowed<'_>,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Attempt {
    // The source of the bytes and their target; vmsplice has one of them in memory.
    let [from, to] = match libc::c_long::from(nr) {
        libc::SYS_splice => [args.get(0), args.get(2)],
        libc::SYS_tee => [args.get(0), args.get(1)],
        _ => [args.get(0), args.get(0)],
    };
    let kinds = (kind(from), kind(to));
    let is_exact =
        matches!(kinds, (Kind::Pipe, Kind::Pipe | Kind::Storage(_)) | (Kind::Storage(_), Kind::Pipe));
    if !is_exact {
        return Attempt::NotHere;
    }
    let never_waits = args.get(arg) & bit != 0;
    let nonblocking = args.raw().with_bits(arg, bit);
    let invoked = if kinds.1 == Kind::Pipe {
        without_pipe_signal(|| enter(nr, &nonblocking))
    } else {
        enter(nr, &nonblocking)
    };
    // vmsplice does not look at the descriptor's own flag.
    let honours = |fd, kind| kind == Kind::Pipe && from != to && is_non_blocking(fd);
    Attempt::of(invoked, |result| {
        let would_block = is_errno(result, libc::EAGAIN) && !never_waits;
        would_block && !honours(from, kinds.0) && !honours(to, kinds.1)
    })
}

/// A `struct open_how`, in words: flags, mode, resolve.
const HOW_WORDS: usize = 3;
const HOW_BYTES: u64 = HOW_WORDS as u64 * 8;
/// Flags that are never tried in the cache.
const CHANGES: u64 = (libc::O_CREAT | libc::O_TRUNC | (libc::O_TMPFILE & !libc::O_DIRECTORY)) as u64;
const RESOLVE_CACHED: u64 = 0x20;

/// Only the structure as it is known here: a longer one may say more.
pub(super) fn may_try_cached(args: Narrowed<'_>) -> bool {
    args.get(3) == HOW_BYTES
}

/// openat2, with RESOLVE_CACHED.
pub(super) fn open_cached(
    arg: usize,
    nr: u32,
    args: Narrowed<'_>,
    memory: Memory,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Attempt {
    let Some([flags, mode, resolve]) = memory.words::<HOW_WORDS>(args.get(arg)) else {
        return Attempt::Plain;
    };
    if flags & CHANGES != 0 || resolve & RESOLVE_CACHED != 0 {
        return Attempt::Plain;
    }
    let how = [flags, mode, resolve | RESOLVE_CACHED];
    match enter(nr, &args.raw().with(arg, address(&how))) {
        // An old kernel does not know the bit, or the plain call says the same.
        Invoked::Result(result) if is_errno(result, libc::EINVAL) => Attempt::Plain,
        invoked => Attempt::of(invoked, |result| is_errno(result, libc::EAGAIN)),
    }
}
