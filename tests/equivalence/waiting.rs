//! Calls that wait for something to happen, and those that say what to wait for.

use crate::case::{Arg, Case, args, case, inout, input, ints, out, sleeping, words};
use crate::direct::{address, must, sys};
use crate::world::{World, write};

pub(crate) fn cases() -> Vec<Case> {
    [polls(), selects(), epolls(), sources(), sleepers()].into_iter().flatten().collect()
}

const NONE: Arg = Arg::Value(0);

/// `struct pollfd`: is it readable?
fn asks(fd: i32) -> Vec<u8> {
    ints(&[fd, libc::POLLIN.into()])
}

/// A pipe with a byte in it, and an empty one. Descriptors are equal in every run of a quiet process only, so that
/// theirs are left out of what is compared.
fn two(w: &mut World) -> Arg {
    let (ready, _) = w.pipe_with(b"x");
    let (empty, _) = w.pipe();
    inout([asks(ready), asks(empty)].concat())
}

fn polls() -> Vec<Case> {
    let polled = |case: Case| case.any_bytes(0, 0..4).any_bytes(0, 8..12);
    vec![
        polled(case("poll", |w| args![two(w), 2, 1000])).bad(|w| args![w.memory([0; 8]), -1, 0]),
        polled(case("poll", |w| args![inout([asks(77_777), asks(w.pipe().0)].concat()), 2, 0])),
        case("poll", |_| args![NONE, 0, 1]),
        polled(case("ppoll", |w| args![two(w), 2, inout(words(&[5, 0])), input([0xff; 8]), 8]))
            .any_bytes(2, 0..16)
            .bad(|w| args![two(w), 2, inout(words(&[5, -1])), NONE, 8])
            .bad(|w| args![two(w), 2, NONE, input([0; 9]), 9]),
        polled(case("ppoll", |w| args![inout(asks(w.pipe().0)), 1, inout(words(&[0, 1000])), NONE, 8]))
            .any_bytes(2, 0..16),
    ]
}

/// A set of bits with the reader of a pipe in it, at a number that is the same in every run.
fn set(w: &mut World, bytes: &[u8]) -> Arg {
    let (reader, writer) = w.pipe();
    if !bytes.is_empty() {
        write(writer, bytes);
    }
    let fixed = must("fcntl", &[reader.into(), libc::F_DUPFD.into(), 512]);
    assert!(fixed < 1024, "room in a set");
    w.keep_raw(fixed);
    w.note(fixed);
    let mut set = [0; 128];
    set[usize::try_from(fixed / 8).expect("small")] = 1 << (fixed % 8);
    inout(set)
}

fn selects() -> Vec<Case> {
    let wait = || inout(words(&[5, 0]));
    let moment = || inout(words(&[0, 1000]));
    vec![
        case("select", move |w| args![1024, set(w, b"x"), NONE, NONE, wait()])
            .any_bytes(4, 0..16)
            .bad(move |w| args![-1, w.memory([0; 128]), NONE, NONE, moment()])
            .bad(|_| args![64, inout([0xff; 8]), NONE, NONE, inout(words(&[0, -1]))])
            .alone(),
        case("select", move |w| args![1024, set(w, b""), inout([0; 128]), NONE, moment()])
            .any_bytes(4, 0..16)
            .alone(),
        case("pselect6", move |w| args![1024, set(w, b"x"), NONE, NONE, wait(), NONE])
            .any_bytes(4, 0..16)
            .bad(move |w| args![-1, w.memory([0; 128]), NONE, NONE, moment(), NONE])
            .bad(move |w| args![1024, set(w, b"x"), NONE, NONE, moment(), 8])
            .alone(),
        case("pselect6", move |w| args![0, NONE, NONE, NONE, moment(), mask(w)]).alone(),
    ]
}

/// A signal mask and its length, behind a pointer.
fn mask(w: &mut World) -> Arg {
    let mask = w.block([0xff; 8]).cast_signed();
    w.memory(words(&[mask, 8]))
}

/// `struct epoll_event`, packed on x86_64.
fn event(events: i32, data: i64) -> Vec<u8> {
    let gap = if cfg!(target_arch = "x86_64") { &[][..] } else { &[0; 4] };
    [&events.to_ne_bytes()[..], gap, &data.to_ne_bytes()].concat()
}

fn epoll(w: &mut World) -> i32 {
    let fd = must("epoll_create1", &[0]);
    w.keep_raw(fd)
}

/// An epoll that watches a pipe; the writer is the second descriptor.
fn watching(w: &mut World, bytes: &[u8]) -> i32 {
    let (reader, writer) = w.pipe();
    if !bytes.is_empty() {
        write(writer, bytes);
    }
    let epoll = epoll(w);
    let event = event(libc::EPOLLIN, 0x1122_3344_5566);
    must("epoll_ctl", &[epoll.into(), libc::EPOLL_CTL_ADD.into(), reader.into(), address(&event)]);
    epoll
}

fn epolls() -> Vec<Case> {
    let readable = || input(event(libc::EPOLLIN, 7));
    vec![
        case("epoll_create", |_| args![1]).bad(|_| args![0]).bad(|_| args![-1]),
        case("epoll_create1", |_| args![libc::EPOLL_CLOEXEC]).bad(|_| args![1]),
        case("epoll_ctl", move |w| args![epoll(w), libc::EPOLL_CTL_ADD, w.pipe().0, readable()])
            .bad(move |w| args![epoll(w), libc::EPOLL_CTL_ADD, w.file(), readable()])
            .bad(move |w| args![epoll(w), libc::EPOLL_CTL_MOD, w.pipe().0, readable()]),
        case("epoll_wait", |w| args![watching(w, b"x"), out(), 4, -1])
            .bad(|w| args![watching(w, b"x"), out(), 0, 0])
            .bad(|w| args![w.file(), out(), 4, 0]),
        case("epoll_wait", |w| args![watching(w, b""), out(), 4, 1]),
        case("epoll_pwait", |w| args![watching(w, b"x"), out(), 4, -1, input([0xff; 8]), 8])
            .bad(|w| args![watching(w, b"x"), out(), 4, 0, input([0; 9]), 9])
            .bad(|w| args![w.file(), out(), 4, 0, NONE, 8]),
        case("epoll_pwait", |w| args![watching(w, b"x"), out(), 4, 0, NONE, 8]),
        case("epoll_pwait2", |w| args![watching(w, b"x"), out(), 4, input(words(&[5, 0])), NONE, 8])
            .bad(|w| args![watching(w, b""), out(), 4, input(words(&[5, -1])), NONE, 8])
            .bad(|w| args![w.file(), out(), 4, NONE, NONE, 8]),
        case("epoll_pwait2", |w| args![watching(w, b""), out(), 4, input(words(&[0, 1000])), NONE, 8]),
    ]
}

fn inotify(w: &mut World) -> i32 {
    let fd = must("inotify_init1", &[libc::IN_NONBLOCK.into()]);
    w.keep_raw(fd)
}

/// An inotify that watches the folder; the last number is the watch.
fn noticing(w: &mut World) -> i32 {
    let fd = inotify(w);
    let Arg::In(path) = w.path("sub") else { unreachable!("a path is bytes") };
    let watch = must("inotify_add_watch", &[fd.into(), address(&path), libc::IN_CREATE.into()]);
    w.note(watch);
    fd
}

fn fanotify(w: &mut World) -> i32 {
    // Anybody may ask for what tells no more than where something has happened.
    let fd = must("fanotify_init", &[libc::FAN_REPORT_FID.into(), libc::O_RDONLY.into()]);
    w.keep_raw(fd)
}

fn sources() -> Vec<Case> {
    let add = libc::FAN_MARK_ADD;
    vec![
        case("eventfd", |_| args![3]),
        case("eventfd2", |_| args![3, libc::EFD_NONBLOCK]).bad(|_| args![3, 77]),
        case("inotify_init", |_| args![]),
        case("inotify_init1", |_| args![libc::IN_CLOEXEC]).bad(|_| args![77]),
        case("inotify_add_watch", |w| args![inotify(w), w.path("sub"), libc::IN_CREATE])
            .keep(2)
            .bad(|w| args![inotify(w), w.path("none"), libc::IN_CREATE])
            .bad(|w| args![inotify(w), w.path("sub"), 0]),
        case("inotify_rm_watch", |w| {
            let fd = noticing(w);
            args![fd, w.number(0)]
        })
        .bad(|w| args![noticing(w), 99])
        .bad(|w| args![w.file(), 1]),
        case("fanotify_init", |_| args![libc::FAN_CLASS_NOTIF, libc::O_RDONLY])
            .bad(|_| args![libc::FAN_CLASS_NOTIF, 3]),
        case("fanotify_mark", move |w| {
            args![fanotify(w), add, libc::FAN_OPEN, libc::AT_FDCWD, w.path("sub")]
        })
        .bad(move |w| args![fanotify(w), add, 0, libc::AT_FDCWD, w.path("sub")])
        .bad(move |w| args![w.file(), add, libc::FAN_OPEN, libc::AT_FDCWD, w.path("sub")]),
    ]
}

/// Writes into the pipe.
fn feed(w: &World) {
    write(i32::try_from(w.fd(1)).expect("a descriptor"), b"now");
}

fn sleepers() -> Vec<Case> {
    let one = |w: &mut World| inout(asks(w.pipe().0));
    vec![
        sleeping("poll", move |w| args![one(w), 1, -1], feed).any_bytes(0, 0..4),
        sleeping("ppoll", move |w| args![one(w), 1, NONE, NONE, 8], feed).any_bytes(0, 0..4),
        sleeping("select", |w| args![1024, set(w, b""), NONE, NONE, NONE], feed).alone(),
        sleeping("pselect6", |w| args![1024, set(w, b""), NONE, NONE, NONE, NONE], feed).alone(),
        sleeping("epoll_wait", |w| args![watching(w, b""), out(), 4, -1], feed),
        sleeping("epoll_pwait", |w| args![watching(w, b""), out(), 4, -1, NONE, 8], feed),
        sleeping("epoll_pwait2", |w| args![watching(w, b""), out(), 4, NONE, NONE, 8], feed),
        sleeping(
            "read",
            |w| args![inotify_blocking(w), out(), 64],
            |w| {
                must("mkdirat", &[w.fd(1), address(b"seen\0"), 0o700]);
            },
        )
        .blocking_only(),
    ]
}

/// An inotify that watches a folder, which is the second descriptor.
fn inotify_blocking(w: &mut World) -> i32 {
    let fd = noticing(w);
    sys("fcntl", &[fd.into(), libc::F_SETFL.into(), 0]);
    let sub = std::fs::File::open(w.at("sub")).expect("a temporary folder works");
    w.keep(sub);
    fd
}
