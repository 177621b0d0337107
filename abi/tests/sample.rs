//! Records to start from, and what happens to them.

use syslet_abi::{
    ArgKind, ArgKinds, AskRepr, AttributeFlags, AttributeId, Call, CallFlags, CallRepr, DoneFlags,
    DoneWriter, Fault, Inout, Limits, RawResult, Refusal, Status,
};

/// The limits of a ring with default record sizes.
pub(crate) const LIMITS: Limits = Limits { record_bytes_max: 4096, out_bytes_max: 65536 };

/// A submission without arguments and attributes.
pub(crate) const BARE: CallRepr<'static> = CallRepr {
    flags: CallFlags::NONE,
    user_data: 0x0102_0304_0506_0708,
    nr: 110,
    kinds: ArgKinds(0),
    args: &[],
    out_len: 0,
    attributes: &[],
};

/// The application's attribute that [`RICH`] asks for.
pub(crate) const OWN: AttributeId = AttributeId(0x8001);

/// A submission with one argument of each kind and three attributes, one of them padded by five bytes.
pub(crate) const RICH: CallRepr<'static> = CallRepr {
    flags: CallFlags::ASYNC,
    user_data: 0xfedc_ba98_7654_3210,
    nr: 55,
    kinds: ArgKinds(0).with(1, ArgKind::IN).with(2, ArgKind::OUT).with(3, ArgKind::INOUT),
    args: &[u64::MAX, 8, 16, Inout { out: 32, data: 4 }.pack()],
    out_len: 40,
    attributes: &[
        AskRepr { id: OWN, flags: AttributeFlags::NONE, payload: b"own" },
        AskRepr { id: AttributeId::DATA, flags: AttributeFlags::NONE, payload: b"sixteen bytes in" },
        AskRepr { id: AttributeId::TIMING, flags: AttributeFlags::REQUIRED, payload: b"" },
    ],
};

/// Offset of the first attribute of [`RICH`]: behind 32 bytes of fields and four arguments.
pub(crate) const RICH_ATTRIBUTES: usize = 64;

/// The bytes of a submission.
pub(crate) fn emit(call: &CallRepr<'_>) -> Vec<u8> {
    // What stood there before must not shine through.
    let mut record = vec![0xa5; call.len_bytes()];
    assert_eq!(call.emit(&mut record), record.len());
    record
}

/// The bytes of a completion with a DATA return of 5 bytes, a return of 24 and one without a value.
pub(crate) fn rich_done() -> Vec<u8> {
    let mut record = vec![0xa5; 256];
    let mut writer = DoneWriter::new(&mut record);
    writer.out_area(40)[..5].copy_from_slice(b"hello");
    writer.data(Status::HANDLED, 5);
    writer.attribute(AttributeId::TIMING, 24, |value| {
        value.fill(7);
        (Status::HANDLED, 24)
    });
    writer.attribute(OWN, 0, |_| (Status::UNSUPPORTED, 0));
    let len = writer.finish(0x0102_0304_0506_0708, RawResult(5), DoneFlags::NONE);
    record.truncate(len);
    record
}

/// `record` with `bytes` written over it from `at`.
pub(crate) fn poked(record: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut record = record.to_vec();
    record[at..at + bytes.len()].copy_from_slice(bytes);
    record
}

/// `record` with the length in its first word set to its number of bytes.
pub(crate) fn with_own_len(mut record: Vec<u8>) -> Vec<u8> {
    let len = u32::try_from(record.len()).expect("a record of a test is short");
    record[..4].copy_from_slice(&len.to_ne_bytes());
    record
}

/// Why `record` is refused, and at which byte.
pub(crate) fn refusal(record: &[u8]) -> (Refusal, u32) {
    let Fault { refusal, at } = Call::check(record, &LIMITS).expect_err("the record is accepted");
    (refusal, at)
}
