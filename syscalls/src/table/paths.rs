//! Rows of calls that take a path.

use super::sizes::{FILE_HANDLE, LONG, STAT, STATFS, STATX, TIMESPEC, USTAT};
use super::words::*;
use crate::argument::{Len, Written};
use crate::kick::Kick;
use crate::nonblocking::NonBlockingForm;
use crate::row::Row;
use crate::row::Yields::{Bytes, Fd};

/// The reason for which only openat2 has a non-blocking attempt.
const OPENS: &str = "openat2 would be another number, and refuses flags that this call ignores";

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    // Opening.
    storage("open", [2, NO], &[path("filename"), flags("flags"), mode("mode")])
        .yields(Fd).blocking_only(OPENS).kick(Kick::Again),
    storage("creat", [85, NO], &[path("pathname"), mode("mode")])
        .yields(Fd).blocking_only(OPENS).kick(Kick::Again),
    storage("openat", [257, 56], &[dirfd("dfd"), path("filename"), flags("flags"), mode("mode")])
        .yields(Fd).blocking_only(OPENS).kick(Kick::Again),
    storage("openat2", [437, 437], &[dirfd("dfd"), path("filename"), input("how", Len::Arg(3)), size("usize")])
        .yields(Fd).nonblocking(NonBlockingForm::Cached(2)).kick(Kick::Again),
    storage("name_to_handle_at", [303, 264], &[dirfd("dfd"), path("name"), update("handle", Len::Headed(FILE_HANDLE)), output_of("mnt_id", LONG), flags("flag")])
        .kick(Kick::Again),
    storage("open_by_handle_at", [304, 265], &[dirfd("mountdirfd"), input("handle", Len::Headed(FILE_HANDLE)), flags("flags")])
        .yields(Fd),

    // Metadata.
    storage("stat", [4, NO], &[path("filename"), output_of("statbuf", STAT)])
        .kick(Kick::Again),
    storage("lstat", [6, NO], &[path("filename"), output_of("statbuf", STAT)])
        .kick(Kick::Again),
    storage("newfstatat", [262, 79], &[dirfd("dfd"), path("filename"), output_of("statbuf", STAT), flags("flag")])
        .kick(Kick::Again),
    storage("statx", [332, 291], &[dirfd("dfd"), path("filename"), flags("flags"), flags("mask"), output_of("buffer", STATX)])
        .kick(Kick::Again),
    storage("access", [21, NO], &[path("filename"), flags("mode")])
        .kick(Kick::Again),
    storage("faccessat", [269, 48], &[dirfd("dfd"), path("filename"), flags("mode")])
        .kick(Kick::Again),
    storage("faccessat2", [439, 439], &[dirfd("dfd"), path("filename"), flags("mode"), flags("flags")])
        .kick(Kick::Again),
    storage("readlink", [89, NO], &[path("path"), buffer("buf", 2), size("bufsiz").bits_32()])
        .yields(Bytes).kick(Kick::Again),
    storage("readlinkat", [267, 78], &[dirfd("dfd"), path("pathname"), buffer("buf", 3), size("bufsiz").bits_32()])
        .yields(Bytes).kick(Kick::Again),
    storage("statfs", [137, 43], &[path("pathname"), output_of("buf", STATFS)])
        .kick(Kick::Again),
    storage("ustat", [136, NO], &[uint("dev"), output_of("ubuf", USTAT)]),

    // Names.
    storage("mkdir", [83, NO], &[path("pathname"), mode("mode")]),
    storage("mkdirat", [258, 34], &[dirfd("dfd"), path("pathname"), mode("mode")]),
    storage("rmdir", [84, NO], &[path("pathname")]),
    storage("mknod", [133, NO], &[path("filename"), mode("mode"), uint("dev")]),
    storage("mknodat", [259, 33], &[dirfd("dfd"), path("filename"), mode("mode"), uint("dev")]),
    storage("link", [86, NO], &[path("oldname"), path("newname")]),
    storage("linkat", [265, 37], &[dirfd("olddfd"), path("oldname"), dirfd("newdfd"), path("newname"), flags("flags")]),
    storage("symlink", [88, NO], &[path("oldname"), path("newname")]),
    storage("symlinkat", [266, 36], &[path("oldname"), dirfd("newdfd"), path("newname")]),
    storage("unlink", [87, NO], &[path("pathname")]),
    storage("unlinkat", [263, 35], &[dirfd("dfd"), path("pathname"), flags("flag")]),
    storage("rename", [82, NO], &[path("oldname"), path("newname")]),
    storage("renameat", [264, 38], &[dirfd("olddfd"), path("oldname"), dirfd("newdfd"), path("newname")]),
    storage("renameat2", [316, 276], &[dirfd("olddfd"), path("oldname"), dirfd("newdfd"), path("newname"), flags("flags")]),

    // Mode, owner, size, times.
    storage("chmod", [90, NO], &[path("filename"), mode("mode")]),
    storage("fchmodat", [268, 53], &[dirfd("dfd"), path("filename"), mode("mode")]),
    storage("fchmodat2", [452, 452], &[dirfd("dfd"), path("filename"), mode("mode"), flags("flags")]),
    storage("chown", [92, NO], &[path("filename"), id("user"), id("group")]),
    storage("lchown", [94, NO], &[path("filename"), id("user"), id("group")]),
    storage("fchownat", [260, 54], &[dirfd("dfd"), path("filename"), id("user"), id("group"), flags("flag")]),
    storage("truncate", [76, 45], &[path("path"), offset("length")])
        .kick(Kick::Again),
    storage("utime", [132, NO], &[path("filename"), input_of("times", TIMESPEC)]),
    storage("utimes", [235, NO], &[path("filename"), input_of("utimes", 2 * TIMESPEC)]),
    storage("futimesat", [261, NO], &[dirfd("dfd"), path("filename"), input_of("utimes", 2 * TIMESPEC)]),
    storage("utimensat", [280, 88], &[dirfd("dfd"), path("filename"), input_of("utimes", 2 * TIMESPEC), flags("flags")]),
    storage("file_getattr", [468, 468], &[dirfd("dfd"), path("filename"), output("ufattr", Len::Arg(3), Written::Whole), size("usize"), flags("at_flags")]),
    storage("file_setattr", [469, 469], &[dirfd("dfd"), path("filename"), input("ufattr", Len::Arg(3)), size("usize"), flags("at_flags")]),

    // The process's own directories.
    storage("chdir", [80, 49], &[path("filename")]),
    storage("chroot", [161, 51], &[path("filename")]),
    storage("getcwd", [79, 17], &[buffer("buf", 1), size("size")])
        .yields(Bytes),

    // Extended attributes. With size 0 the result is the size that would be needed, and nothing is written.
    storage("setxattr", [188, 5], &[path("pathname"), text("name"), input("value", Len::Arg(3)), size("size"), flags("flags")]),
    storage("lsetxattr", [189, 6], &[path("pathname"), text("name"), input("value", Len::Arg(3)), size("size"), flags("flags")]),
    storage("fsetxattr", [190, 7], &[fd("fd"), text("name"), input("value", Len::Arg(3)), size("size"), flags("flags")]),
    storage("setxattrat", [463, 463], &[dirfd("dfd"), path("pathname"), flags("at_flags"), text("name"), opaque("uargs"), size("usize")]),
    storage("getxattr", [191, 8], &[path("pathname"), text("name"), buffer("value", 3), size("size")])
        .yields(Bytes).kick(Kick::Again),
    storage("lgetxattr", [192, 9], &[path("pathname"), text("name"), buffer("value", 3), size("size")])
        .yields(Bytes).kick(Kick::Again),
    storage("fgetxattr", [193, 10], &[fd("fd"), text("name"), buffer("value", 3), size("size")])
        .yields(Bytes).kick(Kick::Again),
    storage("getxattrat", [464, 464], &[dirfd("dfd"), path("pathname"), flags("at_flags"), text("name"), opaque("uargs"), size("usize")])
        .yields(Bytes),
    storage("listxattr", [194, 11], &[path("pathname"), buffer("list", 2), size("size")])
        .yields(Bytes).kick(Kick::Again),
    storage("llistxattr", [195, 12], &[path("pathname"), buffer("list", 2), size("size")])
        .yields(Bytes).kick(Kick::Again),
    storage("flistxattr", [196, 13], &[fd("fd"), buffer("list", 2), size("size")])
        .yields(Bytes).kick(Kick::Again),
    storage("listxattrat", [465, 465], &[dirfd("dfd"), path("pathname"), flags("at_flags"), buffer("list", 4), size("size")])
        .yields(Bytes),
    storage("removexattr", [197, 14], &[path("pathname"), text("name")]),
    storage("lremovexattr", [198, 15], &[path("pathname"), text("name")]),
    storage("fremovexattr", [199, 16], &[fd("fd"), text("name")]),
    storage("removexattrat", [466, 466], &[dirfd("dfd"), path("pathname"), flags("at_flags"), text("name")]),
];
