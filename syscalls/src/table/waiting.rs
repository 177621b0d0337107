//! Calls that wait for something to happen.

use super::sizes::POLLFD;
use super::words::*;
use crate::argument::Len;
use crate::row::Class::Instant;
use crate::row::Yields::Number;
use crate::row::{Class, Row, Scope, ScopeWhen, Twin, When};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    sleeps("poll", [7, NO], &[descriptors("ufds", Len::Times(1, POLLFD)), uint("nfds"), int("timeout_msecs")])
        .yields(Number).when(&[is(2, 0, Instant)]).twin(Twin::ZeroTimeout(2)),
    sleeps("futex", [202, 98], &[address("uaddr"), command("op"), uint("val"), opaque("utime"), address("uaddr2"), uint("val3")])
        .yields(Number)
        .when(&[futex(1, Instant), futex(3, Instant), futex(4, Instant), futex(5, Instant), futex(7, Instant),
                futex(8, Instant), futex(10, Instant), futex(12, Instant)])
        .scope_when(&[owns(6), owns(7), owns(8), owns(11), owns(12), owns(13)]),
];

/// FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME are no part of the command.
const FUTEX_COMMAND: u64 = 0xffff_fe7f;

const fn futex(command: u64, class: Class) -> When {
    When { arg: 1, mask: FUTEX_COMMAND, equals: command, class }
}

/// A command about futexes that a thread owns.
const fn owns(command: u64) -> ScopeWhen {
    ScopeWhen { arg: 1, mask: FUTEX_COMMAND, equals: command, scope: Scope::BoundToThread }
}
