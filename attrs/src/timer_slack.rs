//! TIMER_SLACK: how late the timers of the call may be.

use syslet_abi::AttributeId;

use crate::acting::Acts;
use crate::action::Action;
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

impl Acts for TimerSlack {
    const ID: AttributeId = AttributeId::TIMER_SLACK;
    const NAME: &'static str = "timer_slack";
    const ANSWERS: bool = true;

    fn read(payload: &[u8]) -> Option<Action> {
        read(payload).map(Action::SetTimerSlack)
    }
}
