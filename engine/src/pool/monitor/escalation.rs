//! What follows for calls that were signalled in vain: their socket is shut down, or they are given up (CANCEL-15 to 19).

use std::sync::Arc;

use crate::cancel::shutdown;
use crate::exec::unclaimed::post_abandoned;
use crate::pool::monitor::stops::{AGAIN_NS, AGAIN_NS_MAX};
use crate::pool::monitor::timers::{Task, TimerEntry, Whose};
use crate::pool::ring_work::RingWork;
use crate::pool::state::Pool;
use crate::pool::stop::interrupt;
use crate::ring::cancel::Escalation;
use crate::slots::Ticket;
use crate::slots::abandon::Abandon;
use crate::sys::clock::now_ns;
use crate::sys::thread::spawn;

impl Pool {
    /// Has done later what is asked for a call that has been signalled. Says whether it will be given up, as far as can be
    /// told now.
    pub(crate) fn escalate(&self, ring: &Arc<RingWork>, ticket: Ticket, escalation: Escalation) -> bool {
        let now_ns = now_ns();
        let set = |after_ns: u64, task| {
            self.set_alarm(now_ns.saturating_add(after_ns), task, Whose::call(ring, ticket))
        };
        if let Some(after_ns) = escalation.shutdown_ns {
            set(after_ns, Task::Shutdown(AGAIN_NS));
        }
        let Some(after_ns) = escalation.abandon_ns else { return false };
        if !ring.slots.get(ticket).may_be_abandoned() {
            return false;
        }
        // Before it is set: this one is not to find its own place taken.
        let has_place = !self.limits.is_given_up_full();
        set(after_ns, Task::Abandon(AGAIN_NS));
        has_place
    }

    /// In a thread of its own: who makes the call may hold what the shutdown waits for.
    pub(crate) fn shut_down(&self, alarm: &TimerEntry, wait_ns: u64) {
        let Some((ring, ticket)) = alarm.submission() else { return };
        let slot = ring.slots.get(ticket);
        if slot.phase().has_ended(ticket.generation()) || !shutdown::is_socket(slot.fd()) {
            return;
        }
        // From here on the call stays where it is, and its descriptor is what it was given.
        if !slot.phase().signal_again(ticket.generation()) {
            return self.later(alarm, Task::Shutdown(next(wait_ns)), wait_ns);
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
            self.later(alarm, Task::Shutdown(next(wait_ns)), wait_ns);
        }
        self.look_after(&ring, ticket);
    }

    /// Gives a call up, if it is still in its worker: its completion is posted, and another worker may take the place.
    pub(crate) fn abandon(&self, alarm: &TimerEntry, wait_ns: u64) {
        let Some((ring, ticket)) = alarm.submission() else { return };
        let (slot, generation) = (ring.slots.get(ticket), ticket.generation());
        if slot.phase().has_ended(generation) {
            return;
        }
        if !self.limits.give_up() {
            return self.later(alarm, Task::Abandon(next(wait_ns)), wait_ns);
        }
        match slot.phase().abandon(generation) {
            Abandon::Abandoned => {
                self.count_as_blocked(slot.maker().tid);
                // First: a call whose completion is seen must not count as in flight.
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
                self.later(alarm, Task::Abandon(next(wait_ns)), wait_ns);
            }
            Abandon::Over => self.limits.take_back(),
        }
    }

    /// A worker whose call is given up does not run, whatever is known of it.
    fn count_as_blocked(&self, tid: u32) {
        for worker in self.rings.seats().iter().filter(|worker| worker.tid() == tid) {
            let glance = worker.stats.watch.glance();
            if glance.is_running() {
                // Counted before it is marked, as by the starter's look.
                self.scheduler.block();
                if !worker.stats.watch.mark(glance) {
                    self.scheduler.unblock();
                }
            }
        }
    }

    fn later(&self, alarm: &TimerEntry, task: Task, wait_ns: u64) {
        self.set_alarm(now_ns() + wait_ns, task, alarm.of.clone());
    }
}

fn next(wait_ns: u64) -> u64 {
    (2 * wait_ns).min(AGAIN_NS_MAX)
}
