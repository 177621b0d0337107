//! Answers that are shorter than what was asked for, and writes that take several rounds.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{IoSlice, IoSliceMut, Read, Seek, Write};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::thread;

use super::hand::{Got, Hand, compare};
use crate::rig::pipe;

const LONG: usize = 300_000;

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| u8::try_from(at % 251).expect("below 251")).collect()
}

/// Gives others a chance to go to sleep first. Nothing depends on it but which way is taken.
fn dawdle() {
    (0..300).for_each(|_| thread::yield_now());
}

fn files(hand: &mut Hand) -> (Vec<Got>, u64) {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(&pattern(100)).expect("written");
    file.rewind().expect("at the start");
    let mut got: Vec<Got> = (0..3).map(|_| hand.get(libc::SYS_read, &file, 60, &[])).collect();
    got.extend([90, 100, 1000, u64::MAX].map(|at| hand.get(libc::SYS_pread64, &file, 60, &[at])));
    let (mut first, mut second) = ([0; 7], [0; 90]);
    let mut vector = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
    let address = vector.as_mut_ptr().expose_provenance() as u64;
    let count = hand.raw(libc::SYS_preadv, &file, &[address, 2, 50, 0]);
    got.push((count, [&first[..], &second[..]].concat()));
    (got, file.stream_position().expect("a position"))
}

fn pipes(hand: &mut Hand) -> Vec<Got> {
    let (reader, mut writer) = pipe();
    writer.write_all(b"abc").expect("written");
    let mut got = vec![hand.get(libc::SYS_read, &reader, 10, &[])];
    let peer = thread::spawn(move || {
        dawdle();
        writer.write_all(b"later").expect("written");
        writer
    });
    got.push(hand.get(libc::SYS_read, &reader, 10, &[]));
    got.push(hand.get(libc::SYS_read, &reader, 0, &[]));
    drop(peer.join());
    got.push(hand.get(libc::SYS_read, &reader, 10, &[]));
    got
}

/// The peer writes one part, dawdles, writes the other, and is gone.
fn in_parts(hand: &mut Hand, len: usize, flags: i32) -> Vec<Got> {
    let (mut peer, own) = UnixStream::pair().expect("a pair");
    peer.write_all(b"four").expect("written");
    let peer = thread::spawn(move || {
        dawdle();
        peer.write_all(b"and six").expect("written");
        dawdle();
    });
    let flags = u64::from(flags.cast_unsigned());
    let got = hand.get(libc::SYS_recvfrom, &own, len, &[flags, 0, 0]);
    peer.join().expect("no panic");
    vec![got, hand.get(libc::SYS_recvfrom, &own, 20, &[0, 0, 0])]
}

fn datagrams(hand: &mut Hand) -> Vec<Got> {
    let (peer, own) = UnixDatagram::pair().expect("a pair");
    for message in ["one", "two", "three", "", "five"] {
        peer.send(message.as_bytes()).expect("sent");
    }
    let mut receive = |len: usize, flags: i32| {
        let (result, data) =
            hand.get(libc::SYS_recvfrom, &own, len, &[u64::from(flags.cast_unsigned()), 0, 0]);
        (result, data.into_iter().take(len).collect())
    };
    vec![
        receive(10, libc::MSG_PEEK),
        receive(10, 0),
        receive(2, 0),
        receive(0, 0),
        receive(10, 0),
        receive(10, libc::MSG_WAITALL),
        receive(10, libc::MSG_DONTWAIT),
    ]
}

/// TWIN-8, TWIN-10, TWIN-16, TWIN-17: reads and receives through a ring say what the plain ones say, short or not: at
/// the end of files, from pipes with less, from nobody yet and from nobody any more, with MSG_WAITALL, with PEEK.
#[test]
fn short_answers_are_the_plain_calls() {
    compare(files);
    compare(pipes);
    compare(datagrams);
    compare(|hand| in_parts(hand, 11, libc::MSG_WAITALL));
    compare(|hand| in_parts(hand, 20, libc::MSG_WAITALL));
    compare(|hand| in_parts(hand, 4, libc::MSG_PEEK | libc::MSG_WAITALL));
    compare(|hand| in_parts(hand, 4, 0));
}

/// Reads it all, slowly, and gives it.
fn read_slowly(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let (mut all, mut some) = (Vec::new(), [0; 5000]);
        loop {
            match from.read(&mut some).expect("read") {
                0 => return all,
                count => all.extend_from_slice(&some[..count]),
            }
            thread::yield_now();
        }
    })
}

fn long_writes(hand: &mut Hand) -> Vec<(i64, bool)> {
    let bytes = pattern(LONG);
    let (reader, writer) = pipe();
    let slow = read_slowly(reader);
    let mut seen = vec![(hand.put(libc::SYS_write, &writer, &bytes, &[]), true)];
    let vector: Vec<IoSlice<'_>> = bytes.chunks(70_001).map(IoSlice::new).collect();
    let address = vector.as_ptr().expose_provenance() as u64;
    seen.push((hand.raw(libc::SYS_writev, &writer, &[address, vector.len() as u64]), true));
    drop(writer);
    seen.push((0, slow.join().expect("no panic") == [bytes.clone(), bytes.clone()].concat()));
    let (own, peer) = UnixStream::pair().expect("a pair");
    let slow = read_slowly(peer);
    seen.push((hand.put(libc::SYS_sendto, &own, &bytes, &[0, 0, 0]), true));
    seen.push((hand.put(libc::SYS_write, &own, &bytes, &[]), true));
    drop(own);
    seen.push((0, slow.join().expect("no panic") == [bytes.clone(), bytes].concat()));
    seen
}

/// Where the descriptor itself does not wait, what fits is the answer.
fn nonblocking(hand: &mut Hand) -> Vec<i64> {
    let (_reader, writer) = pipe();
    nix::fcntl::fcntl(&writer, nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK)).expect("set");
    let bytes = pattern(LONG);
    let first = hand.put(libc::SYS_write, &writer, &bytes, &[]);
    vec![first, hand.put(libc::SYS_write, &writer, &bytes, &[])]
}

/// TWIN-12, TWIN-13, TWIN-19: writes of more than fits count as one, and every byte arrives, once and in its place. A
/// reader that goes away halfway leaves the count of what was written, not an error.
#[test]
fn long_writes_are_the_plain_calls() {
    compare(long_writes);
    compare(nonblocking);
    compare(|hand| {
        let (mut reader, writer) = pipe();
        let leaving = thread::spawn(move || reader.read_exact(&mut [0; 100_000]).expect("read"));
        let written = hand.put(libc::SYS_write, &writer, &pattern(LONG), &[]);
        leaving.join().expect("no panic");
        (100_000..300_000).contains(&written)
    });
}

/// TWIN-15: with O_APPEND each write lies in one piece, also beside another writer.
#[test]
fn appended_records_stay_whole() {
    const RECORD: usize = 3000;
    compare(|hand| {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let open = || File::options().append(true).open(file.path()).expect("opened");
        let (own, mut other) = (open(), open());
        let writer =
            thread::spawn(move || (0..50).for_each(|_| other.write_all(&[b'o'; RECORD]).expect("written")));
        let results: Vec<i64> =
            (0..50).map(|_| hand.put(libc::SYS_write, &own, &[b'h'; RECORD], &[])).collect();
        writer.join().expect("no panic");
        let all = std::fs::read(file.path()).expect("read");
        let is_whole = |record: &[u8]| record.iter().all(|byte| *byte == record[0]);
        (results, all.len(), all.chunks(RECORD).all(is_whole))
    });
}

/// TWIN-7: two threads read one file at its one position: every number is read by one of them, once, and what one
/// call reads is one piece.
#[test]
fn a_shared_position_is_shared() {
    const NUMBERS: u64 = 20_000;
    compare(|hand| {
        let mut file = tempfile::tempfile().expect("a file");
        let bytes: Vec<u8> = (0..NUMBERS).flat_map(u64::to_ne_bytes).collect();
        file.write_all(&bytes).expect("written");
        file.rewind().expect("at the start");
        let mut other = file.try_clone().expect("cloned");
        let numbers = |bytes: &[u8]| -> Vec<u64> {
            let words =
                bytes.chunks_exact(8).map(|word| u64::from_ne_bytes(word.try_into().unwrap_or_default()));
            words.collect()
        };
        let reader = thread::spawn(move || {
            let (mut pieces, mut some) = (Vec::new(), [0; 24]);
            loop {
                match other.read(&mut some).expect("read") {
                    0 => return pieces,
                    count => pieces.push(numbers(&some[..count])),
                }
            }
        });
        let mut pieces = Vec::new();
        loop {
            let (count, data) = hand.get(libc::SYS_read, &file, 40, &[]);
            if count == 0 {
                break;
            }
            pieces.push(numbers(&data));
        }
        pieces.extend(reader.join().expect("no panic"));
        let is_one = |piece: &Vec<u64>| piece.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        let all: BTreeSet<u64> = pieces.iter().flatten().copied().collect();
        let count: usize = pieces.iter().map(Vec::len).sum();
        (pieces.iter().all(is_one), count as u64 == NUMBERS, all.len() as u64 == NUMBERS)
    });
}
