//! Attributes: something asked of a submission, and the status and value that come back for it.

use crate::Refusal;
use crate::bytes::{len32, padded, put, u16_at, u32_at};
use crate::refusal::Fault;

/// Bytes before an attribute's payload, in both directions.
pub const ATTRIBUTE_HEADER_BYTES: usize = 8;
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
    /// The first id that is the application's own.
    pub const APPLICATION: AttributeId = AttributeId(0x8000);

    /// Whether the id is one an application may define.
    #[must_use]
    pub const fn is_application(self) -> bool {
        self.0 >= AttributeId::APPLICATION.0
    }
}

/// Flags of an attribute that is asked for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct AttributeFlags(pub u16);

impl AttributeFlags {
    /// No flag: an attribute that cannot be honoured does not keep the call from running.
    pub const NONE: AttributeFlags = AttributeFlags(0);
    /// The call must not run unless this attribute can be honoured.
    pub const REQUIRED: AttributeFlags = AttributeFlags(1);

    const KNOWN: u16 = AttributeFlags::REQUIRED.0;

    /// Whether the call depends on this attribute.
    #[must_use]
    pub const fn is_required(self) -> bool {
        self.0 & AttributeFlags::REQUIRED.0 != 0
    }
}

/// What became of an attribute. Zero is never sent.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Status(pub u16);

impl Status {
    /// Done as asked; the value, if the attribute has one, follows.
    pub const HANDLED: Status = Status(1);
    /// The engine does not know the id.
    pub const UNSUPPORTED: Status = Status(2);
    /// This kernel, file or permission cannot.
    pub const UNAVAILABLE: Status = Status(3);
    /// It means nothing for this call.
    pub const INAPPLICABLE: Status = Status(4);
    /// The payload is wrong.
    pub const INVALID: Status = Status(5);
    /// Policy forbids it.
    pub const DENIED: Status = Status(6);
    /// An expected value was given and differed; the call's result stands.
    pub const MISMATCH: Status = Status(7);

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
    /// What it is asked with.
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
    /// What it is asked with.
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
        put(record, at, &self.id.0.to_ne_bytes());
        put(record, at + 2, &self.flags.0.to_ne_bytes());
        put(record, at + 4, &len32(self.payload.len()).to_ne_bytes());
        put(record, at + ATTRIBUTE_HEADER_BYTES, self.payload);
        end
    }
}

/// Where the next attribute of `record` begins, if the one at `at` stays inside.
fn next(record: &[u8], at: usize) -> Option<usize> {
    let payload = at.checked_add(ATTRIBUTE_HEADER_BYTES)?;
    if payload > record.len() {
        return None;
    }
    let end = payload.checked_add((u32_at(record, at + 4) as usize).checked_next_multiple_of(8)?)?;
    (end <= record.len()).then_some(end)
}

/// Checks that exactly `count` attributes fill `record` from `at` to its end.
pub(crate) fn check(record: &[u8], mut at: usize, count: usize) -> Result<(), Fault> {
    let first = at;
    for index in 0..count {
        let end = next(record, at).ok_or(Refusal::ATTRIBUTE_OVERRUN.at(at))?;
        let payload_end = at + ATTRIBUTE_HEADER_BYTES + u32_at(record, at + 4) as usize;
        if !crate::bytes::all_zero(&record[payload_end..end]) {
            return Err(Refusal::RESERVED_BIT.at(payload_end));
        }
        let id = u16_at(record, at);
        if id == 0 {
            return Err(Refusal::ATTRIBUTE_ID_ZERO.at(at));
        }
        if u16_at(record, at + 2) & !AttributeFlags::KNOWN != 0 {
            return Err(Refusal::RESERVED_BIT.at(at + 2));
        }
        if Asks::new(record, first, index).any(|earlier| earlier.id.0 == id) {
            return Err(Refusal::ATTRIBUTE_DUPLICATE.at(at));
        }
        at = end;
    }
    if at == record.len() { Ok(()) } else { Err(Refusal::ATTRIBUTE_OVERRUN.at(at)) }
}

/// The attributes of a checked submission, in the order asked.
#[derive(Clone, Debug)]
pub struct Asks<'a> {
    record: &'a [u8],
    at: usize,
    left: usize,
}

impl<'a> Asks<'a> {
    pub(crate) fn new(record: &'a [u8], at: usize, count: usize) -> Asks<'a> {
        Asks { record, at, left: count }
    }
}

impl<'a> Iterator for Asks<'a> {
    type Item = Ask<'a>;

    fn next(&mut self) -> Option<Ask<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (at, payload_offset) = (self.at, self.at + ATTRIBUTE_HEADER_BYTES);
        let len = u32_at(self.record, at + 4) as usize;
        self.at = payload_offset + padded(len);
        Some(Ask {
            id: AttributeId(u16_at(self.record, at)),
            flags: AttributeFlags(u16_at(self.record, at + 2)),
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
    /// What became of it.
    pub status: Status,
    /// Its value; empty unless the status says there is one.
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

    /// Checks that attribute returns fill `record` from `at` to its end.
    pub(crate) fn check(record: &[u8], mut at: usize) -> Result<(), Fault> {
        while at < record.len() {
            at = next(record, at).ok_or(Refusal::ATTRIBUTE_OVERRUN.at(at))?;
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
        let value = self.at + ATTRIBUTE_HEADER_BYTES;
        let len = u32_at(self.record, self.at + 4) as usize;
        let item = Return {
            id: AttributeId(u16_at(self.record, self.at)),
            status: Status(u16_at(self.record, self.at + 2)),
            value: &self.record[value..value + len],
        };
        self.at = value + padded(len);
        Some(item)
    }
}
