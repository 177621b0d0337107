//! The operations of io_uring, and the calls that each stands for: those with the result and effects that it has for the
//! same arguments, older calls included that say the same with fewer. An operation that does a part of a call's work
//! (POLL_ADD, which watches one descriptor, or URING_CMD, which knows some socket options) stands for none.

/// How many operations there are, numbered from 0.
pub(super) const OPERATIONS: usize = 63;
/// Of which kernel, and when.
pub(super) const DATED: &str = "the 63 operations of Linux 6.18, November 2025";

/// Number of an operation, and its calls.
pub(super) const CALLS: &[(u8, &[&str])] = &[
    (1, &["readv", "preadv", "preadv2"]),
    (2, &["writev", "pwritev", "pwritev2"]),
    (3, &["fsync", "fdatasync"]),
    (8, &["sync_file_range"]),
    (9, &["sendmsg"]),
    (10, &["recvmsg", "recvfrom"]),
    (11, &["nanosleep", "clock_nanosleep"]),
    (13, &["accept", "accept4"]),
    (16, &["connect"]),
    (17, &["fallocate"]),
    (18, &["open", "creat", "openat"]),
    (19, &["close"]),
    (21, &["statx"]),
    (22, &["read", "pread64"]),
    (23, &["write", "pwrite64"]),
    (24, &["fadvise64"]),
    (25, &["madvise"]),
    (26, &["sendto"]),
    (28, &["openat2"]),
    (29, &["epoll_ctl"]),
    (30, &["splice"]),
    (33, &["tee"]),
    (34, &["shutdown"]),
    (35, &["rename", "renameat", "renameat2"]),
    (36, &["unlink", "unlinkat", "rmdir"]),
    (37, &["mkdir", "mkdirat"]),
    (38, &["symlink", "symlinkat"]),
    (39, &["link", "linkat"]),
    (41, &["fsetxattr"]),
    (42, &["setxattr"]),
    (43, &["fgetxattr"]),
    (44, &["getxattr"]),
    (45, &["socket"]),
    (50, &["waitid"]),
    (51, &["futex_wait"]),
    (52, &["futex_wake"]),
    (53, &["futex_waitv"]),
    (55, &["ftruncate"]),
    (56, &["bind"]),
    (57, &["listen"]),
    (59, &["epoll_wait"]),
    (62, &["pipe", "pipe2"]),
];
