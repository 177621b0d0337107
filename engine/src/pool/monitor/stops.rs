//! What the starter does for calls that are to stop.

use std::sync::Arc;

use crate::exec::claim::Why;
use crate::pool::monitor::timers::{Task, TimerEntry, Whose};
use crate::pool::ring_work::RingWork;
use crate::pool::state::Pool;
use crate::pool::stop::{interrupt, stop};
use crate::program::Member;
use crate::slots::Ticket;
use crate::slots::phase::{By, Stop};
use crate::sys::clock::now_ns;

/// A call that was signalled is looked at again after so long, then after twice as long each time.
pub(crate) const AGAIN_NS: u64 = 1_000_000;
pub(crate) const AGAIN_NS_MAX: u64 = 128_000_000;
/// A call that was signalled again so late is said not to be interruptible.
const STUBBORN_NS: u64 = 32_000_000;

impl Pool {
    /// The call has been signalled: should the signal be lost, it is sent again (CANCEL-8).
    pub(crate) fn look_after(&self, ring: &Arc<RingWork>, ticket: Ticket) {
        self.look_again(Whose::call(ring, ticket));
    }

    /// The call is to stop at that time, in nanoseconds of CLOCK_MONOTONIC.
    pub(crate) fn stop_at(&self, at_ns: u64, ring: &Arc<RingWork>, ticket: Ticket) {
        let task = Task::Deadline { passed_ns: at_ns, wait_ns: AGAIN_NS };
        self.set_alarm(at_ns, task, Whose::call(ring, ticket));
    }

    /// The same of one call of a program.
    pub(crate) fn stop_member_at(&self, at_ns: u64, member: &Arc<Member>) {
        let task = Task::Deadline { passed_ns: at_ns, wait_ns: AGAIN_NS };
        self.set_alarm(at_ns, task, Whose::Member(Arc::clone(member)));
    }

    /// Stops one call of a program now.
    pub(crate) fn stop_member(&self, member: &Arc<Member>) -> Stop {
        let found = member.stop(Why::Asked);
        match found {
            Stop::Signal => self.look_again(Whose::Member(Arc::clone(member))),
            Stop::Unsent => self.ask_later(Whose::Member(Arc::clone(member)), AGAIN_NS),
            _ => {}
        }
        found
    }

    /// The call is to stop, and no signal could be sent to its worker: it is asked again (CANCEL-21).
    pub(crate) fn ask_again(&self, ring: &Arc<RingWork>, ticket: Ticket) {
        self.ask_later(Whose::call(ring, ticket), AGAIN_NS);
    }

    fn ask_later(&self, of: Whose, wait_ns: u64) {
        let next_ns = (2 * wait_ns).min(AGAIN_NS_MAX);
        self.set_alarm(now_ns() + wait_ns, Task::Ask(next_ns), of);
    }

    fn look_again(&self, of: Whose) {
        self.set_alarm(now_ns() + AGAIN_NS, Task::Again(AGAIN_NS), of);
    }

    pub(crate) fn set_alarm(&self, at_ns: u64, task: Task, of: Whose) {
        let alarm = TimerEntry { at_ns, task, of };
        if self.timers.set(alarm) {
            self.monitor.alarm();
        }
    }

    /// Does what is due.
    pub(crate) fn serve_alarms(&self) {
        while let Some(alarm) = self.timers.due(now_ns()) {
            match alarm.task {
                Task::Deadline { passed_ns, wait_ns } => self.enforce(&alarm, passed_ns, wait_ns),
                Task::Ask(wait_ns) => self.ask(&alarm, wait_ns),
                Task::Again(wait_ns) => self.signal_again(&alarm, wait_ns),
                Task::Shutdown(wait_ns) => self.shut_down(&alarm, wait_ns),
                Task::Abandon(wait_ns) => self.abandon(&alarm, wait_ns),
            }
        }
    }

    fn enforce(&self, alarm: &TimerEntry, passed_ns: u64, wait_ns: u64) {
        match self.stop_whose(alarm, By::Deadline, Why::Late(passed_ns)) {
            Stop::Signal => self.look_again(alarm.of.clone()),
            // Its submitter has it, for a moment as a rule: a first attempt.
            Stop::Marked | Stop::Unsent | Stop::Uninterruptible => {
                let task = Task::Deadline { passed_ns, wait_ns: (2 * wait_ns).min(AGAIN_NS_MAX) };
                self.set_alarm(now_ns() + wait_ns, task, alarm.of.clone());
            }
            _ => {}
        }
    }

    fn ask(&self, alarm: &TimerEntry, wait_ns: u64) {
        match self.stop_whose(alarm, By::Other, Why::Asked) {
            Stop::Signal => self.look_again(alarm.of.clone()),
            Stop::Unsent => self.ask_later(alarm.of.clone(), wait_ns),
            _ => {}
        }
    }

    fn signal_again(&self, alarm: &TimerEntry, wait_ns: u64) {
        let is_there = match &alarm.of {
            Whose::Submission(..) => alarm.submission().is_some_and(|(ring, ticket)| {
                let phase = ring.slots.get(ticket).phase();
                if phase.signal_again(ticket.generation()) {
                    interrupt(&ring, ticket, wait_ns >= STUBBORN_NS);
                    return true;
                }
                // Who shuts its socket down holds it just now, and looks after nothing.
                !phase.has_ended(ticket.generation())
            }),
            Whose::Member(member) => member.stop_again(),
        };
        if is_there {
            let wait_ns = (2 * wait_ns).min(AGAIN_NS_MAX);
            self.set_alarm(now_ns() + wait_ns, Task::Again(wait_ns), alarm.of.clone());
        }
    }

    /// Stops what the alarm is for, if it is there.
    fn stop_whose(&self, alarm: &TimerEntry, by: By, why: Why) -> Stop {
        match &alarm.of {
            Whose::Submission(..) => alarm
                .submission()
                .map_or(Stop::NotFound, |(ring, ticket)| stop(Some(self), &ring, ticket, by, why)),
            Whose::Member(member) => member.stop(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::slots::state::State;
    use crate::{Config, Engine, Params};

    /// CANCEL-8: a call that somebody holds just now, to shut its socket down, is looked after later; one that is over is not.
    #[test]
    fn who_is_held_is_looked_after_later() {
        let alone = Config::default().workers_max(0);
        let ring = Engine::start(alone.clone()).unwrap().ring(&Params::default()).unwrap();
        let pool = Pool::new(&alone, Arc::clone(&ring.engine.terms.context), ring.engine.terms.abilities);
        let ticket = Ticket::unpack(0);
        let phase = ring.state.slots.get(ticket).phase();
        phase.admit(ticket.generation(), State::RUNNING);
        assert_eq!(phase.stop(ticket.generation(), By::Other, || ()), Stop::Signal);
        pool.look_after(&ring.state, ticket);
        let served = |was: Option<u64>| {
            while pool.timers.first_ns() == was {
                pool.serve_alarms();
            }
            pool.timers.first_ns()
        };
        let first_ns = pool.timers.first_ns();
        let second_ns = served(first_ns);
        assert!(second_ns > first_ns, "it is held");
        phase.admit(ticket.generation(), State::DONE);
        assert_eq!(served(second_ns), None);
    }
}
