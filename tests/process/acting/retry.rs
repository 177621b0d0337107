//! Calls that are made again.
#![allow(unsafe_code, reason = "asks and sets files of its own")]

use std::fs::File;
use std::io::{Read, Write};
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;

use nix::unistd::{geteuid, seteuid};
use syslet::attrs::{DeadlineAsked, RetryAsk, RetryEnd, RetryOn, RetryValue, RunBy};
use syslet::{AttributeId, CallFlags, DoneFlags, Refusal, Ring, Submission, SubmissionBuilder, Which};

use super::{REQUIRED, engine, value, with, worker};
use crate::look::{self, until, workers_in};
use crate::one::run_one;
use crate::rig::{Seen, alone, drain, pipe, push, ring_with};

const AGAIN: RetryAsk = RetryAsk { on: RetryOn::AGAIN, attempts: 0, time_ns: 0, pause_ns: 1_000 };
const SHORT: RetryAsk = RetryAsk { on: RetryOn::SHORT, ..AGAIN };
const EAGAIN: i64 = -(libc::EAGAIN as i64);
const EINTR: i64 = -(libc::EINTR as i64);

fn asking(call: SubmissionBuilder, ask: RetryAsk) -> SubmissionBuilder {
    let asks = [(AttributeId::RETRY, ask.payload().to_vec()), (AttributeId::WORKER, Vec::new())];
    with(call.user_data(2), REQUIRED, &asks)
}

fn start(ring: &mut Ring, call: SubmissionBuilder) {
    push(ring, &call.build()).expect("accepted");
    ring.submit();
}

fn end(ring: &mut Ring) -> (Seen, RetryValue) {
    ring.submit_and_wait(1).expect("waited");
    let done = drain(ring).remove(0);
    let retried = RetryValue::parse(value(&done, AttributeId::RETRY)).expect("a value");
    assert_eq!(worker(&done).attempts, retried.attempts);
    (done, retried)
}

fn made(ring: &mut Ring, call: SubmissionBuilder, ask: RetryAsk) -> (i64, u32, RetryEnd) {
    start(ring, asking(call, ask));
    let (done, RetryValue { attempts, ended }) = end(ring);
    (done.result, attempts, ended)
}

fn read(fd: RawFd, bytes: usize) -> SubmissionBuilder {
    Submission::call(libc::SYS_read).int(fd.into()).output(bytes).value(bytes as u64)
}

fn never_waits(fd: RawFd) {
    // SAFETY: changes a flag of a file of this test.
    assert_eq!(unsafe { libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK) }, 0);
}

/// Whether everything that was written has been read.
fn is_empty(fd: RawFd) -> bool {
    let mut bytes = 0_i32;
    // SAFETY: writes one number to where it points.
    assert_eq!(unsafe { libc::ioctl(fd, libc::FIONREAD, &raw mut bytes) }, 0);
    bytes == 0
}

/// ATTR-80: a read that came back short goes on behind what it has, until all is there or the file ends.
#[test]
fn short_reads_go_on() {
    let _alone = look::alone();
    let (_engine, mut ring) = engine();
    let (reader, mut writer) = pipe();
    let fd = reader.as_raw_fd();
    let address = |bytes: &mut [u8]| bytes.as_mut_ptr().expose_provenance() as u64;
    let (mut first, mut second) = ([0; 4], [0; 6]);
    let vector = [address(&mut first), 4, address(&mut second), 6];
    let place = vector.as_ptr().expose_provenance() as u64;
    let readv = Submission::call(libc::SYS_readv).int(fd.into()).value(place).value(2);
    for call in [read(fd, 10), readv] {
        writer.write_all(b"abc").expect("room");
        start(&mut ring, asking(call, SHORT));
        until("the first part is read", || is_empty(fd));
        writer.write_all(b"defg").expect("room");
        until("the second part is read", || is_empty(fd));
        writer.write_all(b"hij").expect("room");
        let (done, retried) = end(&mut ring);
        assert_eq!((done.result, retried), (10, RetryValue { attempts: 3, ended: RetryEnd::DONE }));
        assert!(done.data().is_empty() || done.data() == b"abcdefghij");
    }
    assert_eq!((&std::hint::black_box(first), &std::hint::black_box(second)), (b"abcd", b"efghij"));
    writer.write_all(b"abc").expect("room");
    drop(writer);
    assert_eq!(made(&mut ring, read(fd, 10), SHORT), (3, 2, RetryEnd::END));
    assert_eq!(made(&mut ring, read(fd, 10), SHORT), (0, 1, RetryEnd::END));
}

/// ATTR-80: at a position, the position goes on too: what ends the read is the file's end.
#[test]
fn positions_go_on() {
    let _alone = look::alone();
    let (_engine, mut ring) = engine();
    let mut file: File = tempfile::tempfile().expect("room for a file");
    file.write_all(&[7; 60]).expect("room");
    let fd = i64::from(file.as_raw_fd());
    let mut buffer = [0_u8; 100];
    let vector = [buffer.as_mut_ptr().expose_provenance() as u64, 100];
    let place = vector.as_ptr().expose_provenance() as u64;
    let call = |name: libc::c_long| Submission::call(name).int(fd);
    for call in [
        call(libc::SYS_pread64).output(100).value(100).value(10),
        call(libc::SYS_preadv).value(place).value(1).value(10).value(0),
        call(libc::SYS_preadv2).value(place).value(1).value(10).value(0).value(0),
    ] {
        assert_eq!(made(&mut ring, call, SHORT), (50, 2, RetryEnd::END));
    }
    // The file's own position, which stands at its end.
    let own = call(libc::SYS_preadv2).value(place).value(1).int(-1).value(0).value(0);
    assert_eq!(made(&mut ring, own, SHORT), (0, 1, RetryEnd::END));
    let write = call(libc::SYS_pwrite64).input(b"whole").value(5).value(58);
    assert_eq!(made(&mut ring, write, SHORT), (5, 1, RetryEnd::DONE));
    let mut tail = [0; 5];
    file.read_exact_at(&mut tail, 58).expect("it is there");
    assert_eq!(&tail, b"whole");
}

/// ATTR-80, ATTR-81: a write into a pipe that never waits goes on as it is emptied, and pauses meanwhile.
#[test]
fn short_writes_go_on() {
    const BYTES: usize = 300_000;
    let _alone = look::alone();
    let (_engine, mut ring) = engine();
    let (mut reader, writer) = pipe();
    never_waits(writer.as_raw_fd());
    let bytes: Vec<u8> = (0..=250).cycle().take(BYTES).collect();
    let write = |nr: libc::c_long| Submission::call(nr).int(writer.as_raw_fd().into());
    let place = bytes.as_ptr().expose_provenance() as u64;
    let vector = [place, 100_000, place + 100_000, 200_000];
    let vector_place = vector.as_ptr().expose_provenance() as u64;
    let plain = write(libc::SYS_write).value(place).value(BYTES as u64);
    for call in [plain, write(libc::SYS_writev).value(vector_place).value(2)] {
        let both = RetryAsk { on: RetryOn::SHORT.with(RetryOn::AGAIN), attempts: u32::MAX, ..AGAIN };
        start(&mut ring, asking(call, both));
        let mut seen = vec![0; BYTES];
        reader.read_exact(&mut seen).expect("somebody writes");
        assert!(seen == bytes, "in order, once");
        let (done, retried) = end(&mut ring);
        assert_eq!((done.result, retried.ended), (300_000, RetryEnd::DONE));
        assert!(retried.attempts > 1);
    }
    // After a part, an error is not seen, but told.
    let short = made(&mut ring, write(libc::SYS_write).value(place).value(BYTES as u64), SHORT);
    assert_eq!((short.1, short.2), (2, RetryEnd::FAILED));
    assert!(short.0 > 0);
}

/// ATTR-82: from one file to another too, with the positions that the call names, or the files' own.
#[test]
fn copies_go_on() {
    let _alone = look::alone();
    let (_engine, mut ring) = engine();
    let bytes: Vec<u8> = (0..=250).cycle().take(300_000).collect();
    let mut file: File = tempfile::tempfile().expect("room for a file");
    file.write_all(&bytes).expect("room");
    let from = i64::from(file.as_raw_fd());
    let both = RetryAsk { on: RetryOn::SHORT.with(RetryOn::AGAIN), attempts: u32::MAX, ..AGAIN };
    let at = |position: u64| position.to_ne_bytes();
    let (mut reader, writer) = pipe();
    let to = i64::from(writer.as_raw_fd());
    never_waits(writer.as_raw_fd());
    let sendfile = Submission::call(libc::SYS_sendfile).int(to).int(from).inout(&at(1000)).value(200_000);
    let splice =
        Submission::call(libc::SYS_splice).int(from).inout(&at(1000)).int(to).value(0).value(200_000);
    for call in [sendfile, splice.value(0)] {
        start(&mut ring, asking(call, both));
        let mut seen = vec![0; 200_000];
        reader.read_exact(&mut seen).expect("somebody writes");
        assert!(seen == bytes[1000..201_000], "in order, once");
        let (done, retried) = end(&mut ring);
        assert_eq!((done.result, retried.ended), (200_000, RetryEnd::DONE));
        assert!(retried.attempts > 1 && done.data() == at(201_000), "{done:?}");
    }
    // What ends it is the end of the file, or of what is written to the pipe.
    let target: File = tempfile::tempfile().expect("room for a file");
    let into = i64::from(target.as_raw_fd());
    let copy = Submission::call(libc::SYS_copy_file_range).int(from).inout(&at(299_900)).int(into);
    assert_eq!(made(&mut ring, copy.value(0).value(1000).value(0), SHORT), (100, 2, RetryEnd::END));
    let drain = Submission::call(libc::SYS_splice).int(reader.as_raw_fd().into()).value(0).int(into).value(0);
    start(&mut ring, asking(drain.value(10).value(0), SHORT));
    (&writer).write_all(b"abc").expect("room");
    until("the first part is taken", || is_empty(reader.as_raw_fd()));
    (&writer).write_all(b"def").expect("room");
    until("the second part is taken", || is_empty(reader.as_raw_fd()));
    drop(writer);
    let (done, retried) = end(&mut ring);
    assert_eq!((done.result, retried), (6, RetryValue { attempts: 3, ended: RetryEnd::END }));
    let mut copied = vec![0; 106];
    target.read_exact_at(&mut copied, 0).expect("it is there");
    assert!(copied[..100] == bytes[299_900..] && &copied[100..] == b"abcdef");
}

/// ATTR-82: what is a message is whole, and is not gone on with; a stream of bytes is.
#[test]
fn messages_are_whole() {
    let _alone = look::alone();
    let (_engine, mut ring) = engine();
    let to = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let address = to.local_addr().expect("it is bound");
    to.send_to(b"abc", address).expect("room");
    to.send_to(b"defghi", address).expect("room");
    // Should more be asked for, it is not waited for.
    never_waits(to.as_raw_fd());
    assert_eq!(made(&mut ring, read(to.as_raw_fd(), 10), SHORT), (3, 1, RetryEnd::DONE));
    let (mut one, other) = UnixStream::pair().expect("two sockets");
    one.write_all(b"abc").expect("room");
    let receive = |flags: i32| {
        let call = Submission::call(libc::SYS_recvfrom).int(other.as_raw_fd().into()).output(10);
        call.value(10).int(flags.into()).value(0).value(0)
    };
    assert_eq!(made(&mut ring, receive(libc::MSG_PEEK), SHORT), (3, 1, RetryEnd::DONE));
    drop(one);
    assert_eq!(made(&mut ring, receive(0), SHORT), (3, 2, RetryEnd::END));
}

/// ATTR-81: EAGAIN is followed by another attempt, as often and as long as was asked for; a call with a time of its own
/// says by it that the time is over, and is not made again.
#[test]
fn would_have_waited() {
    let _alone = look::alone();
    let (_engine, mut ring) = engine();
    let (reader, mut writer) = pipe();
    let fd = reader.as_raw_fd();
    never_waits(fd);
    let three = RetryAsk { attempts: 3, ..AGAIN };
    assert_eq!(made(&mut ring, read(fd, 1), three), (EAGAIN, 3, RetryEnd::ATTEMPTS));
    let brief = RetryAsk { time_ns: 1, ..AGAIN };
    assert_eq!(made(&mut ring, read(fd, 1), brief), (EAGAIN, 1, RetryEnd::TIME));
    assert_eq!(made(&mut ring, read(fd, 1), SHORT), (EAGAIN, 1, RetryEnd::DONE));
    start(&mut ring, asking(read(fd, 1), RetryAsk { attempts: u32::MAX, ..AGAIN }));
    writer.write_all(b"x").expect("room");
    let (done, retried) = end(&mut ring);
    assert_eq!((done.result, retried.ended), (1, RetryEnd::DONE));
    assert_eq!(worker(&done).run_by, RunBy::POOLED);
    let (set, time) = ([0_u64], [0_u64, 1]);
    let place = |words: &[u64]| words.as_ptr().expose_provenance() as u64;
    let waits = Submission::call(libc::SYS_rt_sigtimedwait);
    let waits = waits.value(place(&set)).value(0).value(place(&time)).value(8);
    assert_eq!(made(&mut ring, waits, AGAIN), (EAGAIN, 1, RetryEnd::NOT_AGAIN));
}

/// ATTR-83: what a signal has interrupted is made again where the table says so, for the time that is left.
#[test]
fn interrupted_calls_are_made_again() {
    let _alone = look::alone();
    let (_engine, mut ring) = engine();
    let ask = RetryAsk { on: RetryOn::INTERRUPTED, ..AGAIN };
    let (reader, mut writer) = pipe();
    let poll = [u64::from(reader.as_raw_fd().cast_unsigned()) | 1 << 32];
    let place = poll.as_ptr().expose_provenance() as u64;
    let call = Submission::call(libc::SYS_poll).value(place).value(1).int(-1);
    start(&mut ring, asking(call, ask));
    // The C library's own signal, to every thread.
    let interrupt = |nr| {
        until("it sleeps", || workers_in(nr).len() == 1);
        seteuid(geteuid()).expect("nothing changes");
    };
    interrupt(libc::SYS_poll);
    interrupt(libc::SYS_poll);
    until("it sleeps again", || workers_in(libc::SYS_poll).len() == 1);
    writer.write_all(b"x").expect("room");
    let (done, retried) = end(&mut ring);
    assert_eq!((done.result, retried.ended), (1, RetryEnd::DONE));
    assert!(retried.attempts >= 2, "{retried:?}");

    // Whatever came of a pause has come: it is not made again. One architecture only has it.
    let row = syslet::syscalls::row_by_name("pause").expect("it has a row");
    let Some(pause) = row.numbers.here() else { return };
    start(&mut ring, asking(Submission::call(i64::from(pause)), ask));
    interrupt(pause.into());
    let (done, retried) = end(&mut ring);
    let once = RetryValue { attempts: 1, ended: RetryEnd::NOT_AGAIN };
    assert_eq!((done.result, retried), (EINTR, once));
}

/// ATTR-84: a cancel or a deadline ends it between two attempts as in one: interrupted, or with what was moved.
#[test]
fn nobody_wants_it_any_more() {
    let _alone = look::alone();
    let (_engine, mut ring) = engine();
    let (reader, mut writer) = pipe();
    let fd = reader.as_raw_fd();
    never_waits(fd);
    let long = RetryAsk { attempts: u32::MAX, time_ns: u64::MAX, pause_ns: u64::MAX, on: AGAIN.on };
    start(&mut ring, asking(read(fd, 1), long));
    until("it pauses", || workers_in(libc::SYS_nanosleep).len() == 1);
    let _found = ring.cancel(Which::UserData(2));
    let (done, retried) = end(&mut ring);
    assert_eq!((done.result, done.flags, retried.ended), (EINTR, DoneFlags::CANCELLED, RetryEnd::STOPPED));

    let deadline = DeadlineAsked::After(20_000_000).emit();
    start(&mut ring, asking(read(fd, 1), long).attribute(AttributeId::DEADLINE, REQUIRED, &deadline));
    let (done, retried) = end(&mut ring);
    assert_eq!((done.result, retried.ended), (-i64::from(libc::ETIME), RetryEnd::STOPPED));

    writer.write_all(b"abc").expect("room");
    let both = RetryAsk { on: long.on.with(RetryOn::SHORT), ..long };
    start(&mut ring, asking(read(fd, 10), both));
    until("it pauses", || workers_in(libc::SYS_nanosleep).len() == 1);
    let _found = ring.cancel(Which::UserData(2));
    let (done, retried) = end(&mut ring);
    assert_eq!((done.result, done.flags, retried.ended), (3, DoneFlags::CANCELLED, RetryEnd::STOPPED));
    assert_eq!(done.data(), b"abc");
}

/// ATTR-85: with a thread of its own, or without; without workers, and with SYNC, it is refused.
#[test]
fn where_it_is_made() {
    let _alone = look::alone();
    let (_engine, mut ring) = engine();
    let (reader, _writer) = pipe();
    never_waits(reader.as_raw_fd());
    let ask = RetryAsk { attempts: 2, ..AGAIN };
    let nice = (AttributeId::NICE, super::nicer(1).to_ne_bytes().to_vec());
    let call = with(asking(read(reader.as_raw_fd(), 1), ask), REQUIRED, &[nice]);
    let done = run_one(&mut ring, call, 2);
    assert_eq!((done.result, worker(&done).run_by, worker(&done).attempts), (EAGAIN, RunBy::PRIVATE, 2));
    let call = asking(read(reader.as_raw_fd(), 1), ask);
    let refused = push(&mut ring, &call.clone().flags(CallFlags::SYNC).build()).unwrap_err();
    assert_eq!(refused.refusal(), Refusal::NEEDS_WORKER);
    let mut inline = ring_with(alone(), &syslet::Params::default());
    assert_eq!(push(&mut inline, &call.build()).unwrap_err().refusal(), Refusal::NEEDS_WORKER);
}
