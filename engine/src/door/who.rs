//! Who may run a call: the table of specs/pool.md.

use syslet_abi::{CallFlags, NR_OFFSET, Refusal};
use syslet_syscalls::{Class, Scope};

use super::refused::Refused;
use crate::ring::batch::Marks;
use crate::slot::admission::Wishes;

/// Offset of a record's flags.
const FLAGS_OFFSET: usize = 6;

/// What decides who runs a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) flags: CallFlags,
    pub(crate) class: Class,
    pub(crate) scope: Scope,
    /// Whether the plain call could signal the thread that makes it, although it cannot sleep.
    pub(crate) signals: bool,
    /// Whether there are workers.
    pub(crate) has_pool: bool,
}

/// Refuses what nobody here may run (ENGINE-8, ENGINE-18).
#[inline]
pub(crate) fn check(facts: Facts) -> Result<(), Refused> {
    let Facts { flags, class, scope, has_pool, .. } = facts;
    let is_usual = flags.0 & !USUAL.0 == 0 && matches!(scope, Scope::Process | Scope::ReadsThread);
    if is_usual && (has_pool || class != Class::Sleeps) {
        return Ok(());
    }
    check_unusual(facts)
}

/// Flags that nobody is refused for.
const USUAL: CallFlags = CallFlags::NO_COMPLETE.with(CallFlags::STORAGE).with(CallFlags::RELEASE);

fn check_unusual(facts: Facts) -> Result<(), Refused> {
    let Facts { flags, class, scope, has_pool, .. } = facts;
    let sync = flags.contains(CallFlags::SYNC);
    let private = flags.contains(CallFlags::PRIVATE);
    let refusal = if (private || flags.contains(CallFlags::ASYNC)) && !has_pool {
        Refusal::NEEDS_WORKER.at(FLAGS_OFFSET)
    } else if scope == Scope::WritesThread && !private {
        Refusal::THREAD_STATE.at(NR_OFFSET)
    } else if scope == Scope::BoundToThread && !sync {
        Refusal::THREAD_BOUND.at(NR_OFFSET)
    } else if class == Class::Sleeps && !sync && !has_pool {
        Refusal::NEEDS_WORKER.at(NR_OFFSET)
    } else {
        return Ok(());
    };
    Err(refusal.into())
}

/// How a record is marked that only its submitter runs, when it is not instant.
#[inline(never)]
fn marks_alone(facts: Facts, wishes: Wishes) -> Marks {
    let is_storage = match facts.class {
        Class::Storage => true,
        Class::Descriptor => facts.flags.contains(CallFlags::STORAGE),
        Class::Instant | Class::Sleeps => false,
    };
    if is_storage && wishes.is_short && !facts.has_pool { Marks::STORAGE } else { Marks::PLAIN }
}

/// How a queued record is marked. `has_twin`: whether its twin may be tried.
#[inline(always)]
pub(crate) fn marks(facts: Facts, wishes: Wishes, has_twin: impl FnOnce() -> bool) -> Marks {
    let Facts { flags, class, signals, has_pool, .. } = facts;
    let short = if class == Class::Instant && wishes.is_short { Marks::INSTANT } else { Marks::PLAIN };
    let timed = if wishes.is_timed { Marks::TIMED } else { Marks::PLAIN };
    if !has_pool || flags.contains(CallFlags::SYNC) {
        if class == Class::Instant {
            return short.with(timed);
        }
        return marks_alone(facts, wishes).with(timed);
    }
    let sleeps = if class == Class::Sleeps { Marks::SLEEPS } else { Marks::PLAIN };
    let is_local = match class {
        Class::Instant => !signals,
        // What storage holds up can be interrupted in workers only.
        Class::Storage | Class::Descriptor => flags.contains(CallFlags::STORAGE) && !wishes.is_timed,
        Class::Sleeps => false,
    };
    timed.with(if flags.contains(CallFlags::PRIVATE) || wishes.own_thread {
        Marks::PRIVATE.with(sleeps).with(Marks::WORKER)
    } else if flags.contains(CallFlags::ASYNC) || !wishes.may_help {
        short.with(sleeps).with(Marks::WORKER)
    } else if is_local {
        short
    } else if has_twin() {
        sleeps.with(Marks::TWIN)
    } else if class == Class::Storage && !wishes.is_timed {
        short
    } else {
        sleeps.with(Marks::WORKER)
    })
}
