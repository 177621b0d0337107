//! Generated records: what is written is read, what is cut is refused, and nothing panics.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::Index;
use syslet_abi::{
    ABI_VERSION, ArgKind, ArgKinds, AskRepr, AttributeFlags, AttributeId, Call, CallFlags, CallRepr, Done,
    DoneFlags, DoneWriter, Features, Inout, PARAMS_BYTES, Params, RawResult, Status,
};

use crate::sample::{LIMITS, RICH, emit, poked, rich_done, with_own_len};
use crate::truncation::{refuse_every_cut_of_a_call, refuse_every_cut_of_a_done};

/// A submission with everything in it owned.
#[derive(Clone, Debug)]
struct Written {
    flags: CallFlags,
    user_data: u64,
    nr: u32,
    args: Vec<(ArgKind, u64)>,
    out_len: u32,
    attributes: Vec<(AttributeId, AttributeFlags, Vec<u8>)>,
}

impl Written {
    fn bytes(&self) -> Vec<u8> {
        let attributes: Vec<_> = self
            .attributes
            .iter()
            .map(|(id, flags, payload)| AskRepr { id: *id, flags: *flags, payload })
            .collect();
        let args: Vec<_> = self.args.iter().map(|&(_, arg)| arg).collect();
        emit(&CallRepr {
            flags: self.flags,
            user_data: self.user_data,
            nr: self.nr,
            kinds: self.kinds(),
            args: &args,
            out_len: self.out_len,
            attributes: &attributes,
        })
    }

    fn kinds(&self) -> ArgKinds {
        let kinds = self.args.iter().enumerate();
        kinds.fold(ArgKinds(0), |kinds, (index, &(kind, _))| kinds.with(index, kind))
    }
}

fn call_flags() -> impl Strategy<Value = CallFlags> {
    (0_u16..64).prop_map(CallFlags).prop_filter("a contradiction", |flags| {
        let elsewhere = flags.contains(CallFlags::ASYNC) || flags.contains(CallFlags::PRIVATE);
        !(elsewhere && flags.contains(CallFlags::SYNC))
    })
}

type Asked = Vec<(AttributeId, AttributeFlags, Vec<u8>)>;

fn attributes() -> impl Strategy<Value = Asked> {
    let id = prop_oneof![Just(1), Just(2), 3..=u16::MAX];
    let one = ((0..2_u16).prop_map(AttributeFlags), vec(any::<u8>(), 0..40));
    btree_map(id, one, 0..=8)
        .prop_map(|map| map.into_iter().map(|(id, (flags, bytes))| (AttributeId(id), flags, bytes)).collect())
        .prop_shuffle()
}

fn argument(data_len: usize, out_len: u32) -> impl Strategy<Value = (ArgKind, u64)> {
    let data_len = u32::try_from(data_len).expect("payloads are short");
    prop_oneof![
        any::<u64>().prop_map(|arg| (ArgKind::VALUE, arg)),
        (0..=data_len).prop_map(|offset| (ArgKind::IN, u64::from(offset))),
        (0..=out_len).prop_map(|offset| (ArgKind::OUT, u64::from(offset))),
        (0..=out_len, 0..=data_len).prop_map(|(out, data)| (ArgKind::INOUT, Inout { out, data }.pack())),
    ]
}

fn arguments(attributes: &Asked, out_len: u32) -> impl Strategy<Value = Vec<(ArgKind, u64)>> + use<> {
    let data = attributes.iter().find(|(id, ..)| *id == AttributeId::DATA);
    vec(argument(data.map_or(0, |(_, _, payload)| payload.len()), out_len), 0..=6)
}

fn written() -> impl Strategy<Value = Written> {
    (attributes(), 0_u32..=65536, call_flags(), any::<(u64, u32)>()).prop_flat_map(
        |(attributes, out_len, flags, (user_data, nr))| {
            arguments(&attributes, out_len).prop_map(move |args| Written {
                flags,
                user_data,
                nr,
                args,
                out_len,
                attributes: attributes.clone(),
            })
        },
    )
}

/// The returns of a completion: DATA or not, then others with room and length.
type Answers = (Option<Vec<u8>>, Vec<(u16, u16, Vec<u8>, usize)>);

fn answers() -> impl Strategy<Value = Answers> {
    let other = (2..=u16::MAX, 1..=u16::MAX, vec(any::<u8>(), 0..40), 0..16_usize);
    (proptest::option::of(vec(any::<u8>(), 0..100)), vec(other, 0..6))
}

fn done_bytes((data, others): &Answers, user_data: u64, result: RawResult, flags: DoneFlags) -> Vec<u8> {
    let mut record = vec![0xa5; 1024];
    let mut writer = DoneWriter::new(&mut record);
    if let Some(data) = data {
        writer.out_area(data.len()).copy_from_slice(data);
        writer.data(Status::HANDLED, data.len());
    }
    for (id, status, value, spare) in others {
        writer.attribute(AttributeId(*id), value.len() + spare, |room| {
            room[..value.len()].copy_from_slice(value);
            (Status(*status), value.len())
        });
    }
    let len = writer.finish(user_data, result, flags);
    record.truncate(len);
    record
}

/// Calls every accessor of a submission that the check accepted.
fn read_call(call: &Call<'_>) -> usize {
    let copied = call.bytes().to_vec();
    let asked: usize = call.asks().map(|ask| ask.payload.len() + ask.payload_offset).sum();
    assert!(call.asks().count() == call.attribute_count() && call.argc() <= 6);
    let admitted = Call::admitted(&copied);
    assert_eq!(
        (admitted.flags(), admitted.user_data(), admitted.nr(), admitted.kinds(), admitted.raw_args()),
        (call.flags(), call.user_data(), call.nr(), call.kinds(), call.raw_args())
    );
    asked + call.out_len() + call.data().len()
}

/// Calls every accessor of a completion that the check accepted.
fn read_done(done: &Done<'_>) -> usize {
    let trusted = Done::trusted(done.bytes());
    assert_eq!(
        (trusted.flags(), trusted.user_data(), trusted.result()),
        (done.flags(), done.user_data(), done.result())
    );
    let found = done.returns().filter(|answer| done.attribute(answer.id).is_some()).count();
    found + done.result().decode().map_or(0, |_| 1)
}

/// Bytes that look like a record of that kind far enough to be read on.
fn plausible(kind: u16) -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![4 => Just(0_u8), 2 => 0..24_u8, 1 => any::<u8>()], 24..200).prop_map(move |mut bytes| {
        bytes.truncate(bytes.len() / 8 * 8);
        let bytes = poked(&bytes, 4, &kind.to_ne_bytes());
        with_own_len(poked(&bytes, 6, &[0, 0]))
    })
}

proptest! {
    /// ABI-21: a submission is read as it was written, and its own bytes are all it is.
    #[test]
    fn a_submission_is_read_as_written(written in written()) {
        let record = written.bytes();
        let call = Call::check(&record, &LIMITS).expect("the emitter writes what the check accepts");
        let mut args = [0; 6];
        for (to, &(_, from)) in args.iter_mut().zip(&written.args) {
            *to = from;
        }
        prop_assert_eq!(
            (call.flags(), call.user_data(), call.nr(), call.argc(), call.kinds(), call.raw_args()),
            (written.flags, written.user_data, written.nr, written.args.len(), written.kinds(), args)
        );
        prop_assert_eq!(call.out_len(), usize::try_from(written.out_len).expect("32 bits"));
        let asked: Asked = call.asks().map(|ask| (ask.id, ask.flags, ask.payload.to_vec())).collect();
        prop_assert_eq!(asked, written.attributes);
        for ask in call.asks() {
            prop_assert_eq!(&record[ask.payload_offset..][..ask.payload.len()], ask.payload);
        }
    }

    /// ABI-38: no truncation of a generated submission is accepted.
    #[test]
    fn truncated_submissions_are_refused(written in written()) {
        refuse_every_cut_of_a_call(&written.bytes());
    }

    /// ABI-31: a completion is read as it was written, whatever room was left unused.
    #[test]
    fn a_completion_is_read_as_written(answers in answers(), user_data: u64, result: i64, flags in 0..32_u16) {
        let record = done_bytes(&answers, user_data, RawResult(result), DoneFlags(flags));
        let done = Done::check(&record).expect("the writer writes what the check accepts");
        prop_assert_eq!(
            (done.user_data(), done.result(), done.flags()),
            (user_data, RawResult(result), DoneFlags(flags))
        );
        let data = answers.0.iter().map(|data| (1, 1, data.as_slice()));
        let others = answers.1.iter().map(|(id, status, value, _)| (*id, *status, value.as_slice()));
        let returned = done.returns().map(|answer| (answer.id.0, answer.status.0, answer.value));
        prop_assert_eq!(returned.collect::<Vec<_>>(), data.chain(others).collect::<Vec<_>>());
    }

    /// ABI-38: no truncation of a generated completion is accepted, but for those behind a whole return.
    #[test]
    fn truncated_completions_are_refused(answers in answers()) {
        refuse_every_cut_of_a_done(&done_bytes(&answers, 1, RawResult(2), DoneFlags::NONE));
    }

    /// ABI-42: a set-up is read as it was written.
    #[test]
    fn a_set_up_is_read_as_written(features: [u64; 3], sizes: [u32; 5]) {
        let params = Params {
            abi_version: ABI_VERSION,
            features_required: Features(features[0]),
            features_wanted: Features(features[1]),
            features_granted: Features(features[2]),
            submission_bytes: sizes[0],
            completion_bytes: sizes[1],
            submission_record_max: sizes[2],
            completion_record_max: sizes[3],
            slots: sizes[4],
        };
        prop_assert_eq!(Params::parse(&params.emit()), Ok(params));
    }

    /// ABI-39: no bytes make a check panic, and what it accepts can be read.
    #[test]
    fn any_bytes_are_checked(bytes in vec(any::<u8>(), 0..300)) {
        prop_assert!(Call::check(&bytes, &LIMITS).map_or(0, |call| read_call(&call)) < usize::MAX);
        prop_assert!(Done::check(&bytes).map_or(0, |done| read_done(&done)) < usize::MAX);
        prop_assert!(Params::parse(&bytes).is_err() || bytes.len() >= PARAMS_BYTES);
    }

    /// ABI-39: nor do bytes that look like a record at first.
    #[test]
    fn plausible_bytes_are_checked(call in plausible(2), done in plausible(5)) {
        prop_assert!(Call::check(&call, &LIMITS).map_or(0, |call| read_call(&call)) < usize::MAX);
        prop_assert!(Done::check(&done).map_or(0, |done| read_done(&done)) < usize::MAX);
    }

    /// ABI-39: nor do sound records with some bytes changed.
    #[test]
    fn changed_records_are_checked(
        written in written(),
        answers in answers(),
        changes in vec((any::<Index>(), any::<u8>()), 1..4),
    ) {
        let mut call = written.bytes();
        let mut done = done_bytes(&answers, 1, RawResult(2), DoneFlags::NONE);
        for (place, byte) in changes {
            let (in_call, in_done) = (place.index(call.len()), place.index(done.len()));
            call[in_call] = byte;
            done[in_done] = byte;
        }
        prop_assert!(Call::check(&call, &LIMITS).map_or(0, |call| read_call(&call)) < usize::MAX);
        prop_assert!(Done::check(&done).map_or(0, |done| read_done(&done)) < usize::MAX);
    }
}

/// ABI-39: every byte of the sample records takes every value: nothing panics, and what is accepted can be read.
#[test]
fn every_byte_takes_every_value() {
    let (call, done) = (emit(&RICH), rich_done());
    let mut accepted = [0; 2];
    for byte in 0..=u8::MAX {
        for place in 0..call.len() {
            if let Ok(call) = Call::check(&poked(&call, place, &[byte]), &LIMITS) {
                assert!(read_call(&call) > 0);
                accepted[0] += 1;
            }
        }
        for place in 0..done.len() {
            if let Ok(done) = Done::check(&poked(&done, place, &[byte])) {
                assert!(read_done(&done) > 0);
                accepted[1] += 1;
            }
        }
    }
    assert!(
        accepted.iter().all(|&count| count > 256 * 16),
        "user data, number and payloads are free: {accepted:?}"
    );
}
