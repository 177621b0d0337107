//! Arguments that a command decides, and structures that say their own size.

use syslet_abi::{CALL_ARGS_OFFSET, RawResult, Refusal};
use syslet_syscalls::{check_arguments, check_safe, prepare, written};

use crate::submission::A::{In, InOut, Out, Value};
use crate::submission::{A, Submission};

type Answer = Result<(), (Refusal, usize)>;

fn place(fault: syslet_abi::Fault) -> (Refusal, usize) {
    (fault.refusal, (fault.at as usize).saturating_sub(CALL_ARGS_OFFSET) / 8)
}

fn door(name: &str, args: &[A], data_len: usize, out_len: u32) -> Answer {
    let submission = Submission::new(name, args, &vec![0; data_len], out_len);
    check_arguments(submission.row, &submission.call()).map_err(place)
}

fn safe(name: &str, args: &[A]) -> Answer {
    let submission = Submission::new(name, args, &[0; 256], 256);
    check_safe(Some(submission.row), &submission.call(), &[3]).map_err(place)
}

fn command(number: i32) -> A {
    Value(number.unsigned_abs().into())
}

const OUTSIDE_DATA: Refusal = Refusal::IN_OUTSIDE_DATA;
const OUTSIDE_AREA: Refusal = Refusal::OUT_OUTSIDE_AREA;

/// ABI-64: each command has its own kind and length.
#[test]
fn a_command_decides_kind_and_length() {
    let fcntl = |command: A, arg, bytes: u32| door("fcntl", &[Value(3), command, arg], bytes as usize, bytes);
    assert_eq!(fcntl(command(libc::F_SETLK), In(0), 32), Ok(()));
    assert_eq!(fcntl(command(libc::F_SETLK), In(0), 31), Err((OUTSIDE_DATA, 2)));
    assert_eq!(fcntl(command(libc::F_SETLK), InOut(0, 0), 32), Err((Refusal::DIRECTION, 2)));
    assert_eq!(fcntl(command(libc::F_GETLK), InOut(0, 0), 32), Ok(()));
    assert_eq!(fcntl(command(libc::F_GETLK), In(0), 32), Err((Refusal::DIRECTION, 2)));
    assert_eq!(fcntl(command(libc::F_GETFL), In(0), 32), Err((Refusal::DIRECTION, 2)));
    let high = Value(libc::F_GETLK.unsigned_abs() as u64 | 0xdead_0000_0000);
    assert_eq!(fcntl(high, InOut(0, 0), 31), Err((OUTSIDE_DATA, 2)), "the kernel takes 32 bits");
    let quota = |command: u64, arg| door("quotactl", &[Value(command), Value(0), Value(0), arg], 72, 72);
    assert_eq!(quota(0x8000_0700, Out(0)), Ok(()));
    assert_eq!(quota(0x8000_0702, Out(1)), Err((OUTSIDE_AREA, 3)), "whatever the type of quota");
    assert_eq!(quota(0x8000_0801, In(0)), Ok(()));
    let read = |len| door("keyctl", &[Value(11), Value(1), Out(0), Value(len), Value(0)], 0, 64);
    assert_eq!((read(64), read(65)), (Ok(()), Err((OUTSIDE_AREA, 2))), "a count with a form of its own");
}

/// ABI-64: another command, or one that is no value, leaves VALUE only.
#[test]
fn unknown_commands_take_values_only() {
    let unknown = Err((Refusal::LENGTH_UNKNOWN, 2));
    for arg in [In(0), Out(0), InOut(0, 0)] {
        for number in [7777, 10] {
            assert_eq!(door("fcntl", &[Value(3), Value(number), arg], 64, 64), unknown, "{number} {arg:?}");
        }
        assert_eq!(door("ioctl", &[Value(3), Value(0x5401), arg], 64, 64), unknown);
    }
    assert_eq!(door("fcntl", &[Value(3), Value(7777), Value(0xdead_0000)], 0, 0), Ok(()));
    let no_value = door("fcntl", &[Value(3), In(0), In(0)], 64, 64);
    assert_eq!(no_value, Err((Refusal::DIRECTION, 1)));
}

/// ABI-64: what comes back is what the command writes.
#[test]
fn a_command_decides_what_comes_back() {
    let comes_back = |number, arg, result| {
        let submission = Submission::new("fcntl", &[Value(3), Value(number), arg], &[9; 32], 64);
        let mut out = [0xaa; 64];
        prepare(submission.row, &submission.call(), &mut out);
        let len = written(submission.row, &submission.call(), RawResult(result), &out);
        out[..len].to_vec()
    };
    assert_eq!(comes_back(5, InOut(0, 8), 0), [&[0; 8][..], &[9; 32]].concat(), "F_GETLK copies in");
    assert_eq!(comes_back(5, InOut(0, 8), -22).len(), 40);
    assert_eq!(comes_back(16, Out(0), 0), [0; 8], "F_GETOWN_EX");
    assert_eq!(comes_back(16, Out(0), -22), []);
}

/// ABI-65: a structure that says its size is believed as far as DATA and the out area reach.
#[test]
fn a_structure_says_its_size() {
    let with = |name: &str, args: &[A], size: u32, at: usize, len: usize| {
        let mut data = vec![0; len];
        data[at..at + 4].copy_from_slice(&size.to_ne_bytes());
        let submission = Submission::new(name, args, &data, u32::try_from(len).expect("short"));
        check_arguments(submission.row, &submission.call()).map_err(place)
    };
    let sched = |size, len| with("sched_setattr", &[Value(0), InOut(0, 0), Value(0)], size, 0, len);
    assert_eq!((sched(56, 56), sched(56, 55)), (Ok(()), Err((OUTSIDE_DATA, 1))));
    assert_eq!((sched(0, 48), sched(0, 47)), (Ok(()), Err((OUTSIDE_DATA, 1))), "the first version");
    assert_eq!((sched(1, 4), sched(u32::MAX, 64)), (Ok(()), Err((OUTSIDE_DATA, 1))));
    let mut tiny = vec![0; 48];
    tiny[0] = 1;
    let out = |out_len| {
        let args = [Value(0), InOut(0, 0), Value(0)];
        let submission = Submission::new("sched_setattr", &args, &tiny, out_len);
        check_arguments(submission.row, &submission.call()).map_err(place)
    };
    assert_eq!((out(4), out(3)), (Ok(()), Err((OUTSIDE_AREA, 1))), "the kernel writes the size it wants");
    let perf = |size, len| {
        with("perf_event_open", &[InOut(0, 0), Value(0), Value(0), Value(0), Value(0)], size, 4, len)
    };
    assert_eq!((perf(128, 128), perf(128, 127)), (Ok(()), Err((OUTSIDE_DATA, 0))));
    assert_eq!((perf(0, 64), perf(0, 63)), (Ok(()), Err((OUTSIDE_DATA, 0))));
    let short = door("perf_event_open", &[InOut(0, 0), Value(0), Value(0), Value(0), Value(0)], 7, 8);
    assert_eq!((perf(1, 8), short), (Ok(()), Err((OUTSIDE_DATA, 0))), "the size itself");
    let handle = |size, len| with("open_by_handle_at", &[Value(3), In(0), Value(0)], size, 0, len);
    assert_eq!((handle(12, 20), handle(12, 19)), (Ok(()), Err((OUTSIDE_DATA, 1))));
    assert_eq!(handle(u32::MAX, 20), Err((OUTSIDE_DATA, 1)));
    let pages = |len| door("mincore", &[Value(0), Value(len), Out(0)], 0, 2);
    assert_eq!((pages(8192), pages(8193), pages(0)), (Ok(()), Err((OUTSIDE_AREA, 2)), Ok(())));
}

/// ABI-65: the number that the kernel reads is the one that was checked.
#[test]
fn a_size_is_not_written_over() {
    let handle = |mnt_id| {
        let args = [Value(3), In(0), InOut(0, 16), Out(mnt_id), Value(0)];
        door("name_to_handle_at", &args, 8, 64)
    };
    assert_eq!((handle(8), handle(24)), (Ok(()), Ok(())));
    for at in [9, 16, 19] {
        assert_eq!(handle(at), Err((Refusal::LENGTH_UNREADABLE, 2)), "{at}");
    }
}

/// ABI-65, TABLE-21: a count in the value is believed as far as DATA and the out area reach, and so is a length that counts
/// instructions; neither is written over.
#[test]
fn an_option_says_how_far_it_reaches() {
    let option = |option: i32, value, len, data: &[u8], out_len| {
        let args = [Value(3), command(libc::IPPROTO_IP), command(option), value, len];
        let submission = Submission::new("getsockopt", &args, data, out_len);
        check_arguments(submission.row, &submission.call()).map_err(place)
    };
    // Four bytes of the length, four unused, then the head with its count, and the sources.
    let sources = |count: u32, data_len: usize, out_len| {
        let mut data = vec![0; data_len];
        data[0] = 16;
        data[8 + 12..8 + 16].copy_from_slice(&count.to_ne_bytes());
        option(libc::IP_MSFILTER, InOut(8, 8), InOut(0, 0), &data, out_len)
    };
    assert_eq!(sources(3, 8 + 28, 8 + 28), Ok(()));
    assert_eq!(
        (sources(3, 8 + 27, 64), sources(3, 64, 8 + 27)),
        (Err((OUTSIDE_DATA, 3)), Err((OUTSIDE_AREA, 3)))
    );
    assert_eq!(sources(u32::MAX, 64, 64), Err((OUTSIDE_DATA, 3)));
    let mut data = vec![0; 64];
    data[0] = 16;
    for (at, answer) in
        [(16, Ok(())), (9, Err((Refusal::LENGTH_UNREADABLE, 3))), (15, Err((Refusal::LENGTH_UNREADABLE, 3)))]
    {
        assert_eq!(option(libc::IP_MSFILTER, InOut(8, 0), InOut(0, at), &data, 64), answer, "{at}");
    }
    let filter = |out: u64, len_at, out_len| {
        let args =
            [Value(3), command(libc::SOL_SOCKET), command(libc::SO_GET_FILTER), Out(out), InOut(0, len_at)];
        let submission = Submission::new("getsockopt", &args, &[3, 0, 0, 0], out_len);
        check_arguments(submission.row, &submission.call()).map_err(place)
    };
    assert_eq!((filter(8, 0, 32), filter(8, 0, 31)), (Ok(()), Err((OUTSIDE_AREA, 3))), "24 bytes");
    let cork = |out_len| {
        let args = [Value(3), command(libc::IPPROTO_TCP), command(libc::TCP_CORK), Out(4), InOut(0, 0)];
        let submission = Submission::new("getsockopt", &args, &[1, 0, 0, 0], out_len);
        check_arguments(submission.row, &submission.call()).map_err(place)
    };
    assert_eq!((cork(8), cork(7)), (Ok(()), Err((OUTSIDE_AREA, 3))), "Bluetooth writes an int");
}

/// TABLE-6, TABLE-21: what comes back of a filter is as many instructions as its length then counts.
#[test]
fn a_filter_comes_back_in_instructions() {
    let args = [Value(3), command(libc::SOL_SOCKET), command(libc::SO_GET_FILTER), Out(8), InOut(0, 0)];
    let submission = Submission::new("getsockopt", &args, &[5, 0, 0, 0], 48);
    let mut out = vec![0; 48];
    prepare(submission.row, &submission.call(), &mut out);
    for (left, bytes) in [(3, 8 + 24), (0, 4), (9, 48)] {
        out[0] = left;
        assert_eq!(written(submission.row, &submission.call(), RawResult(0), &out), bytes, "{left}");
    }
}

/// ENGINE-12: safe code has the commands that the row knows and finds harmless.
#[test]
fn safe_code_has_known_commands() {
    let fcntl = |number: i32, arg| safe("fcntl", &[Value(3), command(number), arg]);
    let refused = Err((Refusal::NOT_SAFE_ROW, 2));
    assert_eq!(fcntl(libc::F_GETFL, Value(0)), Ok(()));
    assert_eq!(fcntl(libc::F_SETLK, In(0)), Ok(()));
    assert_eq!(fcntl(libc::F_SETLK, Value(0x1000)), Err((Refusal::NOT_SAFE_ADDRESS, 2)));
    assert_eq!(fcntl(7777, Value(0)), refused);
    assert_eq!(fcntl(10, Value(0)), refused, "F_SETSIG chooses a signal");
    let compare = |fd| safe("fcntl", &[Value(3), Value(1027), Value(fd)]);
    assert_eq!((compare(3), compare(4)), (Ok(()), Err((Refusal::NOT_SAFE_DESCRIPTOR, 2))));
    let landlock = |rule| safe("landlock_add_rule", &[Value(3), Value(rule), In(0), Value(0)]);
    assert_eq!((landlock(2), landlock(1), landlock(3)), (Ok(()), refused, refused));
    let semctl = |number: i32, arg| safe("semctl", &[Value(0), Value(0), command(number), arg]);
    assert_eq!(semctl(libc::IPC_STAT, Out(0)), Ok(()));
    assert_eq!(semctl(libc::GETALL, Value(0)), Err((Refusal::NOT_SAFE_ROW, 3)));
}
