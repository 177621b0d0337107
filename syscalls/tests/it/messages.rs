//! Messages: what the door refuses, what the kernel gets, what comes back.

use syslet_abi::{RawResult, Refusal};
use syslet_syscalls::{Bases, RawArgs, build, check_arguments, check_safe, prepare, settle, written};

use crate::native::{DATA, OUT, address_of, built, bytes, call, header};
use crate::submission::A::{In, InOut, Value};
use crate::submission::Submission;

fn door(submission: &Submission) -> Result<(), Refusal> {
    check_arguments(submission.row, &submission.call()).map_err(|fault| {
        assert_eq!(fault.at, 40, "the message is at fault");
        fault.refusal
    })
}

/// sendmsg of a header at the start of DATA, with `more` words behind it.
fn send(header: &[u8], more: &[u64]) -> Submission {
    call("sendmsg", &[Value(3), In(0), Value(0)], &[header, &bytes(more)].concat(), 0)
}

/// recvmsg of such a header, which comes back at the start of 128 bytes of out area.
fn receive(header: &[u8], more: &[u64]) -> Submission {
    call("recvmsg", &[Value(3), InOut(0, 0), Value(0)], &[header, &bytes(more)].concat(), 128)
}

/// ABI-58: name, vector, parts and control data of a message that is sent lie in DATA.
#[test]
fn what_is_sent_lies_in_data() {
    let outside = Err(Refusal::IN_OUTSIDE_DATA);
    let sent = |name, vector, control| door(&send(&header(name, vector, control), &[72, 8, 0]));
    assert_eq!(sent([64, 16], [56, 1], [0, 80]), Ok(()));
    assert_eq!(sent([64, 17], [56, 1], [0, 80]), outside, "the name");
    assert_eq!(sent([64, 16], [56, 2], [0, 80]), outside, "the vector");
    assert_eq!(sent([64, 16], [65, 1], [0, 80]), outside, "the vector");
    assert_eq!(sent([64, 16], [56, 1], [1, 80]), outside, "the control data");
    assert_eq!(sent([u64::MAX, 1], [56, 1], [0, 0]), outside);
    assert_eq!(sent([0, 0], [u64::MAX, 1], [0, 0]), outside);
    assert_eq!(sent([0, 0], [56, 1], [1, u64::MAX]), outside);
    assert_eq!(door(&send(&header([0, 0], [56, 1], [0, 0]), &[72, 9, 0])), outside, "a part");
    assert_eq!(door(&send(&[0; 55], &[])), outside, "the header");
}

/// ABI-58: those of one that is received lie in the out area, and the vector in DATA.
#[test]
fn what_is_received_lies_in_the_out_area() {
    let outside = Err(Refusal::OUT_OUTSIDE_AREA);
    let received = |name, control| door(&receive(&header(name, [56, 1], control), &[120, 8]));
    assert_eq!(received([112, 16], [56, 72]), Ok(()));
    assert_eq!(received([112, 17], [56, 72]), outside, "the name");
    assert_eq!(received([112, 16], [56, 73]), outside, "the control data");
    assert_eq!(door(&receive(&header([0, 0], [56, 1], [0, 0]), &[121, 8])), outside, "a part");
    let vector = door(&receive(&header([0, 0], [64, 1], [0, 0]), &[120, 8]));
    assert_eq!(vector, Err(Refusal::IN_OUTSIDE_DATA), "the vector");
}

/// ABI-60: the vectors of a call together have no more entries than DATA has room for, and messages are counted, too.
#[test]
fn messages_do_not_multiply() {
    let one = [header([0, 0], [0, 8], [0, 0]), vec![0; 8]].concat();
    let many = |count| {
        let args = [Value(3), InOut(0, 0), Value(count), Value(0)];
        door(&call("sendmmsg", &args, &one.repeat(2), 128))
    };
    assert_eq!(many(1), Ok(()), "8 entries");
    assert_eq!(many(2), Err(Refusal::TOO_LARGE), "the same 8 entries twice, in 128 bytes of DATA");
    let args = [Value(3), InOut(0, 0), Value(1025), Value(0)];
    let submission = Submission::new("sendmmsg", &args, &[0; 64 * 1025], 64 * 1025);
    let answer = check_arguments(submission.row, &submission.long_call()).map_err(|fault| fault.refusal);
    assert_eq!(answer, Err(Refusal::TOO_LARGE));
    let args = [Value(3), InOut(0, 0), Value(1024), Value(0)];
    let submission = Submission::new("sendmmsg", &args, &[0; 64 * 1024], 64 * 1024);
    assert_eq!(check_arguments(submission.row, &submission.long_call()), Ok(()));
}

/// ABI-58, ABI-59: the kernel gets a header with addresses.
#[test]
fn a_header_is_built() {
    let header = header([64, 16], [56, 1], [0, 0]);
    let (args, storage) = built(&send(&header, &[72, 8, 0]));
    let vector = address_of(&storage, 7);
    assert_eq!(storage, [DATA + 64, 16, vector, 1, 0, 0, 0, DATA + 72, 8]);
    assert_eq!(args[1], address_of(&storage, 0));
    let (_, storage) = built(&receive(&header, &[72, 8, 0]));
    assert_eq!((storage[0], storage[7]), (OUT + 64, OUT + 72));
}

/// ABI-63: what is built for a second attempt is what was built for the first, whatever that has left.
#[test]
fn each_attempt_starts_from_the_record() {
    let submission = receive(&header([64, 16], [56, 1], [96, 32]), &[80, 16]);
    let (_, mut storage) = built(&submission);
    let mut args = RawArgs::new([0x6666; 6]);
    let first = storage.clone();
    let at = address_of(&storage, 0);
    storage.fill(0x5555_5555_5555_5555);
    let bases = Bases { data: DATA, out: OUT };
    build(submission.row, &submission.call(), bases, &mut storage, &mut args);
    let vector = first[2] - at + address_of(&storage, 0);
    assert_eq!(storage, [&first[..2], &[vector], &first[3..]].concat());
    assert_eq!(submission.row.narrow(&args).get(1), address_of(&storage, 0));
    let many = rooms();
    build(many.row, &many.call(), bases, &mut storage, &mut args);
    assert_eq!((storage[7], storage[15]), (0, 0), "no length of an earlier message");
}

/// Two rooms: headers at the start of DATA and of the out area, each with a name, a part and control data.
fn rooms() -> Submission {
    let one = |at: u64| [header([at, 16], [128, 1], [at + 16, 8]), vec![0; 8]].concat();
    let data = [one(128), one(152), bytes(&[184, 8])].concat();
    call("recvmmsg", &[Value(3), InOut(0, 0), Value(2), Value(0), Value(0)], &data, 192)
}

/// What the kernel would write to a built header.
fn answer(storage: &mut [u64], at: usize, name: u64, control: u64, flags: u64, len: u64) {
    (storage[at + 1], storage[at + 5], storage[at + 6], storage[at + 7]) = (name, control, flags, len);
}

/// ABI-62: lengths and flags come back, of as many messages as were received; offsets stay, addresses never come.
#[test]
fn a_header_comes_back() {
    let submission = rooms();
    let (_, mut storage) = built(&submission);
    answer(&mut storage, 0, 2, 4, 0x20, 5);
    answer(&mut storage, 8, 3, 6, 0x40, 7);
    let after = |result| {
        let mut out = [0xaa; 192];
        prepare(submission.row, &submission.call(), &mut out);
        settle(submission.row, &submission.call(), RawResult(result), &storage, &mut out);
        let words: Vec<u64> =
            out[..128].chunks(8).map(|word| u64::from_ne_bytes(word.try_into().unwrap())).collect();
        (words, written(submission.row, &submission.call(), RawResult(result), &out))
    };
    let (first, second) = ([128, 2, 128, 1, 144, 4, 0x20, 5], [152, 3, 128, 1, 168, 6, 0x40, 7]);
    let (kept_first, kept_second) = ([128, 16, 128, 1, 144, 8, 0, 0], [152, 16, 128, 1, 168, 8, 0, 0]);
    assert_eq!(after(2), ([first, second].concat(), 191), "two; the last byte is in the part");
    assert_eq!(after(1), ([first, kept_second].concat(), 189));
    assert_eq!(after(9), ([first, second].concat(), 191), "never more than there are");
    for result in [0, -11, -4095] {
        assert_eq!(after(result), ([kept_first, kept_second].concat(), 128), "{result}");
    }
}

/// ABI-62: a received message comes back as far as its bytes, its name or its control data reach.
#[test]
fn a_message_is_cut_behind_the_last_byte() {
    let submission = receive(&header([64, 16], [56, 1], [96, 32]), &[80, 16]);
    let comes_back = |result, name, control| {
        let (_, mut storage) = built(&submission);
        (storage[1], storage[5]) = (name, control);
        let mut out = [0; 128];
        prepare(submission.row, &submission.call(), &mut out);
        settle(submission.row, &submission.call(), RawResult(result), &storage, &mut out);
        written(submission.row, &submission.call(), RawResult(result), &out)
    };
    assert_eq!(comes_back(0, 0, 0), 56, "the header alone");
    assert_eq!(comes_back(0, 3, 0), 67);
    assert_eq!(comes_back(5, 3, 0), 85);
    assert_eq!(comes_back(99, 99, 0), 96, "never more than they have room for");
    assert_eq!(comes_back(5, 3, 20), 116);
    assert_eq!(comes_back(-11, 3, 20), 56, "a failed call");
}

/// ABI-62: of messages that are sent comes back how much of each was.
#[test]
fn sent_lengths_come_back() {
    let one = [header([0, 0], [0, 0], [0, 0]), bytes(&[0])].concat();
    let submission = call("sendmmsg", &[Value(3), InOut(0, 0), Value(2), Value(0)], &one.repeat(2), 128);
    let (_, mut storage) = built(&submission);
    answer(&mut storage, 0, 9, 9, 9, 5);
    let mut out = [0; 128];
    settle(submission.row, &submission.call(), RawResult(1), &storage, &mut out);
    assert_eq!(out[..64], bytes(&[0, 0, 0, 0, 0, 0, 0, 5]));
    assert_eq!(out[64..], [0; 64]);
}

/// ENGINE-12: safe code neither sends control data nor has room for any.
#[test]
fn safe_code_has_no_control_data() {
    let safe = |submission: &Submission| {
        check_safe(Some(submission.row), &submission.call(), &[3]).map_err(|fault| (fault.refusal, fault.at))
    };
    let refused = Err((Refusal::NOT_SAFE_DESCRIPTOR, 40));
    let (none, some) = (header([0, 0], [56, 1], [0, 0]), header([0, 0], [56, 1], [0, 1]));
    for message in [send, receive] {
        assert_eq!(safe(&message(&none, &[0, 8])), Ok(()));
        assert_eq!(safe(&message(&some, &[0, 8])), refused);
    }
    assert_eq!(safe(&rooms()), refused);
    assert_eq!(
        safe(&call("sendmsg", &[Value(3), Value(0x1000), Value(0)], &[], 0)),
        Err((Refusal::NOT_SAFE_ADDRESS, 40))
    );
}
