//! Rows of calls on open files: bytes in and out, positions, sizes, locks, descriptors.

use super::bits::{
    CLOSE_RANGE_UNSHARE, F_GETLK, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_SETLK, F_SETLKW,
    FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE, LOCK_NB, LOCK_UN, RWF_NOWAIT, SPLICE_F_NONBLOCK,
};
use super::forms::FCNTL;
use super::ioctls::IOCTL;
use super::sizes::{CACHESTAT, CACHESTAT_RANGE, INT, LONG, STAT, STATFS};
use super::words::*;
use crate::argument::{Len, Written};
use crate::kick::Kick;
use crate::nature::Class::{Instant, Sleeps, Storage};
use crate::nature::Scope::WritesThread;
use crate::nonblocking::NonBlockingForm;
use crate::restart::Restart::{Again, Never, Uninterrupted};
use crate::row::Yields::{Bytes, Fd, Number};
use crate::row::{Descriptors, Row};

/// A range may have been taken out or put in already.
const SHIFTS: &str = "the bytes behind the range may have moved already";

/// The reason for which a write at a position has no non-blocking attempt.
const MIXES: &str = "done in two parts, it could mix with another write";
/// The reason for which a call that closes many descriptors has no non-blocking attempt.
const CLOSES: &str = "the first attempt closes the descriptors, whatever their files are";

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    // Bytes.
    descriptor("read", [0, 63], &[fd("fd"), buffer("buf", 2), size("count")])
        .yields(Bytes).nonblocking(NonBlockingForm::Vectored("preadv2")).kick(Kick::OnPipes),
    descriptor("write", [1, 64], &[fd("fd"), input("buf", Len::Arg(2)), size("count")])
        .yields(Bytes).nonblocking(NonBlockingForm::Vectored("pwritev2")),
    descriptor("pread64", [17, 67], &[fd("fd"), buffer("buf", 2), size("count"), offset("pos")])
        .yields(Bytes).nonblocking(NonBlockingForm::Vectored("preadv2")),
    descriptor("pwrite64", [18, 68], &[fd("fd"), input("buf", Len::Arg(2)), size("count"), offset("pos")])
        .yields(Bytes).blocking_only(MIXES),
    descriptor("readv", [19, 65], &[fd("fd"), scatter("vec", 2), size("vlen").bits_32()])
        .yields(Bytes).nonblocking(NonBlockingForm::Vectored("preadv2")).kick(Kick::OnPipes),
    descriptor("writev", [20, 66], &[fd("fd"), gather("vec", 2), size("vlen").bits_32()])
        .yields(Bytes).nonblocking(NonBlockingForm::Vectored("pwritev2")),
    descriptor("preadv", [295, 69], &[fd("fd"), scatter("vec", 2), size("vlen").bits_32(), offset("pos_l"), offset("pos_h").ignored()])
        .yields(Bytes).nonblocking(NonBlockingForm::Vectored("preadv2")),
    descriptor("pwritev", [296, 70], &[fd("fd"), gather("vec", 2), size("vlen").bits_32(), offset("pos_l"), offset("pos_h").ignored()])
        .yields(Bytes).blocking_only(MIXES),
    descriptor("preadv2", [327, 286], &[fd("fd"), scatter("vec", 2), size("vlen").bits_32(), offset("pos_l"), offset("pos_h").ignored(), flags("flags")])
        .yields(Bytes).nonblocking(flag(5, RWF_NOWAIT)),
    descriptor("pwritev2", [328, 287], &[fd("fd"), gather("vec", 2), size("vlen").bits_32(), offset("pos_l"), offset("pos_h").ignored(), flags("flags")])
        .yields(Bytes).nonblocking(flag(5, RWF_NOWAIT)),
    descriptor("sendfile", [40, 71], &[fd("out_fd"), fd("in_fd"), update_of("offset", LONG), size("count")])
        .yields(Bytes).blocking_only("no flag keeps it from waiting, only O_NONBLOCK of the file itself"),
    storage("copy_file_range", [326, 285], &[fd("fd_in"), update_of("off_in", LONG), fd("fd_out"), update_of("off_out", LONG), size("len"), flags("flags")])
        .yields(Bytes),
    descriptor("splice", [275, 76], &[fd("fd_in"), update_of("off_in", LONG), fd("fd_out"), update_of("off_out", LONG), size("len"), flags("flags")])
        .yields(Bytes).nonblocking(flag(5, SPLICE_F_NONBLOCK)),
    // These raise SIGPIPE, and no flag prevents it, so a non-blocking attempt blocks the signal meanwhile. vmsplice leaves
    // its bytes where they are, and they must stay there.
    sleeps("tee", [276, 77], &[fd("fdin"), fd("fdout"), size("len"), flags("flags")])
        .yields(Bytes).when(&[has(3, SPLICE_F_NONBLOCK, Instant)]).nonblocking(flag(3, SPLICE_F_NONBLOCK)),
    sleeps("vmsplice", [278, 75], &[fd("fd"), opaque("uiov"), size("nr_segs").bits_32(), flags("flags")])
        .yields(Bytes).when(&[has(3, SPLICE_F_NONBLOCK, Instant)]).nonblocking(flag(3, SPLICE_F_NONBLOCK)),
    // The argument of an ioctl depends on the driver, and drivers use the same numbers for different things, except a few.
    descriptor("ioctl", [16, 29], &[fd("fd"), command("cmd"), formed("arg", IOCTL)])
        .yields(Number).restart(Never("only the driver knows how much was done before the signal")).blocking_only("each driver waits in its own way").kick(Kick::Never("only the driver knows how much was done before the signal")),

    // Position, size, contents as a whole.
    storage("lseek", [8, 62], &[fd("fd"), offset("offset"), uint("whence")])
        .yields(Number),
    storage("ftruncate", [77, 46], &[fd("fd"), offset("length")])
        .kick(Kick::Again),
    storage("fallocate", [285, 47], &[fd("fd"), flags("mode"), offset("offset"), offset("len")])
        .restart_when(&[restart_has(1, FALLOC_FL_COLLAPSE_RANGE, Never(SHIFTS)), restart_has(1, FALLOC_FL_INSERT_RANGE, Never(SHIFTS))]).kick(Kick::Never("a signal may end it in the middle, and on memory files the kernel takes none")),
    storage("fadvise64", [221, 223], &[fd("fd"), offset("offset"), size("len"), int("advice")]),
    storage("readahead", [187, 213], &[fd("fd"), offset("offset"), size("count")]),
    storage("cachestat", [451, 451], &[fd("fd"), input_of("cstat_range", CACHESTAT_RANGE), output_of("cstat", CACHESTAT), flags("flags")]),
    storage("fsync", [74, 82], &[fd("fd")])
        .kick(Kick::Never("the kernel takes no signal while storage writes")),
    storage("fdatasync", [75, 83], &[fd("fd")])
        .kick(Kick::Never("the kernel takes no signal while storage writes")),
    storage("sync_file_range", [277, 84], &[fd("fd"), offset("offset"), offset("nbytes"), flags("flags")]),
    storage("syncfs", [306, 267], &[fd("fd")])
        .kick(Kick::Never("the kernel takes no signal while storage writes")),
    storage("sync", [162, 81], &[])
        .kick(Kick::Never("the kernel takes no signal while storage writes")),

    // Metadata. Entries of a directory are padded with bytes that the kernel never writes.
    storage("fstat", [5, 80], &[fd("fd"), output_of("statbuf", STAT)])
        .kick(Kick::Again),
    storage("fstatfs", [138, 44], &[fd("fd"), output_of("buf", STATFS)])
        .kick(Kick::Again),
    storage("getdents", [78, NO], &[fd("fd"), output("dirent", Len::Arg(2), Written::Perhaps), size("count").bits_32()])
        .yields(Bytes),
    storage("getdents64", [217, 61], &[fd("fd"), output("dirent", Len::Arg(2), Written::Perhaps), size("count").bits_32()])
        .yields(Bytes),
    storage("fchmod", [91, 52], &[fd("fd"), mode("mode")]),
    storage("fchown", [93, 55], &[fd("fd"), id("user"), id("group")]),
    storage("fchdir", [81, 50], &[fd("fd")]),

    // Locks.
    sleeps("flock", [73, 32], &[fd("fd"), command("cmd")])
        .when(&[has(1, LOCK_NB, Storage), is(1, LOCK_UN, Storage)]).nonblocking(flag(1, LOCK_NB)).kick(Kick::Again),
    instant("fcntl", [72, 25], &[fd("fd"), command("cmd"), formed("arg", FCNTL)])
        .yields(Number)
        .when(&[is(1, F_SETLKW, Sleeps), is(1, F_OFD_SETLKW, Sleeps), is(1, F_GETLK, Storage), is(1, F_SETLK, Storage),
                is(1, F_OFD_GETLK, Storage), is(1, F_OFD_SETLK, Storage)])
        .nonblocking(NonBlockingForm::Command(1, &[(F_SETLKW as u64, F_SETLK as u64), (F_OFD_SETLKW as u64, F_OFD_SETLK as u64)]))
        .restart(Again).kick(Kick::Again),

    // Descriptors. Closing may write back, or linger on a socket.
    descriptor("close", [3, 57], &[fd("fd")])
        .descriptors(Descriptors::Closes(0)).restart(Never("the descriptor is closed: its number may be another's by now")).nonblocking(NonBlockingForm::Closing(0)).kick(Kick::Never("the descriptor is closed, whatever the result: its number may be another's by now")),
    descriptor("close_range", [436, 436], &[uint("fd"), uint("max_fd"), flags("flags")])
        .descriptors(Descriptors::ClosesRange).scope_when(&[scope_has(2, CLOSE_RANGE_UNSHARE, WritesThread)]).restart(Uninterrupted).blocking_only(CLOSES),
    instant("dup", [32, 23], &[fd("fildes")])
        .yields(Fd),
    descriptor("dup2", [33, NO], &[fd("oldfd"), fd("newfd")])
        .yields(Fd).descriptors(Descriptors::Replaces(1)).restart(Uninterrupted).nonblocking(NonBlockingForm::Closing(1)),
    descriptor("dup3", [292, 24], &[fd("oldfd"), fd("newfd"), flags("flags")])
        .yields(Fd).descriptors(Descriptors::Replaces(1)).restart(Uninterrupted).nonblocking(NonBlockingForm::Closing(1)),
    instant("pipe", [22, NO], &[output_of("fildes", 2 * INT)]),
    instant("pipe2", [293, 59], &[output_of("fildes", 2 * INT), flags("flags")]),
    instant("memfd_create", [319, 279], &[text("uname"), flags("flags")])
        .yields(Fd),
    instant("memfd_secret", [447, 447], &[flags("flags")])
        .yields(Fd),
];
