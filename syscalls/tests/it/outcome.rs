//! The out area before a call and after it.

use syslet_abi::RawResult;
use syslet_syscalls::{prepare, written, written_for};

use crate::submission::A::{In, InOut, Out, Value};
use crate::submission::{A, Submission};

/// How much of an out area of `out_len` bytes comes back; what the call left there is `out`.
fn comes_back(name: &str, args: &[A], data: &[u8], out: &[u8], result: i64) -> usize {
    let out_len = u32::try_from(out.len()).expect("a small out area");
    let submission = Submission::new(name, args, data, out_len);
    written(submission.row, &submission.call(), RawResult(result), out)
}

const STALE: u8 = 0xaa;

/// What the call finds in an out area that held other bytes before.
fn prepared(name: &str, args: &[A], data: &[u8], out_len: usize) -> Vec<u8> {
    let submission = Submission::new(name, args, data, u32::try_from(out_len).expect("a small out area"));
    let mut out = vec![STALE; out_len];
    prepare(submission.row, &submission.call(), &mut out);
    out
}

#[test]
fn a_counted_buffer_comes_back_as_far_as_the_result_says() {
    let read = |at, result| comes_back("read", &[Value(0), Out(at), Value(32)], &[], &[0; 64], result);
    assert_eq!((read(0, 5), read(0, 32), read(0, 0)), (5, 32, 0));
    assert_eq!(read(8, 5), 13, "with the bytes before it");
    assert_eq!(read(0, 33), 32, "never more than the argument's own");
    assert_eq!(read(0, i64::MAX), 32);
    assert_eq!((read(0, -1), read(8, -4095)), (0, 0));
    assert_eq!(read(8, 0), 0, "nothing of an empty answer");
}

#[test]
fn a_size_that_was_only_asked_for_brings_nothing_back() {
    let args = [In(0), In(0), Out(0), Value(0)];
    assert_eq!(comes_back("getxattr", &args, b"a\0", &[0; 16], 12), 0);
}

#[test]
fn a_structure_comes_back_whole_or_not_at_all() {
    let stat = |result| comes_back("clock_gettime", &[Value(1), Out(8)], &[], &[0; 32], result);
    assert_eq!((stat(0), stat(-22)), (24, 0));
}

#[test]
fn elements_come_back_as_many_as_the_result_says() {
    let groups = |result| comes_back("getgroups", &[Value(4), Out(0)], &[], &[0; 16], result);
    assert_eq!((groups(3), groups(4), groups(5), groups(-22)), (12, 16, 16, 0));
    assert_eq!(groups(i64::MAX), 16);
}

#[test]
fn a_message_comes_back_with_its_type() {
    let receive = |result| comes_back("msgrcv", &[Value(0), Out(0), Value(8)], &[], &[0; 16], result);
    assert_eq!((receive(0), receive(3), receive(8), receive(9), receive(-4)), (8, 11, 16, 16, 0));
}

#[test]
fn a_socket_address_comes_back_as_far_as_its_length_says() {
    let name = |left: u32, result| {
        let mut out = [0; 36];
        out[32..].copy_from_slice(&left.to_ne_bytes());
        let args = [Value(3), Out(0), InOut(0, 32)];
        comes_back("getsockname", &args, &16u32.to_ne_bytes(), &out, result)
    };
    assert_eq!(name(2, 0), 36, "the length itself comes back");
    let address_last = |left: u32, result| {
        let mut out = [0; 36];
        out[..4].copy_from_slice(&left.to_ne_bytes());
        let args = [Value(3), Out(4), InOut(0, 0)];
        comes_back("getsockname", &args, &16u32.to_ne_bytes(), &out, result)
    };
    assert_eq!((address_last(2, 0), address_last(16, 0)), (6, 20));
    assert_eq!(address_last(110, 0), 20, "cut to the room it had");
    assert_eq!(address_last(2, -9), 4, "INOUT comes back whole");
}

#[test]
fn the_remaining_time_comes_back_when_interrupted() {
    let sleep = |result| comes_back("nanosleep", &[In(0), Out(0)], &[0; 16], &[0; 16], result);
    assert_eq!((sleep(-i64::from(libc::EINTR)), sleep(0), sleep(-i64::from(libc::EINVAL))), (16, 0, 0));
}

#[test]
fn what_is_read_and_written_comes_back_whole() {
    for result in [0, 1, -4, -22] {
        let args = [InOut(0, 8), Value(2), Value(0)];
        assert_eq!(comes_back("poll", &args, &[0; 16], &[0; 24], result), 24);
    }
}

#[test]
fn what_is_read_and_written_is_copied_in_and_the_rest_is_zero() {
    let out = prepared(
        "poll",
        &[InOut(8, 4), Value(1), Value(0)],
        &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
        16,
    );
    assert_eq!(out, [0, 0, 0, 0, 9, 10, 11, 12, 13, 14, 15, 16, 0, 0, 0, 0]);
}

#[test]
fn what_may_come_back_unwritten_is_zero() {
    let zero = |name, args: &[A], data: &[u8]| prepared(name, args, data, 64).iter().all(|&byte| byte == 0);
    assert!(zero("read", &[Value(0), Out(8), Value(8)], &[]), "bytes before the argument");
    assert!(zero("clock_gettime", &[Value(1), Out(0)], &[]));
    assert!(zero("wait4", &[Value(0), Out(0), Value(0), Value(0)], &[]));
    assert!(zero("nanosleep", &[In(0), Out(0)], &[0; 16]));
    assert!(zero("getdents64", &[Value(0), Out(0), Value(64)], &[]), "entries are padded");
    assert!(zero("recvfrom", &[Value(0), Out(0), Value(64)], &[]), "truncation counts what it throws away");
    assert!(zero("syslog", &[Value(10), Out(0), Value(64)], &[]), "some commands write nothing");
    assert!(zero("epoll_pwait", &[Value(0), Out(0), Value(4)], &[]), "events are padded");
}

/// Where the result says exactly how far the call wrote, clearing would be work for nothing.
#[test]
fn what_the_result_measures_is_left_as_it_is() {
    assert_eq!(prepared("read", &[Value(0), Out(0), Value(64)], &[], 64), [STALE; 64]);
    assert_eq!(prepared("getpid", &[], &[], 8), [STALE; 8]);
}

#[test]
fn each_argument_comes_back_as_far_as_it_was_written() {
    let args = [Value(0), Out(0), Value(16), Value(0), Out(16), InOut(0, 40)];
    let submission = Submission::new("recvfrom", &args, &24u32.to_ne_bytes(), 44);
    let mut out = [0; 44];
    out[40..].copy_from_slice(&8u32.to_ne_bytes());
    let place =
        |index, result| written_for(submission.row, &submission.call(), index, RawResult(result), &out);
    assert_eq!((place(1, 5), place(4, 5), place(5, 5)), (Some((0, 5)), Some((16, 8)), Some((40, 4))));
    assert_eq!((place(1, -11), place(4, -11)), (Some((0, 0)), Some((16, 0))));
    assert_eq!((place(0, 5), place(9, 5)), (None, None));
}
