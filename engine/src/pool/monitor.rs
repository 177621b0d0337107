//! The starter: one thread that starts workers, and looks after those that are in calls.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::exec::attributes::AttributeContext;
use crate::nonblocking::Abilities;
use crate::pool::monitor_requests::{ASLEEP, CLOSE, SLOW};
use crate::pool::ring_work::RingWork;
use crate::pool::scheduler::{Sleeper, Work};
use crate::pool::state::Pool;
use crate::pool::work;
use crate::pool::worker::Worker;
use crate::pool::worker::WorkerLocal;
use crate::sys::activity::Glance;
use crate::sys::clock::now_ns;
use crate::sys::sync::Ordering;
use crate::sys::thread::{Thread, own_tid, spawn};

/// Between two looks for the dead.
const SLOW_LOOK: Duration = Duration::from_millis(250);
/// It sleeps after so many slow looks at idle workers only.
const QUIET_LOOKS_MAX: u32 = 4;
/// It looks closely for so many looks after the last sign that it should.
const CLOSE_LOOKS: u32 = 16;
/// After a thread could not be started it waits for so long, and twice as long each time, up to the second.
const RETRY: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(128)];

/// Starts a pool: its starter, and through it the first worker.
pub(crate) fn start(
    config: &Config,
    context: Arc<AttributeContext>,
    abilities: Abilities,
) -> nix::Result<Arc<Pool>> {
    let pool = Pool::new(config, context, abilities);
    let (tell, told) = sync_channel(1);
    let shared = Arc::clone(&pool);
    let thread = spawn("syslet-monitor", Box::new(move || run(shared, &tell)))?;
    let started = told.recv().unwrap_or(Err(nix::Error::EAGAIN));
    if started.is_err() {
        thread.join()
    } else {
        thread.detach()
    }
    started.map(|()| pool)
}

fn run(pool: Arc<Pool>, tell: &SyncSender<nix::Result<()>>) {
    pool.reference.renew();
    let mut keeper = Keeper {
        pool,
        crew: Vec::new(),
        rings: Vec::new(),
        number: 0,
        quiet: 0,
        close: CLOSE_LOOKS,
        retry: None,
    };
    keeper.pool.scheduler.first();
    let first = keeper.start_worker(true);
    let failed = first.is_err();
    // Who waits for it has not gone.
    let _ = tell.send(first);
    if failed {
        return;
    }
    keeper.keep();
    // Nothing of the pool is held by this thread any more when it says so.
    let Keeper { pool, .. } = keeper;
    pool.monitor.end();
}

/// What the starter knows.
struct Keeper {
    pool: Arc<Pool>,
    crew: Vec<Member>,
    /// Helping submitters at the last close look.
    rings: Vec<(Arc<RingWork>, Glance)>,
    /// Of the last worker started.
    number: u32,
    /// Slow looks in a row at idle workers only.
    quiet: u32,
    /// Close looks left.
    close: u32,
    /// When to try again after a refusal, and how long to wait after the next.
    retry: Option<(Instant, Duration)>,
}

struct Member {
    worker: Arc<Worker>,
    thread: Thread,
    seen: Glance,
}

impl Keeper {
    fn keep(&mut self) {
        let mut last_slow = Instant::now();
        loop {
            self.serve();
            self.pool.reference.answer();
            self.pool.monitor.alarmed.store(false, Ordering::Relaxed);
            self.pool.serve_alarms();
            let pool = Arc::clone(&self.pool);
            if last_slow.elapsed() >= SLOW_LOOK || pool.monitor.left.swap(false, Ordering::Relaxed) {
                last_slow = Instant::now();
                self.look_for_the_dead();
            }
            if pool.scheduler.is_closed() && self.crew.is_empty() && pool.leaving.is_empty() {
                return;
            }
            self.look_for_the_stuck();
            let (pace, timeout) = self.choose_pace();
            let timeout = self.until_alarm(timeout);
            let has_news = || {
                pool.monitor.alarmed.load(Ordering::Relaxed)
                    || pool.reference.is_asked()
                    || pool.monitor.requests.load(Ordering::Relaxed) > 0
                    || pool.monitor.left.load(Ordering::Relaxed)
                    || pool.monitor.pace.load(Ordering::Relaxed) > pace
            };
            pool.monitor.wake.sleep_unless(has_news, timeout);
        }
    }

    /// Starts the workers that were asked for.
    fn serve(&mut self) {
        for _ in 0..self.pool.monitor.requests.swap(0, Ordering::Relaxed) {
            if self.start_worker(false).is_err() {
                self.go_without();
            } else {
                self.retry = None;
                self.pool.scheduler.bar(false);
            }
        }
        if self.retry.is_some_and(|(at, _)| Instant::now() >= at) {
            // Nothing is lost by asking again: whoever is needed is found by the board.
            self.retry = self
                .retry
                .map(|(_, next)| (Instant::now() + next, next))
                .filter(|_| self.pool.scheduler.is_waiting());
            self.pool.scheduler.bar(false);
            self.pool.wake_one();
        }
    }

    /// A worker that was counted could not be started. Who has published meanwhile relies on it: to be tried again.
    fn go_without(&mut self) {
        // Before the count is given back: nobody is to ask again at once.
        self.pool.scheduler.bar(true);
        self.pool.scheduler.lose(true);
        self.pool.monitor.refused.fetch_add(1, Ordering::Relaxed);
        let [first, longest] = RETRY;
        let wait = self.retry.map_or(first, |(_, next)| next);
        self.retry = Some((Instant::now() + wait, (2 * wait).min(longest)));
    }

    fn start_worker(&mut self, stays: bool) -> nix::Result<()> {
        if let Some(gate) = &self.pool.gate {
            gate.0().map_err(|errno| nix::Error::from_raw(errno.0))?;
        }
        self.number += 1;
        let local = WorkerLocal::new(Arc::clone(&self.pool.context));
        let worker = Arc::new(Worker::new(stays, local));
        let (pool, own) = (Arc::clone(&self.pool), Arc::clone(&worker));
        self.pool.rings.add_seat(Arc::clone(&worker));
        let body = move || {
            own.set_tid(own_tid().cast_unsigned());
            work::live(&pool, &own);
            pool.rings.remove_seat(&own);
            own.leave();
            pool.monitor.leave();
        };
        match spawn(&format!("syslet-{}", self.number), Box::new(body)) {
            Ok(thread) => {
                self.crew.push(Member { worker, thread, seen: Glance::default() });
                Ok(())
            }
            Err(errno) => {
                self.pool.rings.remove_seat(&worker);
                Err(errno)
            }
        }
    }

    /// Joins threads that have ended, and cleans up behind those that died.
    fn look_for_the_dead(&mut self) {
        let mut at = 0;
        while at < self.crew.len() {
            let member = &mut self.crew[at];
            let has_left = member.worker.has_left();
            if has_left || member.thread.try_join() {
                let Member { worker, thread, .. } = self.crew.swap_remove(at);
                // Who has left ends any moment, if it has not.
                thread.join();
                if !worker.has_left() {
                    self.reap(&worker);
                }
            } else {
                at += 1;
            }
        }
    }

    /// Cleans up behind a worker that died.
    fn reap(&mut self, worker: &Arc<Worker>) {
        let pool = Arc::clone(&self.pool);
        if worker.stats.watch.leave() {
            pool.scheduler.unblock();
        }
        // First: whoever sees the completion must not find the place of the one that stays free.
        if worker.stays() {
            pool.scheduler.succeed();
        } else {
            pool.scheduler.lose(false);
        }
        let ring = worker.reap(&pool);
        pool.rings.remove_seat(worker);
        if worker.stays() && self.start_worker(true).is_err() {
            self.go_without();
        }
        ring.inspect(|ring| pool.offer(ring));
    }

    /// Marks calls that are still the same as at the last look.
    fn look_for_the_stuck(&mut self) {
        if self.pool.monitor.pace.load(Ordering::Relaxed) != CLOSE {
            return;
        }
        for member in &mut self.crew {
            let glance = member.worker.stats.watch.glance();
            let is_stuck = glance == std::mem::replace(&mut member.seen, glance) && glance.is_running();
            if is_stuck {
                // Counted before it is marked: the worker takes it back when it sees the mark.
                let is_wanted = self.pool.scheduler.block();
                if !member.worker.stats.watch.mark(glance) {
                    self.pool.scheduler.unblock();
                } else if is_wanted {
                    self.pool.wake_one();
                }
            }
        }
        self.look_at_submitters();
    }

    /// Gives the rings of helping submitters that are stuck to the workers.
    fn look_at_submitters(&mut self) {
        let before = std::mem::take(&mut self.rings);
        for ring in self.pool.rings.rings() {
            let glance = ring.submitter.watch.glance();
            if !glance.is_inside() {
                continue;
            }
            let is_stuck = before.iter().any(|(other, seen)| Arc::ptr_eq(other, &ring) && *seen == glance);
            if is_stuck && self.may_relieve(&ring, glance) {
                self.pool.offer(&ring);
            }
            self.rings.push((ring, glance));
        }
    }

    /// Whether workers may have what waits in a ring whose thread is in the call seen at that glance. What it has published
    /// without being compared is opened to them if it is as they are, now that it cannot change.
    fn may_relieve(&self, ring: &Arc<RingWork>, glance: Glance) -> bool {
        let reach = ring.reach();
        let is_equal = ring.has_shared_work() && self.pool.reference.sees_equal(ring.number);
        if is_equal && ring.submitter.watch.glance() == glance {
            ring.open_to(reach);
        }
        ring.has_work()
    }

    /// How often to look from now on.
    fn choose_pace(&mut self) -> (u32, Option<Duration>) {
        let monitor = &self.pool.monitor;
        if self.is_pressed() {
            self.close = CLOSE_LOOKS;
            monitor.raise(CLOSE);
        } else if monitor.pace.load(Ordering::Relaxed) == CLOSE {
            self.close = self.close.checked_sub(1).unwrap_or(CLOSE_LOOKS);
            if self.close == 0 {
                monitor.pace.store(SLOW, Ordering::Relaxed);
                self.rings.clear();
            }
        }
        if monitor.pace.load(Ordering::Relaxed) == CLOSE {
            return (CLOSE, Some(self.pool.limits.stall));
        }
        let is_quiet = self.pool.scheduler.count().is_idle();
        self.quiet = if is_quiet { self.quiet + 1 } else { 0 };
        let until_retry = self.retry.map(|(at, _)| at.saturating_duration_since(Instant::now()));
        if self.quiet < QUIET_LOOKS_MAX || until_retry.is_some() {
            return (SLOW, Some(until_retry.map_or(SLOW_LOOK, |wait| wait.min(SLOW_LOOK))));
        }
        monitor.pace.store(ASLEEP, Ordering::Relaxed);
        // The count takes the board's lock: who has stirred before it is seen, who stirs after it sees the pace.
        if !self.pool.scheduler.count().is_idle() {
            monitor.raise(SLOW);
        }
        (ASLEEP, None)
    }

    /// The time until the first alarm, if that comes before.
    fn until_alarm(&self, timeout: Option<Duration>) -> Option<Duration> {
        let Some(first_ns) = self.pool.timers.first_ns() else { return timeout };
        let left = Duration::from_nanos(first_ns.saturating_sub(now_ns()));
        Some(timeout.map_or(left, |timeout| timeout.min(left)))
    }

    /// Whether work waits behind a call that could get stuck.
    fn is_pressed(&self) -> bool {
        let is_theirs = |ring: &Arc<RingWork>| ring.is_listed() && ring.is_open(ring.submissions.published());
        let is_helper_in_a_call =
            |(ring, _): &(Arc<RingWork>, Glance)| ring.has_any_work() && !is_theirs(ring);
        self.pool.scheduler.is_at_risk() || self.rings.iter().any(is_helper_in_a_call)
    }
}
