//! Stops one call of a ring: it is removed, or its worker is signalled, again and again until the call is over; then
//! the steps that follow where no signal helps (CANCEL-8, CANCEL-15 to 19). Called by cancels and deadlines of
//! [`Ring`](crate::Ring), and by the monitor when a timer is due.

use std::sync::Arc;

use crate::cancel::{shutdown, signal};
use crate::exec::claim::Why;
use crate::exec::unclaimed::{post_abandoned, post_removed};
use crate::pool::Pool;
use crate::pool::escalation::Escalation;
use crate::pool::ring_work::RingWork;
use crate::pool::timers::{Target, Task, TimerEntry};
use crate::program::Member;
use crate::queues::lanes::Released;
use crate::slots::Ticket;
use crate::slots::abandon::Abandon;
use crate::slots::phase::{By, Stop};
use crate::sys::clock::now_ns;
use crate::sys::sync::Ordering;
use crate::sys::thread::spawn;

/// Stops a call, for that reason. On [`Stop::Signal`] the worker has been signalled, and the caller has the call
/// looked at again; on [`Stop::Unsent`] the caller has to ask again.
pub(crate) fn stop(pool: Option<&Pool>, ring: &RingWork, ticket: Ticket, by: By, why: Why) -> Stop {
    let Some(slot) = ring.slots.find(ticket) else { return Stop::NotFound };
    let found = slot.phase().stop(ticket.generation(), by, std::thread::yield_now);
    match found {
        Stop::Removed => {
            let mut released = Released::new();
            pool.inspect(|pool| pool.inputs.forget(ring, ticket));
            pool.inspect(|pool| pool.ended(ring, slot, ticket, &mut released));
            post_removed(ring, slot, ticket, why);
            pool.inspect(|pool| pool.make_known(&mut released));
        }
        Stop::Signal => {
            // Release: pairs with the acquire load in `cancel::signal::handle`, which the worker runs after the
            // signal below. Without it the handler could find the word 0 and let the call begin, and the next signal
            // would come only after AGAIN_NS.
            slot.cancel().store(why.word(), Ordering::Release);
            if !signal::send(slot.maker()) {
                slot.phase().unsent(ticket.generation());
                return Stop::Unsent;
            }
            slot.phase().signalled(ticket.generation(), false);
        }
        // Its submitter may be in it: the monitor takes the thread out, if the call is one that it may (KICK-3).
        Stop::Marked => ring.hold.want(),
        _ => {}
    }
    found
}

/// Signals the worker of a call once more, and releases the call's state, which the caller holds.
pub(crate) fn interrupt(ring: &RingWork, ticket: Ticket, is_unresponsive: bool) {
    let slot = ring.slots.get(ticket);
    // A signal that cannot be sent now is sent at the next look.
    let _is_sent = signal::send(slot.maker());
    slot.phase().signalled(ticket.generation(), is_unresponsive);
}

/// A signalled call is looked at again after this time, then after twice as long each time, up to the maximum.
pub(crate) const AGAIN_NS: u64 = 1_000_000;
pub(crate) const AGAIN_NS_MAX: u64 = 128_000_000;
/// A call that is signalled again after so long a wait is reported as not interruptible.
const UNRESPONSIVE_NS: u64 = 32_000_000;

impl Pool {
    /// Sets a timer for a call that has been signalled: should the signal be lost, it is sent again (CANCEL-8).
    pub(crate) fn look_after(&self, ring: &Arc<RingWork>, ticket: Ticket) {
        self.look_again(Target::call(ring, ticket));
    }

    /// Sets a timer that stops the call at that time, in nanoseconds of CLOCK_MONOTONIC.
    pub(crate) fn stop_at(&self, at_ns: u64, ring: &Arc<RingWork>, ticket: Ticket) {
        let task = Task::Deadline { passed_ns: at_ns, wait_ns: AGAIN_NS };
        self.set_timer(at_ns, task, Target::call(ring, ticket));
    }

    /// Sets a timer that stops one call of a program at that time.
    pub(crate) fn stop_member_at(&self, at_ns: u64, member: &Arc<Member>) {
        let task = Task::Deadline { passed_ns: at_ns, wait_ns: AGAIN_NS };
        self.set_timer(at_ns, task, Target::Member(Arc::clone(member)));
    }

    /// Stops one call of a program now.
    pub(crate) fn stop_member(&self, member: &Arc<Member>) -> Stop {
        let found = member.stop(Why::Asked);
        match found {
            Stop::Signal => self.look_again(Target::Member(Arc::clone(member))),
            Stop::Unsent => self.ask_later(Target::Member(Arc::clone(member)), AGAIN_NS),
            _ => {}
        }
        found
    }

    /// Sets a timer for a call that is to stop, after its worker could not be signalled: it is asked again
    /// (CANCEL-21).
    pub(crate) fn ask_again(&self, ring: &Arc<RingWork>, ticket: Ticket) {
        self.ask_later(Target::call(ring, ticket), AGAIN_NS);
    }

    fn ask_later(&self, of: Target, wait_ns: u64) {
        let next_ns = (2 * wait_ns).min(AGAIN_NS_MAX);
        self.set_timer(now_ns() + wait_ns, Task::Ask(next_ns), of);
    }

    fn look_again(&self, of: Target) {
        self.set_timer(now_ns() + AGAIN_NS, Task::Again(AGAIN_NS), of);
    }

    pub(crate) fn set_timer(&self, at_ns: u64, task: Task, of: Target) {
        let timer = TimerEntry { at_ns, task, of };
        if self.timers.set(timer) {
            self.monitor.timer_set();
        }
    }

    /// Serves the timers that are due.
    pub(crate) fn serve_timers(&self) {
        while let Some(timer) = self.timers.due(now_ns()) {
            match timer.task {
                Task::Deadline { passed_ns, wait_ns } => self.enforce(&timer, passed_ns, wait_ns),
                Task::Ask(wait_ns) => self.ask(&timer, wait_ns),
                Task::Again(wait_ns) => self.signal_again(&timer, wait_ns),
                Task::Shutdown(wait_ns) => self.shut_down(&timer, wait_ns),
                Task::Abandon(wait_ns) => self.abandon(&timer, wait_ns),
            }
        }
    }

    fn enforce(&self, timer: &TimerEntry, passed_ns: u64, wait_ns: u64) {
        match self.stop_target(timer, By::Deadline, Why::Late(passed_ns)) {
            Stop::Signal => self.look_again(timer.of.clone()),
            // The submitter makes the call inline, as a rule for a moment only: a non-blocking attempt.
            Stop::Marked | Stop::Unsent | Stop::Uninterruptible => {
                let task = Task::Deadline { passed_ns, wait_ns: (2 * wait_ns).min(AGAIN_NS_MAX) };
                self.set_timer(now_ns() + wait_ns, task, timer.of.clone());
            }
            _ => {}
        }
    }

    fn ask(&self, timer: &TimerEntry, wait_ns: u64) {
        match self.stop_target(timer, By::Other, Why::Asked) {
            Stop::Signal => self.look_again(timer.of.clone()),
            Stop::Unsent => self.ask_later(timer.of.clone(), wait_ns),
            _ => {}
        }
    }

    fn signal_again(&self, timer: &TimerEntry, wait_ns: u64) {
        let is_there = match &timer.of {
            Target::Submission(..) => timer.submission().is_some_and(|(ring, ticket)| {
                let phase = ring.slots.get(ticket).phase();
                if phase.signal_again(ticket.generation()) {
                    interrupt(&ring, ticket, wait_ns >= UNRESPONSIVE_NS);
                    return true;
                }
                // While the thread that shuts down the call's socket holds the state, no signal is sent, and the
                // timer goes on.
                !phase.has_ended(ticket.generation())
            }),
            Target::Member(member) => member.stop_again(),
        };
        if is_there {
            let wait_ns = (2 * wait_ns).min(AGAIN_NS_MAX);
            self.set_timer(now_ns() + wait_ns, Task::Again(wait_ns), timer.of.clone());
        }
    }

    /// Stops the call that the timer is for, if it is there.
    fn stop_target(&self, timer: &TimerEntry, by: By, why: Why) -> Stop {
        match &timer.of {
            Target::Submission(..) => timer
                .submission()
                .map_or(Stop::NotFound, |(ring, ticket)| stop(Some(self), &ring, ticket, by, why)),
            Target::Member(member) => member.stop(why),
        }
    }
}

impl Pool {
    /// Sets timers for the steps that follow for a call that has been signalled. Returns whether the call will be
    /// abandoned, as far as can be told now.
    pub(crate) fn escalate(&self, ring: &Arc<RingWork>, ticket: Ticket, escalation: Escalation) -> bool {
        let now_ns = now_ns();
        let set = |after_ns: u64, task| {
            self.set_timer(now_ns.saturating_add(after_ns), task, Target::call(ring, ticket))
        };
        if let Some(after_ns) = escalation.shutdown_ns {
            set(after_ns, Task::Shutdown(AGAIN_NS));
        }
        let Some(after_ns) = escalation.abandon_ns else { return false };
        if !ring.slots.get(ticket).may_be_abandoned() {
            return false;
        }
        // Read before the timer is set, because the timer's own abandonment may take the last place.
        let has_place = !self.limits.is_abandoned_full();
        set(after_ns, Task::Abandon(AGAIN_NS));
        has_place
    }

    /// Shuts down the call's socket, in a thread of its own: the thread that makes the call may hold a lock that the
    /// shutdown waits for.
    pub(crate) fn shut_down(&self, timer: &TimerEntry, wait_ns: u64) {
        let Some((ring, ticket)) = timer.submission() else { return };
        let slot = ring.slots.get(ticket);
        if slot.phase().has_ended(ticket.generation()) || !shutdown::is_socket(slot.fd()) {
            return;
        }
        // From here on the call keeps its state, so its descriptor is still in use by it.
        if !slot.phase().signal_again(ticket.generation()) {
            return self.later(timer, Task::Shutdown(next(wait_ns)), wait_ns);
        }
        let (own, fd) = (Arc::clone(&ring), slot.fd());
        let body = move || {
            shutdown::both_ways(fd);
            interrupt(&own, ticket, false);
        };
        let may_start = self.gate.as_ref().is_none_or(|gate| gate.0().is_ok());
        let is_started = may_start && spawn("syslet-shutdown", Box::new(body)).is_ok();
        if !is_started {
            interrupt(&ring, ticket, false);
            self.later(timer, Task::Shutdown(next(wait_ns)), wait_ns);
        }
        self.look_after(&ring, ticket);
    }

    /// Abandons a call that is still in its worker: its completion is posted, and another worker may take the place.
    pub(crate) fn abandon(&self, timer: &TimerEntry, wait_ns: u64) {
        let Some((ring, ticket)) = timer.submission() else { return };
        let (slot, generation) = (ring.slots.get(ticket), ticket.generation());
        if slot.phase().has_ended(generation) {
            return;
        }
        if !self.limits.abandon() {
            return self.later(timer, Task::Abandon(next(wait_ns)), wait_ns);
        }
        match slot.phase().abandon(generation) {
            Abandon::Abandoned => {
                self.count_as_blocked(slot.maker().tid);
                // Counted before the post: once its completion is seen, a call does not count as in flight.
                self.rings.finish_one();
                let is_reported = slot.is_reported();
                post_abandoned(&ring, slot, ticket);
                if is_reported {
                    slot.phase().abandonment_posted(generation);
                }
                self.wake_one();
            }
            Abandon::Busy => {
                self.limits.take_back();
                self.later(timer, Task::Abandon(next(wait_ns)), wait_ns);
            }
            Abandon::Over => self.limits.take_back(),
        }
    }

    /// Counts the worker of an abandoned call as blocked, if it does not count so already.
    fn count_as_blocked(&self, tid: u32) {
        for worker in self.rings.workers().iter().filter(|worker| worker.tid() == tid) {
            let glance = worker.stats.watch.glance();
            if glance.is_running() {
                // Counted before it is marked, as in the monitor's look: the worker gives the count back when it sees
                // the mark.
                self.scheduler.block();
                if !worker.stats.watch.mark(glance) {
                    self.scheduler.unblock();
                }
            }
        }
    }

    fn later(&self, timer: &TimerEntry, task: Task, wait_ns: u64) {
        self.set_timer(now_ns() + wait_ns, task, timer.of.clone());
    }
}

fn next(wait_ns: u64) -> u64 {
    (2 * wait_ns).min(AGAIN_NS_MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::slots::state::State;
    use crate::{Config, Engine, Params};

    /// CANCEL-8: a call is looked at again later while another thread holds its state, to shut its socket down; a
    /// call that is over is not.
    #[test]
    fn a_held_call_is_looked_at_again_later() {
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
                pool.serve_timers();
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
