//! What the door decided about each attribute of a call, small enough to travel in its slot.

use syslet_abi::{ATTRIBUTES_MAX, Status};

/// For each attribute, in the order asked: the status it is refused with, or the room its value may take.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Answers {
    /// Four bits each; zero means that the attribute is honoured.
    verdicts: u64,
    /// Sixteen bits each, in units of 8 bytes.
    rooms: [u64; ATTRIBUTES_MAX / 4],
}

const _: () = assert!(ATTRIBUTES_MAX * 4 <= 64, "a verdict has four bits of one word");

/// The longest value an attribute other than DATA can return, in bytes.
pub(crate) const VALUE_BYTES_MAX: usize = 0xffff * 8;

impl Answers {
    pub(crate) const WORDS: usize = 1 + ATTRIBUTES_MAX / 4;

    /// Attribute `index` is refused with this status.
    pub(crate) fn refuse(&mut self, index: usize, status: Status) {
        self.verdicts |= u64::from(status.0 & 0xf) << (4 * index);
    }

    /// Attribute `index` may return up to `bytes`, a multiple of 8 and at most [`VALUE_BYTES_MAX`].
    pub(crate) fn allow(&mut self, index: usize, bytes: usize) {
        self.rooms[index / 4] |= (bytes as u64 / 8) << (16 * (index % 4));
    }

    /// The status attribute `index` is refused with, if it is.
    #[allow(clippy::cast_possible_truncation, reason = "masked to four bits")]
    pub(crate) fn verdict(&self, index: usize) -> Option<Status> {
        match (self.verdicts >> (4 * index)) as u16 & 0xf {
            0 => None,
            status => Some(Status(status)),
        }
    }

    /// How long attribute `index`'s value may be, in bytes.
    #[allow(clippy::cast_possible_truncation, reason = "masked to sixteen bits")]
    pub(crate) fn room(&self, index: usize) -> usize {
        8 * ((self.rooms[index / 4] >> (16 * (index % 4))) as usize & 0xffff)
    }

    pub(crate) fn pack(&self) -> [u64; Answers::WORDS] {
        let [a, b, c, d] = self.rooms;
        [self.verdicts, a, b, c, d]
    }

    pub(crate) fn unpack([verdicts, rooms @ ..]: [u64; Answers::WORDS]) -> Answers {
        Answers { verdicts, rooms }
    }
}
