//! What a completion holds, how it is built, and what its structure is refused for.

use syslet_abi::{
    AttributeId, DONE_BYTES_MIN, DONE_DATA_OFFSET, Done, DoneFlags, DoneWriter, Errno, Fault, Kind,
    RawResult, Refusal, Return, Status,
};

use crate::sample::{OWN, poked, rich_done, with_own_len};

fn refusal(record: &[u8]) -> (Refusal, u32) {
    let Fault { refusal, at } = Done::check(record).expect_err("the record is accepted");
    (refusal, at)
}

/// ABI-31: a completion gives back what was written: the application's word, the raw result, flags, returns.
#[test]
fn a_completion_holds_what_was_written() {
    let record = rich_done();
    let done = Done::check(&record).expect("the writer writes what the check accepts");
    assert_eq!(
        (done.user_data(), done.result(), done.flags()),
        (0x0102_0304_0506_0708, RawResult(5), DoneFlags::NONE)
    );
    let expected = [
        Return { id: AttributeId::DATA, status: Status::HANDLED, value: b"hello" },
        Return { id: AttributeId::TIMING, status: Status::HANDLED, value: &[7; 24] },
        Return { id: OWN, status: Status::UNSUPPORTED, value: b"" },
    ];
    assert_eq!(done.returns().collect::<Vec<_>>(), expected);
    assert_eq!(done.attribute(OWN), Some(expected[2]));
    assert_eq!(done.attribute(AttributeId(3)), None);
    assert_eq!((done.bytes(), record.len()), (&record[..], 24 + 16 + 32 + 8));
}

/// ABI-31: a completion without returns has 24 bytes.
#[test]
fn a_bare_completion_has_24_bytes() {
    let mut record = [0xa5; DONE_BYTES_MIN];
    let len = DoneWriter::new(&mut record).finish(1, RawResult::error(Errno::EAGAIN), DoneFlags::NOT_RUN);
    assert_eq!(len, 24);
    let done = Done::check(&record).expect("a bare completion is whole");
    assert_eq!((done.result(), done.returns().count()), (RawResult(-11), 0));
}

/// ABI-31: a completion with one value, made in one piece, is what the writer makes of it.
#[test]
fn one_value_in_one_piece() {
    let (user_data, result, value) = (0x0102_0304_0506_0708, RawResult(-5), [1, u64::MAX, 3 << 40]);
    for (id, flags) in [(AttributeId::TIMING, DoneFlags::NONE), (OWN, DoneFlags::CANCELLED)] {
        let mut record = [0xa5; 56];
        let mut writer = DoneWriter::new(&mut record);
        writer.attribute(id, 24, |room| {
            room.copy_from_slice(value.map(u64::to_ne_bytes).as_flattened());
            (Status::HANDLED, 24)
        });
        assert_eq!(writer.finish(user_data, result, flags), 56);
        let mut words = [0xa5; 8];
        assert_eq!(Done::put_value(&mut words, (user_data, result, flags), (id, value)), 7);
        assert_eq!(words[..7].iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<_>>(), record);
    }
}

/// ABI-31: a completion with DATA alone, made in one piece around its value, is what the writer makes of it; bytes behind the value are zero.
#[test]
fn data_in_one_piece() {
    let (user_data, result, flags) = (7, RawResult(3), DoneFlags::CANCELLED);
    for len in 0..=24 {
        let mut words = [0xa5a5_a5a5_a5a5_a5a5; 8];
        let mut record = words.map(u64::to_ne_bytes).as_flattened().to_vec();
        let mut writer = DoneWriter::new(&mut record);
        writer.data(Status::HANDLED, len);
        let bytes = writer.finish(user_data, result, flags);
        assert_eq!(Done::put_data(&mut words, (user_data, result, flags), len) * 8, bytes, "{len}");
        assert_eq!(&words.map(u64::to_ne_bytes).as_flattened()[..bytes], &record[..bytes], "{len}");
        let done = Done::check(&record[..bytes]).expect("it is whole");
        assert_eq!(done.attribute(AttributeId::DATA).map(|data| data.value.len()), Some(len));
    }
}

/// ABI-32: each flag has its bit; all of them are accepted, every other bit is refused.
#[test]
fn unknown_completion_flags_are_refused() {
    let known = [
        DoneFlags::NOT_RUN,
        DoneFlags::ENGINE_RESULT,
        DoneFlags::CANCELLED,
        DoneFlags::ABANDONED,
        DoneFlags::MORE,
        DoneFlags::FINALLY_FAILED,
        DoneFlags::RELEASED,
    ];
    for (bit, flag) in known.into_iter().enumerate() {
        let record = poked(&rich_done(), 6, &flag.0.to_ne_bytes());
        assert_eq!(flag, DoneFlags(1 << bit));
        assert_eq!(Done::check(&record).map(|done| done.flags()), Ok(flag));
    }
    for bit in known.len()..16 {
        let record = poked(&rich_done(), 6, &(1_u16 << bit).to_ne_bytes());
        assert_eq!(refusal(&record), (Refusal::RESERVED_BIT, 6), "bit {bit}");
    }
}

/// ABI-33: a raw result from −4095 to −1 is an error number, all else a value.
#[test]
fn the_sign_of_a_result() {
    for errno in 1..=4095 {
        assert_eq!(RawResult(-i64::from(errno)).decode(), Err(Errno(errno)));
        assert_eq!(RawResult::error(Errno(errno)), RawResult(-i64::from(errno)));
    }
    assert_eq!(RawResult(0).decode(), Ok(0));
    assert_eq!(RawResult(i64::MAX).decode(), Ok(0x7fff_ffff_ffff_ffff));
    assert_eq!(RawResult(-4096).decode(), Ok(0xffff_ffff_ffff_f000));
    assert_eq!(RawResult(i64::MIN).decode(), Ok(1 << 63));
}

/// ABI-34: a return that runs past the record, has no id or no status, or padding that is not zero, is refused.
#[test]
fn malformed_returns_are_refused() {
    let record = rich_done();
    let last = record.len() - 8;
    let overrun = poked(&record, last + 4, &1_u32.to_ne_bytes());
    assert_eq!(refusal(&overrun), (Refusal::ATTRIBUTE_OVERRUN, 72));
    assert_eq!(refusal(&poked(&record, last + 4, &[0xff; 4])), (Refusal::ATTRIBUTE_OVERRUN, 72));
    assert_eq!(refusal(&poked(&record, last, &[0, 0])), (Refusal::ATTRIBUTE_ID_ZERO, 72));
    assert_eq!(refusal(&poked(&record, last + 2, &[0, 0])), (Refusal::RESERVED_BIT, 74));
    for place in DONE_DATA_OFFSET + 5..DONE_DATA_OFFSET + 8 {
        assert_eq!(refusal(&poked(&record, place, &[1])), (Refusal::RESERVED_BIT, 37), "byte {place}");
    }
}

/// ABI-35: the out area begins at byte 32, and of it comes back what was written.
#[test]
fn the_out_area_is_the_data_return() {
    let mut record = [0xa5; 128];
    for written in 0..=24 {
        let mut writer = DoneWriter::new(&mut record);
        writer.out_area(24).fill(0xcc);
        writer.data(Status::HANDLED, written);
        let len = writer.finish(0, RawResult(0), DoneFlags::NONE);
        let done = Done::check(&record[..len]).expect("what is cut off is zeroed or gone");
        let data = done.attribute(AttributeId::DATA).expect("it is there");
        assert_eq!((data.value, len), (&[0xcc; 24][..written], 32 + written.next_multiple_of(8)));
        assert_eq!(record[DONE_DATA_OFFSET..][..written], [0xcc; 24][..written]);
    }
}

/// ABI-35: the DATA return stands first: behind another one it cannot be written.
#[test]
fn data_comes_first() {
    let mut record = [0; 128];
    let attempt = std::panic::catch_unwind(move || {
        let mut writer = DoneWriter::new(&mut record);
        writer.attribute(OWN, 0, |_| (Status::HANDLED, 0));
        writer.data(Status::HANDLED, 0);
    });
    assert!(attempt.is_err());
}

/// ABI-36: status zero is never sent: whoever answers it gets UNAVAILABLE and no value. A length beyond the room is
/// cut to the room.
#[test]
fn the_writer_writes_what_the_check_accepts() {
    let mut record = [0; 128];
    let mut writer = DoneWriter::new(&mut record);
    writer.attribute(OWN, 8, |_| (Status(0), 8));
    writer.attribute(AttributeId::TIMING, 8, |value| {
        value.fill(1);
        (Status::HANDLED, 4000)
    });
    let len = writer.finish(0, RawResult(0), DoneFlags::NONE);
    let done = Done::check(&record[..len]).expect("the writer writes what the check accepts");
    let expected = [
        Return { id: OWN, status: Status::UNAVAILABLE, value: b"" },
        Return { id: AttributeId::TIMING, status: Status::HANDLED, value: &[1; 8] },
    ];
    assert_eq!(done.returns().collect::<Vec<_>>(), expected);
}

/// ABI-36: a status that this version does not know is read as it stands.
#[test]
fn an_unknown_status_is_read() {
    let record = rich_done();
    let record = poked(&record, record.len() - 6, &[0xff, 0xff]);
    let status = Done::check(&record).map(|done| done.attribute(OWN).map(|answer| answer.status));
    assert_eq!(status, Ok(Some(Status(0xffff))));
}

/// ABI-37: the frame of a completion is checked like that of a submission.
#[test]
fn malformed_completions_are_refused() {
    let record = rich_done();
    for len in 0..DONE_BYTES_MIN {
        assert_eq!(refusal(&record[..len]), (Refusal::RECORD_SHORT, 0), "{len}");
    }
    for kind in (0..=u16::MAX).map(Kind).filter(|kind| *kind != Kind::DONE) {
        assert_eq!(refusal(&poked(&record, 4, &kind.0.to_ne_bytes())), (Refusal::UNKNOWN_KIND, 4));
    }
    assert_eq!(refusal(&poked(&record, 0, &79_u32.to_ne_bytes())), (Refusal::LENGTH_UNALIGNED, 0));
    for len in [0, 72, 88_u32] {
        assert_eq!(refusal(&poked(&record, 0, &len.to_ne_bytes())), (Refusal::LENGTH_MISMATCH, 0));
    }
    let odd = with_own_len([&record[..], &[0]].concat());
    assert_eq!(refusal(&odd), (Refusal::LENGTH_UNALIGNED, 0));
}
