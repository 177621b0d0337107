//! Which threads may run a call, by the table of `specs/pool.md`: refuses calls that none may run, and gives the dispatch flags of the
//! others. Admission calls it for calls, `program` for programs and their atoms.

use syslet_abi::{CallFlags, NR_OFFSET, Refusal};
use syslet_syscalls::{Class, Row, Scope};

use crate::refused::Refused;
use crate::slots::admission::Constraints;
use crate::slots::dispatch::DispatchFlags;

/// Offset of a record's flags.
const FLAGS_OFFSET: usize = 6;

/// The facts of a call that decide which threads may run it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) flags: CallFlags,
    pub(crate) class: Class,
    pub(crate) scope: Scope,
    /// Whether the plain call could signal the thread that makes it, although it cannot sleep.
    pub(crate) signals: bool,
    /// Whether the call waits for a device, even with all data in memory.
    pub(crate) waits_for_device: bool,
    /// Whether the submitter may give calls to workers.
    pub(crate) has_pool: bool,
}

/// Whether the call exists to wait for a device: no cache spares that, and no signal ends it.
#[inline]
pub(crate) fn waits_for_device(row: &Row) -> bool {
    const WAITING: [libc::c_long; 6] = [
        libc::SYS_fsync,
        libc::SYS_fdatasync,
        libc::SYS_sync,
        libc::SYS_syncfs,
        libc::SYS_sync_file_range,
        libc::SYS_msync,
    ];
    row.class == Class::Storage
        && row.numbers.here().is_some_and(|nr| WAITING.contains(&libc::c_long::from(nr)))
}

/// Refuses a call that no thread of this engine may run (ENGINE-8, ENGINE-18).
#[inline]
pub(crate) fn check(facts: Facts) -> Result<(), Refused> {
    let Facts { flags, class, scope, has_pool, .. } = facts;
    let is_usual = flags.0 & !USUAL.0 == 0 && matches!(scope, Scope::Process | Scope::ReadsThread);
    if is_usual && (has_pool || class != Class::Sleeps) {
        return Ok(());
    }
    check_unusual(facts)
}

/// Flags that are no reason for a refusal.
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

/// The dispatch flags of a record that only its submitter runs, unless it is instant.
#[inline(never)]
fn dispatch_alone(facts: Facts, constraints: Constraints) -> DispatchFlags {
    let is_storage = match facts.class {
        Class::Storage => true,
        Class::Descriptor => facts.flags.contains(CallFlags::STORAGE),
        Class::Instant | Class::Sleeps => false,
    };
    if is_storage && constraints.is_short && !facts.has_pool {
        DispatchFlags::STORAGE
    } else {
        DispatchFlags::PLAIN
    }
}

/// The dispatch flags of a queued record. `has_nonblocking` says whether a non-blocking attempt may be made.
#[inline(always)]
pub(crate) fn dispatch(
    facts: Facts,
    constraints: Constraints,
    has_nonblocking: impl FnOnce() -> bool,
) -> DispatchFlags {
    let Facts { flags, class, signals, waits_for_device, has_pool, .. } = facts;
    let short = if class == Class::Instant && constraints.is_short {
        DispatchFlags::INSTANT
    } else {
        DispatchFlags::PLAIN
    };
    let timed = if constraints.is_timed { DispatchFlags::TIMED } else { DispatchFlags::PLAIN };
    if !has_pool || flags.contains(CallFlags::SYNC) {
        if class == Class::Instant {
            return short.with(timed);
        }
        return dispatch_alone(facts, constraints).with(timed);
    }
    let sleeps = if class == Class::Sleeps { DispatchFlags::SLEEPS } else { DispatchFlags::PLAIN };
    let is_local = match class {
        Class::Instant => !signals,
        // A call that storage holds up can be interrupted in a worker only.
        Class::Storage | Class::Descriptor => flags.contains(CallFlags::STORAGE) && !constraints.is_timed,
        Class::Sleeps => false,
    };
    timed.with(if flags.contains(CallFlags::PRIVATE) || constraints.own_thread {
        DispatchFlags::PRIVATE.with(sleeps).with(DispatchFlags::WORKER)
    } else if flags.contains(CallFlags::ASYNC)
        || !constraints.may_run_inline
        || waits_for_device && !flags.contains(CallFlags::STORAGE)
    {
        short.with(sleeps).with(DispatchFlags::WORKER)
    } else if is_local {
        short
    } else if has_nonblocking() {
        sleeps.with(DispatchFlags::NONBLOCKING)
    } else if class == Class::Storage && !constraints.is_timed {
        short
    } else {
        sleeps.with(DispatchFlags::WORKER)
    })
}
