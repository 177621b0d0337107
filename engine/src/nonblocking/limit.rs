//! How long a caller would wait: the time to which an argument points. It is read before a twin takes its place, since
//! an invalid one is refused by the plain call.

use syslet_syscalls::{Invoked, Narrowed};

use crate::nonblocking::Enter;
use crate::nonblocking::ask::address;
use crate::nonblocking::memory::Memory;

const NS_PER_S: u64 = 1_000_000_000;

/// What a time is counted in, beside its seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unit {
    Nanoseconds,
    Microseconds,
}

/// How long a caller would wait.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Limit {
    /// There is no time.
    ForEver,
    /// Not at all: the time is zero.
    Nothing,
    /// So many nanoseconds.
    Ns(u128),
    /// The time is invalid, or cannot be read.
    Unknown,
}

impl Unit {
    const fn ns(self) -> u64 {
        match self {
            Unit::Nanoseconds => 1,
            Unit::Microseconds => 1000,
        }
    }

    /// How long a timespec or timeval is, if it is valid.
    pub(crate) fn length_ns(self, [seconds, parts]: [u64; 2]) -> Option<u128> {
        let is_valid = seconds.cast_signed() >= 0 && parts < NS_PER_S / self.ns();
        is_valid.then(|| u128::from(seconds) * u128::from(NS_PER_S) + u128::from(parts * self.ns()))
    }

    /// The timespec or timeval of a length, rounded up.
    pub(crate) fn time(self, length_ns: u128) -> [u64; 2] {
        let parts = length_ns.div_ceil(self.ns().into());
        let per_second = u128::from(NS_PER_S / self.ns());
        let seconds = u64::try_from(parts / per_second).unwrap_or(u64::MAX);
        [seconds, u64::try_from(parts % per_second).unwrap_or(0)]
    }
}

impl Limit {
    pub(crate) fn of(memory: Memory, at: u64, unit: Unit) -> Limit {
        if at == 0 {
            return Limit::ForEver;
        }
        match memory.words(at).and_then(|time| unit.length_ns(time)) {
            None => Limit::Unknown,
            Some(0) => Limit::Nothing,
            Some(ns) => Limit::Ns(ns),
        }
    }
}

/// The plain call with what is left of the relative time to which that argument points, if there is one.
pub(crate) fn shortened(
    arg: usize,
    nr: u32,
    args: Narrowed<'_>,
    passed_ns: u64,
    memory: Memory,
    enter: &mut impl Enter,
) -> Invoked {
    let Limit::Ns(length_ns) = Limit::of(memory, args.get(arg), Unit::Nanoseconds) else {
        return enter(nr, args.raw());
    };
    let left = Unit::Nanoseconds.time(length_ns.saturating_sub(passed_ns.into()));
    let mut shortened = *args.raw();
    shortened.set(arg, address(&left));
    enter(nr, &shortened)
}
