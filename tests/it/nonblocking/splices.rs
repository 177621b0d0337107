//! splice, tee and vmsplice.

use std::fs::File;
use std::io::{PipeReader, Read, Seek, Write};

use syslet::{Submission, SubmissionBuilder};

use super::rig::{Bench, at, at_mut, blocked, error, fd, plain, same};
use crate::rig::pipe;

const SPLICE: i64 = libc::SYS_splice;
const TEE: i64 = libc::SYS_tee;
const VMSPLICE: i64 = libc::SYS_vmsplice;
const NONBLOCK: u64 = libc::SPLICE_F_NONBLOCK as u64;
/// More than a pipe holds.
const MUCH: u64 = 1 << 20;

fn call(nr: i64, args: &[u64]) -> SubmissionBuilder {
    args.iter().fold(Submission::call(nr), |call, arg| call.value(*arg))
}

fn splice(from: u64, to: u64, len: u64, flags: u64) -> SubmissionBuilder {
    call(SPLICE, &[from, 0, to, 0, len, flags])
}

fn file(content: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(content).expect("room");
    file.rewind().expect("a position");
    file
}

fn content(mut reader: &PipeReader, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    reader.read_exact(&mut bytes).expect("bytes");
    bytes
}

fn fill(writer: &impl std::os::fd::AsRawFd) {
    let bytes = vec![0u8; 1 << 16];
    assert_eq!(plain(libc::SYS_write, &[fd(writer), at(bytes.as_slice()), 1 << 16]), 1 << 16, "all it holds");
}

/// TWIN-43: the bytes that are there are moved, and a short answer is one.
#[test]
fn what_is_there_is_spliced() {
    let mut bench = Bench::new();
    let ((first, mut source), (second, sink)) = (pipe(), pipe());
    source.write_all(b"from a pipe").unwrap();
    assert_eq!(bench.ready(call(TEE, &[fd(&first), fd(&sink), MUCH, 0])).result, 11);
    assert_eq!(content(&second, 11), b"from a pipe");
    assert_eq!(bench.ready(splice(fd(&first), fd(&sink), MUCH, 0)).result, 11);
    assert_eq!(content(&second, 11), b"from a pipe");
    let mut stored = file(b"from a file");
    assert_eq!(bench.ready(splice(fd(&stored), fd(&sink), 6, 0)).result, 6);
    assert_eq!(bench.ready(splice(fd(&stored), fd(&sink), MUCH, 0)).result, 5);
    assert_eq!(bench.ready(splice(fd(&stored), fd(&sink), MUCH, 0)).result, 0, "its end");
    assert_eq!(content(&second, 11), b"from a file");
    source.write_all(b", longer").unwrap();
    assert_eq!(bench.ready(splice(fd(&first), fd(&stored), MUCH, 0)).result, 8);
    let mut all = String::new();
    stored.rewind().unwrap();
    stored.read_to_string(&mut all).unwrap();
    assert_eq!(all, "from a file, longer");
    let (memory, mut room) = (*b"memory", [0u8; 8]);
    assert_eq!(bench.ready(call(VMSPLICE, &[fd(&sink), at(&[at(&memory), 6]), 1, 0])).result, 6);
    let room_at = at_mut(&mut room);
    assert_eq!(bench.ready(call(VMSPLICE, &[fd(&second), at(&[room_at, 8]), 1, 0])).result, 6);
    assert_eq!(super::rig::look::<[u8; 6]>(room_at), memory);
    drop(source);
    assert_eq!(bench.ready(splice(fd(&first), fd(&sink), MUCH, 0)).result, 0, "nobody writes");
}

/// TWIN-43: a worker waits for bytes.
#[test]
fn bytes_are_waited_for() {
    let mut room = [0u8; 8];
    let vector = [at_mut(&mut room), 8];
    let stored = file(b"");
    for which in 0..4 {
        let ((reader, mut source), (_kept, sink)) = (pipe(), pipe());
        let call = match which {
            0 => splice(fd(&reader), fd(&sink), MUCH, 0),
            1 => splice(fd(&reader), fd(&stored), MUCH, 0),
            2 => call(TEE, &[fd(&reader), fd(&sink), MUCH, 0]),
            _ => call(VMSPLICE, &[fd(&reader), at(&vector), 1, 0]),
        };
        let done = blocked(call, || source.write_all(b"late").unwrap());
        assert_eq!(done.result, 4, "call {which}");
    }
    assert_eq!(stored.metadata().unwrap().len(), 4);
}

/// TWIN-43: a worker waits for room.
#[test]
fn room_is_waited_for() {
    let (memory, mut stored) = (*b"memory", file(b"stored"));
    let vector = [at(&memory), 6];
    for which in 0..4 {
        let ((reader, mut source), (drained, sink)) = (pipe(), pipe());
        fill(&sink);
        source.write_all(b"source").unwrap();
        stored.rewind().unwrap();
        let call = match which {
            0 => splice(fd(&reader), fd(&sink), MUCH, 0),
            1 => splice(fd(&stored), fd(&sink), MUCH, 0),
            2 => call(TEE, &[fd(&reader), fd(&sink), MUCH, 0]),
            _ => call(VMSPLICE, &[fd(&sink), at(&vector), 1, 0]),
        };
        let done = blocked(call, || drop(content(&drained, 1 << 16)));
        let expected = [b"source", b"stored", b"source", b"memory"][which];
        assert_eq!((done.result, content(&drained, 6).as_slice()), (6, expected.as_slice()));
    }
}

/// TWIN-43: pipes that never make a caller wait say so, and so do calls.
#[test]
fn who_asks_not_to_wait_is_told_at_once() {
    let mut bench = Bench::new();
    let ((reader, _source), (_kept, sink)) = (pipe(), pipe());
    let again = error(libc::EAGAIN);
    assert_eq!(bench.ready(splice(fd(&reader), fd(&sink), 1, NONBLOCK)).result, again);
    let (none, vector) = ([0u8; 8], [at(&[0u64; 1]), 8]);
    let set = |file: &dyn std::os::fd::AsRawFd| {
        let flags = u64::from(libc::O_NONBLOCK.cast_unsigned());
        assert_eq!(plain(libc::SYS_fcntl, &[u64::from(file.as_raw_fd().cast_unsigned()), 4, flags]), 0);
    };
    set(&sink);
    assert_eq!(bench.ready(splice(fd(&reader), fd(&sink), 1, 0)).result, again);
    assert_eq!(bench.ready(call(TEE, &[fd(&reader), fd(&sink), 1, 0])).result, again);
    assert_eq!(none, [0; 8]);
    // vmsplice does not look at the descriptor's flag.
    set(&reader);
    bench.begin(call(VMSPLICE, &[fd(&reader), at(&vector), 1, 0]));
}

/// TWIN-43: a file that is neither pipe nor storage is a worker's: there the flag says nothing.
#[test]
fn other_files_are_a_workers() {
    let (mut left, right) = std::os::unix::net::UnixStream::pair().unwrap();
    left.write_all(b"sent").unwrap();
    let (_reader, sink) = pipe();
    let mut bench = Bench::new();
    bench.begin(splice(fd(&right), fd(&sink), MUCH, NONBLOCK));
    bench.let_go();
    let (done, by) = bench.end();
    assert_eq!((done.result, by.attempts), (4, 1));
}

/// TWIN-43: a fault is refused as the plain call refuses it.
#[test]
fn wrong_splices_are_refused() {
    let ((reader, _source), (_kept, sink), stored) = (pipe(), pipe(), file(b"x"));
    let (nowhere, bad) = (8, 1 << 20);
    assert_eq!(same(SPLICE, &[fd(&reader), 0, fd(&sink), 0, 1, 1 << 20]), error(libc::EINVAL));
    assert_eq!(same(SPLICE, &[fd(&reader), nowhere, fd(&sink), 0, 1, 0]), error(libc::ESPIPE));
    assert_eq!(same(SPLICE, &[fd(&stored), nowhere, fd(&sink), 0, 1, 0]), error(libc::EFAULT));
    assert_eq!(same(SPLICE, &[bad, 0, fd(&sink), 0, 1, 0]), error(libc::EBADF));
    assert_eq!(same(SPLICE, &[fd(&stored), 0, fd(&stored), 0, 1, 0]), error(libc::EINVAL));
    assert_eq!(same(TEE, &[fd(&reader), fd(&stored), 1, 0]), error(libc::EINVAL));
    assert_eq!(same(TEE, &[fd(&sink), fd(&sink), 1, 0]), error(libc::EBADF));
    assert_eq!(same(VMSPLICE, &[fd(&sink), nowhere, 1, 0]), error(libc::EFAULT));
    assert_eq!(same(VMSPLICE, &[fd(&stored), at(&[at(&[0u64]), 8]), 1, 0]), error(libc::EBADF));
}

/// TWIN-44: a broken pipe is EPIPE, and neither the signal nor its blocking is left behind. A signal that was pending stays.
#[test]
fn broken_pipes_are_quiet() {
    let ((reader, mut source), sink, stored) = (pipe(), pipe().1, file(b"x"));
    source.write_all(b"x").unwrap();
    let memory = [0u8; 8];
    let vector = [at(&memory), 8];
    let mut bench = Bench::new();
    let mut all = || {
        let calls = [
            splice(fd(&reader), fd(&sink), 1, 0),
            splice(fd(&stored), fd(&sink), 1, NONBLOCK),
            call(TEE, &[fd(&reader), fd(&sink), 1, 0]),
            call(VMSPLICE, &[fd(&sink), at(&vector), 1, 0]),
            call(VMSPLICE, &[fd(&sink), at(&vector), 1, NONBLOCK]),
        ];
        calls.map(|call| bench.ready(call).result)
    };
    let (mask, pending) = (state("SigBlk:"), state("SigPnd:"));
    assert_eq!(all(), [error(libc::EPIPE); 5]);
    assert_eq!((state("SigBlk:"), state("SigPnd:")), (mask, pending.clone()));
    let mut set = nix::sys::signal::SigSet::empty();
    set.add(nix::sys::signal::Signal::SIGPIPE);
    set.thread_block().unwrap();
    assert_eq!(all(), [error(libc::EPIPE); 5]);
    assert_eq!(state("SigPnd:"), pending, "blocked by the application, and still quiet");
    nix::sys::pthread::pthread_kill(nix::sys::pthread::pthread_self(), nix::sys::signal::Signal::SIGPIPE)
        .unwrap();
    assert_ne!(state("SigPnd:"), pending);
    assert_eq!(all(), [error(libc::EPIPE); 5]);
    assert_ne!(state("SigPnd:"), pending, "the application's own is not ours to take");
}

/// A line of this thread's status.
fn state(name: &str) -> String {
    let status = std::fs::read_to_string("/proc/thread-self/status").expect("/proc is there");
    status.lines().find(|line| line.starts_with(name)).expect("the line is there").to_owned()
}
