//! Attempts on waits for events, times and children, and the rest of such a wait on a worker: for the part of its time
//! that is left. `attempt` and `finish` in `mod.rs` call them, and `restart` shortens times with them.

use syslet_syscalls::{Invoked, Narrowed, RawArgs};

use crate::nonblocking::attempt::{Attempt, with_done};
use crate::nonblocking::query::{Memory, address, address_mut, is_errno, low};
use crate::sys::clock::now_ns;

const NS_PER_S: u64 = 1_000_000_000;
const NS_PER_MS: u64 = 1_000_000;

/// The unit of a time, beside its seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unit {
    Nanoseconds,
    Microseconds,
}

impl Unit {
    const fn ns(self) -> u64 {
        match self {
            Unit::Nanoseconds => 1,
            Unit::Microseconds => 1000,
        }
    }

    /// How long a timespec or timeval is, if it is valid.
    fn length_ns(self, [seconds, parts]: [u64; 2]) -> Option<u128> {
        let is_valid = seconds.cast_signed() >= 0 && parts < NS_PER_S / self.ns();
        is_valid.then(|| u128::from(seconds) * u128::from(NS_PER_S) + u128::from(parts * self.ns()))
    }

    /// The timespec or timeval of a length, rounded up.
    fn time(self, length_ns: u128) -> [u64; 2] {
        let parts = length_ns.div_ceil(self.ns().into());
        let per_second = u128::from(NS_PER_S / self.ns());
        let seconds = u64::try_from(parts / per_second).unwrap_or(u64::MAX);
        [seconds, u64::try_from(parts % per_second).unwrap_or(0)]
    }
}

/// How long a caller would wait: the time to which an argument points. It is read before a time of zero takes its
/// place, since an invalid one is refused by the plain call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Limit {
    /// There is no time.
    ForEver,
    /// Not at all: the time is zero.
    Nothing,
    /// So many nanoseconds.
    Ns(u128),
    /// The time is invalid, or cannot be read.
    Unknown,
}

impl Limit {
    pub(super) fn of(memory: Memory, at: u64, unit: Unit) -> Limit {
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

/// The plain call with the rest of the relative time to which that argument points, if there is one.
pub(super) fn shortened(
    arg: usize,
    nr: u32,
    args: Narrowed<'_>,
    passed_ns: u64,
    memory: Memory,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Invoked {
    let Limit::Ns(length_ns) = Limit::of(memory, args.get(arg), Unit::Nanoseconds) else {
        return enter(nr, args.raw());
    };
    let left = Unit::Nanoseconds.time(length_ns.saturating_sub(passed_ns.into()));
    enter(nr, &args.raw().with(arg, address(&left)))
}

/// poll and the epoll waits, with a timeout of zero.
pub(super) fn poll(
    arg: usize,
    nr: u32,
    args: Narrowed<'_>,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Attempt {
    let waits = low(args.get(arg)) != 0;
    Attempt::of(enter(nr, &args.raw().with(arg, 0)), |result| result == 0 && waits)
}

/// The plain call, for the rest of the timeout, rounded up. Below zero is for ever.
pub(super) fn finish_poll(
    arg: usize,
    nr: u32,
    args: Narrowed<'_>,
    passed_ns: u64,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Invoked {
    let Ok(timeout_ms) = u32::try_from(low(args.get(arg)).cast_signed()) else {
        return enter(nr, args.raw());
    };
    let left_ns = (u64::from(timeout_ms) * NS_PER_MS).saturating_sub(passed_ns);
    enter(nr, &args.raw().with(arg, left_ns.div_ceil(NS_PER_MS)))
}

/// A set of descriptors of the usual size, in words. Calls with more are not tried.
const SET_WORDS: usize = 1024 / 64;
/// The arguments that are sets.
const SETS: [usize; 3] = [1, 2, 3];

/// The arguments of ppoll, select and pselect6.
#[derive(Clone, Copy, Debug)]
struct SelectForm {
    /// The count of descriptors.
    count: usize,
    /// The time.
    time: usize,
    unit: Unit,
    has_sets: bool,
}

impl SelectForm {
    fn of(nr: u32) -> SelectForm {
        let (nanoseconds, microseconds) = (Unit::Nanoseconds, Unit::Microseconds);
        match libc::c_long::from(nr) {
            libc::SYS_ppoll => SelectForm { count: 1, time: 2, unit: nanoseconds, has_sets: false },
            libc::SYS_pselect6 => SelectForm { count: 0, time: 4, unit: nanoseconds, has_sets: true },
            _ => SelectForm { count: 0, time: 4, unit: microseconds, has_sets: true },
        }
    }
}

/// The caller's sets, as they were.
#[derive(Debug)]
struct Sets {
    words: usize,
    saved: [[u64; SET_WORDS]; SETS.len()],
}

impl Sets {
    /// None where they are too large, or not there.
    fn save(memory: Memory, args: Narrowed<'_>) -> Option<Sets> {
        let words = usize::try_from(low(args.get(0))).ok()?.div_ceil(64);
        let mut saved = [[0; SET_WORDS]; SETS.len()];
        for (saved, arg) in saved.iter_mut().zip(SETS) {
            let saved = saved.get_mut(..words)?;
            if args.get(arg) != 0 && !memory.copy(args.get(arg), bytemuck::cast_slice_mut(saved)) {
                return None;
            }
        }
        Some(Sets { words, saved })
    }

    fn put_back(&self, memory: Memory, args: Narrowed<'_>) {
        for (saved, arg) in self.saved.iter().zip(SETS) {
            if args.get(arg) != 0 {
                memory.put_back(args.get(arg), &saved[..self.words]);
            }
        }
    }
}

/// Whether the call waits under a signal mask. pselect6 points to where a mask's address and size are.
fn has_mask(nr: u32, args: Narrowed<'_>, memory: Memory) -> bool {
    match libc::c_long::from(nr) {
        libc::SYS_ppoll => args.get(3) != 0,
        libc::SYS_pselect6 => {
            args.get(5) != 0 && memory.words(args.get(5)).is_none_or(|[mask, _]: [u64; 2]| mask != 0)
        }
        _ => false,
    }
}

/// ppoll, select and pselect6, with a time of zero. The kernel writes over their sets of descriptors, and over the time
/// with the rest of it.
pub(super) fn select(
    nr: u32,
    args: Narrowed<'_>,
    memory: Memory,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Attempt {
    let form = SelectForm::of(nr);
    let limit = Limit::of(memory, args.get(form.time), form.unit);
    if limit == Limit::Unknown || has_mask(nr, args, memory) {
        return Attempt::NotHere;
    }
    if limit == Limit::Nothing {
        return Attempt::Plain;
    }
    let sets = if form.has_sets { Sets::save(memory, args) } else { None };
    if form.has_sets && sets.is_none() {
        return Attempt::NotHere;
    }
    let mut now = [0u64; 2];
    let nonblocking = args.raw().with(form.time, address_mut(&mut now));
    let Invoked::Result(result) = enter(nr, &nonblocking) else { return Attempt::Cancelled };
    if result > 0 {
        if limit != Limit::ForEver {
            memory.write_back_time(nr, args, form.count);
        }
        return Attempt::Final(result);
    }
    // Nothing ready has cleared the sets, and an error is the plain call's to say, since that also writes the time.
    sets.inspect(|sets| sets.put_back(memory, args));
    let would_wait = result == 0 || is_errno(result, libc::EINTR);
    if would_wait { Attempt::WouldBlock } else { Attempt::NotHere }
}

/// The plain call, for the rest of the time. It gets a time of the engine's own, and the kernel's writing in that goes
/// on to the caller. It writes nothing over a time of zero, so the least is one unit.
pub(super) fn finish_select(
    nr: u32,
    args: Narrowed<'_>,
    passed_ns: u64,
    memory: Memory,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Invoked {
    let SelectForm { time, unit, .. } = SelectForm::of(nr);
    let Limit::Ns(length_ns) = Limit::of(memory, args.get(time), unit) else { return enter(nr, args.raw()) };
    let given = unit.time(length_ns.saturating_sub(passed_ns.into()).max(1));
    let mut left = given;
    let invoked = enter(nr, &args.raw().with(time, address_mut(&mut left)));
    if left != given {
        // Memory that cannot be written is no error for the plain call either.
        let _written = memory.put(args.get(time), left);
    }
    invoked
}

/// The arguments of io_getevents and io_pgetevents: the least count of events, and the most.
const EVENTS_MIN: usize = 1;
const EVENTS_MAX: usize = 2;
const EVENTS: usize = 3;
const EVENTS_TIME: usize = 4;
/// io_pgetevents' signal mask.
const EVENTS_MASK: usize = 5;
/// A `struct io_event`.
const EVENT_BYTES: u64 = 32;

pub(super) fn may_try_events(args: Narrowed<'_>) -> bool {
    let most = args.get(EVENTS_MAX).cast_signed();
    (1..=most).contains(&args.get(EVENTS_MIN).cast_signed()) && args.get(EVENTS_MASK) == 0
}

/// io_getevents and io_pgetevents, which take the events that are there when none has to be.
pub(super) fn events(
    nr: u32,
    args: Narrowed<'_>,
    memory: Memory,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Attempt {
    match Limit::of(memory, args.get(EVENTS_TIME), Unit::Nanoseconds) {
        Limit::Unknown => return Attempt::NotHere,
        Limit::Nothing => return Attempt::Plain,
        Limit::ForEver | Limit::Ns(_) => {}
    }
    let nonblocking = args.raw().with(EVENTS_MIN, 0);
    let Invoked::Result(result) = enter(nr, &nonblocking) else { return Attempt::Cancelled };
    match u64::try_from(result) {
        Ok(0) => Attempt::WouldBlock,
        // The plain call takes these, too, before it waits for the rest.
        Ok(taken) if taken < args.get(EVENTS_MIN) => Attempt::Partial(taken),
        _ if is_errno(result, libc::EINTR) => Attempt::WouldBlock,
        _ => Attempt::Final(result),
    }
}

/// The plain call, for the rest of the events and of the time.
pub(super) fn finish_events(
    nr: u32,
    args: Narrowed<'_>,
    done: u64,
    passed_ns: u64,
    memory: Memory,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Invoked {
    if done == 0 {
        return shortened(EVENTS_TIME, nr, args, passed_ns, memory, enter);
    }
    let rest = args
        .raw()
        .with(EVENTS_MIN, args.get(EVENTS_MIN) - done)
        .with(EVENTS_MAX, args.get(EVENTS_MAX) - done)
        .with(EVENTS, args.get(EVENTS) + done * EVENT_BYTES);
    with_done(done, shortened(EVENTS_TIME, nr, args.like(&rest), passed_ns, memory, enter))
}

/// Waits that end at a time, with a time of zero: epoll_pwait2, rt_sigtimedwait, and message queues, for which zero is a
/// deadline long past. `idle` is the result that says that the call would have waited.
pub(super) fn until_time(
    arg: usize,
    idle: i64,
    nr: u32,
    args: Narrowed<'_>,
    memory: Memory,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Attempt {
    let now = [0u64; 2];
    let (nonblocking, waits) = match Limit::of(memory, args.get(arg), Unit::Nanoseconds) {
        Limit::Unknown => return Attempt::NotHere,
        Limit::Nothing => (*args.raw(), false),
        Limit::ForEver | Limit::Ns(_) => (args.raw().with(arg, address(&now)), true),
    };
    // EINTR: a signal has come first. Nothing has happened, and a worker waits on.
    Attempt::of(enter(nr, &nonblocking), |result| waits && (result == idle || is_errno(result, libc::EINTR)))
}

/// Only clocks that pass as the engine's own. Boot time goes on in a suspend, TAI is set, CPU time stands still. Of a
/// clock that can be set, no question tells whether an absolute time stays past.
pub(super) fn may_try_sleep(nr: libc::c_long, args: Narrowed<'_>) -> bool {
    let clock = low(args.get(0)).cast_signed();
    nr == libc::SYS_nanosleep
        || clock == libc::CLOCK_MONOTONIC
        || (clock == libc::CLOCK_REALTIME && !is_absolute(nr, args))
}

fn is_absolute(nr: libc::c_long, args: Narrowed<'_>) -> bool {
    nr == libc::SYS_clock_nanosleep && low(args.get(1)) & libc::TIMER_ABSTIME.cast_unsigned() != 0
}

/// A sleep. The kernel has no non-blocking form of it: the attempt finds that the call would sleep, and the time counts
/// from then.
pub(super) fn sleep(
    arg: usize,
    nr: u32,
    args: Narrowed<'_>,
    memory: Memory,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Attempt {
    let over_ns = if is_absolute(nr.into(), args) { now_ns().into() } else { 0 };
    let length_ns = memory.words(args.get(arg)).and_then(|time| Unit::Nanoseconds.length_ns(time));
    if length_ns.is_some_and(|ns| ns > over_ns) {
        return Attempt::WouldBlock;
    }
    Attempt::of(enter(nr, args.raw()), |_| false)
}

/// When a sleep that began then is over, in nanoseconds of CLOCK_MONOTONIC. One that is longer than the clock can tell ends at its last
/// moment but one.
pub(super) fn over_ns(arg: usize, nr: u32, args: Narrowed<'_>, first_ns: u64, memory: Memory) -> Option<u64> {
    let time_ns = Unit::Nanoseconds.length_ns(memory.words(args.get(arg))?)?;
    let began_ns = if is_absolute(nr.into(), args) { 0 } else { first_ns };
    Some(u64::try_from(time_ns + u128::from(began_ns)).map_or(u64::MAX - 1, |ns| ns.clamp(1, u64::MAX - 1)))
}

/// The plain sleep for the rest. The time that remains when a signal ends it goes to the caller's address.
pub(super) fn finish_sleep(
    arg: usize,
    nr: u32,
    args: Narrowed<'_>,
    passed_ns: u64,
    memory: Memory,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Invoked {
    if is_absolute(nr.into(), args) {
        return enter(nr, args.raw());
    }
    shortened(arg, nr, args, passed_ns, memory, enter)
}

const WNOHANG: u64 = libc::WNOHANG as u64;

/// wait4, with WNOHANG.
pub(super) fn wait4(
    nr: u32,
    args: Narrowed<'_>,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Attempt {
    let waits = args.get(2) & WNOHANG == 0;
    Attempt::of(enter(nr, &args.raw().with_bits(2, WNOHANG)), |result| result == 0 && waits)
}

/// waitid, with WNOHANG. It says 0 with and without a child. The siginfo tells, but it is cleared when there is none, so
/// the kernel gets one of the engine's until there is a child.
pub(super) fn waitid(
    nr: u32,
    args: Narrowed<'_>,
    memory: Memory,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Attempt {
    if args.get(3) & WNOHANG != 0 {
        return Attempt::of(enter(nr, args.raw()), |_| false);
    }
    let mut info = [0u64; 16];
    let nonblocking = args.raw().with(2, address_mut(&mut info)).with_bits(3, WNOHANG);
    match Attempt::of(enter(nr, &nonblocking), |result| result == 0 && info == [0; 16]) {
        Attempt::Final(0) if args.get(2) != 0 && !memory.put_siginfo(args.get(2), &info) => {
            Attempt::Final(-i64::from(libc::EFAULT))
        }
        attempt => attempt,
    }
}
