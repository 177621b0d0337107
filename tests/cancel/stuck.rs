//! A call that nobody can interrupt.
#![allow(unsafe_code, reason = "has a page that faults until it is provided")]

use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use syslet::{CallFlags, Config, DoneFlags, Engine, Params, Submission, Which};

use crate::look::{alone, until, workers_in};
use crate::rig::{drain, pipe, push};

/// A page whose first touch waits for this process to provide it.
pub(crate) struct Page {
    fd: OwnedFd,
    pub(crate) address: u64,
}

const PAGE: usize = 4096;
const UFFDIO_API: u64 = 0xc018_aa3f;
const UFFDIO_REGISTER: u64 = 0xc020_aa00;
const UFFDIO_ZEROPAGE: u64 = 0xc020_aa04;

impl Page {
    pub(crate) fn new() -> Result<Page, std::io::Error> {
        // SAFETY: makes a descriptor.
        let fd = unsafe { libc::syscall(libc::SYS_userfaultfd, libc::O_CLOEXEC) };
        if fd < 0 {
            return Err(std::io::Error::last_os_error());
        }
        // SAFETY: it is new, and nobody else's.
        let fd = unsafe { OwnedFd::from_raw_fd(i32::try_from(fd).expect("a descriptor")) };
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: new memory.
        let page = unsafe { libc::mmap(ptr::null_mut(), PAGE, protection, flags, -1, 0) };
        let page = Page { fd, address: page.expose_provenance() as u64 };
        page.ask(UFFDIO_API, &mut [0xaa, 0, 0]);
        const MISSING: u64 = 1;
        page.ask(UFFDIO_REGISTER, &mut [page.address, PAGE as u64, MISSING, 0]);
        Ok(page)
    }

    /// Lets whoever waits for it go on.
    pub(crate) fn provide(&self) {
        self.ask(UFFDIO_ZEROPAGE, &mut [self.address, PAGE as u64, 0, 0]);
    }

    fn ask(&self, request: u64, words: &mut [u64]) {
        // SAFETY: the words are as long as the request says, and live until it is over.
        let answer = unsafe { libc::ioctl(self.fd.as_raw_fd(), request, words.as_mut_ptr()) };
        assert_eq!(answer, 0, "{request:#x}: {}", std::io::Error::last_os_error());
    }
}

/// CANCEL-8: a call that sleeps where no signal reaches it is signalled, then again and again, and then said not to be
/// interruptible; it stays in flight, and close names it. When it can go on, it ends.
#[test]
fn uninterruptible_is_reported() {
    let _alone = alone();
    let page = match Page::new() {
        Ok(page) => page,
        Err(error) => {
            println!("skipped: userfaultfd: {error}");
            return;
        }
    };
    let engine = Engine::start(Config::default()).expect("an engine");
    let mut ring = engine.ring(&Params::default()).expect("a ring");
    let (reader, mut writer) = pipe();
    writer.write_all(b"12345678").expect("room");
    let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).value(page.address).value(8);
    push(&mut ring, &read.user_data(5).flags(CallFlags::ASYNC).build()).expect("accepted");
    ring.submit();
    until("the worker waits for the page", || workers_in(libc::SYS_read).len() == 1);
    assert_eq!(ring.cancel(Which::All).signalled, 1);
    until("it is said not to be interruptible", || ring.cancel(Which::All).uninterruptible == 1);
    assert_eq!(ring.in_flight(), 1, "it is not over");
    let running = engine.close(Duration::from_millis(1)).expect_err("it still runs").calls;
    assert_eq!(running.iter().map(|call| call.user_data).collect::<Vec<_>>(), [5]);
    page.provide();
    ring.wait(1, None).expect("waited");
    let seen = drain(&mut ring).remove(0);
    // The kernel finds the signal when it has copied, or before it has begun to.
    assert!([8, -i64::from(libc::EINTR), -i64::from(libc::ECANCELED)].contains(&seen.result), "{seen:?}");
    assert_eq!(seen.flags.contains(DoneFlags::CANCELLED), seen.result < 0);
    engine.close(Duration::from_secs(60)).expect("all is over");
}

/// POOL-22: nobody waits when a ring is dropped whose call no signal gets out of the kernel. What was lent to its other calls
/// is given back as each is over; what was lent to that one when it is.
#[test]
fn a_drop_does_not_wait_for_what_is_stuck() {
    let _alone = alone();
    let page = match Page::new() {
        Ok(page) => page,
        Err(error) => {
            println!("skipped: userfaultfd: {error}");
            return;
        }
    };
    let engine = Engine::start(Config::default()).expect("an engine");
    let mut ring = engine.ring(&Params::default()).expect("a ring");
    let (reader, mut writer) = pipe();
    writer.write_all(b"12345678").expect("room");
    let [reader, other] = [reader, pipe().0].map(Arc::new);
    let read = |fd| Submission::call(libc::SYS_read).lend(fd).flags(CallFlags::ASYNC);
    push(&mut ring, &read(&reader).value(page.address).value(8).build()).expect("accepted");
    let (open, _end) = pipe();
    let sleeping = Arc::new(open);
    push(&mut ring, &read(&sleeping).output(8).value(8).build()).expect("accepted");
    push(&mut ring, &Submission::call(libc::SYS_fsync).lend(&other).build()).expect("accepted");
    ring.submit();
    until("the workers wait", || workers_in(libc::SYS_read).len() == 2);
    drop(ring);
    until("the others are over", || [&other, &sleeping].map(Arc::strong_count) == [1, 1]);
    assert_eq!(Arc::strong_count(&reader), 2, "it still runs");
    page.provide();
    until("it is over", || Arc::strong_count(&reader) == 1);
    engine.close(Duration::from_secs(60)).expect("all is over");
}

/// Reads into the page, and is stuck there until it is provided.
pub(crate) fn read_stuck(fd: std::os::fd::RawFd, page: &Page) {
    let to: *mut std::ffi::c_void =
        ptr::with_exposed_provenance_mut(usize::try_from(page.address).expect("an address"));
    // SAFETY: the page is as long as that, and stays mapped.
    let count = unsafe { libc::read(fd, to, 8) };
    assert_eq!(count, 8);
}
