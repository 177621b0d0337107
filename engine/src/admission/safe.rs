//! The check of `Ring::push_safe` (ENGINE-12): the table finds the call harmless, and the payload of each attribute names lent
//! descriptors only.

use syslet_abi::{Call, Fault, Refusal};
use syslet_attrs::{Needs, Registry};
use syslet_syscalls::{check_safe, row};

use crate::exec::attributes::contained;
use crate::slots::lent::{LENT_MAX, Lent, LentSet};

/// Checks a submission that was admitted with these needs.
///
/// # Errors
/// The part that makes it unsafe, by its offset in the record.
pub(crate) fn check(call: &Call<'_>, lent: &LentSet, needs: Needs, registry: &Registry) -> Result<(), Fault> {
    let mut numbers = [-1; LENT_MAX];
    for (number, lent) in numbers.iter_mut().zip(lent) {
        *number = lent.as_ref().map_or(-1, Lent::number);
    }
    check_safe(row(call.nr()), call, &numbers)?;
    // Only a call with a thread of its own has attributes that act.
    let acts = needs.contains(Needs::OWN_THREAD);
    if acts { check_attributes(call, &numbers, needs, registry) } else { Ok(()) }
}

/// The action of an attribute tells whether it names a descriptor. An application's own attribute is asked for its action
/// again when the call is made, and may answer otherwise then: it may not act on a working directory at all.
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
