//! Vectors of bytes.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::thread;

use syslet::abi::{ArgKind, ArgKinds, AskRepr, CallRepr};
use syslet::attrs::{RunBy, WorkerValue};
use syslet::{AttributeFlags, AttributeId, CallFlags, Params, Refusal, Submission};

use super::direct::compare;
use crate::rig::{self, pipe, push, run};

fn file(bytes: &[u8]) -> Arc<File> {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("written");
    file.rewind().expect("at the start");
    Arc::new(file)
}

fn contents(mut file: &File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.rewind().expect("at the start");
    file.read_to_end(&mut bytes).expect("read");
    bytes
}

/// ABI-57, ENGINE-12: vectors are written from safe code, at the file's position and at one of their own.
#[test]
fn vectors_are_written() {
    compare(true, |make| {
        let file = file(b"0123456789");
        let vector =
            |nr, parts: &[&[u8]]| Submission::call(nr).lend(&file).vector(parts).value(parts.len() as u64);
        let got = [
            make(vector(libc::SYS_writev, &[b"ab", b"", b"cde"])),
            make(vector(libc::SYS_writev, &[])),
            make(vector(libc::SYS_writev, &[b"", b""])),
            make(vector(libc::SYS_pwritev, &[b"X", b"YZ"]).value(8).value(0)),
            make(vector(libc::SYS_pwritev2, &[b"!"]).value(2).value(0).value(0)),
            make(vector(libc::SYS_pwritev2, &[b"!"]).value(2).value(0).value(1 << 30)),
            make(vector(libc::SYS_pwritev, &[b"!"]).value(u64::MAX).value(0)),
        ];
        (got, contents(&file))
    });
}

/// ABI-57, ABI-62, ENGINE-12: vectors are read by safe code; the bytes come back one behind the other.
#[test]
fn vectors_are_read() {
    compare(true, |make| {
        let file = file(b"0123456789");
        let vector = |nr, rooms: &[usize]| {
            Submission::call(nr).lend(&file).vector_room(rooms).value(rooms.len() as u64)
        };
        let got = [
            make(vector(libc::SYS_readv, &[3, 0, 2])),
            make(vector(libc::SYS_readv, &[3, 100])),
            make(vector(libc::SYS_readv, &[3, 100])),
            make(vector(libc::SYS_preadv, &[1, 1]).value(8).value(0)),
            make(vector(libc::SYS_preadv, &[1; 20]).value(8).value(0)),
            make(vector(libc::SYS_preadv2, &[4, 4]).value(5).value(0).value(0)),
            make(vector(libc::SYS_preadv2, &[4]).value(5).value(0).value(1 << 30)),
        ];
        assert_eq!(got[0], (5, b"01234".to_vec()));
        got
    });
}

/// ABI-62: rooms in any order, apart or over each other: what is written comes back, and the rest is zero.
#[test]
fn rooms_lie_anywhere() {
    let file = file(b"0123456789");
    let mut ring = rig::ring();
    for (entries, expected) in [
        ([24, 3, 8, 4], [&[0; 8][..], b"3456", &[0; 12], b"012"].concat()),
        ([0, 1, 60, 4], [&b"0"[..], &[0; 59], b"1234"].concat()),
        ([8, 4, 8, 3], [&[0; 8][..], b"4563"].concat()),
        ([4, 0, 2, 20], [&[0; 2][..], b"0123456789"].concat()),
    ] {
        let data: Vec<u8> = entries.iter().flat_map(|word: &u64| word.to_ne_bytes()).collect();
        let ask = AskRepr { id: AttributeId::DATA, flags: AttributeFlags::NONE, payload: &data };
        let record = CallRepr {
            flags: CallFlags::NONE,
            user_data: 0,
            nr: u32::try_from(libc::SYS_preadv).expect("a number"),
            kinds: ArgKinds::default().with(1, ArgKind::IN),
            args: &[file.as_raw_fd().unsigned_abs().into(), 0, 2, 0, 0],
            out_len: 64,
            attributes: &[ask],
        };
        let mut bytes = vec![0; record.len_bytes()];
        record.emit(&mut bytes);
        rig::push_bytes(&mut ring, &bytes).expect("accepted");
        assert_eq!(ring.submit_and_wait(1), Ok(1));
        assert_eq!(rig::drain(&mut ring)[0].data(), expected, "{entries:?}");
    }
}

/// ABI-57: in a ring, a vector that leads out of its area is refused and has taken nothing.
#[test]
fn wrong_vectors_are_refused() {
    let mut ring = rig::ring();
    let call = |entry: [u64; 2], nr| {
        let bytes: Vec<u8> = entry.iter().flat_map(|word| word.to_ne_bytes()).collect();
        Submission::call(nr).int(-1).input(&bytes).value(1).build()
    };
    let mut refusal = |entry, nr| push(&mut ring, &call(entry, nr)).expect_err("refused").refusal();
    assert_eq!(refusal([16, 1], libc::SYS_writev), Refusal::IN_OUTSIDE_DATA);
    assert_eq!(refusal([0, 1], libc::SYS_readv), Refusal::OUT_OUTSIDE_AREA);
    assert_eq!(refusal([0, u64::MAX], libc::SYS_readv), Refusal::OUT_OUTSIDE_AREA);
    assert_eq!(ring.in_flight(), 0);
}

/// ABI-63: a write that a first attempt has begun is finished from the record, by a worker.
#[test]
fn a_begun_vector_is_finished() {
    let params = Params { submission_record_max: 32 << 10, ..Params::default() };
    let mut ring = rig::ring_with(syslet::Config::default(), &params);
    let parts: Vec<Vec<u8>> = (0..3).map(|part| vec![b'a' + part; 5000]).collect();
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    for room in [0, 4096, 8192] {
        let (mut reader, mut writer) = pipe();
        let bytes = nix::fcntl::fcntl(&writer, nix::fcntl::FcntlArg::F_GETPIPE_SZ).expect("a size");
        let full = usize::try_from(bytes).expect("a size") - room;
        writer.write_all(&vec![b'.'; full]).expect("there is room");
        let writer = Arc::new(writer);
        let call = Submission::call(libc::SYS_writev).lend(&writer).vector(&parts).value(3).build();
        drop(writer);
        let reading = thread::spawn(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).expect("read");
            all
        });
        ring.push_safe(&call).expect("safe");
        drop(call);
        assert_eq!(ring.submit_and_wait(1), Ok(1));
        assert_eq!(rig::drain(&mut ring)[0].result, 15_000);
        assert_eq!(reading.join().expect("read")[full..], parts.concat());
    }
}

/// ABI-63: a read that its first attempt found nothing for.
#[test]
fn a_vector_waits() {
    compare(true, |make| {
        let (reader, mut writer) = pipe();
        let reader = Arc::new(reader);
        let writing = thread::spawn(move || writer.write_all(b"late bytes").expect("written"));
        let got = make(Submission::call(libc::SYS_readv).lend(&reader).vector_room(&[4, 60]).value(2));
        writing.join().expect("written");
        got
    });
}

/// ABI-57: pselect6's mask is an address and a size.
#[test]
fn a_mask_is_packed() {
    compare(false, |make| {
        let zero = [0; 16];
        let select = |mask: &[u8]| {
            let call = Submission::call(libc::SYS_pselect6).value(0).value(0).value(0).value(0);
            call.inout(&zero).vector(&[mask])
        };
        [make(select(&[0; 8])), make(select(&[0; 4])), make(select(&[]))]
    });
}

/// ENGINE-19: a mask at the start of DATA is a mask: such a call is not tried as if it had none.
#[test]
fn a_mask_at_offset_zero_is_one() {
    let mut ring = rig::pooled();
    let epoll = nix::sys::epoll::Epoll::new(nix::sys::epoll::EpollCreateFlags::empty()).expect("an epoll");
    let ready = nix::sys::eventfd::EventFd::from_value(1).expect("an eventfd");
    let event = nix::sys::epoll::EpollEvent::new(nix::sys::epoll::EpollFlags::EPOLLIN, 7);
    epoll.add(&ready, event).expect("added");
    let wait = Submission::call(libc::SYS_epoll_pwait).int(epoll.0.as_raw_fd().into()).output(32).value(2);
    let masked = wait.clone().int(-1).input(&[0; 8]).value(8);
    let plain = wait.int(-1).value(0).value(8);
    for (call, expected) in [(plain, RunBy::NONBLOCKING), (masked, RunBy::POOLED)] {
        let done = run(&mut ring, call.attribute(AttributeId::WORKER, AttributeFlags::NONE, &[]));
        let worker = WorkerValue::parse(done.answer(AttributeId::WORKER).expect("asked").1).expect("sound");
        assert_eq!((done.result, worker.run_by), (1, expected));
    }
}
