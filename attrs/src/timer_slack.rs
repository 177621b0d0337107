//! TIMER_SLACK: how late the timers of the call may be. The registry holds it.

use syslet_abi::AttributeId;

use crate::action::Action;
use crate::attribute::ChangesThread;
use crate::bytes::{known_part, u64_at};

/// The TIMER_SLACK attribute. Its payload is a number of nanoseconds, 64 bits and below 2⁶³; 0 is the default of the
/// thread. Its value is the slack in force in nanoseconds, as a 64-bit number.
#[derive(Clone, Copy, Debug)]
pub struct TimerSlack;

impl TimerSlack {
    /// The payload.
    #[must_use]
    pub const fn payload(ns: u64) -> [u8; 8] {
        ns.to_ne_bytes()
    }

    /// Reads a returned value, in nanoseconds. A longer value, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<u64> {
        u64_at(value, 0)
    }
}

impl ChangesThread for TimerSlack {
    const ID: AttributeId = AttributeId::TIMER_SLACK;
    const NAME: &'static str = "timer_slack";
    const ANSWERS: bool = true;

    fn read(payload: &[u8]) -> Option<Action> {
        let ns = u64_at(known_part(payload, 8).ok()?, 0).filter(|&ns| ns < 1 << 63);
        ns.map(Action::SetTimerSlack)
    }
}
