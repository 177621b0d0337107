//! What a submission holds, and what its structure is refused for.

use syslet_abi::{
    ARGS_MAX, ArgKind, ArgKinds, AskRepr, AttributeFlags, AttributeId, Call, CallFlags, CallRepr, Inout,
    Kind, Limits, Refusal,
};

use crate::sample::{BARE, LIMITS, RICH, emit, poked, refusal, with_own_len};

const DATA_OF_8: AskRepr<'static> =
    AskRepr { id: AttributeId::DATA, flags: AttributeFlags::NONE, payload: b"8 bytes!" };

fn with_kind(kind: Kind) -> Vec<u8> {
    poked(&emit(&BARE), 4, &kind.0.to_ne_bytes())
}

fn with_len(len: u32) -> Vec<u8> {
    poked(&emit(&BARE), 0, &len.to_ne_bytes())
}

/// A call with 8 bytes of DATA, 16 of out area, and one argument.
fn with_argument(kind: ArgKind, arg: u64) -> Vec<u8> {
    emit(&CallRepr {
        kinds: ArgKinds(0).with(0, kind),
        args: &[arg],
        out_len: 16,
        attributes: &[DATA_OF_8],
        ..BARE
    })
}

/// ABI-3: a kind that is not known, or that is no submission, is refused.
#[test]
fn unknown_kind_is_refused() {
    for kind in (0..=u16::MAX).map(Kind).filter(|kind| *kind != Kind::CALL) {
        assert_eq!(refusal(&with_kind(kind)), (Refusal::UNKNOWN_KIND, 4), "{kind:?}");
    }
}

/// ABI-5: a length that is no multiple of 8 is refused.
#[test]
fn unaligned_length_is_refused() {
    for len in (0..64).filter(|len| len % 8 != 0) {
        assert_eq!(refusal(&with_len(len)), (Refusal::LENGTH_UNALIGNED, 0), "{len}");
    }
    let mut odd = emit(&BARE);
    odd.push(0);
    assert_eq!(refusal(&with_own_len(odd)), (Refusal::LENGTH_UNALIGNED, 0));
}

/// ABI-6: a length beyond the ring's limit is TOO_LARGE, and one at the limit is not.
#[test]
fn length_beyond_the_limit_is_refused() {
    let record = emit(&RICH);
    let at = Limits { record_bytes_max: record.len(), ..LIMITS };
    let below = Limits { record_bytes_max: record.len() - 8, ..LIMITS };
    assert_eq!(Call::check(&record, &at).map(|call| call.nr()), Ok(RICH.nr));
    assert_eq!(Call::check(&record, &below).map(|call| call.nr()), Err(Refusal::TOO_LARGE.at(0)));
    assert_eq!(refusal(&with_len(0xffff_fff8)), (Refusal::TOO_LARGE, 0));
}

/// ABI-7: a length that is not the number of bytes given is refused.
#[test]
fn length_of_other_bytes_is_refused() {
    for len in [0, 8, 24, 40, 4096] {
        assert_eq!(refusal(&with_len(len)), (Refusal::LENGTH_MISMATCH, 0), "{len}");
    }
}

/// ABI-8: a record too short for its fields or its arguments is refused.
#[test]
fn short_record_is_refused() {
    for len in 0..8 {
        assert_eq!(refusal(&emit(&BARE)[..len]), (Refusal::RECORD_SHORT, 0), "{len}");
    }
    for len in [8, 16, 24] {
        assert_eq!(refusal(&with_own_len(emit(&BARE)[..len].to_vec())), (Refusal::RECORD_SHORT, 0), "{len}");
    }
    let no_room_for_one = poked(&emit(&BARE), 20, &[1]);
    assert_eq!(refusal(&no_room_for_one), (Refusal::RECORD_SHORT, 20));
}

/// ABI-9: every flag that is not known, and every bit of the reserved field, is refused. Bit 15 of the flags, which
/// the engine sets inside a ring, is among them.
#[test]
fn reserved_bits_are_refused() {
    for bit in 6..16 {
        let flags = CallFlags(1 << bit);
        assert_eq!(refusal(&emit(&CallRepr { flags, ..BARE })), (Refusal::RESERVED_BIT, 6), "{flags:?}");
    }
    for bit in 0..16 {
        let record = poked(&emit(&BARE), 22, &(1_u16 << bit).to_ne_bytes());
        assert_eq!(refusal(&record), (Refusal::RESERVED_BIT, 22), "bit {bit}");
    }
}

/// ABI-10: of several faults the one found first is told, in the order of the rules' table, with its place.
#[test]
fn the_first_fault_is_told() {
    let args = &[0; 7][..];
    let flags = CallFlags(1 << 15);
    let all = CallRepr { flags, args, kinds: ArgKinds(u32::MAX), out_len: u32::MAX, ..BARE };
    assert_eq!(refusal(&poked(&emit(&all), 4, &[0xff, 0xff])), (Refusal::UNKNOWN_KIND, 4));
    assert_eq!(refusal(&emit(&all)), (Refusal::RESERVED_BIT, 6));
    let all = CallRepr { flags: CallFlags::NONE, ..all };
    assert_eq!(refusal(&emit(&all)), (Refusal::TOO_MANY_ARGUMENTS, 20));
    let all = CallRepr { args: &args[..6], ..all };
    assert_eq!(refusal(&emit(&all)), (Refusal::TOO_LARGE, 28));
    let all = CallRepr { out_len: 0, ..all };
    assert_eq!(refusal(&emit(&all)), (Refusal::RESERVED_BIT, 24));
    let all = CallRepr { kinds: ArgKinds(0x00ff_ffff), ..all };
    assert_eq!(refusal(&emit(&all)), (Refusal::ARGUMENT_KIND_UNKNOWN, 32));
}

/// ABI-12: each flag has its bit; SYNC excludes ASYNC and PRIVATE, all others go together.
#[test]
fn flags_and_their_contradiction() {
    for bits in 0..64 {
        let flags = CallFlags(bits);
        let record = emit(&CallRepr { flags, ..BARE });
        let elsewhere = flags.contains(CallFlags::ASYNC) || flags.contains(CallFlags::PRIVATE);
        if elsewhere && flags.contains(CallFlags::SYNC) {
            assert_eq!(refusal(&record), (Refusal::FLAGS_CONTRADICT, 6));
        } else {
            assert_eq!(Call::check(&record, &LIMITS).map(|call| call.flags()), Ok(flags));
        }
    }
}

/// ABI-13: more than 6 arguments are refused; arguments not given are zero.
#[test]
fn at_most_six_arguments() {
    let given = [1, 2, 3, 4, 5, 6, 7, 8];
    for argc in 0..=ARGS_MAX {
        let record = emit(&CallRepr { args: &given[..argc], ..BARE });
        let call = Call::check(&record, &LIMITS).expect("up to six are accepted");
        let mut expected = [0; ARGS_MAX];
        expected[..argc].copy_from_slice(&given[..argc]);
        assert_eq!((call.argc(), call.raw_args(), call.raw_arg(ARGS_MAX)), (argc, expected, 0));
    }
    for argc in [7, 8] {
        let record = emit(&CallRepr { args: &given[..argc], ..BARE });
        assert_eq!(refusal(&record), (Refusal::TOO_MANY_ARGUMENTS, 20), "{argc}");
    }
    assert_eq!(refusal(&poked(&emit(&BARE), 20, &[255])), (Refusal::TOO_MANY_ARGUMENTS, 20));
}

/// ABI-14: a kind bit beyond the last argument is refused.
#[test]
fn kinds_beyond_the_arguments_are_refused() {
    for argc in 0..=ARGS_MAX {
        for bit in 4 * argc..32 {
            let record = emit(&CallRepr { args: &[0; ARGS_MAX][..argc], kinds: ArgKinds(1 << bit), ..BARE });
            assert_eq!(refusal(&record), (Refusal::RESERVED_BIT, 24), "{argc} arguments, bit {bit}");
        }
    }
}

/// ABI-15: argument kinds of programs, and those reserved for later, are refused by name.
#[test]
fn reserved_argument_kinds_are_refused_by_name() {
    for kind in [ArgKind::RESULT, ArgKind::REGISTER] {
        assert_eq!(refusal(&with_argument(kind, 0)), (Refusal::ATOM_ONLY, 32), "{kind:?}");
    }
    for kind in [ArgKind::HANDLE, ArgKind::ARENA] {
        assert_eq!(refusal(&with_argument(kind, 0)), (Refusal::ARGUMENT_KIND_NOT_YET, 32), "{kind:?}");
    }
}

/// ABI-16: argument kinds without a meaning are refused, at the argument that has one.
#[test]
fn unknown_argument_kinds_are_refused() {
    for kind in (8..16).map(ArgKind) {
        for index in 0..ARGS_MAX {
            let record = emit(&CallRepr { args: &[0; 6], kinds: ArgKinds(0).with(index, kind), ..BARE });
            let at = u32::try_from(32 + 8 * index).expect("small");
            assert_eq!(refusal(&record), (Refusal::ARGUMENT_KIND_UNKNOWN, at), "{kind:?} {index}");
        }
    }
}

/// ABI-17: an IN offset beyond DATA is refused, one at its end is inside; without DATA only 0 is inside.
#[test]
fn in_outside_data_is_refused() {
    for inside in 0..=8 {
        assert!(Call::check(&with_argument(ArgKind::IN, inside), &LIMITS).is_ok(), "{inside}");
    }
    for outside in [9, 16, u64::from(u32::MAX), 1 << 32, u64::MAX] {
        let record = with_argument(ArgKind::IN, outside);
        assert_eq!(refusal(&record), (Refusal::IN_OUTSIDE_DATA, 32), "{outside}");
    }
    let kinds = ArgKinds(0).with(0, ArgKind::IN);
    let without_data = |arg: u64| emit(&CallRepr { kinds, args: &[arg], ..BARE });
    assert!(Call::check(&without_data(0), &LIMITS).is_ok());
    assert_eq!(refusal(&without_data(1)), (Refusal::IN_OUTSIDE_DATA, 32));
}

/// ABI-18: an OUT offset beyond the out area is refused, one at its end is inside.
#[test]
fn out_outside_the_area_is_refused() {
    for inside in 0..=16 {
        assert!(Call::check(&with_argument(ArgKind::OUT, inside), &LIMITS).is_ok(), "{inside}");
    }
    for outside in [17, 1 << 32, u64::MAX] {
        let record = with_argument(ArgKind::OUT, outside);
        assert_eq!(refusal(&record), (Refusal::OUT_OUTSIDE_AREA, 32), "{outside}");
    }
}

/// ABI-19: an INOUT argument has its out offset in the low and its DATA offset in the high half, each checked.
#[test]
fn both_halves_of_inout_are_checked() {
    let halves = Inout { out: 0x0506_0708, data: 0x0102_0304 };
    assert_eq!(halves.pack(), 0x0102_0304_0506_0708);
    assert_eq!(Inout::unpack(halves.pack()), halves);
    let record = |out, data| with_argument(ArgKind::INOUT, Inout { out, data }.pack());
    assert!(Call::check(&record(16, 8), &LIMITS).is_ok());
    assert_eq!(refusal(&record(16, 9)), (Refusal::IN_OUTSIDE_DATA, 32));
    assert_eq!(refusal(&record(17, 8)), (Refusal::OUT_OUTSIDE_AREA, 32));
}

/// ABI-20: an out area beyond the limit is TOO_LARGE.
#[test]
fn out_area_beyond_the_limit_is_refused() {
    let out_bytes_max = u32::try_from(LIMITS.out_bytes_max).expect("small");
    let record = |out_len| emit(&CallRepr { out_len, ..BARE });
    assert_eq!(
        Call::check(&record(out_bytes_max), &LIMITS).map(|call| call.out_len()),
        Ok(LIMITS.out_bytes_max)
    );
    assert_eq!(refusal(&record(out_bytes_max + 1)), (Refusal::TOO_LARGE, 28));
    assert_eq!(refusal(&record(u32::MAX)), (Refusal::TOO_LARGE, 28));
}

/// ABI-14: an index beyond the eight fields of the kinds reads as VALUE and cannot be set.
#[test]
fn kinds_have_room_for_eight() {
    assert_eq!(ArgKinds(u32::MAX).get(7), ArgKind(15));
    assert_eq!(ArgKinds(u32::MAX).get(8), ArgKind::VALUE);
    assert!(!ArgKinds(u32::MAX).exceed(usize::MAX));
    assert!(std::panic::catch_unwind(|| ArgKinds(0).with(8, ArgKind::IN)).is_err());
    assert!(std::panic::catch_unwind(|| ArgKinds(0).with(0, ArgKind(16))).is_err());
}
