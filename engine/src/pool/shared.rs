//! What all threads of a pool share: the board's decisions, carried out.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Instant;

use super::board::{Board, Count, Rouse, Sleeper, Work};
use super::leaving::Leaving;
use super::limits::Limits;
use super::roll::Roll;
use super::starter::alarms::Alarms;
use super::starter::summons::Starter;
use super::worker::seat::Seat;
use super::worker::watch::Watch;
use crate::config::{Config, SpawnGate};
use crate::engine::Stats;
use crate::port::Port;
use crate::queue::lanes::{Crew, Lanes};
use crate::run::known::Known;
use crate::submitter::confinement::{Confine, Stamp, Told, Workers};
use crate::sync::AtomicBool;
use crate::twin::Abilities;

/// What all threads of one pool share.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) limits: Limits,
    pub(super) board: Board<Port, Seat>,
    pub(super) roll: Roll,
    pub(super) starter: Starter,
    pub(super) alarms: Alarms,
    pub(crate) lanes: Arc<Lanes<Port>>,
    pub(super) known: Arc<Known>,
    pub(super) twins: Abilities,
    /// What workers may do, as far as the starter has found out how to tell.
    workers: RwLock<Option<Arc<Workers>>>,
    pub(super) confine: Confine,
    /// The thread's that has started the engine.
    stamp: u64,
    pub(super) gate: Option<SpawnGate>,
    pub(super) leaving: Leaving,
    /// Ways out of programs are to end soon.
    pub(super) haste: AtomicBool,
    pub(super) me: Weak<Pool>,
}

impl Pool {
    /// A pool without threads.
    pub(super) fn new(config: &Config, known: Arc<Known>, twins: Abilities) -> Arc<Pool> {
        Arc::new_cyclic(|pool| Pool {
            limits: Limits::new(&config.limits),
            board: Board::new(),
            roll: Roll::new(),
            starter: Starter::new(),
            alarms: Alarms::new(),
            lanes: Arc::new(Lanes::new(Weak::<Pool>::clone(pool))),
            known,
            twins,
            workers: RwLock::default(),
            confine: config.confine,
            stamp: Stamp::of_this_thread().get(),
            gate: config.gate.clone(),
            leaving: Leaving::default(),
            haste: AtomicBool::new(false),
            me: Weak::clone(pool),
        })
    }

    /// A ring has work that its submitter does not do itself, or not alone (POOL-10). When nobody comes any more, it
    /// ends here: whoever has closed the pool may have looked into this ring before.
    pub(crate) fn offer(&self, port: &Arc<Port>) {
        let is_alone = self.board.announce(port);
        if self.board.is_closed() {
            self.refuse_queued(port);
        } else if is_alone {
            self.rouse();
        }
    }

    /// Brings somebody to the work that is listed, if that is wanted.
    pub(super) fn rouse(&self) {
        match self.board.rouse(self.limits.quota(), || self.roll.in_flight()) {
            Rouse::Nobody => {}
            Rouse::Wake(seat) => {
                seat.call();
                self.starter.stir();
            }
            Rouse::Start => self.starter.request(),
            Rouse::Held => self.starter.watch_closely(),
        }
    }

    /// The last that searched has found something in this ring: is there enough for another one?
    pub(super) fn fan_out(&self, port: &Port) {
        if self.board.listed() > 1 || port.has_backlog() {
            self.rouse();
        }
    }

    /// Whether there is work besides what a worker has just claimed from this ring; a glance.
    pub(super) fn has_work_besides(&self, port: &Port) -> bool {
        port.has_work() || self.board.listed() > 1
    }

    /// Another worker may search, as long as a CPU is left for who publishes.
    pub(super) fn begin_search(&self) -> bool {
        self.board.begin_search(self.limits.quota().runnable_max.saturating_sub(1).max(1))
    }

    /// Whether more workers run than should.
    pub(super) fn is_crowded(&self) -> bool {
        self.board.count().is_crowded(self.limits.quota())
    }

    /// Work waits for a worker that runs: should that get stuck, somebody has to notice soon.
    pub(crate) fn watch_closely(&self) {
        self.starter.watch_closely();
    }

    /// The calling worker is about to make a call that may sleep. If it does for sure, the worker counts as blocked,
    /// and another may take its place; else somebody has to see whether it does, if others wait.
    pub(crate) fn brace(&self, watch: &Watch, sleeps: bool, has_more: bool) {
        if sleeps {
            if watch.block() && self.board.block() {
                self.rouse();
            }
        } else if has_more {
            self.watch_closely();
        }
    }

    /// The calling worker runs again, if it was blocked; says so.
    pub(super) fn unblock_if(&self, was_blocked: bool) -> bool {
        if was_blocked {
            self.board.unblock();
        }
        was_blocked
    }

    /// Whether nothing is run any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.board.is_closed()
    }

    /// What workers are; `None` as long as the system lacks what is needed to compare a thread with them.
    pub(crate) fn workers(&self) -> Option<Arc<Workers>> {
        self.workers.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Called by the starter: finds out what workers are, as it is itself.
    pub(super) fn introduce(&self) {
        let known = self.workers();
        if known.as_ref().is_some_and(|known| known.is_whole()) {
            return;
        }
        if let Ok(workers) = Workers::of_this_thread(self.twins, known.as_deref()) {
            *self.workers.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(workers));
            // The application has closed something of it: its numbers may be other files' by now.
            known.into_iter().for_each(std::mem::forget);
        }
    }

    /// What the starter says of itself now; nothing when it does not answer in time.
    pub(crate) fn ask_starter(&self, until: Option<Instant>) -> Option<Told> {
        self.starter.ask(until)
    }

    pub(crate) fn confine(&self) -> Confine {
        self.confine
    }

    /// The stamp that a thread has which is as the workers are.
    pub(crate) fn stamp(&self) -> u64 {
        self.stamp
    }

    /// A ring is opened.
    pub(crate) fn join(&self, port: Arc<Port>) {
        self.roll.add_port(port);
    }

    /// A ring is dropped, and nothing is queued in it any more.
    pub(crate) fn part(&self, port: &Arc<Port>) {
        self.board.forget(port);
        self.roll.remove_port(port);
    }

    pub(crate) fn set_workers_max(&self, workers_max: u32) {
        self.limits.set_workers_max(workers_max);
        // More may be started for what waits; those that are too many are called, so that they see it.
        self.board
            .call_superfluous(workers_max.saturating_add(self.limits.given_up()))
            .iter()
            .for_each(|seat| seat.call());
        self.rouse();
    }

    pub(crate) fn set_runnable_max(&self, runnable_max: u32) {
        self.limits.set_runnable_max(runnable_max);
        self.rouse();
    }

    pub(crate) fn stats(&self) -> Stats {
        let Count { workers, idle, blocked } = self.board.count();
        let abandoned = self.limits.given_up();
        Stats {
            workers: workers.saturating_sub(abandoned),
            idle,
            blocked: blocked.saturating_sub(abandoned),
            abandoned,
            spawns_refused: self.starter.refused(),
            in_flight: self.roll.in_flight(),
        }
    }
}

impl Crew<Port> for Pool {
    fn offer(&self, port: &Arc<Port>) {
        Pool::offer(self, port);
    }

    fn is_closed(&self) -> bool {
        Pool::is_closed(self)
    }
}
