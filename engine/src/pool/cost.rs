//! What calls cost, by kind, as a running average: the sharing policy of a submitter and the workers note and ask.

use syslet_abi::{CALL_ARGS_OFFSET, Kind, NR_OFFSET, RecordWord};

use crate::slots::dispatch::DispatchFlags;

/// Calls with costs that are alike: of one row, one size class, and one kind of descriptor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct CallKind(u32);

/// From so many bytes on, the copy is most of a call's time.
const LARGE_BYTES: u64 = 16 << 10;
/// Bits of a kind below the number of the row.
const ROW_SHIFT: u32 = 8;

impl CallKind {
    /// The kind of no call.
    pub(crate) const NONE: CallKind = CallKind(u32::MAX);

    /// The kind of a call. `third` is its third argument: the length, where a call has a buffer; of other calls it is
    /// as good as any other number, because calls that differ in it merely have averages of their own.
    #[inline(always)]
    pub(crate) fn of(nr: u32, third: u64, is_storage: bool) -> CallKind {
        CallKind(nr << ROW_SHIFT | class(third) << 1 | u32::from(is_storage))
    }

    /// The kind of a queued record.
    pub(crate) fn of_record(record: &[u64]) -> CallKind {
        const PROGRAM: u32 = u32::MAX >> ROW_SHIFT;
        let word = RecordWord::unpack(record[0]);
        let is_storage = DispatchFlags::of_record(word).contains(DispatchFlags::STORAGE);
        if word.kind == Kind::CALL {
            // The number is the lower half of its word.
            let [nr, _] = bytemuck::cast::<u64, [u32; 2]>(record[NR_OFFSET / 8]);
            CallKind::of(nr, record.get(CALL_ARGS_OFFSET / 8 + 2).copied().unwrap_or_default(), is_storage)
        } else {
            CallKind::of(PROGRAM, word.len.into(), is_storage)
        }
    }

    /// Whether the call copies so much that the copy is most of its time.
    pub(crate) fn is_large(self) -> bool {
        const MOVERS: [libc::c_long; 6] = [
            libc::SYS_read,
            libc::SYS_write,
            libc::SYS_pread64,
            libc::SYS_pwrite64,
            libc::SYS_recvfrom,
            libc::SYS_sendto,
        ];
        let nr = self.0 >> ROW_SHIFT;
        (self.0 >> 1 & 0x7f) >= class(LARGE_BYTES) && MOVERS.contains(&libc::c_long::from(nr))
    }

    /// The place for this kind in a table of so many, a power of two.
    #[inline]
    pub(crate) fn place(self, places: usize) -> usize {
        const GOLDEN: u32 = 0x9e37_79b9;
        (self.0.wrapping_mul(GOLDEN) >> 16) as usize & (places - 1)
    }
}

/// The number of binary digits of a number.
#[inline(always)]
fn class(number: u64) -> u32 {
    u64::BITS - number.leading_zeros()
}

/// The running average of what a call of one kind takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Cost {
    average_ns: u64,
    /// The last two samples.
    last: [u64; 2],
    /// Samples seen, up to 3.
    seen: u8,
}

/// The part of the distance by which a sample moves the average.
const WEIGHT_DIVISOR: u64 = 4;
/// A sample counts for at most so much: a call can sleep for days.
const SAMPLE_NS_MAX: u64 = 1 << 32;

impl Cost {
    pub(crate) const fn new() -> Cost {
        Cost { average_ns: 0, last: [0; 2], seen: 0 }
    }

    /// Notes that a call took so long. Of the last three samples the middle one counts: one alone may have the time of
    /// another thread in it, which had the processor meanwhile.
    pub(crate) fn note(&mut self, ns: u64) {
        let ns = ns.min(SAMPLE_NS_MAX);
        let [before, last] = self.last;
        self.last = [last, ns];
        self.average_ns = match self.seen {
            0 => ns,
            1 => last.min(ns),
            _ => {
                let middle = before.max(last).min(before.min(last).max(ns));
                let whole = self.average_ns * (WEIGHT_DIVISOR - 1) + middle;
                // Rounded to the nearer number, so that an average of a few nanoseconds moves as well.
                (whole + WEIGHT_DIVISOR / 2) / WEIGHT_DIVISOR
            }
        };
        self.seen = (self.seen + 1).min(3);
    }

    /// The average; `None` until two samples agree on it.
    #[inline]
    pub(crate) fn ns(&self) -> Option<u64> {
        (self.seen > 1).then_some(self.average_ns)
    }
}

/// The averages that a worker keeps, for the kinds that it has run last.
#[derive(Debug)]
pub(crate) struct Costs([(CallKind, Cost); KINDS]);

/// Kinds that a worker tells apart; another one takes the place of one.
const KINDS: usize = 16;

impl Costs {
    pub(crate) const fn new() -> Costs {
        Costs([(CallKind::NONE, Cost::new()); KINDS])
    }

    /// Notes that a call of this kind took so long.
    pub(crate) fn note(&mut self, kind: CallKind, ns: u64) {
        let (place, cost) = &mut self.0[kind.place(KINDS)];
        if *place != kind {
            (*place, *cost) = (kind, Cost::new());
        }
        cost.note(ns);
    }

    /// What a call of this kind takes; `None` when that is not known.
    pub(crate) fn ns(&self, kind: CallKind) -> Option<u64> {
        let (place, cost) = &self.0[kind.place(KINDS)];
        cost.ns().filter(|_| *place == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nr(nr: libc::c_long) -> u32 {
        u32::try_from(nr).unwrap()
    }

    /// POOL-49: one sample that has the time of another thread in it moves the average by nothing; a cost that has
    /// changed is followed.
    #[test]
    fn an_average_leaves_single_samples_out() {
        let mut cost = Cost::new();
        cost.note(4_000_000);
        assert_eq!(cost.ns(), None, "one sample says nothing yet");
        (0..20).for_each(|_| cost.note(80));
        assert_eq!(cost.ns(), Some(80));
        cost.note(4_000_000);
        cost.note(80);
        cost.note(4_000_000);
        cost.note(80);
        cost.note(80);
        assert!(cost.ns().is_some_and(|ns| ns < 1_000_001), "{cost:?}");
        let mut cost = Cost::new();
        (0..20).for_each(|_| cost.note(80));
        cost.note(4_000_000);
        (0..3).for_each(|_| cost.note(80));
        assert_eq!(cost.ns(), Some(80), "a single one");
        (0..4).for_each(|_| cost.note(100_000));
        assert!(cost.ns().is_some_and(|ns| ns > 40_000), "{cost:?}");
        (0..40).for_each(|_| cost.note(300));
        assert!(cost.ns().is_some_and(|ns| ns.abs_diff(300) < 4), "{cost:?}");
    }

    #[test]
    fn kinds_differ_by_row_size_and_descriptor() {
        let pread = nr(libc::SYS_pread64);
        let kind = CallKind::of(pread, 4096, true);
        assert_eq!(kind, CallKind::of(pread, 5000, true));
        assert_ne!(kind, CallKind::of(pread, 8192, true));
        assert_ne!(kind, CallKind::of(pread, 4096, false));
        assert_ne!(kind, CallKind::of(nr(libc::SYS_read), 4096, true));
        assert!(!kind.is_large() && !CallKind::of(pread, 16_383, true).is_large());
        assert!(CallKind::of(pread, 16_384, true).is_large());
        assert!(!CallKind::of(nr(libc::SYS_openat), 1 << 19, true).is_large(), "flags");
        let mut costs = Costs::new();
        (0..3).for_each(|_| costs.note(kind, 300));
        assert_eq!(costs.ns(kind), Some(300));
        assert_eq!(costs.ns(CallKind::of(pread, 8192, true)), None);
        assert!((0..1000).all(|nr| CallKind::of(nr, u64::MAX, true).place(8) < 8));
    }
}
