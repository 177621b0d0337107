//! Every row with any arguments.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use syslet_abi::{
    ArgKind, ArgKinds, AskRepr, AttributeFlags, AttributeId, CallFlags, CallRepr, DoneFlags, Kind, RawResult,
    Refusal,
};
use syslet_syscalls::decode::{Answer, Decoder};
use syslet_syscalls::rows;

use super::programs::{call, copying, program};

/// Numbers, small ones often.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..64_u64,
        any::<u64>(),
        any::<u32>().prop_map(u64::from),
        any::<i8>().prop_map(|n| i64::from(n).cast_unsigned())
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// DECODE-13: any record that is sound in structure, of any row, is printed as one line of ASCII, before and after.
    #[test]
    fn every_row_is_printed(
        args in vec((0..4_u8, number()), 0..=6),
        data in vec(any::<u8>(), 0..80),
        came in vec(any::<u8>(), 0..80),
        result in prop_oneof![-4096..200_i64, any::<i64>()],
        flags in 0..32_u16,
        out_len in 0..200_u32,
        shown_bytes in 0..100_usize,
        fd_paths: bool,
    ) {
        let decoder = Decoder::default().shown_bytes(shown_bytes).fd_paths(fd_paths);
        let mut kinds = ArgKinds::default();
        for (index, (kind, _)) in args.iter().enumerate() {
            kinds = kinds.with(index, ArgKind(*kind));
        }
        let args: Vec<u64> = args.iter().map(|(_, value)| *value).collect();
        let ask = AskRepr { id: AttributeId::DATA, flags: AttributeFlags::NONE, payload: &data };
        let attributes = [ask];
        for row in rows() {
            let Some(nr) = row.numbers.here() else { continue };
            let repr = CallRepr { flags: CallFlags::NONE, user_data: 1, nr: nr.into(), kinds, args: &args, out_len, attributes: &attributes };
            let mut record = vec![0; repr.len_bytes()];
            repr.emit(&mut record);
            let answer = Answer { result: RawResult(result), flags: DoneFlags(flags), data: (out_len > 0).then_some(&came) };
            for line in [decoder.record(&record), decoder.answered(&record, &answer)] {
                prop_assert!(line.starts_with(&format!("{}(", row.name)), "{}", line);
                prop_assert!(line.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{}", line);
            }
        }
    }

    /// DECODE-26: a program whose bytes anybody has changed is printed as one line of ASCII, and any byte of it has a place or none.
    #[test]
    fn changed_programs_are_printed(
        pokes in vec((any::<Index>(), prop_oneof![0..10_u8, any::<u8>()]), 0..12),
        cut in any::<Index>(),
        result: i64,
        flags in 0..64_u16,
        at: Index,
        fd_paths: bool,
    ) {
        let mut record = copying();
        for (at, byte) in pokes {
            let at = at.index(record.len());
            record[at] = byte;
        }
        record[4..6].copy_from_slice(&Kind::SYSLET.0.to_ne_bytes());
        let decoder = Decoder::default().fd_paths(fd_paths);
        let fault = Refusal::TARGET.at(at.index(record.len() + 8));
        let answer = Answer { result: RawResult(result), flags: DoneFlags(flags), data: None };
        for record in [&record[..], &record[..6 + cut.index(record.len() - 6)]] {
            for line in [decoder.record(record), decoder.answered(record, &answer), decoder.refused(record, &fault)] {
                prop_assert!(line.starts_with("syslet"), "{}", line);
                prop_assert!(line.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{}", line);
            }
        }
    }

    /// DECODE-26: atoms of every row, with arguments that are known later.
    #[test]
    fn every_row_is_printed_in_a_program(
        args in vec((0..8_u8, number()), 0..=6),
        data in vec(any::<u8>(), 0..80),
    ) {
        let args: Vec<(ArgKind, u64)> = args.into_iter().map(|(kind, value)| (ArgKind(kind), value)).collect();
        let calls: Vec<_> = rows().iter().filter(|row| row.numbers.here().is_some()).map(|row| call(row.name, &args)).collect();
        for calls in calls.chunks(100) {
            let line = Decoder::default().record(&program(&[], &data, calls));
            prop_assert!(line.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{}", line);
        }
    }
}
