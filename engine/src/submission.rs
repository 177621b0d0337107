//! A submission of one call, and its builder: the bytes that the application writes and `Ring::push` takes.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use syslet_abi::{
    ARGS_MAX, ArgKind, ArgKinds, AskRepr, AttributeFlags, AttributeId, CALL_ARGS_OFFSET, CallFlags, CallRepr,
    Inout, USER_DATA_OFFSET, padded,
};

use syslet_attrs::Cwd;
use syslet_syscalls::decode::Decoder;

use crate::slots::kept::Keeper;
use crate::slots::lent::{LENT_MAX, Lent, LentSet};

/// A submission of one system call: an owned record. It can be pushed any number of times, and changed in between. A ring
/// that it is pushed to again need not check it again: the verdict of admission stays with it, until an argument changes that
/// the verdict depends on.
#[derive(Clone)]
pub struct Submission {
    words: Vec<u64>,
    lent: LentSet,
    /// The verdict of admission.
    keeper: Keeper,
}

/// Builds a [`Submission`]: arguments in the order of the call, then flags, attributes and the word that is echoed, all optional.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct SubmissionBuilder {
    nr: u32,
    flags: CallFlags,
    user_data: u64,
    kinds: ArgKinds,
    args: Vec<u64>,
    out_len: usize,
    data: Vec<u8>,
    asks: Vec<(AttributeId, AttributeFlags, Vec<u8>)>,
    lent: LentSet,
}

impl Submission {
    /// Begins a submission of the call with this number, for example `libc::SYS_read`.
    pub fn call(nr: impl TryInto<u32>) -> SubmissionBuilder {
        // A number beyond 32 bits is no call's. The push refuses it as a foreign one.
        SubmissionBuilder { nr: nr.try_into().unwrap_or(u32::MAX), ..SubmissionBuilder::default() }
    }

    /// The record, as the rings carry it.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.words)
    }

    /// The record in words.
    #[inline]
    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    /// Changes the word that the completion echoes.
    #[inline]
    pub fn set_user_data(&mut self, user_data: u64) {
        self.words[USER_DATA_OFFSET / 8] = user_data;
    }

    /// Changes the 64 bits of an argument; its kind stays.
    ///
    /// # Panics
    /// When the submission was built with fewer arguments.
    #[inline]
    pub fn set_arg(&mut self, index: usize, value: u64) {
        let argc = self.argc();
        assert!(index < argc, "argument {index} of {argc}");
        let old = std::mem::replace(&mut self.words[CALL_ARGS_OFFSET / 8 + index], value);
        self.keeper.note_change(index, old, value);
    }

    /// The call as strace prints it: `close(3)`.
    #[must_use]
    pub fn decoded(&self, decoder: &Decoder) -> String {
        decoder.record(self.bytes())
    }

    /// The place for the verdict of admission.
    #[inline(always)]
    pub(crate) fn keeper(&self) -> &Keeper {
        &self.keeper
    }

    pub(crate) fn keeper_mut(&mut self) -> &mut Keeper {
        &mut self.keeper
    }

    /// The number of arguments.
    pub(crate) fn argc(&self) -> usize {
        self.bytes()[ARGC_OFFSET].into()
    }

    pub(crate) fn lent(&self) -> &LentSet {
        &self.lent
    }

    /// Whether it lends any descriptor. The places are filled from the first.
    pub(crate) fn lends(&self) -> bool {
        self.lent[0].is_some()
    }
}

/// The call in words, the word that is echoed, the length in bytes and the number of lent descriptors.
impl std::fmt::Debug for Submission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Submission")
            .field("call", &format_args!("{}", self.decoded(&Decoder::default())))
            .field("user_data", &self.words[USER_DATA_OFFSET / 8])
            .field("bytes", &self.bytes().len())
            .field("lends", &self.lent.iter().flatten().count())
            .finish()
    }
}

/// Offset of the number of arguments in a record.
const ARGC_OFFSET: usize = 20;
/// An out area is counted in 32 bits. One of this length fits no completion.
const OUT_LEN_MAX: usize = u32::MAX as usize;

impl SubmissionBuilder {
    fn arg(mut self, kind: ArgKind, value: u64) -> SubmissionBuilder {
        if self.args.len() < ARGS_MAX {
            self.kinds = self.kinds.with(self.args.len(), kind);
        }
        self.args.push(value);
        self
    }

    /// An argument that the kernel gets unchanged. An address must stay valid until the completion is consumed.
    pub fn value(self, value: u64) -> SubmissionBuilder {
        self.arg(ArgKind::VALUE, value)
    }

    /// A signed argument, for example AT_FDCWD.
    pub fn int(self, value: i64) -> SubmissionBuilder {
        self.value(value.cast_unsigned())
    }

    /// A descriptor, kept open by the engine until the call is over. At most [`LENT_MAX`] can be lent.
    ///
    /// # Panics
    /// When more are lent.
    pub fn lend<F: AsFd + Send + Sync + 'static>(self, owner: &Arc<F>) -> SubmissionBuilder {
        let shared: Arc<F> = Arc::clone(owner);
        self.lend_one(Lent::Shared(shared))
    }

    /// A descriptor that stays open for as long as the process lives.
    ///
    /// # Panics
    /// When more than [`LENT_MAX`] are lent.
    pub fn lend_static(self, fd: BorrowedFd<'static>) -> SubmissionBuilder {
        self.lend_one(Lent::Static(fd))
    }

    fn lend_one(mut self, lent: Lent) -> SubmissionBuilder {
        let number = self.keep(lent);
        self.int(i64::from(number))
    }

    /// Keeps a descriptor open until the call is over; returns its number.
    fn keep(&mut self, lent: Lent) -> i32 {
        let number = lent.number();
        let free = self.lent.iter_mut().find(|place| place.is_none());
        *free.unwrap_or_else(|| panic!("at most {LENT_MAX} descriptors are lent to one submission")) =
            Some(lent);
        number
    }

    /// Bytes that the call reads: they travel with the submission.
    pub fn input(mut self, bytes: &[u8]) -> SubmissionBuilder {
        let at = self.append(bytes);
        self.arg(ArgKind::IN, at as u64)
    }

    /// A path or another string that the call reads.
    pub fn path(self, path: &CStr) -> SubmissionBuilder {
        self.input(path.to_bytes_with_nul())
    }

    /// Room for `len` bytes that the call writes: they come back with the completion.
    pub fn output(mut self, len: usize) -> SubmissionBuilder {
        let at = self.reserve(len);
        self.arg(ArgKind::OUT, at as u64)
    }

    /// Bytes that the call reads and writes: they travel both ways.
    pub fn inout(mut self, bytes: &[u8]) -> SubmissionBuilder {
        let data = u32::try_from(self.append(bytes)).unwrap_or(u32::MAX);
        let out = u32::try_from(self.reserve(bytes.len())).unwrap_or(u32::MAX);
        self.arg(ArgKind::INOUT, Inout { out, data }.pack())
    }

    /// Appends to DATA, aligned to 8 bytes, which is enough for any structure of the kernel's.
    fn append(&mut self, bytes: &[u8]) -> usize {
        self.data.resize(padded(self.data.len()), 0);
        let at = self.data.len();
        self.data.extend_from_slice(bytes);
        at
    }

    /// Room in the out area, aligned to 8 bytes. The push refuses a length that no record can hold as too large.
    fn reserve(&mut self, len: usize) -> usize {
        let at = padded(self.out_len);
        self.out_len = at.saturating_add(len).min(OUT_LEN_MAX);
        at
    }

    /// Asks for an attribute. An attribute that only observes has no payload. For the others [`crate::attrs`] has a type that
    /// builds it: `DeadlineAsked`, `RetryAsk`, `LaneAsk`, `ChecksumAsk`, `Priority::payload`, `Nice::payload` and so on. An
    /// attribute that cannot be honoured says why in the completion ([`crate::Status`]); if it is REQUIRED, the call does not run.
    ///
    /// ```
    /// use syslet::attrs::{DeadlineAsked, DeadlineOutcome, DeadlineValue};
    /// use syslet::{AttributeFlags, AttributeId, Config, Engine, Params, Status, Submission};
    ///
    /// let mut ring = Engine::start(Config::default())?.ring(&Params::default())?;
    /// let second = [1_i64, 0].map(i64::to_ne_bytes).concat();
    /// let nap = Submission::call(libc::SYS_nanosleep).input(&second).output(16);
    /// let soon = DeadlineAsked::After(1_000_000).emit(); // one millisecond
    /// ring.push_safe(&nap.attribute(AttributeId::DEADLINE, AttributeFlags::REQUIRED, &soon).build())?;
    /// ring.wait(1, None)?;
    /// let done = ring.completions().next().ok_or("one call, one completion")?;
    /// assert_eq!(done.result().decode().map_err(|errno| errno.0), Err(libc::ETIME));
    /// let answer = done.attribute(AttributeId::DEADLINE).ok_or("every attribute asked for is answered")?;
    /// assert_eq!(answer.status, Status::HANDLED);
    /// assert_eq!(DeadlineValue::parse(answer.value).map(|value| value.outcome), Some(DeadlineOutcome::STOPPED));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attribute(mut self, id: AttributeId, flags: AttributeFlags, payload: &[u8]) -> SubmissionBuilder {
        self.asks.push((id, flags, payload.to_vec()));
        self
    }

    /// Asks for TIMING: when the call was queued, started and finished.
    pub fn timing(self) -> SubmissionBuilder {
        self.attribute(AttributeId::TIMING, AttributeFlags::NONE, &[])
    }

    /// Asks for CWD: the call's working directory, which the engine keeps open until the call is over. It counts among
    /// the at most [`LENT_MAX`] that can be lent.
    ///
    /// # Panics
    /// When more are lent.
    pub fn cwd<F: AsFd + Send + Sync + 'static>(
        mut self,
        flags: AttributeFlags,
        owner: &Arc<F>,
    ) -> SubmissionBuilder {
        let shared: Arc<F> = Arc::clone(owner);
        let number = self.keep(Lent::Shared(shared));
        self.attribute(AttributeId::CWD, flags, &Cwd::payload(number))
    }

    /// Adds flags.
    pub fn flags(mut self, flags: CallFlags) -> SubmissionBuilder {
        self.flags = self.flags.with(flags);
        self
    }

    /// The word that the completion echoes.
    pub fn user_data(mut self, user_data: u64) -> SubmissionBuilder {
        self.user_data = user_data;
        self
    }

    /// The finished record. Its faults are told by the push.
    ///
    /// # Panics
    /// When more than 255 arguments or attributes were given: their number has one byte.
    #[must_use]
    pub fn build(self) -> Submission {
        let data = (!self.data.is_empty()).then_some(AskRepr {
            id: AttributeId::DATA,
            flags: AttributeFlags::NONE,
            payload: &self.data,
        });
        let others = self.asks.iter().map(|(id, flags, payload)| AskRepr { id: *id, flags: *flags, payload });
        let attributes: Vec<AskRepr<'_>> = data.into_iter().chain(others).collect();
        let repr = CallRepr {
            flags: self.flags,
            user_data: self.user_data,
            nr: self.nr,
            kinds: self.kinds,
            args: &self.args,
            out_len: u32::try_from(self.out_len).unwrap_or(u32::MAX),
            attributes: &attributes,
        };
        let mut words = vec![0; repr.len_bytes() / 8];
        repr.emit(bytemuck::cast_slice_mut(&mut words));
        Submission { words, lent: self.lent, keeper: Keeper::default() }
    }
}

/// A message to send.
#[derive(Clone, Copy, Debug, Default)]
pub struct Message<'a> {
    /// The address it goes to, as `struct sockaddr`; empty for the one the socket is connected to.
    pub name: &'a [u8],
    /// Its bytes, in parts.
    pub parts: &'a [&'a [u8]],
    /// Control data, as `struct cmsghdr`. Safe code sends none: it can carry descriptors.
    pub control: &'a [u8],
}

/// Room for a message to receive.
#[derive(Clone, Copy, Debug, Default)]
pub struct MessageRoom<'a> {
    /// Bytes for the address it comes from.
    pub name: usize,
    /// Bytes for each part.
    pub parts: &'a [usize],
    /// Bytes for control data. Safe code has none: a message could bring descriptors without an owner.
    pub control: usize,
}

/// `struct iovec`: offset and length.
type Entry = [u64; 2];
/// `struct msghdr`: name, its length, vector, count, control data, their length, flags.
type Header = [u64; 7];
/// `struct mmsghdr`: a header, and the length of the message.
type CountedHeader = [u64; 8];

/// Vectors and messages: structures with offsets in the place of addresses. The engine makes addresses of them.
impl SubmissionBuilder {
    /// A vector of bytes that the call reads (writev): they travel with the submission. The count of parts is the next
    /// argument, and not added here.
    pub fn vector(mut self, parts: &[&[u8]]) -> SubmissionBuilder {
        let at = self.gather(parts);
        self.arg(ArgKind::IN, at)
    }

    /// A vector of rooms that the call fills (readv): they come back with the completion, one behind the other without a
    /// gap. The count of parts is the next argument, and not added here.
    pub fn vector_room(mut self, parts: &[usize]) -> SubmissionBuilder {
        let at = self.scatter(parts);
        self.arg(ArgKind::IN, at)
    }

    /// A message that the call sends (sendmsg).
    pub fn message(mut self, message: &Message<'_>) -> SubmissionBuilder {
        let header = self.header(message);
        let at = self.append(bytemuck::bytes_of(&header));
        self.arg(ArgKind::IN, at as u64)
    }

    /// Room for a message (recvmsg). The header comes back first, as `struct msghdr`: lengths and flags as the call has written
    /// them, and offsets in the bytes that come back in the place of addresses.
    pub fn message_room(mut self, room: &MessageRoom<'_>) -> SubmissionBuilder {
        let out = self.reserve(size_of::<Header>());
        let header = self.header_of_room(room);
        self.headers(bytemuck::bytes_of(&header), out)
    }

    /// Messages that the call sends (sendmmsg). The headers come back, as `struct mmsghdr`, with the bytes sent of each.
    /// Their count is the next argument, and not added here.
    pub fn messages(mut self, messages: &[Message<'_>]) -> SubmissionBuilder {
        let headers: Vec<CountedHeader> =
            messages.iter().map(|message| counted(&self.header(message))).collect();
        let out = self.reserve(size_of_val(&headers[..]));
        self.headers(bytemuck::cast_slice(&headers), out)
    }

    /// Room for messages (recvmmsg). The headers come back first, as `struct mmsghdr`. Their count is the next argument,
    /// and not added here.
    pub fn message_rooms(mut self, rooms: &[MessageRoom<'_>]) -> SubmissionBuilder {
        let out = self.reserve(rooms.len().saturating_mul(size_of::<CountedHeader>()));
        let headers: Vec<CountedHeader> =
            rooms.iter().map(|room| counted(&self.header_of_room(room))).collect();
        self.headers(bytemuck::cast_slice(&headers), out)
    }

    /// Headers in DATA that come back at `out`.
    fn headers(mut self, headers: &[u8], out: usize) -> SubmissionBuilder {
        let data = u32::try_from(self.append(headers)).unwrap_or(u32::MAX);
        let out = u32::try_from(out).unwrap_or(u32::MAX);
        self.arg(ArgKind::INOUT, Inout { out, data }.pack())
    }

    fn header(&mut self, message: &Message<'_>) -> Header {
        let name = self.append(message.name);
        let control = self.append(message.control);
        let vector = self.gather(message.parts);
        header([name, message.name.len()], vector, message.parts.len(), [control, message.control.len()])
    }

    fn header_of_room(&mut self, room: &MessageRoom<'_>) -> Header {
        let name = self.reserve(room.name);
        let control = self.reserve(room.control);
        let vector = self.scatter(room.parts);
        header([name, room.name], vector, room.parts.len(), [control, room.control])
    }

    /// Bytes in DATA and the vector that names them; returns the vector's offset.
    fn gather(&mut self, parts: &[&[u8]]) -> u64 {
        let entries: Vec<Entry> =
            parts.iter().map(|part| [self.append(part) as u64, part.len() as u64]).collect();
        self.append(bytemuck::cast_slice(&entries)) as u64
    }

    /// Rooms in the out area, one behind the other, and the vector that names them; returns the vector's offset.
    fn scatter(&mut self, parts: &[usize]) -> u64 {
        let mut at = self.reserve(parts.iter().fold(0, |sum: usize, len| sum.saturating_add(*len)));
        let mut entries: Vec<Entry> = Vec::with_capacity(parts.len());
        for &len in parts {
            entries.push([at as u64, len as u64]);
            at = at.saturating_add(len);
        }
        self.append(bytemuck::cast_slice(&entries)) as u64
    }
}

/// A name's length has 32 bits. A longer name fits no record anyway.
fn header(name: [usize; 2], vector: u64, count: usize, control: [usize; 2]) -> Header {
    let name_len = name[1].min(u32::MAX as usize) as u64;
    [name[0] as u64, name_len, vector, count as u64, control[0] as u64, control[1] as u64, 0]
}

fn counted(header: &Header) -> CountedHeader {
    let mut counted = [0; 8];
    counted[..header.len()].copy_from_slice(header);
    counted
}

#[cfg(test)]
mod tests;
