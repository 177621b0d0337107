//! What a call of a program may touch, and in whose hands it may be made.

use syslet_abi::CallFlags;
use syslet_attrs::RunBy;
use syslet_syscalls::{Class, RawArgs, Row, Scope};

use crate::admission::placement;
use crate::exec::attempt::Way;
use crate::nonblocking::{self, Abilities};
use crate::slots::admission::Constraints;
use crate::slots::dispatch::DispatchFlags;

/// Whether a program with these flags may touch that.
pub(crate) fn may_touch(scope: Scope, flags: CallFlags) -> bool {
    match scope {
        Scope::Process | Scope::ReadsThread => true,
        Scope::WritesThread => flags.contains(CallFlags::PRIVATE),
        Scope::BoundToThread => flags.contains(CallFlags::SYNC),
        Scope::EngineLife(_) => false,
    }
}

/// How a submitter makes the call; or that it cannot, and whether the call is one that sleeps.
pub(crate) fn here<'a>(
    abilities: Abilities,
    row: Option<&Row>,
    flags: CallFlags,
    args: &RawArgs,
) -> Result<Way<'a>, bool> {
    let dispatch = dispatch(abilities, row, flags, args);
    if dispatch.contains(DispatchFlags::WORKER) {
        Err(dispatch.contains(DispatchFlags::SLEEPS))
    } else if dispatch.contains(DispatchFlags::NONBLOCKING) {
        Ok(Way::Attempt(abilities))
    } else {
        Ok(Way::Plain(RunBy::INLINE))
    }
}

/// How a call of a program would be marked if it were submitted alone.
pub(crate) fn dispatch(
    abilities: Abilities,
    row: Option<&Row>,
    flags: CallFlags,
    args: &RawArgs,
) -> DispatchFlags {
    let (class, scope) = row.map_or((Class::Descriptor, Scope::Process), |row| row.nature(|| *args));
    let signals = row.is_some_and(|row| {
        class == Class::Instant && row.class != Class::Instant && nonblocking::may_signal(row)
    });
    let facts = placement::Facts { flags, class, scope, signals, has_pool: true };
    placement::dispatch(facts, Constraints::NONE, || {
        row.is_some_and(|row| nonblocking::may_try(abilities, row, args))
    })
}
