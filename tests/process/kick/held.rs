//! Calls that hold their submitter, each with the thing that frees it.
#![allow(unsafe_code, reason = "makes FIFOs, leases and pipes through libc, and pushes calls with addresses")]

use std::ffi::CString;
use std::io::{PipeReader, PipeWriter, Write};
use std::os::fd::AsRawFd;
use std::time::Duration;

use syslet::{CallFlags, Config, Engine, Params, Ring, Submission, SubmissionBuilder};
use syslet_tests::look::{alone, until};
use syslet_tests::rig::push;

/// So long a stall that no call of a test is one.
pub(super) const NO_STALL: Duration = Duration::from_secs(10);
/// Longer than any test takes.
pub(super) const LONG: Duration = Duration::from_secs(20);

pub(super) fn engine(stall: Duration) -> Engine {
    Engine::start(Config::default().stall(stall)).expect("an engine")
}

pub(super) fn ring(engine: &Engine) -> Ring {
    engine.ring(&Params::default()).expect("a ring")
}

pub(super) fn own_tid() -> i32 {
    nix::unistd::gettid().as_raw()
}

/// A file of one's own: a FIFO, or a file with a lease.
pub(super) struct Place {
    _folder: tempfile::TempDir,
    pub(super) path: CString,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let path = CString::new(folder.path().join("file").to_str().expect("a path")).expect("no NUL");
        Place { _folder: folder, path }
    }

    pub(super) fn fifo() -> Place {
        let place = Place::new();
        // SAFETY: the path ends with a NUL.
        assert_eq!(unsafe { libc::mkfifo(place.path.as_ptr(), 0o600) }, 0);
        place
    }

    /// Opens it here.
    pub(super) fn open(&self, flags: i32) -> i32 {
        // SAFETY: the path ends with a NUL.
        let fd = unsafe { libc::open(self.path.as_ptr(), flags, 0o600) };
        assert!(fd >= 0, "{}", std::io::Error::last_os_error());
        fd
    }
}

pub(super) fn close(fd: i64) {
    // SAFETY: the descriptor is the test's.
    assert_eq!(unsafe { libc::close(fd.try_into().expect("a descriptor")) }, 0);
}

/// A call that holds its submitter until it is freed.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) nr: libc::c_long,
    pub(super) call: SubmissionBuilder,
    pub(super) path: CString,
    /// Whether the result is a descriptor.
    opens: bool,
    free: Option<Box<dyn FnOnce() -> Kept + Send>>,
}

/// What was needed to free a call, and goes after it.
#[allow(dead_code, reason = "kept")]
pub(super) struct Kept(Vec<i32>, Option<(Place, Option<(PipeReader, PipeWriter)>)>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.iter().for_each(|fd| close((*fd).into()));
    }
}

fn opening(path: &CString, flags: i32) -> SubmissionBuilder {
    Submission::call(libc::SYS_openat)
        .value(libc::AT_FDCWD.cast_unsigned().into())
        .input(path.as_bytes_with_nul())
        .value(u64::try_from(flags).expect("flags"))
        .value(0o600)
}

/// The open of a FIFO whose other end opens with these flags.
fn of_fifo(
    name: &'static str,
    nr: libc::c_long,
    call: impl Fn(&CString) -> SubmissionBuilder,
    other: i32,
) -> Case {
    let fifo = Place::fifo();
    let (call, path) = (call(&fifo.path), fifo.path.clone());
    let free = move || Kept(vec![fifo.open(other)], Some((fifo, None)));
    Case { name, nr, call, path, opens: true, free: Some(Box::new(free)) }
}

/// A call that breaks a lease.
fn of_lease(
    name: &'static str,
    nr: libc::c_long,
    opens: bool,
    call: impl Fn(&CString) -> SubmissionBuilder,
) -> Case {
    // SAFETY: SIGIO, by which the kernel tells the holder, is ignored.
    unsafe { libc::signal(libc::SIGIO, libc::SIG_IGN) };
    let file = Place::new();
    let holder = file.open(libc::O_RDWR | libc::O_CREAT);
    // SAFETY: numbers only.
    assert_eq!(unsafe { libc::fcntl(holder, libc::F_SETLEASE, libc::F_WRLCK) }, 0);
    let (call, path) = (call(&file.path), file.path.clone());
    let free = move || {
        // SAFETY: numbers only.
        assert_eq!(unsafe { libc::fcntl(holder, libc::F_SETLEASE, libc::F_UNLCK) }, 0);
        Kept(vec![holder], Some((file, None)))
    };
    Case { name, nr, call, path, opens, free: Some(Box::new(free)) }
}

/// A read of an empty pipe by an application that says that it waits for storage only.
fn of_pipe() -> Case {
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    let call = Submission::call(libc::SYS_read)
        .value(reader.as_raw_fd().cast_unsigned().into())
        .output(1)
        .flags(CallFlags::STORAGE);
    let call = call.value(1);
    let free = move || {
        writer.write_all(b"x").expect("room");
        Kept(Vec::new(), Some((Place::new(), Some((reader, writer)))))
    };
    Case {
        name: "read of a pipe",
        nr: libc::SYS_read,
        call,
        path: CString::default(),
        opens: false,
        free: Some(Box::new(free)),
    }
}

fn openat2(path: &CString) -> SubmissionBuilder {
    Submission::call(libc::SYS_openat2)
        .value(libc::AT_FDCWD.cast_unsigned().into())
        .input(path.as_bytes_with_nul())
        .input(&[0; 24])
        .value(24)
}

/// One of each kind of call that is kicked.
pub(super) fn cases() -> Vec<Case> {
    let (read, write) = (libc::O_RDONLY, libc::O_WRONLY);
    vec![
        of_fifo("read end", libc::SYS_openat, |path| opening(path, libc::O_RDONLY), write),
        of_fifo("write end", libc::SYS_openat, |path| opening(path, libc::O_WRONLY), read),
        of_fifo(
            "write end, truncated",
            libc::SYS_openat,
            |path| opening(path, libc::O_WRONLY | libc::O_TRUNC),
            read,
        ),
        of_fifo(
            "creat",
            libc::SYS_creat,
            |path| Submission::call(libc::SYS_creat).input(path.as_bytes_with_nul()).value(0o600),
            read,
        ),
        of_fifo("openat2", libc::SYS_openat2, openat2, write),
        of_lease("open under a lease", libc::SYS_openat, true, |path| opening(path, libc::O_RDONLY)),
        of_lease("open and truncate under a lease", libc::SYS_openat, true, |path| {
            opening(path, libc::O_WRONLY | libc::O_TRUNC)
        }),
        of_lease("truncate under a lease", libc::SYS_truncate, false, |path| {
            Submission::call(libc::SYS_truncate).input(path.as_bytes_with_nul()).value(7)
        }),
        of_pipe(),
    ]
}

impl Case {
    /// Pushes the call.
    pub(super) fn push(&self, ring: &mut Ring) {
        push(ring, &self.call.clone().build()).expect("room");
    }

    pub(super) fn free(&mut self) -> Kept {
        self.free.take().expect("it is freed once")()
    }

    /// What frees it, for another thread.
    pub(super) fn take_free(&mut self) -> Box<dyn FnOnce() -> Kept + Send> {
        self.free.take().expect("it is freed once")
    }

    /// Frees the call, and takes its result, which is a success.
    pub(super) fn finish(&mut self, ring: &mut Ring) {
        let _kept = self.free();
        self.take_result(ring);
    }

    pub(super) fn take_result(&self, ring: &mut Ring) {
        assert_eq!(ring.wait(1, Some(LONG)), Ok(1), "{}", self.name);
        let result = ring.completions().next().expect("a completion").result().0;
        assert!(result >= 0, "{}: {result}", self.name);
        if self.opens {
            close(result);
        }
    }
}

/// KICK-1: `openat` of a FIFO, then `wait(1, 10 ms)`: the wait ends with its timeout, the call goes on in a worker, and its completion comes
/// when the other end is opened.
#[test]
fn a_wait_ends_though_a_fifo_opens_not() {
    let _alone = alone();
    let engine = Engine::start(Config::default()).expect("an engine");
    let mut case = cases().remove(0);
    let mut ring = ring(&engine);
    case.push(&mut ring);
    assert_eq!(ring.wait(1, Some(Duration::from_millis(10))), Ok(0));
    assert_eq!((ring.in_flight(), engine.stats().kicks), (1, 1));
    case.finish(&mut ring);
}

/// KICK-1, POOL-16: a call that holds its submitter for a stall goes on in a worker, whichever of the calls that are kicked it is,
/// in a wait and in `exec`; and its effect is there once.
#[test]
fn a_stall_gives_the_call_to_a_worker() {
    let _alone = alone();
    for mut case in cases() {
        let engine = engine(Duration::from_millis(1));
        let mut ring = ring(&engine);
        case.push(&mut ring);
        let free = case.take_free();
        std::thread::scope(|scope| {
            let kicks = || engine.stats().kicks;
            let freed = scope.spawn(move || {
                until("the submitter is kicked", || kicks() == 1);
                free()
            });
            case.take_result(&mut ring);
            drop(freed.join());
        });
    }
    for mut case in cases() {
        let engine = engine(Duration::from_millis(1));
        let mut ring = ring(&engine);
        // SAFETY: the call's memory is its own.
        let executed = unsafe { ring.exec(&case.call.clone().build()) }.expect("room");
        assert!(executed.done().is_none(), "{}", case.name);
        assert_eq!(engine.stats().kicks, 1, "{}", case.name);
        case.finish(&mut ring);
    }
}
