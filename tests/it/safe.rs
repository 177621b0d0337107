//! What safe code may push, and the descriptors it lends.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::sync::Arc;

use syslet::{Refusal, Ring, Submission, SubmissionBuilder};

use crate::rig::{self, drain, getpid, pipe};

fn reason(submission: SubmissionBuilder) -> Refusal {
    rig::ring().push_safe(&submission.build()).expect_err("not safe").refusal()
}

fn run(ring: &mut Ring, submission: SubmissionBuilder) -> rig::Seen {
    ring.push_safe(&submission.build()).expect("safe");
    ring.submit_and_wait(1).expect("waited");
    drain(ring).remove(0)
}

/// ENGINE-12: what can break memory or other code's descriptors is refused.
#[test]
fn unsafe_rows_are_refused() {
    let file = Arc::new(File::open("/dev/null").unwrap());
    let dup2 = Submission::call(libc::SYS_dup2).lend(&file).lend(&file);
    let mmap = (0..6).fold(Submission::call(libc::SYS_mmap), SubmissionBuilder::value);
    for submission in [
        Submission::call(libc::SYS_close).lend(&file),
        dup2,
        mmap,
        Submission::call(libc::SYS_ioctl).lend(&file).value(0).value(0),
        Submission::call(libc::SYS_munmap).value(0).value(0),
        Submission::call(libc::SYS_timer_create).value(0).value(0).output(4),
        Submission::call(510),
    ] {
        assert_eq!(reason(submission), Refusal::NOT_SAFE_ROW);
    }
}

/// ENGINE-12: an address as VALUE is refused, NULL is not.
#[test]
fn addresses_are_refused() {
    let file = Arc::new(File::open("/dev/null").unwrap());
    let read = Submission::call(libc::SYS_read).lend(&file);
    assert_eq!(reason(read.clone().value(0x1000).value(1)), Refusal::NOT_SAFE_ADDRESS);
    assert_eq!(run(&mut rig::ring(), read.value(0).value(0)).result, 0);
}

/// ENGINE-12: a descriptor has to be lent; AT_FDCWD is none.
#[test]
fn descriptors_have_to_be_lent() {
    let mut ring = rig::ring();
    let read = |fd: i64| Submission::call(libc::SYS_read).int(fd).output(1).value(1);
    assert_eq!(reason(read(0)), Refusal::NOT_SAFE_DESCRIPTOR);
    assert_eq!(reason(read(1 << 32)), Refusal::NOT_SAFE_DESCRIPTOR, "the kernel takes the low 32 bits");
    assert_eq!(reason(Submission::call(libc::SYS_fsync)), Refusal::NOT_SAFE_DESCRIPTOR, "left out is zero");
    assert_eq!(run(&mut ring, read(-1)).result, -i64::from(libc::EBADF));
    let open = Submission::call(libc::SYS_openat).int(libc::AT_FDCWD.into()).path(c"/no/such").value(0);
    assert_eq!(run(&mut ring, open).result, -i64::from(libc::ENOENT));
    let stdin = Submission::call(libc::SYS_lseek).lend_static(std::os::fd::AsFd::as_fd(borrowed()));
    assert!(ring.push_safe(&stdin.value(0).value(1).build()).is_ok(), "a descriptor that is open for ever");
}

fn borrowed() -> &'static File {
    Box::leak(Box::new(File::open("/dev/null").expect("opens")))
}

/// ENGINE-12: a lent descriptor stays open until its call is over, whatever the application drops, and not longer.
#[test]
fn lent_descriptors_stay_open_until_the_call_is_over() {
    let mut ring = rig::ring();
    let (mut reader, writer) = pipe();
    let writer = Arc::new(writer);
    let number = writer.as_raw_fd();
    let submission = Submission::call(libc::SYS_write).lend(&writer).input(b"late").value(4).build();
    ring.push_safe(&submission).unwrap();
    let watch = Arc::downgrade(&writer);
    drop((submission, writer));
    assert_eq!(watch.strong_count(), 1, "the ring holds its share");
    assert_eq!(ring.submit_and_wait(1), Ok(1));
    assert_eq!(drain(&mut ring)[0].result, 4, "descriptor {number} was open");
    assert_eq!(watch.strong_count(), 0, "the call is over");
    let mut text = String::new();
    reader.read_to_string(&mut text).expect("the pipe's end was closed");
    assert_eq!(text, "late");
}

/// A descriptor whose owner panics when it is dropped.
struct Bomb(File);

impl std::os::fd::AsFd for Bomb {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("on purpose, in drop");
    }
}

/// ENGINE-4, ENGINE-12: an owner that panics when the engine's share was the last takes no completion along.
#[test]
fn a_panicking_owner_takes_nothing_along() {
    let mut ring = rig::ring();
    let bomb = Arc::new(Bomb(File::open("/dev/null").unwrap()));
    let lseek = Submission::call(libc::SYS_lseek).lend(&bomb).value(0).value(0).build();
    ring.push_safe(&lseek).unwrap();
    for _ in 0..3 {
        ring.push_safe(&getpid().build()).unwrap();
    }
    drop((lseek, bomb));
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let ready = ring.submit_and_wait(4);
    std::panic::set_hook(hook);
    assert_eq!((ready, drain(&mut ring).len(), ring.in_flight()), (Ok(4), 4, 0));
}

/// ENGINE-12: what is lent stays open for an unsafe push, too.
#[test]
fn an_unsafe_push_keeps_what_is_lent() {
    let mut ring = rig::ring();
    let (_reader, writer) = pipe();
    let writer = Arc::new(writer);
    let write = Submission::call(libc::SYS_write).lend(&writer).input(b"x").value(1).build();
    rig::push(&mut ring, &write).unwrap();
    drop((write, writer));
    ring.submit_and_wait(1).unwrap();
    assert_eq!(drain(&mut ring)[0].result, 1);
}

/// ENGINE-12, ENGINE-25: a dropped ring gives back what was lent to calls that never ran.
#[test]
fn a_dropped_ring_gives_descriptors_back() {
    let mut ring = rig::ring();
    let (_reader, writer) = pipe();
    let writer = Arc::new(writer);
    ring.push_safe(&Submission::call(libc::SYS_fsync).lend(&writer).build()).unwrap();
    assert_eq!(Arc::strong_count(&writer), 2);
    drop(ring);
    assert_eq!(Arc::strong_count(&writer), 1);
}

/// ENGINE-12: a safe submission needs no promise and does the whole of an ordinary job.
#[test]
fn files_can_be_read_safely() {
    let mut ring = rig::ring();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"0123456789").unwrap();
    let file = Arc::new(file);
    let pread = Submission::call(libc::SYS_pread64).lend(&file).output(4).value(4).value(3);
    assert_eq!(run(&mut ring, pread).data(), b"3456");
    assert_eq!(run(&mut ring, getpid()).result, rig::pid());
}
