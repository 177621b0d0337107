//! TIMER_SLACK: how late the timers of the call may be.

use syslet_abi::{AttributeId, Status};

use crate::acting;
use crate::action::Action;
use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use crate::field::u64_at;
use crate::payload::known_part;

/// The TIMER_SLACK attribute. It is asked with nanoseconds, a 64-bit number below 2⁶³ (0 is the thread's default), and
/// answers with the slack in force, as another.
#[derive(Clone, Copy, Debug)]
pub struct TimerSlack;

impl TimerSlack {
    /// What to ask with.
    #[must_use]
    pub const fn payload(ns: u64) -> [u8; 8] {
        ns.to_ne_bytes()
    }

    /// Reads a returned value.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<u64> {
        u64_at(value, 0)
    }
}

fn read(payload: &[u8]) -> Option<u64> {
    u64_at(known_part(payload, 8).ok()?, 0).filter(|&ns| ns < 1 << 63)
}

impl Attribute for TimerSlack {
    fn id(&self) -> AttributeId {
        AttributeId::TIMER_SLACK
    }

    fn name(&self) -> &'static str {
        "timer_slack"
    }

    fn check(&self, payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        read(payload).ok_or(Status::INVALID)?;
        Ok(acting::plan(Needs::OWN_THREAD, 8))
    }

    fn action(&self, payload: &[u8]) -> Option<Action> {
        read(payload).map(Action::SetTimerSlack)
    }

    fn after(
        &self,
        _payload: &[u8],
        token: Token,
        _observed: &Observed,
        value: &mut [u8],
    ) -> (Status, usize) {
        acting::answer(token, value)
    }
}
