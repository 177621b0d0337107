//! The verdict that a submission keeps, with the arguments that it depends on (ENGINE-35). The ring asks for it when a submission
//! is pushed again.

use syslet_abi::{ArgKind, Call, CallFlags};
use syslet_attrs::Needs;
use syslet_syscalls::{Deciders, row};

use crate::exec::attributes;
use crate::nonblocking;
use crate::slots::admission::Verdict;
use crate::slots::dispatch::DispatchFlags;
use crate::slots::kept::{Circumstances, Dependence, Kept};
use crate::submission::Submission;

/// The verdict on an accepted submission as the submission keeps it, if it may.
pub(crate) fn keep(submission: &Submission, by: Circumstances, verdict: &Verdict) -> Option<Kept> {
    let dependence = dependence(&Call::admitted(submission.bytes()), by, verdict)?;
    Some(Kept::new(by, *verdict, dependence))
}

/// The dependence of the verdict on an accepted call, or `None` where a later check might find otherwise although nothing has
/// changed: an application's own attribute answers as it likes.
fn dependence(call: &Call<'_>, by: Circumstances, verdict: &Verdict) -> Option<Dependence> {
    if call.asks().any(|ask| ask.id.is_application()) {
        return None;
    }
    let row = row(call.nr());
    let deciders = Deciders::of(row);
    let mut all = Dependence {
        values: deciders.nature,
        addresses: deciders.addresses,
        safety: deciders.safety,
        ..Dependence::default()
    };
    if !call.kinds().all_values() {
        let places = (0..call.argc()).filter(|index| call.kinds().get(*index) != ArgKind::VALUE);
        all.values |= places.fold(deciders.extents, |set, index| set | 1 << index);
    }
    if call.attribute_count() > 0 {
        all.values |= attributes::deciders(call.nr());
    }
    if let Some(row) = row.filter(|_| may_have_asked(call, by, verdict)) {
        let of_attempt = nonblocking::deciders(row);
        all.values |= of_attempt.values;
        all.lengths |= of_attempt.lengths;
        all.positions |= of_attempt.positions;
    }
    Some(all)
}

/// Whether the verdict may rest on the answer to whether an attempt may be made. Without workers nothing is left to them, and a
/// call with STORAGE that neither a worker nor an attempt makes is the submitter's by its class, unless CACHE wanted an attempt.
fn may_have_asked(call: &Call<'_>, by: Circumstances, verdict: &Verdict) -> bool {
    let away = DispatchFlags::WORKER.with(DispatchFlags::NONBLOCKING).with(DispatchFlags::TIMED);
    let wants_attempt = verdict.needs.contains(Needs::CACHE) || verdict.dispatch.intersects(away);
    let is_storage = call.flags().contains(CallFlags::STORAGE) && !wants_attempt;
    by.has_pool && !call.flags().contains(CallFlags::SYNC) && !is_storage
}

#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests;
