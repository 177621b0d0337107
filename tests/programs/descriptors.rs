//! What a program knows of descriptors: which calls on them need no worker. Counted by the threads that have had the program.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;

use syslet::attrs::{RunBy, WorkerValue};
use syslet::program::build::calls::{close, openat, read, write};
use syslet::program::{Builder, Call, Fd, Number, Program, Test, Value};
use syslet::{AttributeFlags, AttributeId, CallFlags, DoneFlags, Ring, Submission};
use syslet_tests::pool::{ask_worker, worker};
use syslet_tests::rig::Seen;

use crate::rig::{next, pipe_ends, program, push, ring, run};

/// The submitter alone; a worker as well.
const HERE: (RunBy, u32) = (RunBy::INLINE, 1);
const AWAY: (RunBy, u32) = (RunBy::POOLED, 2);

fn asked(write: impl for<'p> FnOnce(&mut Builder<'p>)) -> Program {
    program(CallFlags::NONE, |p| {
        p.attribute(AttributeId::WORKER, AttributeFlags::NONE, &[]);
        write(p);
    })
}

fn by(came: &Seen) -> (RunBy, u32) {
    let worker = WorkerValue::parse(came.answer(AttributeId::WORKER).expect("asked for").1).expect("a value");
    (worker.run_by, worker.attempts)
}

/// The README's program, which shows a file on that output.
fn cat(output: i32) -> Program {
    asked(|p| {
        let (path, buffer) = (p.path(c"/etc/passwd"), p.scratch(4096));
        let file = p.call(openat(libc::AT_FDCWD, path, libc::O_RDONLY | libc::O_CLOEXEC, 0)).or_stop();
        p.repeat(|p| {
            let count = p.call(read(file, buffer, 4096).storage()).stop_if(Test::non_positive());
            p.call(write(output, buffer, count)).or_stop();
        });
        p.finally(close(file));
    })
}

/// Shows the file once; gives the thread that has ended the program, and how many have had it.
fn shown(ring: &mut Ring, output: i32) -> (RunBy, u32) {
    let came = run(ring, &cat(output));
    assert_eq!(came.end(), (0, DoneFlags::NONE));
    by(&came)
}

/// The master of a terminal.
fn terminal() -> File {
    File::options().read(true).write(true).open("/dev/ptmx").expect("a terminal")
}

/// SYSLET-19, TWIN-15: the README's program needs no worker where its output is a file, a sink, or a pipe or a socket with room, and one
/// where it is a terminal.
#[test]
fn an_output_of_every_kind() {
    let expected = std::fs::read("/etc/passwd").unwrap();
    let mut ring = ring(2);
    let null = File::options().write(true).open("/dev/null").unwrap();
    assert_eq!(shown(&mut ring, null.as_raw_fd()), HERE);
    let file = tempfile::NamedTempFile::new().unwrap();
    assert_eq!(shown(&mut ring, file.as_raw_fd()), HERE);
    assert_eq!(std::fs::read(file.path()).unwrap(), expected);
    let mut got = vec![0; expected.len()];
    let ((reads, _writes), _, writes) = pipe_ends();
    let by_pipe = shown(&mut ring, writes);
    File::from(reads).read_exact(&mut got).unwrap();
    assert!(got == expected);
    let (left, mut right) = UnixStream::pair().unwrap();
    let by_socket = shown(&mut ring, left.as_raw_fd());
    right.read_exact(&mut got).unwrap();
    assert!(got == expected);
    // Where the kernel knows no RWF_NOSIGNAL, no write is tried that could raise SIGPIPE.
    let ((_reads, _writes), _, room) = pipe_ends();
    let alone = Submission::call(libc::SYS_write).int(room.into()).input(b"x").value(1);
    let is_tried = worker(&syslet_tests::rig::run(&mut ring, ask_worker(alone))).run_by == RunBy::NONBLOCKING;
    let expected = if is_tried { HERE } else { AWAY };
    assert_eq!((by_pipe, by_socket), (expected, expected));
    assert_eq!(shown(&mut ring, terminal().as_raw_fd()), AWAY);
}

/// SYSLET-19: where the output has no room, a worker goes on; nothing is shown twice.
#[test]
fn an_output_without_room() {
    let expected = std::fs::read("/etc/passwd").unwrap();
    let mut ring = ring(2);
    let ((reads, filler), _, writes) = pipe_ends();
    let mut filler = File::from(filler);
    filler.write_all(&[7; 1 << 16]).unwrap();
    push(&mut ring, &cat(writes)).unwrap();
    ring.wait(1, Some(std::time::Duration::ZERO)).unwrap();
    let mut got = vec![0; (1 << 16) + expected.len()];
    File::from(reads).read_exact(&mut got).unwrap();
    let came = next(&mut ring);
    assert_eq!((came.end(), by(&came)), ((0, DoneFlags::NONE), AWAY));
    assert!(got[1 << 16..] == expected);
}

/// Opens a file whose kind does not tell that it is closed at once: it could be written, and lies on no device.
fn open_comm<'p>(p: &mut Builder<'p>) -> Value<'p, Fd> {
    let path = p.path(c"/proc/self/comm");
    p.call(openat(libc::AT_FDCWD, path, libc::O_RDWR | libc::O_CLOEXEC, 0)).or_stop()
}

/// SYSLET-39: where a call has said STORAGE of a descriptor, so does the close of it; not before, and not of what the same atom opens
/// the next time.
#[test]
fn storage_is_said_once() {
    let mut ring = ring(2);
    for (is_said, expected) in [(false, AWAY), (true, HERE)] {
        let came = run(
            &mut ring,
            &asked(|p| {
                let (buffer, file) = (p.area(16), open_comm(p));
                let call = read(file, buffer, 16);
                p.call(if is_said { call.storage() } else { call }).or_stop();
                p.call(close(file)).or_stop();
            }),
        );
        assert_eq!((came.end(), by(&came)), ((0, DoneFlags::NONE), expected), "{is_said}");
    }
    let came = run(
        &mut ring,
        &asked(|p| {
            let (buffer, round) = (p.area(16), p.register(0));
            p.repeat(|p| {
                let file = open_comm(p);
                p.add(round, 1);
                p.when(round, Test::equal(1), |p| {
                    p.call(read(file, buffer, 16).storage()).or_stop();
                });
                p.call(close(file)).or_stop();
                p.break_if(round, Test::equal(2));
            });
        }),
    );
    assert_eq!(by(&came), AWAY, "the second of them is not known: {:?}", came.end());
}

/// SYSLET-39: STORAGE of one descriptor says nothing of another one in the same call.
#[test]
fn storage_is_said_of_one() {
    let mut ring = ring(2);
    // The call itself needs no worker: where the file's kind tells that it is closed at once, none has the program.
    for (path, flags, expected) in
        [(c"/etc/passwd", libc::O_RDONLY, HERE), (c"/proc/self/comm", libc::O_RDWR, AWAY)]
    {
        let (_ends, _, to) = pipe_ends();
        let came = run(
            &mut ring,
            &asked(|p| {
                let path = p.path(path);
                let file = p.call(openat(libc::AT_FDCWD, path, flags | libc::O_CLOEXEC, 0)).or_stop();
                let splice = Call::<Number>::new(libc::SYS_splice);
                let splice = splice.arg(file).arg(0).arg(to).arg(0).arg(1).arg(0);
                p.call(splice.storage()).value();
                p.call(close(file)).or_stop();
            }),
        );
        assert_eq!((came.end(), by(&came)), ((0, DoneFlags::NONE), expected), "{path:?}");
    }
}

/// SYSLET-39: a descriptor that the program has made, and whose file is closed at once though its kind does not tell, is closed
/// inline; others are not.
#[test]
fn what_was_made_is_known() {
    let mut ring = ring(2);
    let made = |nr, args: &'static [u64]| {
        asked(move |p| {
            let call = args.iter().fold(Call::<Fd>::new(nr), |call, arg| call.arg(*arg));
            let file = p.call(call).or_stop();
            p.finally(close(file));
        })
    };
    for (nr, args, expected) in [
        (libc::SYS_eventfd2, &[0, 0][..], HERE),
        (libc::SYS_timerfd_create, &[1, 0], HERE),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_eventfd, &[0], HERE),
        (libc::SYS_inotify_init1, &[0], AWAY),
        (libc::SYS_epoll_create1, &[0], AWAY),
        (libc::SYS_socket, &[1, 1, 0], HERE),
    ] {
        let came = run(&mut ring, &made(nr, args));
        assert!(came.result >= 0 && came.flags == DoneFlags::NONE, "{nr}: {came:?}");
        assert_eq!(by(&came), expected, "{nr}");
    }
}
