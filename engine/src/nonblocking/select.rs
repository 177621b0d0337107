//! ppoll, select and pselect6, with a time of zero. They write over what they are asked with: the sets of descriptors,
//! and the time with what is left of it.

use syslet_syscalls::{Invoked, Narrowed};

use crate::nonblocking::ask::{address_mut, low};
use crate::nonblocking::limit::{Limit, Unit};
use crate::nonblocking::memory::Memory;
use crate::nonblocking::{Attempt, Enter, is_errno};

/// A set of descriptors of the usual size, in words. Calls with more are not tried.
const SET_WORDS: usize = 1024 / 64;
/// The arguments that are sets.
const SETS: [usize; 3] = [1, 2, 3];

/// Where these calls have what.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// The count of descriptors.
    count: usize,
    /// The time.
    time: usize,
    unit: Unit,
    has_sets: bool,
}

impl Shape {
    fn of(nr: u32) -> Shape {
        match libc::c_long::from(nr) {
            libc::SYS_ppoll => Shape { count: 1, time: 2, unit: Unit::Nanoseconds, has_sets: false },
            libc::SYS_pselect6 => Shape { count: 0, time: 4, unit: Unit::Nanoseconds, has_sets: true },
            _ => Shape { count: 0, time: 4, unit: Unit::Microseconds, has_sets: true },
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

pub(crate) fn attempt(nr: u32, args: Narrowed<'_>, memory: Memory, enter: &mut impl Enter) -> Attempt {
    let shape = Shape::of(nr);
    let limit = Limit::of(memory, args.get(shape.time), shape.unit);
    if limit == Limit::Unknown || has_mask(nr, args, memory) {
        return Attempt::NotHere;
    }
    if limit == Limit::Nothing {
        return Attempt::Plain;
    }
    let sets = if shape.has_sets { Sets::save(memory, args) } else { None };
    if shape.has_sets && sets.is_none() {
        return Attempt::NotHere;
    }
    let mut now = [0u64; 2];
    let mut nonblocking = *args.raw();
    nonblocking.set(shape.time, address_mut(&mut now));
    let Invoked::Result(result) = enter(nr, &nonblocking) else { return Attempt::Cancelled };
    if result > 0 {
        if limit != Limit::ForEver {
            memory.write_back_time(nr, args, shape.count);
        }
        return Attempt::Final(result);
    }
    // Nothing ready has cleared the sets, and an error is the plain call's to say, since that also writes the time.
    sets.inspect(|sets| sets.put_back(memory, args));
    let would_wait = result == 0 || is_errno(result, libc::EINTR);
    if would_wait { Attempt::WouldBlock } else { Attempt::NotHere }
}

/// The plain call, for what is left of the time. It gets a time of our own, and what the kernel leaves in that goes to
/// the caller. It writes nothing over a time of zero, so the least is one unit.
pub(crate) fn finish(
    nr: u32,
    args: Narrowed<'_>,
    passed_ns: u64,
    memory: Memory,
    enter: &mut impl Enter,
) -> Invoked {
    let Shape { time, unit, .. } = Shape::of(nr);
    let Limit::Ns(length_ns) = Limit::of(memory, args.get(time), unit) else { return enter(nr, args.raw()) };
    let given = unit.time(length_ns.saturating_sub(passed_ns.into()).max(1));
    let mut left = given;
    let mut shortened = *args.raw();
    shortened.set(time, address_mut(&mut left));
    let invoked = enter(nr, &shortened);
    if left != given {
        // Memory that cannot be written is no error for the plain call either.
        let _written = memory.put(args.get(time), left);
    }
    invoked
}
