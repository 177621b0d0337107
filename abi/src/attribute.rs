//! Attributes: a request that a submission carries, and the status and value that come back for it. Submissions, completions
//! and programs are checked and emitted by these.

use crate::bytes::{all_zero, len32, padded, put, tiles, u16_at, u32_at};
use crate::errno::Errno;
use crate::refusal::{Fault, Refusal};

/// Offsets in the header of an attribute, the same in both directions: flags are asked, a status comes back.
mod field {
    pub(super) const ID: usize = 0;
    pub(super) const FLAGS: usize = 2;
    pub(super) const STATUS: usize = 2;
    pub(super) const LEN: usize = 4;
    pub(super) const PAYLOAD: usize = 8;
}

const _: () = assert!(tiles(0, &[(field::ID, 2), (field::FLAGS, 2), (field::LEN, 4)], field::PAYLOAD));
const _: () = assert!(tiles(0, &[(field::ID, 2), (field::STATUS, 2), (field::LEN, 4)], field::PAYLOAD));

/// Bytes before an attribute's payload, in both directions.
pub const ATTRIBUTE_HEADER_BYTES: usize = field::PAYLOAD;
/// At most this many attributes in one submission.
pub const ATTRIBUTES_MAX: usize = 16;

/// Which attribute. Ids from [`AttributeId::APPLICATION`] up are the application's own.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AttributeId(pub u16);

impl AttributeId {
    /// Bytes that IN arguments point into; comes back with the bytes of the out area.
    pub const DATA: AttributeId = AttributeId(1);
    /// When the call was queued, started and finished.
    pub const TIMING: AttributeId = AttributeId(2);
    /// The thread that ran the call, and the number of attempts.
    pub const WORKER: AttributeId = AttributeId(3);
    /// Whether the data that the call asked for was in memory, and the evidence of that.
    pub const CACHE: AttributeId = AttributeId(4);
    /// Processor time, faults and switches of the call.
    pub const USAGE: AttributeId = AttributeId(5);
    /// Bytes of storage that the kernel charged to the call.
    pub const IO: AttributeId = AttributeId(6);
    /// Whether the call slept, and how long it was off the processor.
    pub const BLOCKED: AttributeId = AttributeId(7);
    /// CRC-32C of the bytes transferred.
    pub const CHECKSUM: AttributeId = AttributeId(8);
    /// The values of the kernel's performance counters.
    pub const COUNTERS: AttributeId = AttributeId(9);
    /// A word that comes back as it is.
    pub const TRACE: AttributeId = AttributeId(10);
    /// The time by which the call is to be over.
    pub const DEADLINE: AttributeId = AttributeId(11);
    /// The call's place in the queue.
    pub const PRIORITY: AttributeId = AttributeId(12);
    /// How many calls of one kind may run at a time.
    pub const LANE: AttributeId = AttributeId(13);
    /// The result of each atom of a program.
    pub const ATOMS: AttributeId = AttributeId(14);
    /// The nice value of the thread, for this call.
    pub const NICE: AttributeId = AttributeId(16);
    /// Its scheduling policy.
    pub const SCHED: AttributeId = AttributeId(17);
    /// Its priority for storage.
    pub const IOPRIO: AttributeId = AttributeId(18);
    /// The CPUs it may run on.
    pub const AFFINITY: AttributeId = AttributeId(19);
    /// The user and groups that it opens files as.
    pub const CREDENTIALS: AttributeId = AttributeId(20);
    /// Its working directory.
    pub const CWD: AttributeId = AttributeId(21);
    /// The permissions that new files do not get.
    pub const UMASK: AttributeId = AttributeId(22);
    /// How late its timers may be.
    pub const TIMER_SLACK: AttributeId = AttributeId(23);
    /// The conditions under which the call is made again, and the number of attempts.
    pub const RETRY: AttributeId = AttributeId(24);
    /// The first id that is the application's own.
    pub const APPLICATION: AttributeId = AttributeId(0x8000);

    /// Whether the id is one an application may define.
    #[must_use]
    pub const fn is_application(self) -> bool {
        self.0 >= AttributeId::APPLICATION.0
    }
}

crate::flags! {
    /// Flags of an attribute that is asked for.
    pub struct AttributeFlags(pub u16) {
        /// No flag: an attribute that cannot be honoured does not keep the call from running.
        NONE;
        /// The call must not run unless this attribute can be honoured.
        REQUIRED = 1;
    }
}

impl AttributeFlags {
    /// Whether the call depends on this attribute.
    #[must_use]
    pub const fn is_required(self) -> bool {
        self.contains(AttributeFlags::REQUIRED)
    }
}

/// The outcome of an attribute. Zero is never sent.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Status(pub u16);

/// The number and its name.
impl core::fmt::Debug for Status {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Status({} {})", self.0, self.name())
    }
}

impl Status {
    /// Done as asked; the value, if the attribute has one, follows.
    pub const HANDLED: Status = Status(1);
    /// The engine does not know the id.
    pub const UNSUPPORTED: Status = Status(2);
    /// This kernel, file or permission does not allow it.
    pub const UNAVAILABLE: Status = Status(3);
    /// It means nothing for this call.
    pub const INAPPLICABLE: Status = Status(4);
    /// The payload is wrong.
    pub const INVALID: Status = Status(5);
    /// Policy forbids it.
    pub const DENIED: Status = Status(6);
    /// An expected value was given and differed; the call's result stands.
    pub const MISMATCH: Status = Status(7);

    /// The error of a call that never ran because an attribute that it requires had this status before. `None` for
    /// HANDLED, and for MISMATCH, which is found only after the call.
    #[must_use]
    pub const fn required_errno(self) -> Option<Errno> {
        match self {
            Status::HANDLED | Status::MISMATCH => None,
            Status::INVALID => Some(Errno::EINVAL),
            Status::DENIED => Some(Errno::EPERM),
            _ => Some(Errno::EOPNOTSUPP),
        }
    }

    /// The status in lower case, or "unknown".
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Status::HANDLED => "handled",
            Status::UNSUPPORTED => "unsupported",
            Status::UNAVAILABLE => "unavailable",
            Status::INAPPLICABLE => "inapplicable",
            Status::INVALID => "invalid",
            Status::DENIED => "denied",
            Status::MISMATCH => "mismatch",
            _ => "unknown",
        }
    }
}

/// An attribute as it stands in a checked submission.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ask<'a> {
    /// Which attribute.
    pub id: AttributeId,
    /// Its flags.
    pub flags: AttributeFlags,
    /// The payload that it is asked with.
    pub payload: &'a [u8],
    /// Offset of the payload in the record.
    pub payload_offset: usize,
}

/// An attribute to emit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AskRepr<'a> {
    /// Which attribute.
    pub id: AttributeId,
    /// Its flags.
    pub flags: AttributeFlags,
    /// The payload that it is asked with.
    pub payload: &'a [u8],
}

impl AskRepr<'_> {
    /// Bytes this attribute takes in a record.
    #[must_use]
    pub const fn len_bytes(&self) -> usize {
        ATTRIBUTE_HEADER_BYTES + padded(self.payload.len())
    }

    pub(crate) fn emit(&self, record: &mut [u8], at: usize) -> usize {
        let end = at + self.len_bytes();
        record[at..end].fill(0);
        emit_header(record, at, self.id, self.flags.0, self.payload.len());
        put(record, at + field::PAYLOAD, self.payload);
        end
    }
}

/// Writes the header of an attribute; `second` is its flags or its status.
pub(crate) fn emit_header(record: &mut [u8], at: usize, id: AttributeId, second: u16, len: usize) {
    put(record, at + field::ID, &id.0.to_ne_bytes());
    put(record, at + field::FLAGS, &second.to_ne_bytes());
    put(record, at + field::LEN, &len32(len).to_ne_bytes());
}

/// The header of an attribute as one word; `second` is its flags or its status.
pub(crate) const fn pack_header(id: AttributeId, second: u16, len: u32) -> u64 {
    id.0 as u64 | (second as u64) << (8 * field::FLAGS) | (len as u64) << (8 * field::LEN)
}

/// Length of the payload of the attribute at `at`.
fn len_at(record: &[u8], at: usize) -> usize {
    u32_at(record, at + field::LEN) as usize
}

/// The begin of the next attribute of `record`, if the one at `at` stays inside.
fn next(record: &[u8], at: usize) -> Option<usize> {
    let payload = at.checked_add(field::PAYLOAD)?;
    if payload > record.len() {
        return None;
    }
    let end = payload.checked_add(len_at(record, at).checked_next_multiple_of(8)?)?;
    (end <= record.len()).then_some(end)
}

/// Checks the rules of both directions: the attribute at `at` stays inside the record, has an id, and is padded with
/// zeros. Gives the begin of the next.
fn check_one(record: &[u8], at: usize) -> Result<usize, Fault> {
    let end = next(record, at).ok_or(Refusal::ATTRIBUTE_OVERRUN.at(at))?;
    let payload_end = at + field::PAYLOAD + len_at(record, at);
    if !all_zero(&record[payload_end..end]) {
        return Err(Refusal::RESERVED_BIT.at(payload_end));
    }
    if u16_at(record, at + field::ID) == 0 {
        return Err(Refusal::ATTRIBUTE_ID_ZERO.at(at));
    }
    Ok(end)
}

/// Checks that exactly `count` attributes fill `record` from `at` to its end.
pub(crate) fn check(record: &[u8], at: usize, count: usize) -> Result<(), Fault> {
    let end = check_some(record, at, count)?;
    if end == record.len() { Ok(()) } else { Err(Refusal::ATTRIBUTE_OVERRUN.at(end)) }
}

/// Checks `count` attributes from `at`; gives the end of the last.
pub(crate) fn check_some(record: &[u8], mut at: usize, count: usize) -> Result<usize, Fault> {
    let first = at;
    for index in 0..count {
        let end = check_one(record, at)?;
        if !AttributeFlags(u16_at(record, at + field::FLAGS)).unknown().is_empty() {
            return Err(Refusal::RESERVED_BIT.at(at + field::FLAGS));
        }
        let id = u16_at(record, at + field::ID);
        if Asks::new(record, first, index).any(|earlier| earlier.id.0 == id) {
            return Err(Refusal::ATTRIBUTE_DUPLICATE.at(at));
        }
        at = end;
    }
    Ok(at)
}

/// The attributes of a checked submission, in the order asked.
#[derive(Clone, Debug)]
pub struct Asks<'a> {
    record: &'a [u8],
    at: usize,
    left: usize,
}

impl<'a> Asks<'a> {
    #[inline]
    pub(crate) fn new(record: &'a [u8], at: usize, count: usize) -> Asks<'a> {
        Asks { record, at, left: count }
    }

    /// The end of the last of them.
    #[inline]
    pub(crate) fn end(mut self) -> usize {
        while self.next().is_some() {}
        self.at
    }
}

impl<'a> Iterator for Asks<'a> {
    type Item = Ask<'a>;

    #[inline]
    fn next(&mut self) -> Option<Ask<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (at, payload_offset) = (self.at, self.at + field::PAYLOAD);
        let len = len_at(self.record, at);
        self.at = payload_offset + padded(len);
        Some(Ask {
            id: AttributeId(u16_at(self.record, at + field::ID)),
            flags: AttributeFlags(u16_at(self.record, at + field::FLAGS)),
            payload: &self.record[payload_offset..payload_offset + len],
            payload_offset,
        })
    }
}

/// An attribute return as it stands in a checked completion.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Return<'a> {
    /// Which attribute.
    pub id: AttributeId,
    /// Its outcome.
    pub status: Status,
    /// Its value; empty where the status has none.
    pub value: &'a [u8],
}

/// The attribute returns of a checked completion.
#[derive(Clone, Debug)]
pub struct Returns<'a> {
    record: &'a [u8],
    at: usize,
}

impl<'a> Returns<'a> {
    pub(crate) fn new(record: &'a [u8], at: usize) -> Returns<'a> {
        Returns { record, at }
    }

    /// The returns that fill `bytes`.
    ///
    /// # Errors
    /// The first fault found, and where.
    pub fn of(bytes: &'a [u8]) -> Result<Returns<'a>, Fault> {
        Returns::check(bytes, 0)?;
        Ok(Returns::new(bytes, 0))
    }

    /// Checks that attribute returns fill `record` from `at` to its end.
    pub(crate) fn check(record: &[u8], mut at: usize) -> Result<(), Fault> {
        while at < record.len() {
            let end = check_one(record, at)?;
            if u16_at(record, at + field::STATUS) == 0 {
                return Err(Refusal::RESERVED_BIT.at(at + field::STATUS));
            }
            at = end;
        }
        Ok(())
    }
}

impl<'a> Iterator for Returns<'a> {
    type Item = Return<'a>;

    fn next(&mut self) -> Option<Return<'a>> {
        if self.at >= self.record.len() {
            return None;
        }
        let value = self.at + field::PAYLOAD;
        let len = len_at(self.record, self.at);
        let item = Return {
            id: AttributeId(u16_at(self.record, self.at + field::ID)),
            status: Status(u16_at(self.record, self.at + field::STATUS)),
            value: &self.record[value..value + len],
        };
        self.at = value + padded(len);
        Some(item)
    }
}
