//! What a call of a program may touch, and in whose hands it may be made.

use syslet_abi::CallFlags;
use syslet_attrs::RunBy;
use syslet_syscalls::{Class, RawArgs, Row, Scope};

use crate::door::who;
use crate::ring::batch::Marks;
use crate::run::enter::Way;
use crate::slot::admission::Wishes;
use crate::twin::{self, Abilities};

/// Whether a program with these flags may touch that.
pub(super) fn may_touch(scope: Scope, flags: CallFlags) -> bool {
    match scope {
        Scope::Process | Scope::ReadsThread => true,
        Scope::WritesThread => flags.contains(CallFlags::PRIVATE),
        Scope::BoundToThread => flags.contains(CallFlags::SYNC),
        Scope::EngineLife(_) => false,
    }
}

/// How a submitter makes the call; or that it cannot, and whether the call is one that sleeps.
pub(super) fn here<'a>(
    abilities: Abilities,
    row: Option<&Row>,
    flags: CallFlags,
    args: &RawArgs,
) -> Result<Way<'a>, bool> {
    let marks = marks(abilities, row, flags, args);
    if marks.contains(Marks::WORKER) {
        Err(marks.contains(Marks::SLEEPS))
    } else if marks.contains(Marks::TWIN) {
        Ok(Way::Twin(abilities))
    } else {
        Ok(Way::Plain(RunBy::HELPED))
    }
}

/// How a call of a program would be marked if it were submitted alone.
pub(super) fn marks(abilities: Abilities, row: Option<&Row>, flags: CallFlags, args: &RawArgs) -> Marks {
    let (class, scope) = row.map_or((Class::Descriptor, Scope::Process), |row| row.nature(|| *args));
    let signals = row
        .is_some_and(|row| class == Class::Instant && row.class != Class::Instant && twin::may_signal(row));
    let facts = who::Facts { flags, class, scope, signals, has_pool: true };
    who::marks(facts, Wishes::NONE, || row.is_some_and(|row| twin::may_try(abilities, row, args)))
}
