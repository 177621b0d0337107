//! Rows of calls about signals: sent, blocked, handled, awaited.

use super::sizes::{SIGACTION, SIGINFO, STACK, TIMESPEC};
use super::words::*;
use crate::argument::{Len, Written};
use crate::harm::Harm;
use crate::nature::Scope::{BoundToThread, ReadsThread, WritesThread};
use crate::nonblocking::NonBlockingForm;
use crate::restart::Restart::{Never, Shortened};
use crate::row::Row;
use crate::row::Yields::{Fd, Number};

/// A signal sent to one thread, or with a chosen origin, looks to the C library like one of its own.
const FORGES: &str = "it can forge the signals that the C library sends to its threads";

/// A call that waits for a signal is over when one has come.
const ANSWERS: &str = "EINTR is its answer";

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    // Sent.
    instant("kill", [62, 129], &[pid("pid"), signal("sig")]),
    instant("tkill", [200, 130], &[pid("pid"), signal("sig")])
        .danger(FORGES),
    instant("tgkill", [234, 131], &[pid("tgid"), pid("pid"), signal("sig")])
        .danger(FORGES),
    instant("rt_sigqueueinfo", [129, 138], &[pid("pid"), signal("sig"), input_of("uinfo", SIGINFO)])
        .danger(FORGES),
    instant("rt_tgsigqueueinfo", [297, 240], &[pid("tgid"), pid("pid"), signal("sig"), input_of("uinfo", SIGINFO)])
        .danger(FORGES),
    instant("pidfd_send_signal", [424, 424], &[fd("pidfd"), signal("sig"), input_of("info", SIGINFO), flags("flags")])
        .danger(FORGES),

    // Blocked and handled. A handler is an address, and so is a stack.
    instant("rt_sigaction", [13, 134], &[signal("sig"), opaque("act"), output_of("oact", SIGACTION), size("sigsetsize")]),
    instant("rt_sigprocmask", [14, 135], &[command("how"), input("nset", Len::Arg(3)), output("oset", Len::Arg(3), Written::Whole), size("sigsetsize")])
        .scope(WritesThread),
    instant("rt_sigpending", [127, 136], &[output("uset", Len::Arg(1), Written::Whole), size("sigsetsize")])
        .scope(ReadsThread),
    instant("sigaltstack", [131, 132], &[opaque("uss"), output_of("uoss", STACK)])
        .scope(WritesThread),
    instant("rt_sigreturn", [15, 139], &[])
        .ends(Harm::SignalReturn),
    sleeps("restart_syscall", [219, 128], &[])
        .yields(Number).ends(Harm::GoesOn).blocking_only("it goes on with a call that its own thread began"),

    // Awaited.
    sleeps("rt_sigtimedwait", [128, 137], &[input("uthese", Len::Arg(3)), output_of("uinfo", SIGINFO), input_of("uts", TIMESPEC), size("sigsetsize")])
        .yields(Number).scope(ReadsThread).restart(Shortened(2)).nonblocking(NonBlockingForm::ZeroTime(2)),
    sleeps("rt_sigsuspend", [130, 133], &[input("unewset", Len::Arg(1)), size("sigsetsize")])
        .scope(BoundToThread).restart(Never(ANSWERS)).blocking_only("it waits under a signal mask of its own"),
    sleeps("pause", [34, NO], &[])
        .scope(ReadsThread).restart(Never(ANSWERS)).blocking_only("nothing ends it but a handler in its own thread"),
    instant("signalfd", [282, NO], &[fd("ufd"), input("user_mask", Len::Arg(2)), size("sizemask")])
        .yields(Fd),
    instant("signalfd4", [289, 74], &[fd("ufd"), input("user_mask", Len::Arg(2)), size("sizemask"), flags("flags")])
        .yields(Fd),
];
