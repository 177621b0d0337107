//! Calls about the process and the system.

use super::sizes::UTSNAME;
use super::words::*;
use crate::row::Class::Instant;
use crate::row::Yields::{Bytes, Pid};
use crate::row::{Memory, Row, Scope, Twin};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    instant("getpid", [39, 172], &[])
        .yields(Pid),
    instant("getppid", [110, 173], &[])
        .yields(Pid),
    instant("uname", [63, 160], &[output_of("name", UTSNAME)]),
    storage("getrandom", [318, 278], &[buffer("ubuf", 1), size("len"), flags("flags")])
        .yields(Bytes).when(&[has(2, 1, Instant), has(2, 4, Instant)]).twin(Twin::Flag(2, 1)),
    instant("kill", [62, 129], &[pid("pid"), signal("sig")]),
    instant("tgkill", [234, 131], &[pid("tgid"), pid("pid"), signal("sig")])
        .danger("it can forge the C library's own signals"),
    instant("prlimit64", [302, 261], &[pid("pid"), uint("resource"), input_of("new_rlim", 16), output_of("old_rlim", 16)]),
    storage("munmap", [11, 215], &[address("addr"), size("len")])
        .memory(Memory::Unmaps),
    sleeps("wait4", [61, 260], &[pid("upid"), output_of("stat_addr", 4), flags("options"), output_of("ru", 144)])
        .yields(Pid).when(&[has(2, 1, Instant)]).scope_when(&[scope_has(2, 0x2000_0000, Scope::BoundToThread)]).twin(Twin::Flag(2, 1)),
];
