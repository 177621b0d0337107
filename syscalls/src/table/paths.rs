//! Calls that take a path.

use super::sizes::{STAT, STATX};
use super::words::*;
use crate::row::Row;
use crate::row::Yields::{Bytes, Fd};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    storage("openat", [257, 56], &[dirfd("dfd"), path("filename"), flags("flags"), mode("mode")])
        .yields(Fd),
    storage("newfstatat", [262, 79], &[dirfd("dfd"), path("filename"), output_of("statbuf", STAT), flags("flag")]),
    storage("statx", [332, 291], &[dirfd("dfd"), path("filename"), flags("flags"), flags("mask"), output_of("buffer", STATX)]),
    storage("readlinkat", [267, 78], &[dirfd("dfd"), path("pathname"), buffer("buf", 3), size("bufsiz")])
        .yields(Bytes),
    storage("mkdirat", [258, 34], &[dirfd("dfd"), path("pathname"), mode("mode")]),
    storage("unlinkat", [263, 35], &[dirfd("dfd"), path("pathname"), flags("flag")]),
];
