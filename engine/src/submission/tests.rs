//! The bytes that the builder writes.

use syslet_abi::{Call, Limits, Refusal};

use crate::submission::*;

const LIMITS: Limits = Limits { record_bytes_max: 1 << 20, out_bytes_max: 1 << 20 };

fn view(submission: &Submission) -> Call<'_> {
    Call::check(submission.bytes(), &LIMITS).expect("what is built is well formed")
}

#[test]
fn arguments_keep_their_order_and_kind() {
    let submission =
        Submission::call(7_u32).value(1).int(-2).input(b"in").output(3).inout(b"both").value(6).build();
    let call = view(&submission);
    assert_eq!((call.nr(), call.argc(), call.out_len()), (7, 6, 12));
    let kinds: Vec<ArgKind> = (0..6).map(|index| call.kinds().get(index)).collect();
    let (value, inout) = (ArgKind::VALUE, ArgKind::INOUT);
    assert_eq!(kinds, [value, value, ArgKind::IN, ArgKind::OUT, inout, value]);
    let both = Inout { out: 8, data: 8 }.pack();
    assert_eq!(call.raw_args(), [1, (-2_i64).cast_unsigned(), 0, 0, both, 6]);
    assert_eq!(call.data(), b"in\0\0\0\0\0\0both");
}

#[test]
fn every_buffer_begins_at_a_multiple_of_8() {
    for len in 0..=17 {
        let bytes = vec![0xa5; len];
        let submission = Submission::call(1_u32)
            .input(&bytes)
            .output(len)
            .path(c"p")
            .inout(&bytes)
            .output(len)
            .input(b"last")
            .build();
        let call = view(&submission);
        let padded = len.next_multiple_of(8) as u64;
        let both = Inout::unpack(call.raw_arg(3));
        let offsets =
            [call.raw_arg(0), call.raw_arg(1), call.raw_arg(2), u64::from(both.out), u64::from(both.data)];
        assert_eq!(offsets, [0, 0, padded, padded, padded + 8], "length {len}");
        assert_eq!(call.raw_arg(4), 2 * padded);
        assert_eq!(call.raw_arg(5), 2 * padded + 8);
        assert_eq!(call.out_len() as u64, 2 * padded + len as u64);
        let data = call.data();
        assert!(data.ends_with(b"last") && data.starts_with(&bytes));
        assert_eq!(&data[len.next_multiple_of(8)..][..2], b"p\0");
    }
}

#[test]
fn data_is_there_when_bytes_go_in_and_stands_first() {
    assert_eq!(Submission::call(39_u32).build().bytes().len(), 32);
    assert_eq!(Submission::call(39_u32).output(8).build().bytes().len(), 40);
    let submission = Submission::call(39_u32).timing().input(b"x").build();
    let ids: Vec<AttributeId> = view(&submission).asks().map(|ask| ask.id).collect();
    assert_eq!(ids, [AttributeId::DATA, AttributeId::TIMING]);
}

#[test]
fn a_word_and_an_argument_can_be_changed_and_nothing_else_changes() {
    let mut submission = Submission::call(3_u32).value(1).input(b"abc").user_data(5).build();
    let before = submission.clone();
    submission.set_user_data(u64::MAX);
    submission.set_arg(1, 3);
    submission.set_arg(0, 77);
    let call = view(&submission);
    assert_eq!((call.user_data(), call.raw_args()), (u64::MAX, [77, 3, 0, 0, 0, 0]));
    assert_eq!(call.kinds(), view(&before).kinds());
    submission.set_user_data(5);
    submission.set_arg(0, 1);
    submission.set_arg(1, 0);
    assert_eq!(submission.bytes(), before.bytes());
}

#[test]
#[should_panic(expected = "argument 2 of 2")]
fn an_argument_that_was_not_given_cannot_be_changed() {
    Submission::call(3_u32).value(1).value(2).timing().build().set_arg(2, 0);
}

#[test]
fn what_is_too_much_is_told_at_the_door() {
    let refusal =
        |submission: &Submission| Call::check(submission.bytes(), &LIMITS).expect_err("too much").refusal;
    let seven = (0..7).fold(Submission::call(1_u32), SubmissionBuilder::value).build();
    assert_eq!(refusal(&seven), Refusal::TOO_MANY_ARGUMENTS);
    let call = || Submission::call(1_u32);
    for huge in [
        call().output(usize::MAX).build(),
        call().output(usize::MAX).output(16).build(),
        call().output(1 << 32).output(8).build(),
        call().output(16).output(usize::MAX - 8).output(1).inout(b"x").build(),
    ] {
        assert_eq!(refusal(&huge), Refusal::TOO_LARGE);
    }
    let many = (3..20).fold(call(), |call, id| call.attribute(AttributeId(id), AttributeFlags::NONE, &[]));
    assert_eq!(refusal(&many.build()), Refusal::TOO_MANY_ATTRIBUTES);
}
