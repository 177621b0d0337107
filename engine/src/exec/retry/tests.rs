#![allow(unsafe_code, reason = "calls what makes calls, and makes none")]

use std::os::fd::AsRawFd;

use syslet_abi::AttributeFlags;

use crate::exec::retry::*;
use crate::submission::Submission;

/// The outcome of a read of ten bytes from a pipe when the kernel answers like this, one answer for each attempt.
fn reads(ask: RetryAsk, answers: &[i64]) -> (Invoked, RetryValue) {
    let (reader, _writer) = std::io::pipe().expect("a pipe");
    let fd = i64::from(reader.as_raw_fd());
    let read = Submission::call(libc::SYS_read).int(fd).value(4096).value(10);
    let read = read.attribute(AttributeId::RETRY, AttributeFlags::NONE, &ask.payload()).build();
    let call = Call::admitted(read.bytes());
    let mut answers = answers.iter();
    let mut enter = |_: u32, args: &RawArgs| {
        let args = row(call.nr()).expect("it has a row").narrow(args);
        assert_eq!(args.get(1) + args.get(2), 4096 + 10, "the rest of the same bytes");
        Invoked::Result(*answers.next().expect("no further attempt is due"))
    };
    // SAFETY: nothing is made.
    let ended = unsafe { retried(&call, &AtomicU32::new(0), &RawArgs::of(&call), &mut enter) };
    assert_eq!(answers.next(), None, "every attempt is made");
    ended
}

const ASK: RetryAsk = RetryAsk {
    on: RetryOn::SHORT.with(RetryOn::AGAIN).with(RetryOn::INTERRUPTED),
    attempts: 3,
    time_ns: 0,
    pause_ns: 1,
};

fn ended(result: i64, attempts: u32, ended: RetryEnd) -> (Invoked, RetryValue) {
    (Invoked::Result(result), RetryValue { attempts, ended })
}

/// ATTR-80, ATTR-81: attempts are counted from the last one that moved something.
#[test]
fn progress_gives_all_attempts_again() {
    let answers = [EAGAIN, EAGAIN, 4, EAGAIN, EINTR, 6];
    assert_eq!(reads(ASK, &answers), ended(10, 6, RetryEnd::DONE));
    assert_eq!(reads(ASK, &[EAGAIN, 4, EAGAIN, EAGAIN, EAGAIN]), ended(4, 5, RetryEnd::ATTEMPTS));
    assert_eq!(reads(ASK, &[EAGAIN, EINTR, EAGAIN]), ended(EAGAIN, 3, RetryEnd::ATTEMPTS));
}

/// ATTR-80: an end after a part leaves the part.
#[test]
fn a_part_stands() {
    let brief = RetryAsk { time_ns: 1, ..ASK };
    assert_eq!(reads(ASK, &[4, 5, 0]), ended(9, 3, RetryEnd::END));
    assert_eq!(reads(ASK, &[4, -5]), ended(4, 2, RetryEnd::FAILED));
    assert_eq!(reads(ASK, &[-5]), ended(-5, 1, RetryEnd::DONE));
    assert_eq!(reads(brief, &[4, EAGAIN]), ended(4, 2, RetryEnd::TIME));
    let whole = RetryAsk { on: RetryOn::AGAIN, ..ASK };
    assert_eq!(reads(whole, &[4]), ended(4, 1, RetryEnd::DONE));
    assert_eq!(reads(whole, &[EINTR]), ended(EINTR, 1, RetryEnd::DONE));
}
