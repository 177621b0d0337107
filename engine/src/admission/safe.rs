//! What safe code may push: a call that the table finds harmless, and attributes whose payloads name no descriptor that
//! was not lent.

use syslet_abi::{Call, Fault, Refusal};
use syslet_attrs::{Needs, Registry};
use syslet_syscalls::{check_safe, row};

use crate::exec::contained::contained;
use crate::slots::lent::{LENT_MAX, Lent, LentSet};

/// Checks a submission that was admitted with these needs (ENGINE-12).
///
/// # Errors
/// What makes it unsafe, by its offset in the record.
pub(crate) fn check(call: &Call<'_>, lent: &LentSet, needs: Needs, registry: &Registry) -> Result<(), Fault> {
    let mut numbers = [-1; LENT_MAX];
    for (number, lent) in numbers.iter_mut().zip(lent) {
        *number = lent.as_ref().map_or(-1, Lent::number);
    }
    check_safe(row(call.nr()), call, &numbers)?;
    // Without a thread of its own nothing acts on the call's.
    let acts = needs.contains(Needs::OWN_THREAD);
    if acts { check_attributes(call, &numbers, needs, registry) } else { Ok(()) }
}

/// Every attribute that acts says by its action whether it names a descriptor. An application's own is asked for its
/// action again when the call is made, so what it says now would not bind it: it may not act on a working directory.
#[inline(never)]
fn check_attributes(call: &Call<'_>, lent: &[i32], needs: Needs, registry: &Registry) -> Result<(), Fault> {
    for ask in call.asks() {
        let refused = Refusal::NOT_SAFE_DESCRIPTOR.at(ask.payload_offset);
        if ask.id.is_application() {
            if needs.contains(Needs::OWN_FS) {
                return Err(refused);
            }
            continue;
        }
        let action = registry.get(ask.id).and_then(|known| contained(ask.id, || known.action(ask.payload))?);
        if action.and_then(|action| action.descriptor()).is_some_and(|fd| !lent.contains(&fd)) {
            return Err(refused);
        }
    }
    Ok(())
}
