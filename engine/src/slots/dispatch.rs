//! The dispatch flags of a queued record: which threads may make its call, and how. Admission sets them; the slot's first
//! state and every queue go by them.

use syslet_abi::RecordWord;

/// Flags in bits of a queued record's flags that no submission may set.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct DispatchFlags(u16);

impl DispatchFlags {
    /// Any thread makes the plain call; it may sleep for storage.
    pub(crate) const PLAIN: DispatchFlags = DispatchFlags(0);
    /// The call cannot sleep, so it may be taken together with others.
    pub(crate) const INSTANT: DispatchFlags = DispatchFlags(1 << 15);
    /// A submitter that runs it inline first makes a non-blocking attempt.
    pub(crate) const NONBLOCKING: DispatchFlags = DispatchFlags(1 << 14);
    /// Only a worker may run it.
    pub(crate) const WORKER: DispatchFlags = DispatchFlags(1 << 13);
    /// The call sleeps, as a rule for longer than a short wait.
    pub(crate) const SLEEPS: DispatchFlags = DispatchFlags(1 << 12);
    /// A thread of its own makes it.
    pub(crate) const PRIVATE: DispatchFlags = DispatchFlags(1 << 11);
    /// It has a deadline.
    pub(crate) const TIMED: DispatchFlags = DispatchFlags(1 << 10);
    /// The call sleeps for storage at most, and its submitter may take it together with others.
    pub(crate) const STORAGE: DispatchFlags = DispatchFlags(1 << 9);

    const ALL: u16 = 0b111_1111 << 9;

    /// The flags of both.
    #[inline]
    pub(crate) const fn with(self, other: DispatchFlags) -> DispatchFlags {
        DispatchFlags(self.0 | other.0)
    }

    /// Whether all of `other` is set.
    #[inline]
    pub(crate) const fn contains(self, other: DispatchFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any of `other` is set.
    #[inline]
    pub(crate) const fn meets(self, other: DispatchFlags) -> bool {
        self.0 & other.0 != 0
    }

    /// The flags of a record with this first word, packed.
    #[inline]
    pub(crate) fn of(word: u64) -> DispatchFlags {
        DispatchFlags::of_record(RecordWord::unpack(word))
    }

    /// The flags of a record with this first word.
    #[inline]
    pub(crate) fn of_record(word: RecordWord) -> DispatchFlags {
        DispatchFlags(word.flags & DispatchFlags::ALL)
    }

    /// The first word of a record, packed, with these flags in it.
    pub(crate) fn on_first(self, word: u64) -> u64 {
        self.on(RecordWord::unpack(word))
    }

    /// The first word of a record with these flags in it.
    #[inline]
    pub(crate) fn on(self, word: RecordWord) -> u64 {
        RecordWord { flags: word.flags | self.0, ..word }.pack()
    }
}
