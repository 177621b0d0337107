//! mq_timedsend and mq_timedreceive.

use std::os::fd::{AsRawFd, OwnedFd};

use syslet::{Submission, SubmissionBuilder};

use super::rig::{Bench, at, at_mut, blocked, error, fd, owned, plain, same};

const SEND: i64 = libc::SYS_mq_timedsend;
const RECEIVE: i64 = libc::SYS_mq_timedreceive;
/// Far from now, in either direction.
const LATER: [u64; 2] = [1 << 33, 0];
const LONG_AGO: [u64; 2] = [1, 0];

/// A queue without a name that holds one message of eight bytes.
fn queue(flags: i32) -> OwnedFd {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("syslet-{}-{}\0", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let room = [0u64, 1, 8, 0, 0, 0, 0, 0];
    let open = (libc::O_CREAT | libc::O_EXCL | libc::O_RDWR | flags).cast_unsigned();
    let queue = owned(plain(libc::SYS_mq_open, &[at(name.as_str()), open.into(), 0o600, at(&room)]));
    assert_eq!(plain(libc::SYS_mq_unlink, &[at(name.as_str())]), 0);
    queue
}

fn send(queue: &OwnedFd, message: &[u8], deadline: &[u64; 2]) -> SubmissionBuilder {
    let call =
        Submission::call(SEND).int(queue.as_raw_fd().into()).input(message).value(message.len() as u64);
    call.value(5).value(at(deadline))
}

fn receive(queue: &OwnedFd, deadline: Option<&[u64; 2]>) -> SubmissionBuilder {
    let call = Submission::call(RECEIVE).int(queue.as_raw_fd().into()).output(8).value(8).output(4);
    call.value(deadline.map_or(0, at))
}

/// TWIN-39: a message goes and comes at once where there is room, and where there is one.
#[test]
fn messages_that_need_no_wait_are_moved() {
    let (queue, mut bench) = (queue(0), Bench::new());
    for deadline in [LATER, LONG_AGO, [0, 0]] {
        assert_eq!(bench.ready(send(&queue, b"message", &deadline)).result, 0);
        let done = bench.ready(receive(&queue, Some(&deadline)));
        assert_eq!((done.result, &done.data()[..7], done.data()[8]), (7, &b"message"[..], 5));
    }
    assert_eq!(bench.ready(send(&queue, b"", &LATER)).result, 0);
    assert_eq!(bench.ready(receive(&queue, None)).result, 0);
}

/// TWIN-39: a worker waits for room and for messages.
#[test]
fn room_and_messages_are_waited_for() {
    let queue = queue(0);
    for deadline in [None, Some(&LATER)] {
        let done = blocked(receive(&queue, deadline), || {
            assert_eq!(plain(SEND, &[fd(&queue), at(b"late"), 4, 9, 0]), 0);
        });
        assert_eq!((done.result, &done.data()[..4], done.data()[8]), (4, &b"late"[..], 9));
    }
    assert_eq!(plain(SEND, &[fd(&queue), at(b"first"), 5, 9, 0]), 0);
    let mut room = [0u8; 8];
    let room = at_mut(&mut room);
    let done = blocked(send(&queue, b"second", &LATER), || {
        assert_eq!(plain(RECEIVE, &[fd(&queue), room, 8, 0, 0]), 5);
    });
    assert_eq!(done.result, 0);
    assert_eq!(plain(RECEIVE, &[fd(&queue), room, 8, 0, 0]), 6, "it is there once");
    assert_eq!(plain(RECEIVE, &[fd(&queue), room, 8, 0, at(&LONG_AGO)]), error(libc::ETIMEDOUT));
}

/// TWIN-39: a deadline that has passed is the worker's to say, and EAGAIN is the answer of a queue that never waits.
#[test]
fn deadlines_pass() {
    let (waiting, never) = (queue(0), queue(libc::O_NONBLOCK));
    let mut bench = Bench::new();
    assert_eq!(bench.ready(receive(&never, Some(&LATER))).result, error(libc::EAGAIN));
    assert_eq!(bench.ready(send(&never, b"x", &LATER)).result, 0);
    assert_eq!(bench.ready(send(&never, b"x", &LATER)).result, error(libc::EAGAIN));
    bench.begin(receive(&waiting, Some(&LONG_AGO)));
    bench.let_go();
    let (done, by) = bench.end();
    assert_eq!((done.result, by.attempts), (error(libc::ETIMEDOUT), 2));
}

/// TWIN-39, TWIN-47: a value that is no deadline, no queue or no message is refused as the plain call refuses it.
#[test]
fn wrong_messages_are_refused() {
    let (queue, nowhere, invalid) = (queue(0), 8, [0u64, 1 << 40]);
    let (mut room, mine) = ([0u8; 8], fd(&queue));
    let room = at_mut(&mut room);
    assert_eq!(same(SEND, &[mine, room, 8, 0, at(&invalid)]), error(libc::EINVAL));
    assert_eq!(same(SEND, &[mine, room, 8, 0, nowhere]), error(libc::EFAULT));
    assert_eq!(same(SEND, &[mine, nowhere, 8, 0, 0]), error(libc::EFAULT));
    assert_eq!(same(SEND, &[mine, room, 9, 0, 0]), error(libc::EMSGSIZE));
    assert_eq!(same(SEND, &[mine, room, 8, 1 << 20, 0]), error(libc::EINVAL));
    assert_eq!(same(RECEIVE, &[mine, room, 7, 0, 0]), error(libc::EMSGSIZE));
    assert_eq!(same(RECEIVE, &[mine, room, 8, 0, at(&invalid)]), error(libc::EINVAL));
    assert_eq!(same(RECEIVE, &[1 << 20, room, 8, 0, 0]), error(libc::EBADF));
}
