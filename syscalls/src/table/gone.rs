//! Rows of numbers without a call, because it was removed or never came: the kernel answers ENOSYS, old kernels excepted.
//! Their arguments are not described any further.

use super::words::*;
use crate::argument::Arg;
use crate::nature::Scope::WritesThread;
use crate::row::Memory::Changes;
use crate::row::Row;

const NEVER: &str = "Linux has never had it";
const OTHER: &str = "it is for 32-bit programs only";
const MODULES: &str = "taken out in 2.6.0";

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    // Removed.
    gone("taken out in 6.16", "uselib", [134, NO], &[path("library")])
        .memory(Changes),
    gone("taken out in 5.5", "_sysctl", [156, NO], &[opaque("args")]),
    gone(MODULES, "create_module", [174, NO], &[text("name"), size("size")]),
    gone(MODULES, "get_kernel_syms", [177, NO], &[opaque("table")]),
    gone(MODULES, "query_module", [178, NO], &[text("name"), command("which"), opaque("buf"), size("bufsize"), opaque("ret")]),
    gone("taken out in 3.1", "nfsservctl", [180, 42], &[command("cmd"), opaque("argp"), opaque("resp")]),
    gone("taken out in 6.7", "lookup_dcookie", [212, 18], &[uint("cookie64"), opaque("buf"), size("len")]),
    gone("taken out in 2.6.0", "epoll_ctl_old", [214, NO], WORDS),
    gone("taken out in 2.6.0", "epoll_wait_old", [215, NO], WORDS),

    // On other architectures only.
    gone(OTHER, "set_thread_area", [205, NO], &[opaque("u_info")])
        .scope(WritesThread),
    gone(OTHER, "get_thread_area", [211, NO], &[opaque("u_info")]),

    // Only ever a number.
    gone(NEVER, "getpmsg", [181, NO], WORDS),
    gone(NEVER, "putpmsg", [182, NO], WORDS),
    gone(NEVER, "afs_syscall", [183, NO], WORDS),
    gone(NEVER, "tuxcall", [184, NO], WORDS),
    gone(NEVER, "security", [185, NO], WORDS),
    gone(NEVER, "vserver", [236, NO], WORDS),
];

const WORDS: &[Arg] =
    &[opaque("arg0"), opaque("arg1"), opaque("arg2"), opaque("arg3"), opaque("arg4"), opaque("arg5")];
