//! CHECKSUM of what is read and written, in all the ways that bytes are named.

use std::io::{Seek, SeekFrom, Write};
use std::os::unix::net::UnixStream;

use syslet::attrs::{ChecksumAsk, ChecksumValue, Transferred};
use syslet::{
    AttributeFlags, AttributeId, Message, MessageRoom, Ring, Status, Submission, SubmissionBuilder,
};

use super::{NONE, fd, in_each_way, mapped};
use crate::rig::{self, Seen, getpid, run};

/// The checksum of bytes, bit by bit: Castagnoli's polynomial, reflected.
fn crc32c(bytes: &[u8]) -> u32 {
    let byte = |crc: u32, byte: &u8| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 },
        )
    };
    !bytes.iter().fold(u32::MAX, byte)
}

fn asked(call: SubmissionBuilder) -> SubmissionBuilder {
    call.attribute(AttributeId::CHECKSUM, NONE, &[])
}

#[track_caller]
fn is_of(seen: &Seen, bytes: &[u8]) {
    let (status, value) = seen.answer(AttributeId::CHECKSUM).expect("it was asked");
    let expected = Transferred { bytes: bytes.len() as u64, crc32c: crc32c(bytes) };
    assert_eq!((status, ChecksumValue::parse(value)), (Status::HANDLED, Some(ChecksumValue(expected))));
}

/// Bytes that differ everywhere.
fn noise(len: usize) -> Vec<u8> {
    (0..len).map(|at| u8::try_from(at * 7 % 251).expect("small")).collect()
}

/// Words in memory's order.
fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// A file with these bytes, at its start.
fn file_of(bytes: &[u8]) -> std::fs::File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("written");
    file.seek(SeekFrom::Start(0)).expect("sought");
    file
}

/// ATTR-48: what is read, written, received and sent, self-contained: as many bytes as the result says.
#[test]
fn self_contained_bytes() {
    let bytes = noise(3000);
    in_each_way(|ring, flags| {
        let mut go = |call: SubmissionBuilder| run(ring, asked(call).flags(flags));
        let file = file_of(&bytes);
        let read = Submission::call(libc::SYS_read).int(fd(&file)).output(5000).value(5000);
        is_of(&go(read), &bytes);
        let pread = Submission::call(libc::SYS_pread64).int(fd(&file)).output(100).value(100).value(17);
        is_of(&go(pread), &bytes[17..117]);
        let write = Submission::call(libc::SYS_write).int(fd(&file)).input(&bytes).value(3000);
        is_of(&go(write), &bytes);
        let at_end = Submission::call(libc::SYS_pread64).int(fd(&file)).output(9).value(9).value(1 << 20);
        is_of(&go(at_end), b"");
        let link = Submission::call(libc::SYS_readlinkat).int(-100).input(b"/proc/self/exe\0").output(4096);
        let seen = go(link.value(4096));
        is_of(&seen, seen.data());
        let (one, other) = UnixStream::pair().expect("sockets");
        let send = Submission::call(libc::SYS_sendto).int(fd(&one)).input(&bytes).value(3000).value(0);
        is_of(&go(send.value(0).value(0)), &bytes);
        let receive = Submission::call(libc::SYS_recvfrom).int(fd(&other)).output(2000).value(2000).value(0);
        is_of(&go(receive.value(0).value(0)), &bytes[..2000]);
    });
}

/// ATTR-48: the entries of a vector in turn, as far as the result goes, self-contained and by address.
#[test]
fn vectors() {
    let bytes = noise(300);
    let memory = mapped(8192);
    in_each_way(|ring, flags| {
        let file = file_of(&bytes);
        let mut go = |call: SubmissionBuilder| run(ring, asked(call).flags(flags));
        let preadv = Submission::call(libc::SYS_preadv).int(fd(&file)).vector_room(&[250, 0, 100]);
        is_of(&go(preadv.value(3).value(0).value(0)), &bytes);
        let writev =
            Submission::call(libc::SYS_writev).int(fd(&file)).vector(&[&bytes[..7], b"", &bytes[7..]]);
        is_of(&go(writev.value(3)), &bytes);
        // By address, of which the last is never reached; the vector itself lies in DATA or is read from a file.
        let vector = words(&[memory + 4090, 50, memory, 250, 8, 100]);
        let vectors = file_of(&vector);
        let fill =
            Submission::call(libc::SYS_pread64).int(fd(&vectors)).value(memory + 6000).value(48).value(0);
        is_of(&go(fill), &vector);
        let by_address = Submission::call(libc::SYS_preadv).int(fd(&file)).value(memory + 6000);
        is_of(&go(by_address.value(3).value(0).value(0)), &bytes);
        let back = Submission::call(libc::SYS_pwritev).int(fd(&file)).value(memory + 6000);
        is_of(&go(back.value(2).value(0).value(0)), &bytes);
    });
}

/// ATTR-48: the bytes of a message in turn, without its address and control data.
#[test]
fn messages() {
    let bytes = noise(300);
    in_each_way(|ring, flags| {
        let (one, other) = UnixStream::pair().expect("sockets");
        let mut go = |call: SubmissionBuilder| run(ring, asked(call).flags(flags));
        let message = Message { parts: &[&bytes[..1], &bytes[1..]], ..Message::default() };
        let send = Submission::call(libc::SYS_sendmsg).int(fd(&one)).message(&message).value(0);
        is_of(&go(send), &bytes);
        let room = MessageRoom { parts: &[100, 300], ..MessageRoom::default() };
        let receive = Submission::call(libc::SYS_recvmsg).int(fd(&other)).message_room(&room).value(0);
        is_of(&go(receive), &bytes);
    });
}

/// ATTR-47: what is expected is compared; the call's result stands, required or not.
#[test]
fn what_is_expected() {
    let bytes = noise(1000);
    in_each_way(|ring, flags| {
        let file = file_of(&bytes);
        let expect = |ring: &mut Ring, expected| {
            let payload = ChecksumAsk { expected: Some(expected) }.payload();
            let read = Submission::call(libc::SYS_pread64).int(fd(&file)).output(1000).value(1000).value(0);
            let asked =
                read.attribute(AttributeId::CHECKSUM, AttributeFlags::REQUIRED, &payload).flags(flags);
            let seen = run(ring, asked);
            assert_eq!((seen.result, seen.data()), (1000, &bytes[..]));
            let (status, value) = seen.answer(AttributeId::CHECKSUM).expect("it was asked");
            let found = ChecksumValue::parse(value).expect("a value, in either case").0;
            assert_eq!(found.crc32c, crc32c(&bytes));
            status
        };
        assert_eq!(expect(ring, crc32c(&bytes)), Status::HANDLED);
        assert_eq!(expect(ring, crc32c(&bytes) ^ 1), Status::MISMATCH);
    });
}

/// ATTR-48: a call that failed has moved nothing.
#[test]
fn failures_move_nothing() {
    in_each_way(|ring, flags| {
        let read = Submission::call(libc::SYS_read).int(-1).output(10).value(10);
        let seen = run(ring, asked(read).flags(flags));
        assert_eq!(seen.result, -i64::from(libc::EBADF));
        is_of(&seen, b"");
    });
}

/// ATTR-48: bytes that nobody has looked at are not looked at afterwards.
#[test]
fn memory_that_is_not_there() {
    let null = std::fs::OpenOptions::new().write(true).open("/dev/null").expect("opens");
    let memory = mapped(4096);
    in_each_way(|ring, flags| {
        for at in [0, 8, 4096, memory + 4000] {
            // The page behind the mapping need not be free, so what lies there decides nothing but that.
            let write = Submission::call(libc::SYS_write).int(fd(&null)).value(at).value(64);
            let seen = run(ring, asked(write).flags(flags));
            let (status, _) = seen.answer(AttributeId::CHECKSUM).expect("it was asked");
            let expected = if at > 4096 { Status::HANDLED } else { Status::UNAVAILABLE };
            assert_eq!((seen.result, status), (64, expected), "{at:#x}");
        }
    });
}

/// ATTR-46: INAPPLICABLE where nothing is moved, where the bytes go elsewhere, and where they are thrown away.
#[test]
fn not_of_transfers() {
    let file = file_of(b"bytes");
    let (one, _other) = UnixStream::pair().expect("sockets");
    let receive = Submission::call(libc::SYS_recvfrom).int(fd(&one)).output(1).value(1);
    let calls = [
        getpid(),
        Submission::call(libc::SYS_fsync).int(fd(&file)),
        Submission::call(libc::SYS_sendfile).int(fd(&file)).int(fd(&file)).value(0).value(0),
        receive.int((libc::MSG_TRUNC | libc::MSG_DONTWAIT).into()).value(0).value(0),
    ];
    let mut ring = rig::ring();
    for call in calls {
        let seen = run(&mut ring, rig::sync(asked(call)));
        assert_eq!(seen.answer(AttributeId::CHECKSUM), Some((Status::INAPPLICABLE, &[][..])), "{seen:?}");
    }
}
