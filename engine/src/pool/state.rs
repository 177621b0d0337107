//! The state that all threads of a pool share, and its operations for work that arrives and calls that end. Called by
//! submitters, workers, the monitor and the engine.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::thread::available_parallelism;
use std::time::Duration;

use syslet_attrs::Needs;

use crate::config::{Config, PoolLimits, SpawnGate};
use crate::confinement::Reference;
use crate::exec::attributes::AttributeContext;
use crate::nonblocking::{Abilities, Ability};
use crate::pool::leaving::Leaving;
use crate::pool::monitor_requests::MonitorRequests;
use crate::pool::parked::Inputs;
use crate::pool::ring_work::RingWork;
use crate::pool::rings::RingList;
use crate::pool::scheduler::{Count, Quota, Scheduler, Sleeper, WakeOne, Work};
use crate::pool::sharing::WAKES_MIN;
use crate::pool::sleep_queue::SleepQueue;
use crate::pool::timers::TimerQueue;
use crate::pool::wake_cost::WakeCost;
use crate::pool::worker::Worker;
use crate::program::{Host, Member, Team};
use crate::queues::lanes::{Lanes, Released};
use crate::slots::maker::Maker;
use crate::slots::phase::Stop;
use crate::slots::{Slot, Ticket};
use crate::sys::activity::Activity;
use crate::sys::clock::now_ns;
use crate::sys::hold::Watching;
use crate::sys::interrupt;
use crate::sys::sync::{AtomicBool, Mutex};

/// The state that all threads of one pool share.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) limits: Limits,
    pub(crate) scheduler: Scheduler<RingWork, Worker>,
    pub(crate) rings: RingList,
    /// Apart from the pool: a thread that tells of its end has let go of the pool before.
    pub(crate) monitor: Arc<MonitorRequests>,
    pub(crate) timers: TimerQueue,
    pub(crate) sleeps: SleepQueue,
    pub(crate) inputs: Inputs,
    pub(crate) lanes: Lanes<RingWork>,
    /// The reserve, once it was started.
    pub(crate) reserve: Mutex<Option<Arc<Worker>>>,
    pub(crate) context: Arc<AttributeContext>,
    pub(crate) abilities: Abilities,
    /// The workers' confinement, with which submitters are compared.
    pub(crate) reference: Reference,
    pub(crate) gate: Option<SpawnGate>,
    pub(crate) wake_cost: WakeCost,
    /// Whether submitters may be taken out of inline calls.
    pub(crate) may_kick: bool,
    /// Whether the monitor looks at inline calls.
    pub(crate) watching: Arc<Watching>,
    pub(crate) leaving: Arc<Leaving>,
    /// Whether programs on their way out have to end soon.
    pub(crate) haste: AtomicBool,
    pub(crate) me: Weak<Pool>,
}

/// The numbers of an engine's workers and calls, at one moment.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Workers, those being started included.
    pub workers: u32,
    /// Of these, the workers that wait for work.
    pub idle: u32,
    /// Of these, the workers in a call that sleeps, as far as is known.
    pub blocked: u32,
    /// Workers in abandoned calls; they are not among the others.
    pub abandoned: u32,
    /// Calls that sleep, or wait for input, without a worker.
    pub parked: u32,
    /// Threads that the system refused to start, since the engine was started.
    pub spawns_refused: u64,
    /// Inline calls that were taken from submitters by a signal, since the engine was started.
    pub kicks: u64,
    /// Calls that rings have accepted and that are not over.
    pub in_flight: u64,
}

impl Pool {
    /// A pool without threads.
    pub(crate) fn new(config: &Config, context: Arc<AttributeContext>, abilities: Abilities) -> Arc<Pool> {
        let monitor = Arc::new(MonitorRequests::new());
        let reference = Reference::new(config.confine, abilities, Arc::clone(&monitor.wake));
        let watching = {
            let monitor = Arc::clone(&monitor);
            Arc::new(Watching::new(move || monitor.watch_closely()))
        };
        Arc::new_cyclic(|pool| Pool {
            limits: Limits::new(&config.limits),
            scheduler: Scheduler::new(),
            rings: RingList::new(),
            monitor,
            timers: TimerQueue::new(),
            sleeps: SleepQueue::new(),
            inputs: Inputs::new(config.parks_input && abilities.has(Ability::Parking)),
            lanes: Lanes::new(),
            reserve: Mutex::new(None),
            context,
            abilities,
            reference,
            gate: config.gate.clone(),
            wake_cost: WakeCost::new(),
            may_kick: config.kick && interrupt::KICK.get().is_some(),
            watching,
            leaving: Arc::default(),
            haste: AtomicBool::new(false),
            me: Weak::clone(pool),
        })
    }

    /// Makes known that a ring has work that its submitter does not do itself, or not alone (POOL-10). Where the pool
    /// is closed, the work ends here: the thread that closed the pool may have looked into this ring before. The
    /// fence in `Scheduler::announce` (B1) pairs with that in `Scheduler::close`, so one of the two threads finds the
    /// work.
    pub(crate) fn offer(&self, ring: &Arc<RingWork>) {
        let is_alone = self.scheduler.announce(ring);
        if self.scheduler.is_closed() {
            self.refuse_queued(ring);
        } else if is_alone {
            self.wake_one();
        }
    }

    /// Takes a call off its lane: it is over, or was kept from beginning, and its completion is not posted yet. Rings
    /// that get work by that are added to `released`; the caller makes them known after the post, which does not wait
    /// for it.
    #[inline]
    pub(crate) fn ended(
        &self,
        ring: &RingWork,
        slot: &Slot,
        ticket: Ticket,
        released: &mut Released<RingWork>,
    ) {
        if slot.needs().contains(Needs::LANE) {
            if self.is_closed() {
                // Otherwise the ring with the lane's next call would be closed from inside of this one, and so on,
                // ever deeper.
                self.lanes.close();
            }
            self.lanes.leave(ring, ticket, released);
        }
    }

    /// Makes known the rings that got work when calls left their lanes.
    #[inline]
    pub(crate) fn make_known(&self, released: &mut Released<RingWork>) {
        if !released.is_empty() {
            released.make_known(|ring| self.offer(ring));
        }
    }

    /// What it costs a submitter to wake a worker for calls that it could run itself; `None` when no processor is likely
    /// free for that worker. The submitter has one itself, each runnable worker another.
    #[cold]
    pub(crate) fn wake_ns_if_free(&self) -> Option<u64> {
        let Count { workers, idle, blocked } = self.scheduler.count();
        let runnable = workers.saturating_sub(idle + blocked);
        let is_free = runnable < self.limits.quota().runnable_max.min(self.limits.cpus.saturating_sub(1));
        (is_free || self.limits.cpus > 1 && self.scheduler.is_searched()).then(|| self.wake_cost.ask())
    }

    /// Wakes or starts a worker for listed work, if one is wanted.
    pub(crate) fn wake_one(&self) {
        match self.scheduler.wake_one(self.limits.quota(), || self.rings.in_flight()) {
            WakeOne::Nothing => {}
            WakeOne::Wake(worker) => {
                worker.set_called_ns(now_ns());
                worker.call();
                self.monitor.stir();
            }
            WakeOne::Start => self.monitor.request(),
            WakeOne::Held => self.monitor.watch_closely(),
            WakeOne::Exhausted => self.call_reserve(),
        }
    }

    /// Whether calls that a worker could take are worth waking it: so many, of which each takes so long.
    pub(crate) fn is_worth_a_wake(&self, calls: u64, call_ns: u64) -> bool {
        calls.saturating_mul(call_ns) >= WAKES_MIN * self.wake_cost.ask()
    }

    /// Whether there is work besides the calls that a worker has just claimed from this ring; a glance.
    pub(crate) fn has_work_besides(&self, ring: &RingWork) -> bool {
        ring.has_work() || self.scheduler.listed() > 1
    }

    /// Counts another worker as searching, as long as a CPU is left for the threads that publish. Returns whether it
    /// may search.
    pub(crate) fn begin_search(&self) -> bool {
        self.scheduler.begin_search(self.limits.quota().runnable_max.saturating_sub(1).max(1))
    }

    /// Whether more workers run than the limit allows.
    pub(crate) fn is_crowded(&self) -> bool {
        self.scheduler.count().is_crowded(self.limits.quota())
    }

    /// Makes the monitor look closely: work waits for a worker that runs, and that could get stuck.
    pub(crate) fn watch_closely(&self) {
        self.monitor.watch_closely();
    }

    /// Prepares for a call of the calling worker that may sleep. If the call is known to sleep, the worker counts as
    /// blocked, and another may take its place. Otherwise the monitor has to see whether it sleeps, if other work
    /// waits.
    pub(crate) fn brace(&self, watch: &Activity, sleeps: bool, has_more: bool) {
        if sleeps {
            if watch.block() && self.scheduler.block() {
                self.wake_one();
            }
        } else if has_more {
            self.watch_closely();
        }
    }

    /// Counts the calling worker as running again, if it was blocked. Returns whether it was.
    pub(crate) fn unblock_if(&self, was_blocked: bool) -> bool {
        if was_blocked {
            self.scheduler.unblock();
        }
        was_blocked
    }

    /// Whether the pool is closed: no queued call is run any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.scheduler.is_closed()
    }

    /// Adds a ring that is opened.
    pub(crate) fn join(&self, ring: Arc<RingWork>) {
        self.rings.add_ring(ring);
    }

    /// Removes a ring that is dropped, and in which nothing is queued any more.
    pub(crate) fn part(&self, ring: &Arc<RingWork>) {
        self.scheduler.forget(ring);
        self.rings.remove_ring(ring);
    }

    pub(crate) fn set_workers_max(&self, workers_max: u32) {
        self.limits.set_workers_max(workers_max);
        // Another worker may be started for waiting work. Idle workers above the limit are woken, so that they see it
        // and end.
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
            parked: self.sleeps.count() + self.inputs.count(),
            spawns_refused: self.monitor.refused(),
            kicks: self.monitor.kicks.load(Ordering::Relaxed),
            in_flight: self.rings.in_flight(),
        }
    }
}

/// The pool as the programs of one ring use it.
#[derive(Debug)]
pub(crate) struct RingHost<'a> {
    pub(crate) pool: &'a Pool,
    pub(crate) ring: &'a Arc<RingWork>,
}

impl RingHost<'_> {
    /// The services for a thread that runs programs of the ring.
    pub(crate) fn team<'a>(&'a self, activity: &'a Activity, maker: Maker, may_share: bool) -> Team<'a> {
        Team { host: self, programs: &self.ring.programs, activity, maker, may_share }
    }
}

impl Host for RingHost<'_> {
    fn share(&self) {
        self.pool.offer(self.ring);
    }

    fn will_sleep(&self, activity: &Activity) {
        self.pool.brace(activity, true, true);
    }

    fn stop(&self, member: &Arc<Member>) -> Stop {
        self.pool.stop_member(member)
    }

    fn stop_at(&self, at_ns: u64, member: &Arc<Member>) {
        self.pool.stop_member_at(at_ns, member);
    }

    fn is_in_haste(&self) -> bool {
        self.pool.is_in_haste()
    }
}

/// The limits of a pool, which change while it runs. All are relaxed: each is a number alone, no data is published
/// through it, and a new value binds from the next decision that sees it.
#[derive(Debug)]
pub(crate) struct Limits {
    workers_max: AtomicU32,
    runnable_max: AtomicU32,
    abandoned_max: u32,
    /// Workers in abandoned calls.
    abandoned: AtomicU32,
    pub(crate) stall: Duration,
    pub(crate) idle: Duration,
    pub(crate) spin_ns: u64,
    /// CPUs that the process may use.
    pub(crate) cpus: u32,
}

impl Limits {
    pub(crate) fn new(limits: &PoolLimits) -> Limits {
        let cpus = available_parallelism().map_or(1, |cpus| u32::try_from(cpus.get()).unwrap_or(u32::MAX));
        Limits {
            workers_max: AtomicU32::new(limits.workers_max),
            runnable_max: AtomicU32::new(limits.runnable_max),
            abandoned_max: limits.abandoned_max,
            abandoned: AtomicU32::new(0),
            stall: Duration::from_nanos(limits.stall_ns),
            idle: Duration::from_nanos(limits.idle_ns),
            // On one CPU a thread that spins keeps the work from being done that it waits for.
            spin_ns: if cpus > 1 { limits.spin_ns } else { 0 },
            cpus,
        }
    }

    pub(crate) fn quota(&self) -> Quota {
        Quota {
            workers_max: self.workers_max.load(Ordering::Relaxed),
            runnable_max: self.runnable_max.load(Ordering::Relaxed),
            abandoned: self.abandoned(),
        }
    }

    /// Workers in abandoned calls.
    pub(crate) fn abandoned(&self) -> u32 {
        self.abandoned.load(Ordering::Relaxed)
    }

    /// Whether no other call can be abandoned for now.
    pub(crate) fn is_abandoned_full(&self) -> bool {
        self.abandoned() >= self.abandoned_max
    }

    /// Counts one more abandoned call. Returns false when there are as many as may be.
    pub(crate) fn abandon(&self) -> bool {
        let more = |abandoned| (abandoned < self.abandoned_max).then_some(abandoned + 1);
        self.abandoned.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Gives back the place of an abandoned call: its worker has returned, or the call was not abandoned after all.
    pub(crate) fn take_back(&self) {
        self.abandoned.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn set_workers_max(&self, workers_max: u32) {
        self.workers_max.store(workers_max, Ordering::Relaxed);
    }

    pub(crate) fn set_runnable_max(&self, runnable_max: u32) {
        self.runnable_max.store(runnable_max, Ordering::Relaxed);
    }
}
