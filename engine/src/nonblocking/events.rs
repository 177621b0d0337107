//! io_getevents and io_pgetevents, which take what is there when nothing has to be.

use syslet_syscalls::{Invoked, Narrowed};

use crate::nonblocking::limit::{Limit, Unit, shortened};
use crate::nonblocking::memory::Memory;
use crate::nonblocking::{Attempt, Enter, is_errno, with_done};

/// The least count of events, and the most.
const MIN: usize = 1;
const MAX: usize = 2;
const EVENTS: usize = 3;
const TIME: usize = 4;
/// io_pgetevents' signal mask.
const MASK: usize = 5;
/// A `struct io_event`.
const EVENT_BYTES: u64 = 32;

pub(crate) fn may_try(args: Narrowed<'_>) -> bool {
    (1..=args.get(MAX).cast_signed()).contains(&args.get(MIN).cast_signed()) && args.get(MASK) == 0
}

pub(crate) fn attempt(nr: u32, args: Narrowed<'_>, memory: Memory, enter: &mut impl Enter) -> Attempt {
    match Limit::of(memory, args.get(TIME), Unit::Nanoseconds) {
        Limit::Unknown => return Attempt::NotHere,
        Limit::Nothing => return Attempt::Plain,
        Limit::ForEver | Limit::Ns(_) => {}
    }
    let mut nonblocking = *args.raw();
    nonblocking.set(MIN, 0);
    let Invoked::Result(result) = enter(nr, &nonblocking) else { return Attempt::Cancelled };
    match u64::try_from(result) {
        Ok(0) => Attempt::WouldBlock,
        // The plain call takes what is there, too, before it waits for the rest.
        Ok(taken) if taken < args.get(MIN) => Attempt::Partial(taken),
        _ if is_errno(result, libc::EINTR) => Attempt::WouldBlock,
        _ => Attempt::Final(result),
    }
}

/// The plain call, for the rest of the events and of the time.
pub(crate) fn finish(
    nr: u32,
    args: Narrowed<'_>,
    done: u64,
    passed_ns: u64,
    memory: Memory,
    enter: &mut impl Enter,
) -> Invoked {
    if done == 0 {
        return shortened(TIME, nr, args, passed_ns, memory, enter);
    }
    let rest = args
        .raw()
        .with(MIN, args.get(MIN) - done)
        .with(MAX, args.get(MAX) - done)
        .with(EVENTS, args.get(EVENTS) + done * EVENT_BYTES);
    with_done(done, shortened(TIME, nr, args.like(&rest), passed_ns, memory, enter))
}
