//! The decisions about one submission: admission makes them, the submitter and the queues go by them, and the slot keeps
//! those that outlive the push.

use syslet_abi::{ATTRIBUTES_MAX, AttributeId, Call, DONE_BYTES_MIN, Status};
use syslet_attrs::{DeadlineAsked, Needs};
use syslet_syscalls::Row;

use crate::slots::dispatch::DispatchFlags;

/// The decision about a submission, as far as it is the same at each push of the same bytes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Verdict {
    /// Room to hold for the completion, in bytes.
    pub(crate) credit: u32,
    /// The needs of the attributes.
    pub(crate) needs: Needs,
    /// The first argument that is a descriptor, if one is.
    pub(crate) descriptor: Option<u8>,
    /// Whether it may be abandoned while it runs, and whether a second record follows then.
    pub(crate) abandon_policy: AbandonPolicy,
    /// The threads that may run it, and how.
    pub(crate) dispatch: DispatchFlags,
    /// The queue that it waits in.
    pub(crate) placement: Placement,
    /// Whether it may wait in the private lane.
    pub(crate) is_private: bool,
    /// Whether nothing is asked of it but its result, so that the submitter that may run it has no question before or behind it.
    pub(crate) is_bare: bool,
    /// Whether no attribute keeps it from being run inline.
    pub(crate) may_run_inline: bool,
    /// Whether none but LANE does.
    pub(crate) lane_alone: bool,
    /// Of a call with LANE that its submitter may run inline where the lane has room: the dispatch flags it has then, INSTANT among
    /// them if it cannot sleep.
    pub(crate) in_lane: Option<DispatchFlags>,
    /// Whether the call has attributes or an out area; otherwise `answers` is meaningless.
    pub(crate) answering: bool,
    /// Whether its attributes only look, if it has any, and eight completions like its own fit into one claim.
    pub(crate) is_brief: bool,
    /// Whether its completion begins with a DATA return.
    pub(crate) returns_data: bool,
    /// Its PRIORITY; meaningful when the call has attributes.
    pub(crate) priority: i32,
    /// Longest value of ATOMS in bytes, for a program.
    pub(crate) atoms_bytes_max: Option<usize>,
    /// Its DEADLINE, if it has one: an instant, or a time that begins with each push.
    pub(crate) deadline: Option<DeadlineAsked>,
    pub(crate) answers: Answers,
    /// The TRACE id by which it is to be found, if it has one.
    pub(crate) trace: Option<u64>,
    /// The ids of its attributes, for threads that have the slot and not the record.
    pub(crate) asked: AskedIds,
}

/// The decision about one push: the verdict on the submission, and the facts that are its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admission<'v> {
    pub(crate) verdict: &'v Verdict,
    /// The first descriptor among the arguments, or −1.
    pub(crate) fd: i32,
    /// When it was accepted, if an attribute needs the clock; otherwise 0.
    pub(crate) queued_ns: u64,
    /// When it is to stop, in nanoseconds of CLOCK_MONOTONIC, if it has a deadline.
    pub(crate) deadline_ns: Option<u64>,
}

impl Verdict {
    /// The decision about a push of this call. The clock is read here, at each push anew, if an attribute needs it.
    #[inline(always)]
    pub(crate) fn at_push(&self, call: &Call<'_>, now_ns: impl FnOnce() -> u64) -> Admission<'_> {
        let queued_ns = if self.needs.contains(Needs::CLOCK) { now_ns() } else { 0 };
        Admission {
            verdict: self,
            fd: if let Some(index) = self.descriptor { Row::descriptor_at(call, index) } else { -1 },
            queued_ns,
            deadline_ns: self.deadline.map(|deadline| deadline.instant(queued_ns)),
        }
    }

    /// Whether it is not to be taken in the order pushed. Meaningful when the call has attributes.
    pub(crate) fn is_sorted(&self) -> bool {
        self.priority != 0 || self.needs.contains(Needs::LANE)
    }

    /// Room to hold for all records that are posted of the call, in bytes.
    #[inline(always)]
    pub(crate) fn room(&self) -> u64 {
        u64::from(self.credit)
            + if self.abandon_policy == AbandonPolicy::Reported { DONE_BYTES_MIN as u64 } else { 0 }
    }

    /// The part of it that decides which threads run the call.
    #[inline(always)]
    pub(crate) fn constraints(&self) -> Constraints {
        Constraints {
            may_run_inline: self.may_run_inline,
            is_short: self.is_brief,
            is_timed: self.deadline.is_some(),
            own_thread: self.needs.contains(Needs::OWN_THREAD),
        }
    }
}

/// The place where an accepted call waits.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Placement {
    /// In the submission ring.
    #[default]
    InRing,
    /// In the submitter's own queue, where no worker finds it.
    Local,
    /// In the priority queue, or in front of its lane.
    StagedCall,
}

/// Whether a call that no signal interrupts may be abandoned.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum AbandonPolicy {
    /// It may be abandoned: the memory that it writes is the engine's.
    #[default]
    Borne,
    /// It may be abandoned, and a second record says when it is really over.
    Reported,
    /// It is not abandoned: it has memory of the application's, which would not learn when the call is over.
    Refused,
}

/// Constraints on the thread that runs a submission.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Constraints {
    /// No attribute keeps it from being run inline.
    pub(crate) may_run_inline: bool,
    /// It can be run and answered in one batch with others, if it is instant.
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

    /// The first word, packed, of one id alone.
    pub(crate) const fn only(id: AttributeId) -> u64 {
        id.0 as u64
    }

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

    /// Whether no attribute is refused; `first` is the first packed word.
    pub(crate) const fn honours_all(first: u64) -> bool {
        first == 0
    }

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
