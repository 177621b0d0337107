//! What the starter does for calls that are to stop.

use std::sync::Arc;

use super::alarms::{Alarm, Task};
use super::shared::Pool;
use crate::claim::Why;
use crate::clock::now_ns;
use crate::port::Port;
use crate::slot::Ticket;
use crate::slot::phase::Stop;
use crate::stop::{interrupt, stop};

/// A call that was signalled is looked at again after so long, then after twice as long each time.
const AGAIN_NS: u64 = 1_000_000;
const AGAIN_NS_MAX: u64 = 128_000_000;
/// A call that was signalled again so late is said not to be interruptible.
const STUBBORN_NS: u64 = 32_000_000;

impl Pool {
    /// The call has been signalled: should the signal be lost, it is sent again (CANCEL-8).
    pub(crate) fn look_after(&self, port: &Arc<Port>, ticket: Ticket) {
        self.set_alarm(now_ns() + AGAIN_NS, Task::Again(AGAIN_NS), port, ticket);
    }

    /// The call is to stop at that time, in nanoseconds of CLOCK_MONOTONIC.
    pub(crate) fn stop_at(&self, at_ns: u64, port: &Arc<Port>, ticket: Ticket) {
        self.set_alarm(at_ns, Task::Deadline { passed_ns: at_ns, wait_ns: AGAIN_NS }, port, ticket);
    }

    fn set_alarm(&self, at_ns: u64, task: Task, port: &Arc<Port>, ticket: Ticket) {
        let alarm = Alarm { at_ns, task, port: Arc::clone(port), ticket };
        if self.alarms.set(alarm) {
            self.starter.alarm();
        }
    }

    /// Does what is due.
    pub(super) fn serve_alarms(&self) {
        while let Some(alarm) = self.alarms.due(now_ns()) {
            match alarm.task {
                Task::Deadline { passed_ns, wait_ns } => self.enforce(&alarm, passed_ns, wait_ns),
                Task::Again(wait_ns) => self.signal_again(&alarm, wait_ns),
            }
        }
    }

    fn enforce(&self, alarm: &Alarm, passed_ns: u64, wait_ns: u64) {
        let Alarm { port, ticket, .. } = alarm;
        match stop(port, *ticket, Why::Late(passed_ns)) {
            Stop::Signal => self.look_after(port, *ticket),
            // Its submitter has it, for a moment as a rule: a first attempt.
            Stop::Uninterruptible => {
                let task = Task::Deadline { passed_ns, wait_ns: (2 * wait_ns).min(AGAIN_NS_MAX) };
                self.set_alarm(now_ns() + wait_ns, task, port, *ticket);
            }
            _ => {}
        }
    }

    fn signal_again(&self, alarm: &Alarm, wait_ns: u64) {
        let Alarm { port, ticket, .. } = alarm;
        if port.slots.get(*ticket).phase().signal_again(ticket.generation()) {
            interrupt(port, *ticket, wait_ns >= STUBBORN_NS);
            let wait_ns = (2 * wait_ns).min(AGAIN_NS_MAX);
            self.set_alarm(now_ns() + wait_ns, Task::Again(wait_ns), port, *ticket);
        }
    }
}
