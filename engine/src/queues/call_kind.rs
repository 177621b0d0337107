//! Which calls cost about the same: those of one row, one size class and one kind of descriptor. Batches hold calls of one kind
//! together; the pool keeps averages by kind.

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

    /// The kind of a queued record. Words of a record that another consumer has taken meanwhile may say anything.
    pub(crate) fn of_record(record: &[u64]) -> CallKind {
        const PROGRAM: u32 = u32::MAX >> ROW_SHIFT;
        let word = RecordWord::unpack(record[0]);
        let is_storage = DispatchFlags::of_record(word).contains(DispatchFlags::STORAGE);
        if word.kind == Kind::CALL {
            // The number is the lower half of its word.
            let [nr, _] =
                bytemuck::cast::<u64, [u32; 2]>(record.get(NR_OFFSET / 8).copied().unwrap_or_default());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn nr(nr: libc::c_long) -> u32 {
        u32::try_from(nr).unwrap()
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
        assert!((0..1000).all(|nr| CallKind::of(nr, u64::MAX, true).place(8) < 8));
    }

    /// RING-8: a record of any length has a kind: before a claim succeeds the words copied may be anything.
    #[test]
    fn short_records_have_a_kind() {
        let head = DispatchFlags::INSTANT.on(RecordWord { len: 8, kind: Kind::CALL, flags: 0 });
        for words in 1..12 {
            let record = vec![head; words];
            assert_eq!(CallKind::of_record(&record), CallKind::of_record(&record), "{words}");
        }
    }
}
