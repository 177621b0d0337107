//! Calls on open files: bytes in and out, positions, locks, descriptors.

use super::sizes::STAT;
use super::words::*;
use crate::argument::Len;
use crate::row::Class::{Instant, Sleeps};
use crate::row::Yields::{Bytes, Fd, Number};
use crate::row::{Descriptors, Row, Twin};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    descriptor("read", [0, 63], &[fd("fd"), buffer("buf", 2), size("count")])
        .yields(Bytes).twin(Twin::Vectored("preadv2")),
    descriptor("write", [1, 64], &[fd("fd"), input("buf", Len::Arg(2)), size("count")])
        .yields(Bytes).twin(Twin::Vectored("pwritev2")),
    descriptor("pread64", [17, 67], &[fd("fd"), buffer("buf", 2), size("count"), offset("pos")])
        .yields(Bytes).twin(Twin::Vectored("preadv2")),
    descriptor("pwrite64", [18, 68], &[fd("fd"), input("buf", Len::Arg(2)), size("count"), offset("pos")])
        .yields(Bytes).twin(Twin::Vectored("pwritev2")),
    descriptor("preadv2", [327, 286], &[fd("fd"), opaque("vec"), size("vlen"), offset("pos_l"), offset("pos_h"), flags("flags")])
        .yields(Bytes).twin(Twin::Flag(5, 8)),
    descriptor("pwritev2", [328, 287], &[fd("fd"), opaque("vec"), size("vlen"), offset("pos_l"), offset("pos_h"), flags("flags")])
        .yields(Bytes).twin(Twin::Flag(5, 8)),
    descriptor("close", [3, 57], &[fd("fd")])
        .descriptors(Descriptors::Closes(0)),
    storage("lseek", [8, 62], &[fd("fd"), offset("offset"), uint("whence")])
        .yields(Number),
    storage("fstat", [5, 80], &[fd("fd"), output_of("statbuf", STAT)]),
    instant("dup", [32, 23], &[fd("fildes")])
        .yields(Fd),
    instant("fcntl", [72, 25], &[fd("fd"), command("cmd"), opaque("arg")])
        .yields(Number).when(&[is(1, 7, Sleeps), is(1, 38, Sleeps)]).twin(Twin::Command(1, 7, 6)),
    sleeps("flock", [73, 32], &[fd("fd"), flags("cmd")])
        .when(&[has(1, 4, Instant), is(1, 8, Instant)]).twin(Twin::Flag(1, 4)),
    storage("fsync", [74, 82], &[fd("fd")]),
    storage("getdents64", [217, 61], &[fd("fd"), buffer("dirent", 2), size("count")])
        .yields(Bytes),
    instant("pipe2", [293, 59], &[output_of("fildes", 8), flags("flags")]),
    storage("fchown", [93, 55], &[fd("fd"), id("user"), id("group")]),
    instant("memfd_create", [319, 279], &[text("uname"), flags("flags")])
        .yields(Fd),
];
