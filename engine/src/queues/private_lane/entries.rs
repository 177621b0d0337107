//! Holds the entries of a private lane: records as they were pushed, each behind the decisions of admission that its slot
//! would have. The lane's owner writes them.

use std::collections::TryReserveError;

use bytemuck::cast_slice;
use syslet_abi::{Call, RecordWord};
use syslet_attrs::Needs;

use crate::queues::ring_buffer::{bytes, words};
use crate::slots::admission::{AbandonPolicy, Admission, Answers, AskedIds, Verdict};
use crate::slots::dispatch::DispatchFlags;
use crate::slots::state::State;
use crate::slots::{Slot, Slots, Ticket};

/// The entries, one behind the other, in the order pushed.
#[derive(Debug)]
pub(crate) struct Entries {
    words: Vec<u64>,
    /// Where the first entry begins, and where the last one ends, in words.
    head: usize,
    tail: usize,
    /// Where the last entry begins; meaningful when there is one.
    last: usize,
    count: usize,
    /// How many of the first are published: they will be run even if their submitter does not come back.
    published: usize,
    /// The number of the next call: calls are numbered in the order pushed.
    number: u64,
    /// Bytes of the records, and of those that were pushed since the last [`Entries::note_published`].
    record_bytes: u64,
    fresh_bytes: u64,
    record_bytes_max: u64,
}

/// One entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    /// Its first word.
    first: u64,
    words: &'a [u64],
    record: &'a [u64],
}

/// Words in front of the record: length, flags and credit; descriptor and needs; the number of the call, or the ticket of its slot
/// once it has one.
const HEAD_WORDS: usize = 3;
/// Bits of the first word: the length in words has those below, and credit the upper half.
const FLAGS_SHIFT: u32 = 24;
/// Further words of a call that has attributes or an out area.
const ANSWER_WORDS: usize = 2 + Answers::WORDS + AskedIds::WORDS;

/// The call has a slot; its ticket stands in the head.
const HAS_SLOT: u64 = 1 << FLAGS_SHIFT;
/// Descriptors are lent to the call.
const LENDS: u64 = 2 << FLAGS_SHIFT;
/// It has attributes or an out area.
const ANSWERING: u64 = 4 << FLAGS_SHIFT;
/// It is not abandoned while it runs.
const IS_KEPT: u64 = 8 << FLAGS_SHIFT;
/// Its completion begins with a DATA return.
const RETURNS_DATA: u64 = 16 << FLAGS_SHIFT;
/// It has a TRACE id.
const IS_TRACED: u64 = 32 << FLAGS_SHIFT;
/// Nothing but its result is asked of it.
const IS_BARE: u64 = 64 << FLAGS_SHIFT;

impl Entries {
    /// Room for records of so many bytes together, as many as a ring of that size would hold.
    ///
    /// # Errors
    /// When there is no memory.
    pub(super) fn new(record_bytes_max: u64) -> Result<Entries, TryReserveError> {
        // A head with answers, and the shortest record that has any.
        let count = 4 * words(record_bytes_max);
        let mut memory = Vec::new();
        memory.try_reserve_exact(count)?;
        memory.resize(count, 0);
        Ok(Entries {
            words: memory,
            head: 0,
            tail: 0,
            last: 0,
            count: 0,
            published: 0,
            number: 0,
            record_bytes: 0,
            fresh_bytes: 0,
            record_bytes_max,
        })
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Publishes all entries. Gives the bytes of the records that were pushed since this was last called.
    #[inline(always)]
    pub(crate) fn publish(&mut self) -> u64 {
        self.published = self.count;
        std::mem::take(&mut self.fresh_bytes)
    }

    /// How many of the first entries are published.
    #[inline(always)]
    pub(crate) fn published(&self) -> usize {
        self.published
    }

    /// Whether a record of `len` bytes has no room now.
    #[inline]
    pub(crate) fn is_full(&self, len: usize) -> bool {
        self.record_bytes + len as u64 > self.record_bytes_max
    }

    /// Appends a record with the decisions of admission. Gives its number; `None` when there is no room for it.
    #[inline(always)]
    pub(crate) fn push(&mut self, record: &[u8], admission: &Admission<'_>, lends: bool) -> Option<u64> {
        let verdict = admission.verdict;
        let head_words = HEAD_WORDS + if verdict.answering { ANSWER_WORDS } else { 0 };
        let entry_words = head_words + record.len() / 8;
        if self.is_full(record.len()) || entry_words >= 1 << FLAGS_SHIFT || !self.make_room(entry_words) {
            return None;
        }
        let entry = &mut self.words[self.tail..self.tail + entry_words];
        let (head, place) = entry.split_at_mut(head_words);
        let flags = if lends { LENDS } else { 0 }
            | if verdict.abandon_policy == AbandonPolicy::Refused { IS_KEPT } else { 0 }
            | if verdict.is_bare { IS_BARE } else { 0 };
        head[0] = entry_words as u64 | flags | u64::from(verdict.credit) << 32;
        head[1] = u64::from(admission.fd.cast_unsigned()) | u64::from(verdict.needs.0) << 32;
        head[2] = self.number;
        if verdict.answering {
            keep_answers(head, verdict, admission.queued_ns);
        }
        copy(record, place);
        place[0] = verdict.dispatch.on(RecordWord::at(record));
        self.last = self.tail;
        self.tail += entry_words;
        self.record_bytes += record.len() as u64;
        self.fresh_bytes += record.len() as u64;
        self.count += 1;
        self.number += 1;
        Some(self.number - 1)
    }

    /// Room for an entry behind the last.
    #[inline(always)]
    fn make_room(&mut self, entry_words: usize) -> bool {
        self.tail + entry_words <= self.words.len() || self.move_to_front(entry_words)
    }

    #[cold]
    fn move_to_front(&mut self, entry_words: usize) -> bool {
        let len = self.tail - self.head;
        if len + entry_words > self.words.len() {
            return false;
        }
        self.words.copy_within(self.head..self.tail, 0);
        (self.head, self.tail, self.last) = (0, len, self.last - self.head);
        true
    }

    /// The first entry.
    #[inline(always)]
    pub(crate) fn front(&self) -> Option<Entry<'_>> {
        (self.count > 0).then(|| self.at(self.head))
    }

    #[inline(always)]
    fn at(&self, place: usize) -> Entry<'_> {
        let words = &self.words[place..];
        let (first, len) = (words[0], entry_words(words[0]));
        let head = HEAD_WORDS + if first & ANSWERING != 0 { ANSWER_WORDS } else { 0 };
        Entry { first, words: &words[..len], record: &words[head..len] }
    }

    /// The last entry.
    #[inline(always)]
    pub(crate) fn back(&self) -> Option<Entry<'_>> {
        (self.count > 0).then(|| self.at(self.last))
    }

    /// Forgets the first entry.
    #[inline(always)]
    pub(crate) fn pop(&mut self) {
        if let Some(size) = self.front().map(|entry| entry.size()) {
            self.pop_of(size);
        }
    }

    /// The same where its size is known.
    #[inline(always)]
    pub(crate) fn pop_of(&mut self, size: Size) {
        self.head += size.words;
        self.count -= 1;
        self.published = self.published.saturating_sub(1);
        self.record_bytes -= size.record_bytes;
        if self.count == 0 {
            (self.head, self.tail) = (0, 0);
        }
    }

    /// The entries, in the order pushed.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Entry<'_>> {
        let mut place = self.head;
        (0..self.count).map(move |_| {
            let entry = self.at(place);
            place += entry.words.len();
            entry
        })
    }

    /// Keeps the entries for which `is_kept` holds, which gets each with its index.
    pub(crate) fn retain(&mut self, mut is_kept: impl FnMut(usize, Entry<'_>) -> bool) {
        let (mut from, mut to, mut kept, mut published) = (self.head, self.head, 0, 0);
        for index in 0..self.count {
            let Size { words: len, record_bytes } = self.at(from).size();
            if is_kept(index, self.at(from)) {
                self.words.copy_within(from..from + len, to);
                (self.last, to, kept) = (to, to + len, kept + 1);
                published += usize::from(index < self.published);
            } else {
                self.record_bytes -= record_bytes;
            }
            from += len;
        }
        (self.tail, self.count, self.published) = (to, kept, published);
        if kept == 0 {
            (self.head, self.tail) = (0, 0);
        }
    }

    /// Gives a slot to each entry behind the first `kept` that has none; `give` takes it.
    pub(crate) fn give_slots(&mut self, kept: usize, mut give: impl FnMut(Entry<'_>) -> Ticket) {
        let mut place = self.head;
        for index in 0..self.count {
            let entry = self.at(place);
            let len = entry.words.len();
            if index >= kept && entry.ticket().is_none() {
                let ticket = give(entry);
                self.words[place] |= HAS_SLOT;
                self.words[place + 2] = ticket.pack();
            }
            place += len;
        }
    }
}

/// Copies a record, which stands in words as a rule.
#[inline(always)]
fn copy(record: &[u8], place: &mut [u64]) {
    if let Ok(words) = bytemuck::try_cast_slice::<u8, u64>(record) {
        // Each has the fields of a head in front of its arguments.
        let heads = place.split_first_chunk_mut::<4>().zip(words.split_first_chunk());
        let ((to, rest), (from, args)) = heads.expect("a record has a head");
        *to = *from;
        rest.iter_mut().zip(args).for_each(|(to, from)| *to = *from);
    } else {
        bytemuck::cast_slice_mut(place).copy_from_slice(record);
    }
}

/// Keeps the decisions that only calls with attributes or an out area have.
#[inline(never)]
fn keep_answers(head: &mut [u64], verdict: &Verdict, at_ns: u64) {
    head[0] |= ANSWERING
        | if verdict.returns_data { RETURNS_DATA } else { 0 }
        | if verdict.trace.is_some() { IS_TRACED } else { 0 };
    let [queued_ns, trace, others @ ..] = &mut head[HEAD_WORDS..] else { return };
    (*queued_ns, *trace) = (at_ns, verdict.trace.unwrap_or(0));
    let (answers, asked) = others.split_at_mut(Answers::WORDS);
    answers.copy_from_slice(&verdict.answers.pack());
    asked.copy_from_slice(&verdict.asked.pack());
}

/// The length of an entry in words, which its first word says.
#[inline(always)]
#[allow(clippy::cast_possible_truncation, reason = "masked to 24 bits")]
fn entry_words(first: u64) -> usize {
    (first & ((1 << FLAGS_SHIFT) - 1)) as usize
}

/// The size of an entry, and of the record in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    words: usize,
    record_bytes: u64,
}

impl<'a> Entry<'a> {
    #[inline(always)]
    pub(crate) fn size(&self) -> Size {
        Size { words: self.words.len(), record_bytes: bytes(self.record.len()) }
    }

    /// The record, as it was pushed, with its dispatch flags.
    #[inline(always)]
    pub(crate) fn record(&self) -> &'a [u64] {
        self.record
    }

    #[inline(always)]
    pub(crate) fn dispatch(&self) -> DispatchFlags {
        DispatchFlags::of(self.record[0])
    }

    /// Room for its completion, in bytes.
    #[inline(always)]
    pub(crate) fn credit(&self) -> u64 {
        self.first >> 32
    }

    /// Whether it has attributes or an out area.
    #[inline(always)]
    pub(crate) fn is_answering(&self) -> bool {
        self.first & ANSWERING != 0
    }

    /// Whether nothing but its result is asked of it.
    #[inline(always)]
    pub(crate) fn is_bare(&self) -> bool {
        self.first & IS_BARE != 0
    }

    /// Whether descriptors are lent to it.
    #[inline(always)]
    pub(crate) fn lends(&self) -> bool {
        self.first & LENDS != 0
    }

    /// The ticket of its slot, once it has one.
    #[inline(always)]
    pub(crate) fn ticket(&self) -> Option<Ticket> {
        (self.first & HAS_SLOT != 0).then(|| Ticket::unpack(self.words[2]))
    }

    /// The number of the call, as long as it has no slot.
    #[inline(always)]
    pub(crate) fn number(&self) -> Option<u64> {
        (self.first & HAS_SLOT == 0).then(|| self.words[2])
    }

    /// The decisions of admission about it.
    #[allow(clippy::cast_possible_truncation, reason = "halves of words")]
    pub(crate) fn with_admission<R>(&self, use_it: impl FnOnce(&Call<'_>, &Admission<'_>) -> R) -> R {
        let has = |flag: u64| self.first & flag != 0;
        let mut verdict = Verdict {
            credit: self.credit() as u32,
            needs: Needs((self.words[1] >> 32) as u32),
            abandon_policy: if has(IS_KEPT) { AbandonPolicy::Refused } else { AbandonPolicy::Borne },
            dispatch: self.dispatch(),
            may_run_inline: true,
            answering: has(ANSWERING),
            returns_data: has(RETURNS_DATA),
            ..Verdict::default()
        };
        let mut queued_ns = 0;
        if has(ANSWERING) {
            let (answers, asked) = self.words[HEAD_WORDS + 2..].split_at(Answers::WORDS);
            queued_ns = self.words[HEAD_WORDS];
            verdict.trace = has(IS_TRACED).then(|| self.words[HEAD_WORDS + 1]);
            verdict.answers = Answers::unpack(std::array::from_fn(|index| answers[index]));
            verdict.asked = AskedIds::unpack(std::array::from_fn(|index| asked[index]));
        }
        let fd = (self.words[1] as u32).cast_signed();
        let call = Call::admitted(cast_slice(self.record));
        use_it(&call, &Admission { verdict: &verdict, fd, queued_ns, deadline_ns: None })
    }

    /// Puts the decisions that the runner wants to know into `slot`, of a call that has attributes or an out area.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "halves of words")]
    pub(crate) fn restore(&self, slot: &Slot) {
        let [queued_ns, _, kept @ ..] = &self.words[HEAD_WORDS..HEAD_WORDS + ANSWER_WORDS] else { return };
        let needs = Needs((self.words[1] >> 32) as u32);
        let returns_data = self.first & RETURNS_DATA != 0;
        slot.restore((self.credit() as u32, needs), returns_data, *queued_ns, kept.split_at(Answers::WORDS));
    }

    /// Gives the call a slot, in the state that `first` says. One is free: it was counted when the call was pushed.
    pub(crate) fn take_slot(&self, slots: &Slots, first: impl FnOnce(&Verdict) -> State) -> Ticket {
        let taken = self.with_admission(|call, admission| {
            slots.take(call, admission, first(admission.verdict), self.number())
        });
        taken.expect("a slot was counted for the call")
    }
}
