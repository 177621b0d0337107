//! Calls that move bytes in and out of open files.

use crate::case::{Arg, Case, args, case, inout, input, out, room, sleeping, words};
use crate::world::{World, write};

pub(crate) fn cases() -> Vec<Case> {
    [flat(), vectored(), between(), sleepers()].into_iter().flatten().collect()
}

fn flat() -> Vec<Case> {
    vec![
        case("read", |w| args![w.file(), out(), 20]).bad(|w| args![w.dir(), out(), 20]),
        case("read", |w| args![w.file(), out(), 5]),
        case("read", |w| args![w.pipe_with(b"seven b").0, out(), 20]),
        case("read", |w| args![w.pipe_with(b"seven b").1, out(), 20]).fails(),
        case("write", |w| args![w.file(), input(b"hello"), 5]).bad(|w| args![w.pipe().0, input(b"hello"), 5]),
        case("write", |w| args![w.pipe().1, input(b"hello"), 3]).left(drain),
        case("write", |w| args![w.streams().1, input(b"hello"), 3]),
        case("pread64", |w| args![w.file(), out(), 20, 7])
            .bad(|w| args![w.file(), out(), 20, -7])
            .bad(|w| args![w.pipe().0, out(), 20, 0]),
        case("pread64", |w| args![w.file(), out(), 20, 1_i64 << 32]),
        case("pwrite64", |w| args![w.file(), input(b"hello"), 5, 30])
            .bad(|w| args![w.file(), input(b"hello"), 5, -30]),
    ]
}

/// What is left in the first pipe or socket of the state.
fn drain(w: &World) -> String {
    let mut bytes = [0; 64];
    let fd = w.fd(0);
    crate::direct::sys("fcntl", &[fd, libc::F_SETFL.into(), libc::O_NONBLOCK.into()]);
    let got = crate::direct::sys("read", &[fd, crate::direct::address_mut(&mut bytes), 64]);
    format!("{got} {bytes:?}")
}

/// Two vectors of memory, the second one empty.
fn vector(w: &mut World) -> Arg {
    w.vector(b"bytes of the caller")
}

fn vectored() -> Vec<Case> {
    vec![
        case("readv", |w| args![w.file(), vector(w), 1]).bad(|w| args![w.file(), vector(w), 5000]),
        case("readv", |w| args![w.pipe_with(b"seven b").0, vector(w), 1]),
        case("writev", |w| args![w.file(), vector(w), 1]).bad(|w| args![w.file(), vector(w), -1]),
        case("writev", |w| args![w.pipe().1, vector(w), 1]).left(drain),
        case("preadv", |w| args![w.file(), vector(w), 1, 4, 0])
            .bad(|w| args![w.file(), vector(w), 1, -4, -1]),
        case("pwritev", |w| args![w.file(), vector(w), 1, 4, 0])
            .bad(|w| args![w.file(), vector(w), 1, -4, -1]),
        case("preadv2", |w| args![w.file(), vector(w), 1, -1, -1, 0]),
        case("preadv2", |w| args![w.file(), vector(w), 1, 2, 0, libc::RWF_HIPRI]),
        case("pwritev2", |w| args![w.file(), vector(w), 1, 2, 0, libc::RWF_DSYNC]),
        case("pwritev2", |w| args![w.pipe().1, vector(w), 1, -1, -1, 0]).left(drain),
        case("vmsplice", |w| args![w.pipe().1, vector(w), 1, 0])
            .left(drain)
            .bad(|w| args![w.file(), vector(w), 1, 0]),
        case("vmsplice", |w| args![w.pipe().1, vector(w), 1, libc::SPLICE_F_NONBLOCK]).left(drain),
    ]
}

/// The descriptor of a second file, empty.
fn target(w: &mut World) -> i32 {
    let path = w.at("target");
    let file = std::fs::File::options().read(true).write(true).create(true).truncate(true).open(path);
    let file = file.expect("a temporary folder works");
    w.keep(file)
}

fn between() -> Vec<Case> {
    let none = || Arg::Value(0);
    vec![
        case("sendfile", |w| args![target(w), w.file(), inout(words(&[2])), 5])
            .bad(|w| args![target(w), w.file(), inout(words(&[-2])), 5]),
        case("sendfile", move |w| args![w.pipe().1, w.file(), none(), 50]).left(drain),
        case("copy_file_range", |w| args![w.file(), inout(words(&[3])), target(w), inout(words(&[1])), 5, 0]),
        case("copy_file_range", move |w| args![w.file(), none(), target(w), none(), 500, 0]),
        case("splice", move |w| {
            args![w.pipe_with(b"seven b").0, none(), target(w), inout(words(&[4])), 5, 0]
        })
        .bad(move |w| args![w.file(), none(), target(w), none(), 5, 0]),
        case("splice", move |w| args![w.file(), inout(words(&[4])), w.pipe().1, none(), 5, 0]),
        case("tee", |w| args![w.pipe_with(b"seven b").0, w.pipe().1, 5, 0])
            .left(drain)
            .bad(|w| args![w.file(), w.pipe().1, 5, 0]),
        case("tee", |w| args![w.pipe_with(b"seven b").0, w.pipe().1, 50, libc::SPLICE_F_NONBLOCK]),
    ]
}

/// An empty pipe's reader.
fn dry(w: &mut World) -> i32 {
    w.pipe().0
}

/// A pipe's writer that takes no more bytes.
fn full(w: &mut World) -> i32 {
    let (_, writer) = w.pipe();
    let len = crate::direct::must("fcntl", &[writer.into(), libc::F_SETPIPE_SZ.into(), 4096]);
    write(writer, &vec![7; usize::try_from(len).expect("a length")]);
    writer
}

/// A socket with nothing to read.
fn silent(w: &mut World) -> i32 {
    w.streams().0
}

/// Writes into the other end.
fn feed(w: &World) {
    write(i32::try_from(w.fd(1)).expect("a descriptor"), b"now");
}

/// Takes out of the other end.
fn empty(w: &World) {
    let mut bytes = [0; 4096];
    crate::direct::must("read", &[w.fd(0), crate::direct::address_mut(&mut bytes), 4096]);
}

fn sleepers() -> Vec<Case> {
    let none = || Arg::Value(0);
    vec![
        sleeping("read", |w| args![dry(w), out(), 20], feed),
        sleeping("read", |w| args![silent(w), out(), 20], feed),
        sleeping("readv", |w| args![silent(w), vector(w), 1], feed),
        sleeping("preadv2", |w| args![silent(w), vector(w), 1, -1, -1, 0], feed),
        sleeping("write", |w| args![full(w), input([9; 100]), 100], empty).left(drain),
        sleeping("writev", |w| args![full(w), vector(w), 1], empty).left(drain),
        sleeping("pwritev2", |w| args![full(w), vector(w), 1, -1, -1, 0], empty).left(drain),
        sleeping("vmsplice", |w| args![full(w), vector(w), 1, 0], empty).left(drain),
        sleeping("splice", move |w| args![dry(w), none(), target(w), none(), 5, 0], feed),
        sleeping("tee", |w| args![dry(w), w.pipe().1, 5, 0], feed),
        sleeping("sendfile", move |w| args![full(w), w.file(), none(), 5], empty).left(drain),
        case("read", |w| args![w.streams().0, room(0), 0]),
    ]
}
