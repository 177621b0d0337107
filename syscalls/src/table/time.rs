//! Clocks and timers.

use super::sizes::TIMESPEC;
use super::words::*;
use crate::argument::{Len, Written};
use crate::row::Row;
use crate::row::Scope::ReadsThread;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    instant("clock_gettime", [228, 113], &[clock("which_clock"), output_of("tp", TIMESPEC)])
        .scope_when(&[scope_is(0, 3, ReadsThread)]),
    sleeps("nanosleep", [35, 101], &[input_of("rqtp", TIMESPEC), output("rmtp", Len::Const(TIMESPEC), Written::Interrupted)]),
    instant("timerfd_settime", [286, 86], &[fd("ufd"), flags("flags"), input_of("utmr", 32), output_of("otmr", 32)]),
    instant("adjtimex", [159, 171], &[update_of("txc_p", 208)]),
];
