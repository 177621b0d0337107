//! What the door refuses, and what it lets pass.

use syslet_abi::{CALL_ARGS_OFFSET, Refusal};
use syslet_syscalls::{check_arguments, check_safe};

use crate::submission::A::{In, InOut, Out, Value};
use crate::submission::{A, Submission};

type Answer = Result<(), (Refusal, usize)>;

/// The refusal, and the argument at fault.
fn door(name: &str, args: &[A], data: &[u8], out_len: u32) -> Answer {
    let submission = Submission::new(name, args, data, out_len);
    check_arguments(submission.row, &submission.call()).map_err(|fault| (fault.refusal, argument(fault.at)))
}

fn safe(name: &str, args: &[A], data: &[u8], lent: &[i32]) -> Answer {
    let submission = Submission::new(name, args, data, 4096);
    let answer = check_safe(Some(submission.row), &submission.call(), lent);
    answer.map_err(|fault| (fault.refusal, argument(fault.at)))
}

fn argument(at: u32) -> usize {
    (at as usize).saturating_sub(CALL_ARGS_OFFSET) / 8
}

const OUTSIDE_DATA: Refusal = Refusal::IN_OUTSIDE_DATA;
const OUTSIDE_AREA: Refusal = Refusal::OUT_OUTSIDE_AREA;

#[test]
fn a_counted_length_ends_exactly_at_the_boundary() {
    assert_eq!(door("read", &[Value(0), Out(0), Value(64)], &[], 64), Ok(()));
    assert_eq!(door("read", &[Value(0), Out(0), Value(65)], &[], 64), Err((OUTSIDE_AREA, 1)));
    assert_eq!(door("read", &[Value(0), Out(8), Value(56)], &[], 64), Ok(()));
    assert_eq!(door("read", &[Value(0), Out(8), Value(57)], &[], 64), Err((OUTSIDE_AREA, 1)));
    assert_eq!(door("read", &[Value(0), Out(64), Value(0)], &[], 64), Ok(()));
    assert_eq!(door("write", &[Value(1), In(0), Value(8)], &[0; 8], 0), Ok(()));
    assert_eq!(door("write", &[Value(1), In(1), Value(8)], &[0; 8], 0), Err((OUTSIDE_DATA, 1)));
}

#[test]
fn a_structure_ends_exactly_at_the_boundary() {
    assert_eq!(door("clock_gettime", &[Value(1), Out(0)], &[], 16), Ok(()));
    assert_eq!(door("clock_gettime", &[Value(1), Out(0)], &[], 15), Err((OUTSIDE_AREA, 1)));
    assert_eq!(door("clock_gettime", &[Value(1), Out(1)], &[], 16), Err((OUTSIDE_AREA, 1)));
    assert_eq!(door("nanosleep", &[In(0), Value(0)], &[0; 16], 0), Ok(()));
    assert_eq!(door("nanosleep", &[In(0), Value(0)], &[0; 15], 0), Err((OUTSIDE_DATA, 0)));
}

#[test]
fn a_count_is_multiplied_without_wrapping() {
    assert_eq!(door("poll", &[InOut(0, 0), Value(2), Value(0)], &[0; 16], 16), Ok(()));
    assert_eq!(door("poll", &[InOut(0, 0), Value(3), Value(0)], &[0; 16], 16), Err((OUTSIDE_DATA, 0)));
    assert_eq!(door("poll", &[InOut(0, 0), Value(2), Value(0)], &[0; 16], 15), Err((OUTSIDE_AREA, 0)));
    let events = |count| door("io_getevents", &[Value(0), Value(1), Value(count), Out(0), Value(0)], &[], 64);
    assert_eq!((events(2), events(3)), (Ok(()), Err((OUTSIDE_AREA, 3))));
    assert_eq!(events(1 << 59), Err((Refusal::TOO_LARGE, 3)));
    assert_eq!(door("read", &[Value(0), Out(1), Value(u64::MAX)], &[], 8), Err((OUTSIDE_AREA, 1)));
}

/// ENGINE-32: a count reaches as far as the kernel counts: what it does not take of it counts nothing, and what it takes
/// counts all.
#[test]
fn a_count_is_as_wide_as_the_kernels() {
    let high = 0xdead_beef << 32;
    let entries = |count, out_len| door("getdents64", &[Value(0), Out(0), Value(count)], &[], out_len);
    assert_eq!((entries(high | 8, 8), entries(high | 9, 8)), (Ok(()), Err((OUTSIDE_AREA, 1))));
    let read = |count| door("read", &[Value(0), Out(0), Value(count)], &[], 8);
    assert_eq!(
        (read(8), read(1 << 32), read(high | 8)),
        (Ok(()), Err((OUTSIDE_AREA, 1)), Err((OUTSIDE_AREA, 1)))
    );
    let poll = |count, len| door("poll", &[InOut(0, 0), Value(count), Value(0)], &vec![0; len], 16);
    assert_eq!((poll(1 << 61, 0), poll(high | 2, 16)), (Ok(()), Ok(())));
    assert_eq!(poll(high | 2, 15), Err((OUTSIDE_DATA, 0)));
    // A command decides how wide it is: a length of 32 bits, and one of 64.
    let key = |command, count| door("keyctl", &[Value(command), Value(1), Out(0), Value(count)], &[], 8);
    let (describe, read) = (6, 11);
    assert_eq!((key(describe, high | 8), key(read, 8)), (Ok(()), Ok(())));
    assert_eq!(key(read, high | 8), Err((OUTSIDE_AREA, 2)));
}

#[test]
fn a_length_can_have_a_constant_part() {
    assert_eq!(door("msgrcv", &[Value(0), Out(0), Value(8)], &[], 16), Ok(()));
    assert_eq!(door("msgrcv", &[Value(0), Out(0), Value(9)], &[], 16), Err((OUTSIDE_AREA, 1)));
    let wraps = door("msgsnd", &[Value(0), In(0), Value(u64::MAX - 3)], &[0; 16], 0);
    assert_eq!(wraps, Err((Refusal::TOO_LARGE, 1)));
}

#[test]
fn bits_are_counted_in_whole_words() {
    let select = |bits, bytes: usize| {
        let args = [Value(bits), InOut(0, 0), Value(0), Value(0), Value(0), Value(0)];
        door("pselect6", &args, &vec![0; bytes], 64)
    };
    assert_eq!((select(1, 8), select(64, 8), select(0, 0)), (Ok(()), Ok(()), Ok(())));
    assert_eq!((select(1, 7), select(65, 15)), (Err((OUTSIDE_DATA, 1)), Err((OUTSIDE_DATA, 1))));
    assert_eq!(select(u64::MAX, 8), Err((OUTSIDE_DATA, 1)));
}

#[test]
fn a_string_ends_inside_data() {
    let open = |data: &[u8], at| door("openat", &[Value(0), In(at), Value(0)], data, 0);
    assert_eq!(open(b"/etc\0", 0), Ok(()));
    assert_eq!(open(b"/etc\0", 4), Ok(()));
    assert_eq!(open(b"/etc\0", 5), Err((Refusal::STRING_UNTERMINATED, 1)));
    assert_eq!(open(b"/etc/pas", 0), Err((Refusal::STRING_UNTERMINATED, 1)));
}

#[test]
fn a_length_in_memory_is_read_from_data() {
    let name =
        |data: &[u8], address, length, out| door("getsockname", &[Value(3), address, length], data, out);
    let room = 16u32.to_ne_bytes();
    assert_eq!(name(&room, Out(4), InOut(0, 0), 20), Ok(()));
    assert_eq!(name(&room, Out(5), InOut(0, 0), 20), Err((OUTSIDE_AREA, 1)));
    assert_eq!(name(&17u32.to_ne_bytes(), Out(4), InOut(0, 0), 20), Err((OUTSIDE_AREA, 1)));
    assert_eq!(name(&u32::MAX.to_ne_bytes(), Out(4), InOut(0, 0), 20), Err((OUTSIDE_AREA, 1)));
    assert_eq!(name(&room[..3], Out(4), InOut(0, 0), 20), Err((OUTSIDE_DATA, 1)));
    assert_eq!(name(&room, Out(4), Value(0x1000), 20), Err((Refusal::LENGTH_UNREADABLE, 1)));
    assert_eq!(name(&room, Out(4), Out(0), 20), Err((Refusal::LENGTH_UNREADABLE, 1)));
    assert_eq!(name(&room, Value(0), InOut(0, 0), 20), Ok(()));
}

/// The kernel reads a socket address's room after it has written the message: the message must not reach it.
#[test]
fn a_length_in_memory_is_not_written_over() {
    let receive = |buffer, address, length| {
        let args = [Value(3), Out(buffer), Value(8), Value(0), Out(address), InOut(0, length)];
        door("recvfrom", &args, &16u32.to_ne_bytes(), 64)
    };
    assert_eq!(receive(0, 16, 8), Ok(()));
    assert_eq!(receive(12, 20, 8), Ok(()));
    assert_eq!(receive(1, 16, 8), Err((Refusal::LENGTH_UNREADABLE, 4)));
    assert_eq!(receive(11, 20, 8), Err((Refusal::LENGTH_UNREADABLE, 4)));
    assert_eq!(receive(32, 8, 8), Err((Refusal::LENGTH_UNREADABLE, 4)), "the address reaches it");
}

#[test]
fn a_length_that_is_no_value_cannot_be_read() {
    let answer = door("read", &[Value(0), Out(0), In(0)], &[0; 8], 64);
    assert_eq!(answer, Err((Refusal::LENGTH_UNREADABLE, 1)));
}

#[test]
fn a_direction_must_be_the_calls_own() {
    for (name, args) in [
        ("read", [Value(0), In(0), Value(8)]),
        ("read", [Value(0), InOut(0, 0), Value(8)]),
        ("write", [Value(0), Out(0), Value(8)]),
        ("poll", [In(0), Value(1), Value(0)]),
        ("poll", [Out(0), Value(1), Value(0)]),
        ("getdents64", [In(0), Value(0), Value(0)]),
    ] {
        let at = usize::from(matches!(args[0], Value(_)));
        assert_eq!(door(name, &args, &[0; 8], 8), Err((Refusal::DIRECTION, at)), "{name} {args:?}");
    }
}

#[test]
fn memory_that_is_not_described_passes_as_value_only() {
    for arg in [In(0), Out(0), InOut(0, 0)] {
        assert_eq!(
            door("vmsplice", &[Value(0), arg, Value(1)], &[0; 16], 16),
            Err((Refusal::LENGTH_UNKNOWN, 1))
        );
        assert_eq!(door("munmap", &[arg, Value(1)], &[0; 16], 16), Err((Refusal::LENGTH_UNKNOWN, 0)));
    }
    assert_eq!(door("vmsplice", &[Value(0), Value(0xdead_0000), Value(1)], &[], 0), Ok(()));
}

#[test]
fn more_arguments_than_the_call_has_are_refused() {
    assert_eq!(door("getpid", &[], &[], 0), Ok(()));
    assert_eq!(door("getpid", &[Value(0)], &[], 0), Err((Refusal::WRONG_ARGUMENT_COUNT, 0)));
    let four = [Value(0), Out(0), Value(8), Value(0)];
    assert_eq!(door("read", &four, &[], 8), Err((Refusal::WRONG_ARGUMENT_COUNT, 3)));
}

/// Arguments left out are zero, for the length as for the kernel.
#[test]
fn a_length_left_out_is_zero() {
    assert_eq!(door("read", &[Value(0), Out(8)], &[], 8), Ok(()));
}

#[test]
fn safe_code_passes_no_address_as_value() {
    let read = |buffer| safe("read", &[Value(3), buffer, Value(8)], &[], &[3]);
    assert_eq!(read(Value(0x1000)), Err((Refusal::NOT_SAFE_ADDRESS, 1)));
    assert_eq!((read(Value(0)), read(Out(0))), (Ok(()), Ok(())));
}

#[test]
fn safe_code_lends_the_descriptors_it_names() {
    let stat = |fd: i64, lent: &[i32]| {
        let args = [Value(fd.cast_unsigned()), In(0), Out(0), Value(0)];
        safe("newfstatat", &args, b"/\0", lent)
    };
    assert_eq!(stat(3, &[]), Err((Refusal::NOT_SAFE_DESCRIPTOR, 0)));
    assert_eq!(stat(3, &[4]), Err((Refusal::NOT_SAFE_DESCRIPTOR, 0)));
    assert_eq!(stat(0x1_0000_0003, &[4]), Err((Refusal::NOT_SAFE_DESCRIPTOR, 0)), "the kernel takes 32 bits");
    assert_eq!(stat(3, &[4, 3]), Ok(()));
    assert_eq!(stat(0x1_0000_0003, &[3]), Ok(()));
    assert_eq!(stat(i64::from(libc::AT_FDCWD), &[]), Ok(()));
    assert_eq!(stat(0xffff_ff9c, &[]), Ok(()), "AT_FDCWD as 32 bits");
}

#[test]
fn safe_code_makes_no_dangerous_call() {
    let refused = Err((Refusal::NOT_SAFE_ROW, 0));
    assert_eq!(safe("close", &[Value(3)], &[], &[3]), refused);
    assert_eq!(safe("dup3", &[Value(3), Value(4), Value(0)], &[], &[3, 4]), refused);
    assert_eq!(safe("munmap", &[Value(0), Value(0)], &[], &[]), refused);
    assert_eq!(safe("setuid", &[Value(0)], &[], &[]), refused);
    assert_eq!(safe("tgkill", &[Value(1), Value(1), Value(0)], &[], &[]), refused);
    let submission = Submission::new("getpid", &[], &[], 0);
    let answer = check_safe(None, &submission.call(), &[]);
    assert_eq!(answer.map_err(|fault| fault.refusal), Err(Refusal::NOT_SAFE_ROW), "without a row");
    assert_eq!(safe("getpid", &[], &[], &[]), Ok(()));
}
