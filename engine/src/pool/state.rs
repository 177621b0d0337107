//! What all threads of a pool share: the board's decisions, carried out.

use std::sync::{Arc, Weak};

use crate::config::{Config, SpawnGate};
use crate::confinement::Reference;
use crate::engine::Stats;
use crate::exec::attribute_context::AttributeContext;
use crate::nonblocking::Abilities;
use crate::pool::leaving::Leaving;
use crate::pool::limits::Limits;
use crate::pool::monitor::summons::MonitorRequests;
use crate::pool::monitor::timers::TimerQueue;
use crate::pool::rings::RingList;
use crate::pool::scheduler::{Count, Scheduler, Sleeper, WakeOne, Work};
use crate::pool::worker::worker::Worker;
use crate::queues::lanes::{Crew, Lanes};
use crate::queues::ring_state::RingState;
use crate::sys::activity::Activity;
use crate::sys::sync::AtomicBool;

/// What all threads of one pool share.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) limits: Limits,
    pub(crate) scheduler: Scheduler<RingState, Worker>,
    pub(crate) rings: RingList,
    pub(crate) monitor: MonitorRequests,
    pub(crate) timers: TimerQueue,
    pub(crate) lanes: Arc<Lanes<RingState>>,
    pub(crate) context: Arc<AttributeContext>,
    pub(crate) abilities: Abilities,
    /// What submitters are compared with.
    pub(crate) reference: Reference,
    pub(crate) gate: Option<SpawnGate>,
    pub(crate) leaving: Leaving,
    /// Ways out of programs are to end soon.
    pub(crate) haste: AtomicBool,
    pub(crate) me: Weak<Pool>,
}

impl Pool {
    /// A pool without threads.
    pub(crate) fn new(config: &Config, context: Arc<AttributeContext>, abilities: Abilities) -> Arc<Pool> {
        let monitor = MonitorRequests::new();
        let reference = Reference::new(config.confine, abilities, Arc::clone(&monitor.wake));
        Arc::new_cyclic(|pool| Pool {
            limits: Limits::new(&config.limits),
            scheduler: Scheduler::new(),
            rings: RingList::new(),
            monitor,
            timers: TimerQueue::new(),
            lanes: Arc::new(Lanes::new(Weak::<Pool>::clone(pool))),
            context,
            abilities,
            reference,
            gate: config.gate.clone(),
            leaving: Leaving::default(),
            haste: AtomicBool::new(false),
            me: Weak::clone(pool),
        })
    }

    /// A ring has work that its submitter does not do itself, or not alone (POOL-10). When nobody comes any more, it
    /// ends here: whoever has closed the pool may have looked into this ring before.
    pub(crate) fn offer(&self, ring: &Arc<RingState>) {
        let is_alone = self.scheduler.announce(ring);
        if self.scheduler.is_closed() {
            self.refuse_queued(ring);
        } else if is_alone {
            self.wake_one();
        }
    }

    /// Brings somebody to the work that is listed, if that is wanted.
    pub(crate) fn wake_one(&self) {
        match self.scheduler.wake_one(self.limits.quota(), || self.rings.in_flight()) {
            WakeOne::Nobody => {}
            WakeOne::Wake(worker) => {
                worker.call();
                self.monitor.stir();
            }
            WakeOne::Start => self.monitor.request(),
            WakeOne::Held => self.monitor.watch_closely(),
        }
    }

    /// The last that searched has found something in this ring: is there enough for another one?
    pub(crate) fn fan_out(&self, ring: &RingState) {
        if self.scheduler.listed() > 1 || ring.has_backlog() {
            self.wake_one();
        }
    }

    /// Whether there is work besides what a worker has just claimed from this ring; a glance.
    pub(crate) fn has_work_besides(&self, ring: &RingState) -> bool {
        ring.has_work() || self.scheduler.listed() > 1
    }

    /// Another worker may search, as long as a CPU is left for who publishes.
    pub(crate) fn begin_search(&self) -> bool {
        self.scheduler.begin_search(self.limits.quota().runnable_max.saturating_sub(1).max(1))
    }

    /// Whether more workers run than should.
    pub(crate) fn is_crowded(&self) -> bool {
        self.scheduler.count().is_crowded(self.limits.quota())
    }

    /// Work waits for a worker that runs: should that get stuck, somebody has to notice soon.
    pub(crate) fn watch_closely(&self) {
        self.monitor.watch_closely();
    }

    /// The calling worker is about to make a call that may sleep. If it does for sure, the worker counts as blocked,
    /// and another may take its place; else somebody has to see whether it does, if others wait.
    pub(crate) fn brace(&self, watch: &Activity, sleeps: bool, has_more: bool) {
        if sleeps {
            if watch.block() && self.scheduler.block() {
                self.wake_one();
            }
        } else if has_more {
            self.watch_closely();
        }
    }

    /// The calling worker runs again, if it was blocked; says so.
    pub(crate) fn unblock_if(&self, was_blocked: bool) -> bool {
        if was_blocked {
            self.scheduler.unblock();
        }
        was_blocked
    }

    /// Whether nothing is run any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.scheduler.is_closed()
    }

    /// A ring is opened.
    pub(crate) fn join(&self, ring: Arc<RingState>) {
        self.rings.add_port(ring);
    }

    /// A ring is dropped, and nothing is queued in it any more.
    pub(crate) fn part(&self, ring: &Arc<RingState>) {
        self.scheduler.forget(ring);
        self.rings.remove_port(ring);
    }

    pub(crate) fn set_workers_max(&self, workers_max: u32) {
        self.limits.set_workers_max(workers_max);
        // More may be started for what waits; those that are too many are called, so that they see it.
        self.scheduler
            .call_superfluous(workers_max.saturating_add(self.limits.abandoned()))
            .iter()
            .for_each(|worker| worker.call());
        self.wake_one();
    }

    pub(crate) fn set_runnable_max(&self, runnable_max: u32) {
        self.limits.set_runnable_max(runnable_max);
        self.wake_one();
    }

    pub(crate) fn stats(&self) -> Stats {
        let Count { workers, idle, blocked } = self.scheduler.count();
        let abandoned = self.limits.abandoned();
        Stats {
            workers: workers.saturating_sub(abandoned),
            idle,
            blocked: blocked.saturating_sub(abandoned),
            abandoned,
            spawns_refused: self.monitor.refused(),
            in_flight: self.rings.in_flight(),
        }
    }
}

impl Crew<RingState> for Pool {
    fn offer(&self, ring: &Arc<RingState>) {
        Pool::offer(self, ring);
    }

    fn is_closed(&self) -> bool {
        Pool::is_closed(self)
    }
}
