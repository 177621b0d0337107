//! Rows of calls that wait for events, and of those that choose the events.

use super::bits::*;
use super::forms::FUTEX;
use super::sizes::{EPOLL_EVENT, IO_EVENT, IO_URING_PARAMS, LONG, POLLFD, TIMESPEC};
use super::words::*;
use crate::argument::{Len, Written};
use crate::condition::{Condition, RestartWhen, ScopeWhen, When};
use crate::nature::Class;
use crate::nature::Class::Instant;
use crate::nature::Scope::BoundToThread;
use crate::nonblocking::NonBlockingForm;
use crate::restart::Restart::{self, Again, Left, Never, Shortened, Uninterrupted};
use crate::row::Memory::{Maps, Unmaps};
use crate::row::Row;
use crate::row::Yields::{Fd, Number};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    // Descriptors. A call that carries a signal mask has no non-blocking attempt.
    sleeps("poll", [7, NO], &[descriptors("ufds", Len::Times(1, POLLFD)), uint("nfds"), int("timeout_msecs")])
        .yields(Number).when(&[is(2, 0, Instant)]).nonblocking(NonBlockingForm::ZeroTimeout(2)).restart(Shortened(2)),
    sleeps("ppoll", [271, 73], &[descriptors("ufds", Len::Times(1, POLLFD)), uint("nfds"), update_of("tsp", TIMESPEC), input("sigmask", Len::Arg(4)), size("sigsetsize")])
        .yields(Number).restart(Left(2, 2)).nonblocking(NonBlockingForm::ZeroTime(2)),
    sleeps("select", [23, NO], &[uint("n"), descriptors("inp", Len::Bits(0)), descriptors("outp", Len::Bits(0)), descriptors("exp", Len::Bits(0)), update_of("tvp", TIMESPEC)])
        .yields(Number).restart(Left(4, 4)).nonblocking(NonBlockingForm::ZeroTime(4)),
    sleeps("pselect6", [270, 72], &[uint("n"), descriptors("inp", Len::Bits(0)), descriptors("outp", Len::Bits(0)), descriptors("exp", Len::Bits(0)), update_of("tsp", TIMESPEC), packed("sig")])
        .yields(Number).restart(Left(4, 4)).nonblocking(NonBlockingForm::ZeroTime(4)),
    instant("epoll_create", [213, NO], &[int("size")])
        .yields(Fd),
    instant("epoll_create1", [291, 20], &[flags("flags")])
        .yields(Fd),
    instant("epoll_ctl", [233, 21], &[fd("epfd"), command("op"), fd("fd"), input_of("event", EPOLL_EVENT)]),
    sleeps("epoll_wait", [232, NO], &[fd("epfd"), output("events", Len::Times(2, EPOLL_EVENT), Written::Times(EPOLL_EVENT)), uint("maxevents"), int("timeout")])
        .yields(Number).when(&[is(3, 0, Instant)]).nonblocking(NonBlockingForm::ZeroTimeout(3)).restart(Shortened(3)),
    sleeps("epoll_pwait", [281, 22], &[fd("epfd"), output("events", Len::Times(2, EPOLL_EVENT), Written::Times(EPOLL_EVENT)), uint("maxevents"), int("timeout"), input("sigmask", Len::Arg(5)), size("sigsetsize")])
        .yields(Number).when(&[is(3, 0, Instant)]).nonblocking(NonBlockingForm::ZeroTimeout(3)).restart(Shortened(3)),
    sleeps("epoll_pwait2", [441, 441], &[fd("epfd"), output("events", Len::Times(2, EPOLL_EVENT), Written::Times(EPOLL_EVENT)), uint("maxevents"), input_of("timeout", TIMESPEC), input("sigmask", Len::Arg(5)), size("sigsetsize")])
        .yields(Number).restart(Shortened(3)).nonblocking(NonBlockingForm::ZeroTime(3)),

    // Sources of events.
    instant("eventfd", [284, NO], &[uint("count")])
        .yields(Fd),
    instant("eventfd2", [290, 19], &[uint("count"), flags("flags")])
        .yields(Fd),
    instant("inotify_init", [253, NO], &[])
        .yields(Fd),
    instant("inotify_init1", [294, 26], &[flags("flags")])
        .yields(Fd),
    storage("inotify_add_watch", [254, 27], &[fd("fd"), path("pathname"), flags("mask")])
        .yields(Number),
    instant("inotify_rm_watch", [255, 28], &[fd("fd"), int("wd")]),
    instant("fanotify_init", [300, 262], &[flags("flags"), flags("event_f_flags")])
        .yields(Fd),
    storage("fanotify_mark", [301, 263], &[fd("fanotify_fd"), flags("flags"), flags("mask").bits_64(), dirfd("dfd"), path("pathname")]),

    // Futexes. A futex is its address: lists of them are passed as they are. Those with an owner belong to the thread
    // that locks them.
    sleeps("futex", [202, 98], &[address("uaddr"), command("op"), uint("val"), formed("utime", FUTEX), address("uaddr2"), uint("val3")])
        .yields(Number)
        .when(&[wakes(FUTEX_WAKE), wakes(FUTEX_REQUEUE), wakes(FUTEX_CMP_REQUEUE), wakes(FUTEX_WAKE_OP), wakes(FUTEX_WAKE_BITSET),
                wakes(FUTEX_UNLOCK_PI), wakes(FUTEX_TRYLOCK_PI), wakes(FUTEX_CMP_REQUEUE_PI)])
        .scope_when(&[owns(FUTEX_LOCK_PI), owns(FUTEX_UNLOCK_PI), owns(FUTEX_TRYLOCK_PI), owns(FUTEX_LOCK_PI2),
                      owns(FUTEX_WAIT_REQUEUE_PI), owns(FUTEX_CMP_REQUEUE_PI)])
        .restart(Uninterrupted).restart_when(FUTEX_RESTART).nonblocking(NonBlockingForm::Compared(3)),
    sleeps("futex_waitv", [449, 449], &[opaque("waiters"), uint("nr_futexes"), flags("flags"), input_of("timeout", TIMESPEC), clock("clockid")])
        .yields(Number).nonblocking(NonBlockingForm::Compared(3)),
    instant("futex_wake", [454, 454], &[address("uaddr"), uint("mask").bits_64(), int("nr"), flags("flags")])
        .yields(Number),
    sleeps("futex_wait", [455, 455], &[address("uaddr"), uint("val").bits_64(), uint("mask").bits_64(), flags("flags"), input_of("timeout", TIMESPEC), clock("clockid")])
        .nonblocking(NonBlockingForm::Compared(4)),
    instant("futex_requeue", [456, 456], &[opaque("waiters"), flags("flags"), int("nr_wake"), int("nr_requeue")])
        .yields(Number),

    // The kernel's own asynchronous interfaces. Requests hold addresses that are used after the call. Requests of a uring
    // belong to the thread that entered them.
    storage("io_setup", [206, 0], &[uint("nr_events"), update_of("ctxp", LONG)])
        .memory(Maps),
    sleeps("io_destroy", [207, 1], &[address("ctx")])
        .memory(Unmaps).restart(Uninterrupted).blocking_only("it ends the context: a second attempt would be another call"),
    storage("io_submit", [209, 2], &[address("ctx_id"), size("nr"), opaque("iocbpp")])
        .yields(Number),
    instant("io_cancel", [210, 3], &[address("ctx_id"), opaque("iocb"), output_of("result", IO_EVENT)]),
    sleeps("io_getevents", [208, 4], &[address("ctx_id"), int("min_nr").bits_64(), size("nr"), output("events", Len::Times(2, IO_EVENT), Written::Times(IO_EVENT)), input_of("timeout", TIMESPEC)])
        .yields(Number).restart(Shortened(4)).nonblocking(NonBlockingForm::ZeroCount(1)),
    sleeps("io_pgetevents", [333, 292], &[address("ctx_id"), int("min_nr").bits_64(), size("nr"), output("events", Len::Times(2, IO_EVENT), Written::Times(IO_EVENT)), input_of("timeout", TIMESPEC), packed("usig")])
        .yields(Number).restart(Shortened(4)).nonblocking(NonBlockingForm::ZeroCount(1)),
    storage("io_uring_setup", [425, 425], &[uint("entries"), update_of("params", IO_URING_PARAMS)])
        .yields(Fd).danger("it can put its rings at any address"),
    sleeps("io_uring_enter", [426, 426], &[fd("fd"), uint("to_submit"), uint("min_complete"), flags("flags"), opaque("argp"), size("argsz")])
        .yields(Number).scope(BoundToThread)
        .restart_when(&[restart_has(3, IORING_ENTER_EXT_ARG, Never("a timeout behind argp would begin anew"))]).blocking_only("it submits for the thread that enters"),
    storage("io_uring_register", [427, 427], &[fd("fd"), command("opcode"), opaque("arg"), uint("nr_args")])
        .yields(Number).scope(BoundToThread),
];

/// Only FUTEX_WAIT's time is relative.
const FUTEX_RESTART: &[RestartWhen] = &[
    interrupted(FUTEX_WAIT, Shortened(3)),
    interrupted(FUTEX_WAIT_BITSET, Again),
    interrupted(FUTEX_LOCK_PI, Again),
    interrupted(FUTEX_LOCK_PI2, Again),
    interrupted(FUTEX_WAIT_REQUEUE_PI, Again),
];

const fn futex(command: u32) -> Condition {
    Condition { arg: 1, mask: FUTEX_COMMAND, equals: command as u64 }
}

const fn wakes(command: u32) -> When {
    When { given: futex(command), class: Class::Instant }
}

const fn owns(command: u32) -> ScopeWhen {
    ScopeWhen { given: futex(command), also: None, scope: BoundToThread }
}

const fn interrupted(command: u32, restart: Restart) -> RestartWhen {
    RestartWhen { given: futex(command), restart }
}

/// The bits of a futex operation that are its command.
const FUTEX_COMMAND: u64 = (!FUTEX_OPTIONS) as u64;
