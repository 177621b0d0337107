//! Signals that a write sends to who makes it never reach the application, whose process they would end. Alone in its
//! process, because it gives SIGPIPE back its default action and limits the length of files.
#![allow(unsafe_code, reason = "pushes calls with addresses, and resets signals")]

use std::fs;
use std::io::{IoSlice, PipeReader, PipeWriter, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::Duration;

use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigHandler, Signal, signal};
use syslet::{CallFlags, Config, Engine, NonBlocking, Params, Ring, Submission, SubmissionBuilder};

/// Only against hanging.
const PATIENCE: Duration = Duration::from_secs(30);
const BYTES: &[u8] = b"nobody reads this";

/// A pipe that nobody reads, a stream whose peer is gone, and a pipe with bytes in it.
struct Broken {
    pipe: PipeWriter,
    stream: UnixStream,
    full: PipeReader,
    _full: PipeWriter,
    file: fs::File,
}

impl Broken {
    fn new() -> Broken {
        let (reader, pipe) = std::io::pipe().expect("a pipe");
        let (stream, peer) = UnixStream::pair().expect("a pair");
        drop((reader, peer));
        let (full, mut writer) = std::io::pipe().expect("a pipe");
        writer.write_all(BYTES).expect("written");
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(BYTES).expect("written");
        Broken { pipe, stream, full, _full: writer, file }
    }
}

fn call(nr: libc::c_long, fd: RawFd) -> SubmissionBuilder {
    Submission::call(nr).int(fd.into())
}

fn address<T>(of: &T) -> u64 {
    std::ptr::from_ref(of).expose_provenance() as u64
}

/// What the calls point to.
struct Pointed<'a> {
    vector: [IoSlice<'a>; 2],
    header: libc::msghdr,
    headers: [libc::mmsghdr; 1],
}

impl<'a> Pointed<'a> {
    fn new() -> Box<Pointed<'a>> {
        // SAFETY: zeroes are a valid header, with nothing in it.
        let header: libc::msghdr = unsafe { std::mem::zeroed() };
        let headers = [libc::mmsghdr { msg_hdr: header, msg_len: 0 }];
        let vector = [IoSlice::new(BYTES), IoSlice::new(BYTES)];
        let mut pointed = Box::new(Pointed { vector, header, headers });
        pointed.header.msg_iov = pointed.vector.as_mut_ptr().cast();
        pointed.header.msg_iovlen = 2;
        pointed.headers[0].msg_hdr = pointed.header;
        pointed
    }
}

/// Writes and their like; each is answered with EPIPE.
fn writes(broken: &Broken, pointed: &Pointed<'_>) -> Vec<(&'static str, SubmissionBuilder)> {
    let (pipe, stream) = (broken.pipe.as_raw_fd(), broken.stream.as_raw_fd());
    let (vector, len) = (address(&pointed.vector), BYTES.len() as u64);
    let full = broken.full.as_raw_fd();
    vec![
        ("write", call(libc::SYS_write, pipe).input(BYTES).value(len)),
        ("write, address", call(libc::SYS_write, pipe).value(BYTES.as_ptr() as u64).value(len)),
        ("write, socket", call(libc::SYS_write, stream).input(BYTES).value(len)),
        ("writev", call(libc::SYS_writev, pipe).value(vector).value(2)),
        ("pwritev2", call(libc::SYS_pwritev2, pipe).value(vector).value(2).int(-1).int(-1).value(0)),
        ("splice", call(libc::SYS_splice, full).value(0).int(pipe.into()).value(0).value(len).value(0)),
        (
            "splice, nonblocking",
            call(libc::SYS_splice, full).value(0).int(pipe.into()).value(0).value(len).value(2),
        ),
        ("tee", call(libc::SYS_tee, full).int(pipe.into()).value(len).value(0)),
        ("tee, nonblocking", call(libc::SYS_tee, full).int(pipe.into()).value(len).value(2)),
        ("vmsplice", call(libc::SYS_vmsplice, pipe).value(vector).value(2).value(0)),
        ("vmsplice, nonblocking", call(libc::SYS_vmsplice, pipe).value(vector).value(2).value(2)),
        ("sendfile", call(libc::SYS_sendfile, pipe).int(broken.file.as_raw_fd().into()).value(0).value(len)),
    ]
}

/// Sends, with these flags.
fn sends(broken: &Broken, pointed: &Pointed<'_>, flags: i32) -> Vec<(&'static str, SubmissionBuilder)> {
    let stream = broken.stream.as_raw_fd();
    let flags = i64::from(flags);
    let header = address(&pointed.header);
    vec![
        (
            "sendto",
            call(libc::SYS_sendto, stream)
                .input(BYTES)
                .value(BYTES.len() as u64)
                .int(flags)
                .value(0)
                .value(0),
        ),
        ("sendmsg", call(libc::SYS_sendmsg, stream).value(header).int(flags)),
        ("sendmmsg", call(libc::SYS_sendmmsg, stream).value(address(&pointed.headers)).value(1).int(flags)),
    ]
}

/// How the calls come to be run.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Inline,
    Submitted,
    Pooled,
}

/// Runs one and gives its result.
fn run(ring: &mut Ring, submission: SubmissionBuilder, asked: Asked) -> i64 {
    let flags = if matches!(asked, Asked::Pooled) { CallFlags::ASYNC } else { CallFlags::NONE };
    // SAFETY: addresses are those of `Pointed` and of constants, which outlive the call.
    unsafe { ring.push(&submission.flags(flags).build()) }.expect("accepted");
    if matches!(asked, Asked::Submitted) {
        ring.submit();
    }
    assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1));
    ring.completions().next().expect("one").result().0
}

/// Signals pending on any thread of the process.
fn pending() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").expect("/proc is there").flatten();
    let masks = tasks.map(|task| {
        let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
        let of = |name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).expect("a mask"))
        };
        of("SigPnd:") | of("ShdPnd:")
    });
    masks.fold(0, |all, mask| all | mask)
}

/// POOL-19, TWIN-14: with SIGPIPE as fatal as a process finds it, every write, send, splice and tee into what is broken
/// is answered with EPIPE, inline, submitted and pooled, with and without attempts, whether or not the call asks for no
/// signal, or not to wait. The process lives, and nothing stays pending.
#[test]
fn sigpipe_never_reaches_the_application() {
    // SAFETY: the default action; no handler.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.unwrap();
    let (broken, pointed) = (Broken::new(), Pointed::new());
    let flags = [0, libc::MSG_NOSIGNAL, libc::MSG_DONTWAIT, libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT];
    for allowed in [NonBlocking::All, NonBlocking::SameNumber, NonBlocking::Off] {
        let engine = Engine::start(Config::default().nonblocking(allowed)).unwrap();
        let mut ring = engine.ring(&Params::default()).unwrap();
        for asked in [Asked::Inline, Asked::Submitted, Asked::Pooled] {
            let calls = flags.iter().flat_map(|flags| sends(&broken, &pointed, *flags));
            for (name, call) in writes(&broken, &pointed).into_iter().chain(calls) {
                let result = run(&mut ring, call, asked);
                assert_eq!(result, -i64::from(libc::EPIPE), "{name}, {asked:?}, {allowed:?}");
            }
        }
        assert_eq!(pending(), 0, "signals left behind");
        // A worker that had kept one would take it here: this call's mask blocks nothing.
        let mask = 0_u64;
        let ppoll = Submission::call(libc::SYS_ppoll).value(0).value(0).inout(&[0; 16]).value(address(&mask));
        assert_eq!(run(&mut ring, ppoll.value(8), Asked::Pooled), 0);
        assert_eq!(pending(), 0, "signals left behind");
    }
    a_datagram_socket_has_no_pipe(&pointed);
    too_long_a_file(&pointed);
}

/// What is no stream answers otherwise, and signals nobody either.
fn a_datagram_socket_has_no_pipe(pointed: &Pointed<'_>) {
    let engine = Engine::start(Config::default()).expect("an engine");
    let mut ring = engine.ring(&Params::default()).expect("a ring");
    for asked in [Asked::Inline, Asked::Pooled] {
        let (socket, peer) = UnixDatagram::pair().expect("a pair");
        drop(peer);
        let send = call(libc::SYS_sendmsg, socket.as_raw_fd()).value(address(&pointed.header)).value(0);
        assert_eq!(run(&mut ring, send, asked), -i64::from(libc::ECONNREFUSED));
    }
}

/// SIGXFSZ, which a write beyond the longest file sends, as fatal by default.
fn too_long_a_file(pointed: &Pointed<'_>) {
    const LONGEST: u64 = 1 << 40;
    // SAFETY: the default action; no handler.
    unsafe { signal(Signal::SIGXFSZ, SigHandler::SigDfl) }.expect("set");
    setrlimit(Resource::RLIMIT_FSIZE, LONGEST, LONGEST).expect("lowered");
    let file = tempfile::tempfile().expect("a file");
    let fd = file.as_raw_fd();
    let engine = Engine::start(Config::default()).expect("an engine");
    let mut ring = engine.ring(&Params::default()).expect("a ring");
    let vector = address(&pointed.vector);
    let calls = [
        call(libc::SYS_pwrite64, fd).input(BYTES).value(BYTES.len() as u64).value(LONGEST),
        call(libc::SYS_pwritev, fd).value(vector).value(2).value(LONGEST).value(0),
        call(libc::SYS_pwritev2, fd).value(vector).value(2).value(LONGEST).value(0).value(0),
        call(libc::SYS_ftruncate, fd).value(LONGEST + 1),
        call(libc::SYS_fallocate, fd).value(0).value(LONGEST).value(1),
    ];
    for call in calls {
        assert_eq!(run(&mut ring, call, Asked::Pooled), -i64::from(libc::EFBIG));
    }
    assert_eq!(pending(), 0, "signals left behind");
}
