//! Rows of calls about processes: their ids, their limits, their children, their end.

use super::bits::{__WNOTHREAD, RUSAGE_THREAD, WNOHANG};
use super::forms::{KCMP, WAITID};
use super::sizes::{INT, LONG, PERF_EVENT_ATTR, RLIMIT, RUSAGE, SIGINFO};
use super::words::*;
use crate::argument::{Arg, Len};
use crate::harm::Harm;
use crate::kick::Kick;
use crate::nature::Class::Instant;
use crate::nature::Scope::{BoundToThread, ReadsThread};
use crate::restart::Restart::{Again, Uninterrupted};
use crate::row::Row;
use crate::row::Yields::{Fd, Number, Pid};

/// The reason for which no call that makes a process has a non-blocking attempt.
const CHILD: &str = "a second attempt would make another child";

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    // Ids.
    instant("getpid", [39, 172], &[])
        .yields(Pid),
    instant("getppid", [110, 173], &[])
        .yields(Pid),
    instant("getpgrp", [111, NO], &[])
        .yields(Pid),
    instant("getpgid", [121, 155], &[pid("pid")])
        .yields(Pid),
    instant("setpgid", [109, 154], &[pid("pid"), pid("pgid")]),
    instant("getsid", [124, 156], &[pid("pid")])
        .yields(Pid),
    instant("setsid", [112, 157], &[])
        .yields(Pid),
    instant("kcmp", [312, 272], &[pid("pid1"), pid("pid2"), command("type"), formed("idx1", KCMP[0]), formed("idx2", KCMP[1])])
        .yields(Number),

    // Limits.
    instant("getrlimit", [97, 163], &[uint("resource"), output_of("rlim", RLIMIT)]),
    instant("setrlimit", [160, 164], &[uint("resource"), input_of("rlim", RLIMIT)]),
    instant("prlimit64", [302, 261], &[pid("pid"), uint("resource"), input_of("new_rlim", RLIMIT), output_of("old_rlim", RLIMIT)]),
    instant("getrusage", [98, 165], &[int("who"), output_of("ru", RUSAGE)])
        .scope_when(&[scope_is(0, RUSAGE_THREAD, ReadsThread)]),
    instant("umask", [95, 166], &[mode("mask").bits_32()])
        .yields(Number),

    // Children. With WNOHANG, a result of zero means that the plain call would have waited.
    sleeps("wait4", [61, 260], &[pid("upid"), output_of("stat_addr", INT), flags("options"), output_of("ru", RUSAGE)])
        .yields(Pid).when(&[has(2, WNOHANG, Instant)]).scope_when(&[scope_has(2, __WNOTHREAD, BoundToThread)]).nonblocking(flag(2, WNOHANG)).kick(Kick::Again),
    sleeps("waitid", [247, 95], &[int("which"), pid("upid").or(WAITID), output_of("infop", SIGINFO), flags("options"), output_of("ru", RUSAGE)])
        .when(&[has(3, WNOHANG, Instant)]).scope_when(&[scope_has(3, __WNOTHREAD, BoundToThread)]).nonblocking(flag(3, WNOHANG)).kick(Kick::Again),
    instant("pidfd_open", [434, 434], &[pid("pid"), flags("flags")])
        .yields(Fd),
    instant("pidfd_getfd", [438, 438], &[fd("pidfd"), int("fd"), flags("flags")])
        .yields(Fd).danger("it can copy a descriptor that was not lent"),

    // Another process, or thread, under control. ptrace's addresses are those of the other process.
    sleeps("ptrace", [101, 117], &[command("request").bits_64(), pid("pid").bits_64(), opaque("addr"), opaque("data")])
        .yields(Number).scope(BoundToThread).restart(Uninterrupted).blocking_only("it acts for the tracer, which is one thread"),
    instant("perf_event_open", [298, 241], &[update("attr_uptr", Len::Sized(4, PERF_EVENT_ATTR)), pid("pid"), int("cpu"), fd("group_fd"), flags("flags").bits_64()])
        .yields(Fd).scope(BoundToThread).restart(Again),

    // Beginnings and ends.
    instant("exit", [60, 93], &[int("error_code")])
        .ends(Harm::EndsThread),
    instant("exit_group", [231, 94], &[int("error_code")])
        .ends(Harm::EndsProcess),
    storage("execve", [59, 221], &[path("filename"), opaque("argv"), opaque("envp")])
        .ends(Harm::Replaces),
    storage("execveat", [322, 281], &[dirfd("fd"), path("filename"), opaque("argv"), opaque("envp"), flags("flags")])
        .ends(Harm::Replaces),
    instant("fork", [57, NO], &[])
        .yields(Pid).ends(Harm::Child),
    sleeps("vfork", [58, NO], &[])
        .yields(Pid).ends(Harm::Child).blocking_only(CHILD),
    sleeps("clone", [56, 220], CLONE)
        .yields(Pid).ends(Harm::Child).blocking_only(CHILD),
    sleeps("clone3", [435, 435], &[opaque("uargs"), size("size")])
        .yields(Pid).ends(Harm::Child).blocking_only(CHILD),
    instant("set_tid_address", [218, 96], &[address("tidptr")])
        .yields(Pid).ends(Harm::Library),
    instant("set_robust_list", [273, 99], &[address("head"), size("len")])
        .ends(Harm::Library),
    instant("get_robust_list", [274, 100], &[pid("pid"), output_of("head_ptr", LONG), output_of("len_ptr", LONG)])
        .scope(ReadsThread),
    instant("rseq", [334, 293], &[address("rseq"), size("rseq_len").bits_32(), flags("flags"), uint("sig")])
        .ends(Harm::Library),
    instant("rseq_slice_yield", [471, 471], &[])
        .yields(Number).scope(ReadsThread),
    instant("uretprobe", [335, NO], &[])
        .ends(Harm::Trampoline),
    instant("uprobe", [336, NO], &[])
        .ends(Harm::Trampoline),
];

/// The last two arguments change places between the architectures.
const CLONE: &[Arg] = if cfg!(target_arch = "x86_64") {
    &[
        flags("clone_flags").bits_64(),
        address("newsp"),
        address("parent_tidptr"),
        address("child_tidptr"),
        address("tls"),
    ]
} else {
    &[
        flags("clone_flags").bits_64(),
        address("newsp"),
        address("parent_tidptr"),
        address("tls"),
        address("child_tidptr"),
    ]
};
