//! What the door decides about a submission, small enough to travel in its slot.

use syslet_abi::{ATTRIBUTES_MAX, AttributeId, DONE_BYTES_MIN, Status};
use syslet_attrs::Needs;

use crate::queues::batch::DispatchFlags;

/// What the door decides. A ring keeps one for the submission it looks at: written field by field and read the
/// same way, it costs less than a value handed from function to function.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Admission {
    /// The first descriptor among the arguments, or −1.
    pub(crate) fd: i32,
    /// Room to hold for the completion, in bytes.
    pub(crate) credit: u32,
    /// What the attributes need observed.
    pub(crate) needs: Needs,
    /// Whether it may be given up while it runs, and what follows then.
    pub(crate) abandon_policy: AbandonPolicy,
    /// Who may run it, and how.
    pub(crate) dispatch: DispatchFlags,
    /// Where it waits.
    pub(crate) placement: Placement,
    /// Whether no attribute wants it kept from the submitter.
    pub(crate) may_run_inline: bool,
    /// Whether the call has attributes or an out area; otherwise `answers` says nothing.
    pub(crate) answering: bool,
    /// Whether its attributes only look, if it has any, and eight completions like its own fit into one claim.
    pub(crate) is_brief: bool,
    /// Longest value of ATOMS in bytes, for a program.
    pub(crate) atoms_bytes_max: Option<usize>,
    /// When it was accepted, if an attribute needs the clock.
    pub(crate) queued_ns: u64,
    /// When it is to stop, in nanoseconds of CLOCK_MONOTONIC, if it has a deadline.
    pub(crate) deadline_ns: Option<u64>,
    /// Its PRIORITY; meaningful when the call has attributes.
    pub(crate) priority: i32,
    pub(crate) answers: Answers,
    /// The id by which it is to be found, if it has one.
    pub(crate) trace: Option<u64>,
    /// What is asked, for who has the slot and not the record.
    pub(crate) asked: AskedIds,
    /// The same of the completion: whether it begins with a DATA return.
    pub(crate) returns_data: bool,
}

impl Admission {
    /// Whether it is not to be taken in the order pushed. Says nothing of calls without attributes.
    pub(crate) fn is_sorted(&self) -> bool {
        self.priority != 0 || self.needs.contains(Needs::LANE)
    }

    /// Room to hold for all that is posted of the call, in bytes.
    #[inline(always)]
    pub(crate) fn room(&self) -> u64 {
        u64::from(self.credit)
            + if self.abandon_policy == AbandonPolicy::Reported { DONE_BYTES_MIN as u64 } else { 0 }
    }

    /// What of it decides who runs the call.
    #[inline(always)]
    pub(crate) fn constraints(&self) -> Constraints {
        Constraints {
            may_run_inline: self.may_run_inline,
            is_short: self.is_brief,
            is_timed: self.answering && self.deadline_ns.is_some(),
            own_thread: self.needs.contains(Needs::OWN_THREAD),
        }
    }
}

/// Where an accepted call waits.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Placement {
    /// In a ring.
    #[default]
    InRing,
    /// Where its submitter alone finds it, while there are workers.
    Local,
    /// On the shelf, or in front of its lane.
    StagedCall,
}

/// What may be done about a call that nothing interrupts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum AbandonPolicy {
    /// It may be given up: what it writes is the engine's.
    #[default]
    Borne,
    /// The same, and a second record says when it is really over.
    Reported,
    /// It has memory of the application's, which would not know until when: it is not given up.
    Refused,
}

/// What a submission wants of who runs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Constraints {
    /// No attribute wants it kept from the submitter.
    pub(crate) may_run_inline: bool,
    /// It can be made and answered together with others, if it is instant.
    pub(crate) is_short: bool,
    /// It has a deadline.
    pub(crate) is_timed: bool,
    /// An attribute changes the thread that makes it.
    pub(crate) own_thread: bool,
}

impl Constraints {
    /// None: an atom of a program.
    pub(crate) const NONE: Constraints =
        Constraints { may_run_inline: true, is_short: false, is_timed: false, own_thread: false };
}

/// The ids of the attributes of a call, in the order asked: sixteen bits each, and zero is no id.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct AskedIds([u64; ATTRIBUTES_MAX / 4]);

impl AskedIds {
    pub(crate) const WORDS: usize = ATTRIBUTES_MAX / 4;

    pub(crate) fn note(&mut self, index: usize, id: AttributeId) {
        self.0[index / 4] |= u64::from(id.0) << (16 * (index % 4));
    }

    #[allow(clippy::cast_possible_truncation, reason = "masked to sixteen bits")]
    pub(crate) fn iter(&self) -> impl Iterator<Item = AttributeId> {
        let all = (0..ATTRIBUTES_MAX).map(|index| (self.0[index / 4] >> (16 * (index % 4))) as u16);
        all.take_while(|id| *id != 0).map(AttributeId)
    }

    pub(crate) fn pack(&self) -> [u64; AskedIds::WORDS] {
        self.0
    }

    pub(crate) fn unpack(ids: [u64; AskedIds::WORDS]) -> AskedIds {
        AskedIds(ids)
    }
}

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

    /// Whether any attribute is refused.
    #[inline]
    pub(crate) fn has_refused(&self) -> bool {
        self.verdicts != 0
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
