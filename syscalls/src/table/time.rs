//! Rows of calls about clocks and timers.

use super::bits::{CLOCK_THREAD_CPUTIME_ID, TIMER_ABSTIME};
use super::sizes::{INT, ITIMERSPEC, LONG, SIGEVENT, TIMESPEC, TIMEX, TIMEZONE, TMS};
use super::words::*;
use crate::argument::{Arg, Len, Written};
use crate::nature::Scope::{BoundToThread, ReadsThread};
use crate::nonblocking::NonBlockingForm;
use crate::restart::Restart::{Again, Left};
use crate::row::Row;
use crate::row::Yields::{Fd, Number};

/// A timer is only a number, and the C library and the engine have timers, too.
const NAMED: &str = "it can change a timer that other code has made";

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    // Clocks.
    instant("clock_gettime", [228, 113], &[clock("which_clock"), output_of("tp", TIMESPEC)])
        .scope_when(&[scope_is(0, CLOCK_THREAD_CPUTIME_ID, ReadsThread)]),
    instant("clock_getres", [229, 114], &[clock("which_clock"), output_of("tp", TIMESPEC)]),
    instant("clock_settime", [227, 112], &[clock("which_clock"), input_of("tp", TIMESPEC)]),
    instant("clock_adjtime", [305, 266], &[clock("which_clock"), update_of("utx", TIMEX)])
        .yields(Number),
    instant("adjtimex", [159, 171], &[update_of("txc_p", TIMEX)])
        .yields(Number),
    instant("gettimeofday", [96, 169], &[output_of("tv", TIMESPEC), output_of("tz", TIMEZONE)]),
    instant("settimeofday", [164, 170], &[input_of("tv", TIMESPEC), input_of("tz", TIMEZONE)]),
    instant("time", [201, NO], &[output_of("tloc", LONG)])
        .yields(Number),
    instant("times", [100, 153], &[output_of("tbuf", TMS)])
        .yields(Number),

    // Sleeping.
    sleeps("nanosleep", [35, 101], &[input_of("rqtp", TIMESPEC), remaining("rmtp")])
        .nonblocking(NonBlockingForm::Shortened(0)).restart(Left(1, 0)),
    sleeps("clock_nanosleep", [230, 115], &[clock("which_clock"), flags("flags"), input_of("rqtp", TIMESPEC), remaining("rmtp")])
        .nonblocking(NonBlockingForm::Shortened(2)).restart(Left(3, 2)).restart_when(&[restart_has(1, TIMER_ABSTIME, Again)]),

    // Timers that raise signals.
    instant("alarm", [37, NO], &[uint("seconds")])
        .yields(Number),
    instant("getitimer", [36, 102], &[int("which"), output_of("value", ITIMERSPEC)]),
    instant("setitimer", [38, 103], &[int("which"), input_of("value", ITIMERSPEC), output_of("ovalue", ITIMERSPEC)]),
    instant("timer_create", [222, 107], &[clock("which_clock"), input_of("timer_event_spec", SIGEVENT), output_of("created_timer_id", INT)])
        .scope_when(&[scope_is(0, CLOCK_THREAD_CPUTIME_ID, BoundToThread)])
        .danger("its signal carries any address as if it were the receiver's own"),
    instant("timer_settime", [223, 110], &[int("timer_id"), flags("flags"), input_of("new_setting", ITIMERSPEC), output_of("old_setting", ITIMERSPEC)])
        .danger(NAMED),
    instant("timer_gettime", [224, 108], &[int("timer_id"), output_of("setting", ITIMERSPEC)]),
    instant("timer_getoverrun", [225, 109], &[int("timer_id")])
        .yields(Number),
    instant("timer_delete", [226, 111], &[int("timer_id")])
        .danger(NAMED),

    // Timers that are read.
    instant("timerfd_create", [283, 85], &[clock("clockid"), flags("flags")])
        .yields(Fd),
    instant("timerfd_settime", [286, 86], &[fd("ufd"), flags("flags"), input_of("utmr", ITIMERSPEC), output_of("otmr", ITIMERSPEC)]),
    instant("timerfd_gettime", [287, 87], &[fd("ufd"), output_of("otmr", ITIMERSPEC)]),
];

/// The time left when a sleep is interrupted.
const fn remaining(name: &'static str) -> Arg {
    output(name, Len::Const(TIMESPEC), Written::Interrupted)
}
