//! The dispatch flags of a queued record: which threads may make its call, and how. Admission sets them; the slot's first
//! state and every queue go by them.

use syslet_abi::RecordWord;

syslet_abi::flags! {
    /// Flags in bits of a queued record's flags that no submission may set.
    pub(crate) struct DispatchFlags(u16) {
        /// Any thread makes the plain call; it may sleep for storage.
        PLAIN;
        /// The call cannot sleep, so it may be taken together with others.
        INSTANT = 1 << 15;
        /// A submitter that runs it inline first makes a non-blocking attempt.
        NONBLOCKING = 1 << 14;
        /// Only a worker may run it.
        WORKER = 1 << 13;
        /// The call sleeps, as a rule for longer than a short wait.
        SLEEPS = 1 << 12;
        /// A thread of its own makes it.
        PRIVATE = 1 << 11;
        /// It has a deadline.
        TIMED = 1 << 10;
        /// The call sleeps for storage at most, and its submitter may take it together with others.
        STORAGE = 1 << 9;
    }
}

impl DispatchFlags {
    /// The flags of a record with this first word, packed.
    #[inline]
    pub(crate) fn of(word: u64) -> DispatchFlags {
        DispatchFlags::of_record(RecordWord::unpack(word))
    }

    /// The flags of a record with this first word.
    #[inline]
    pub(crate) fn of_record(word: RecordWord) -> DispatchFlags {
        DispatchFlags(word.flags & DispatchFlags::KNOWN.0)
    }

    /// The first word of a record, packed, with these flags in it.
    pub(crate) fn on_first(self, word: u64) -> u64 {
        self.on(RecordWord::unpack(word))
    }

    /// The first word of a record, packed, with these flags in place of those that it had.
    pub(crate) fn instead_on(self, word: u64) -> u64 {
        let word = RecordWord::unpack(word);
        self.on(RecordWord { flags: word.flags & !DispatchFlags::KNOWN.0, ..word })
    }

    /// The first word of a record with these flags in it.
    #[inline]
    pub(crate) fn on(self, word: RecordWord) -> u64 {
        RecordWord { flags: word.flags | self.0, ..word }.pack()
    }
}
