//! The request to cancel.

use syslet_abi::{CANCEL_BYTES, Cancel, CancelBy, CancelSteps, Fault, Kind, RecordWord, Refusal};

const SAMPLE: Cancel = Cancel::by(7, CancelBy::FD, 5);

fn fault(record: &[u8]) -> (Refusal, u32) {
    let Fault { refusal, at } = Cancel::check(record).expect_err("refused");
    (refusal, at)
}

fn with_word(word: RecordWord) -> [u8; CANCEL_BYTES] {
    let mut record = SAMPLE.emit();
    record[..8].copy_from_slice(&word.pack().to_ne_bytes());
    record
}

/// ABI-66: a request is read as it was written, by each of the names.
#[test]
fn a_request_is_read_as_written() {
    let names = [(CancelBy::ALL, 0), (CancelBy::USER_DATA, u64::MAX), (CancelBy::FD, 0x7fff_ffff)];
    for (by, value) in names.into_iter().chain([(CancelBy::NUMBER, 0xffff_ffff), (CancelBy::TRACE, u64::MAX)])
    {
        let request = Cancel::by(9, by, value);
        assert_eq!(Cancel::check(&request.emit()), Ok(request));
    }
}

/// ABI-67: a record of another kind or length, with flags, with a name that is none, with anything reserved, and with a
/// value that the name cannot have, is refused, each at its place.
#[test]
fn faults_of_a_request() {
    let word = RecordWord { len: 48, kind: Kind::CANCEL, flags: 0 };
    assert_eq!(fault(&[]), (Refusal::RECORD_SHORT, 0));
    assert_eq!(fault(&with_word(RecordWord { kind: Kind::CALL, ..word })), (Refusal::UNKNOWN_KIND, 4));
    assert_eq!(fault(&with_word(RecordWord { len: 40, ..word })), (Refusal::LENGTH_MISMATCH, 0));
    assert_eq!(fault(&with_word(RecordWord { flags: 1, ..word })), (Refusal::RESERVED_BIT, 6));
    for len in (8..CANCEL_BYTES).step_by(8) {
        assert_eq!(fault(&SAMPLE.emit()[..len]), (Refusal::LENGTH_MISMATCH, 0));
    }
    let poked = |at: usize, byte: u8| {
        let mut record = SAMPLE.emit();
        record[at] = byte;
        record
    };
    assert_eq!(fault(&poked(16, 5)), (Refusal::RESERVED_BIT, 16));
    for (at, byte) in [(20, 4), (21, 1), (22, 1), (23, 1)] {
        assert_eq!(fault(&poked(at, byte)), (Refusal::RESERVED_BIT, 20));
    }
    for (by, value) in [(CancelBy::ALL, 1), (CancelBy::FD, 1 << 31), (CancelBy::NUMBER, 1 << 32)] {
        let request = Cancel::by(0, by, value);
        assert_eq!(fault(&request.emit()), (Refusal::RESERVED_BIT, 24), "{request:?}");
    }
}

/// ABI-70, ABI-71: the steps that follow, each with its time, are read as they were written; a time without its step is
/// refused.
#[test]
fn steps_and_their_times() {
    let both = CancelSteps::SHUTDOWN.with(CancelSteps::ABANDON);
    for (steps, shutdown_ns, abandon_ns) in [
        (CancelSteps::NONE, 0, 0),
        (CancelSteps::SHUTDOWN, u64::MAX, 0),
        (CancelSteps::ABANDON, 0, 1),
        (both, 0, 0),
        (both, 2, 3),
    ] {
        let request = Cancel { steps, shutdown_ns, abandon_ns, ..SAMPLE };
        assert_eq!(Cancel::check(&request.emit()), Ok(request));
    }
    for (steps, shutdown_ns, abandon_ns, at) in [
        (CancelSteps::NONE, 1, 0, 32),
        (CancelSteps::ABANDON, 1, 1, 32),
        (CancelSteps::NONE, 0, 1, 40),
        (CancelSteps::SHUTDOWN, 1, 1, 40),
    ] {
        let request = Cancel { steps, shutdown_ns, abandon_ns, ..SAMPLE };
        assert_eq!(fault(&request.emit()), (Refusal::RESERVED_BIT, at), "{request:?}");
    }
}
