//! What the attributes of one call of a program ask for, and which of them can be honoured.

use syslet_abi::{AttributeId, Call, Status};
use syslet_attrs::{Needs, Registry};

use crate::admission::{plan, value_bytes};
use crate::exec::facts::facts;
use crate::slots::admission::{Answers, VALUE_BYTES_MAX};

/// What is asked of one call, and what has to be done for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) answers: Answers,
    /// Longest returns, in bytes.
    pub(crate) bytes: usize,
    pub(crate) needs: Needs,
    pub(crate) may_run_inline: bool,
}

impl Wanted {
    /// What the attributes plan. Those that change the thread, or when it is its turn, are the program's only (SYSLET-24).
    pub(crate) fn of(call: &Call<'_>, registry: &Registry) -> Wanted {
        let facts = facts(call);
        let mut wanted =
            Wanted { answers: Answers::default(), bytes: 0, needs: Needs::NONE, may_run_inline: true };
        for (index, ask) in call.asks().enumerate() {
            let plan = plan(&ask, &facts, registry).and_then(|plan| {
                let is_own = plan.needs.intersects(Needs::OWN_THREAD.with(Needs::LANE))
                    || ask.id == AttributeId::PRIORITY;
                let fits = plan.return_bytes_max <= VALUE_BYTES_MAX;
                if is_own {
                    Err(Status::INAPPLICABLE)
                } else {
                    fits.then_some(plan).ok_or(Status::UNAVAILABLE)
                }
            });
            match plan {
                Ok(plan) => {
                    wanted.answers.allow(index, plan.return_bytes_max.next_multiple_of(8));
                    wanted.bytes += value_bytes(plan.return_bytes_max);
                    wanted.needs = wanted.needs.with(plan.needs);
                    wanted.may_run_inline &= plan.may_run_inline;
                }
                Err(status) => {
                    wanted.answers.refuse(index, status);
                    wanted.bytes += value_bytes(0);
                }
            }
        }
        wanted
    }
}
