//! The starter: one thread that starts workers, and looks after those that are in calls.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::summons::{ASLEEP, CLOSE, SLOW};
use crate::clock::now_ns;
use crate::config::Config;
use crate::pool::board::{Sleeper, Work};
use crate::pool::shared::Pool;
use crate::pool::thread::{Thread, own_tid, spawn};
use crate::pool::worker::desk::Desk;
use crate::pool::worker::life;
use crate::pool::worker::seat::Seat;
use crate::pool::worker::watch::Glance;
use crate::port::Port;
use crate::run::known::Known;
use crate::submitter::confinement::Told;
use crate::sync::Ordering;
use crate::twin::Abilities;

/// Between two looks for the dead.
const SLOW_LOOK: Duration = Duration::from_millis(250);
/// It sleeps after so many slow looks at idle workers only.
const QUIET_LOOKS_MAX: u32 = 4;
/// It looks closely for so many looks after the last sign that it should.
const CLOSE_LOOKS: u32 = 16;
/// After a thread could not be started it waits for so long, and twice as long each time, up to the second.
const RETRY: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(128)];

/// Starts a pool: its starter, and through it the first worker.
pub(crate) fn start(config: &Config, known: Arc<Known>, twins: Abilities) -> nix::Result<Arc<Pool>> {
    let pool = Pool::new(config, known, twins);
    let (tell, told) = sync_channel(1);
    let shared = Arc::clone(&pool);
    let thread = spawn("syslet-starter", Box::new(move || run(shared, &tell)))?;
    let started = told.recv().unwrap_or(Err(nix::Error::EAGAIN));
    if started.is_err() {
        thread.join()
    } else {
        thread.detach()
    }
    started.map(|()| pool)
}

fn run(pool: Arc<Pool>, tell: &SyncSender<nix::Result<()>>) {
    pool.introduce();
    let mut keeper = Keeper {
        pool,
        crew: Vec::new(),
        ports: Vec::new(),
        number: 0,
        quiet: 0,
        close: CLOSE_LOOKS,
        retry: None,
    };
    keeper.pool.board.first();
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
    pool.starter.end();
}

/// What the starter knows.
struct Keeper {
    pool: Arc<Pool>,
    crew: Vec<Member>,
    /// Helping submitters at the last close look.
    ports: Vec<(Arc<Port>, Glance)>,
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
    seat: Arc<Seat>,
    thread: Thread,
    seen: Glance,
}

impl Keeper {
    fn keep(&mut self) {
        let mut last_slow = Instant::now();
        loop {
            self.serve();
            self.answer();
            self.pool.starter.alarmed.store(false, Ordering::Relaxed);
            self.pool.serve_alarms();
            let pool = Arc::clone(&self.pool);
            if last_slow.elapsed() >= SLOW_LOOK || pool.starter.left.swap(false, Ordering::Relaxed) {
                last_slow = Instant::now();
                self.look_for_the_dead();
            }
            if pool.board.is_closed() && self.crew.is_empty() && pool.leaving.is_empty() {
                return;
            }
            self.look_for_the_stuck();
            let (pace, timeout) = self.choose_pace();
            let timeout = self.until_alarm(timeout);
            let has_news = || {
                pool.starter.alarmed.load(Ordering::Relaxed)
                    || pool.starter.asked.load(Ordering::Relaxed)
                    || pool.starter.requests.load(Ordering::Relaxed) > 0
                    || pool.starter.left.load(Ordering::Relaxed)
                    || pool.starter.pace.load(Ordering::Relaxed) > pace
            };
            pool.starter.wake.sleep_unless(has_news, timeout);
        }
    }

    /// Tells submitters that ask what workers are.
    fn answer(&self) {
        let pool = &self.pool;
        pool.starter.answer(|| {
            pool.introduce();
            Told::of_this_thread(pool.confine).ok()
        });
    }

    /// Starts the workers that were asked for.
    fn serve(&mut self) {
        for _ in 0..self.pool.starter.requests.swap(0, Ordering::Relaxed) {
            if self.start_worker(false).is_err() {
                self.go_without();
            } else {
                self.retry = None;
                self.pool.board.bar(false);
            }
        }
        if self.retry.is_some_and(|(at, _)| Instant::now() >= at) {
            // Nothing is lost by asking again: whoever is needed is found by the board.
            self.retry = self
                .retry
                .map(|(_, next)| (Instant::now() + next, next))
                .filter(|_| self.pool.board.is_waiting());
            self.pool.board.bar(false);
            self.pool.rouse();
        }
    }

    /// A worker that was counted could not be started. Who has published meanwhile relies on it: to be tried again.
    fn go_without(&mut self) {
        // Before the count is given back: nobody is to ask again at once.
        self.pool.board.bar(true);
        self.pool.board.lose(true);
        self.pool.starter.refused.fetch_add(1, Ordering::Relaxed);
        let [first, longest] = RETRY;
        let wait = self.retry.map_or(first, |(_, next)| next);
        self.retry = Some((Instant::now() + wait, (2 * wait).min(longest)));
    }

    fn start_worker(&mut self, stays: bool) -> nix::Result<()> {
        if let Some(gate) = &self.pool.gate {
            gate.0().map_err(|errno| nix::Error::from_raw(errno.0))?;
        }
        self.number += 1;
        let desk = Desk::new(Arc::clone(&self.pool.known));
        let seat = Arc::new(Seat::new(stays, desk));
        let (pool, own) = (Arc::clone(&self.pool), Arc::clone(&seat));
        self.pool.roll.add_seat(Arc::clone(&seat));
        let body = move || {
            own.set_tid(own_tid().cast_unsigned());
            life::live(&pool, &own);
            pool.roll.remove_seat(&own);
            own.leave();
            pool.starter.leave();
        };
        match spawn(&format!("syslet-{}", self.number), Box::new(body)) {
            Ok(thread) => {
                self.crew.push(Member { seat, thread, seen: Glance::default() });
                Ok(())
            }
            Err(errno) => {
                self.pool.roll.remove_seat(&seat);
                Err(errno)
            }
        }
    }

    /// Joins threads that have ended, and cleans up behind those that died.
    fn look_for_the_dead(&mut self) {
        let mut at = 0;
        while at < self.crew.len() {
            let member = &mut self.crew[at];
            let has_left = member.seat.has_left();
            if has_left || member.thread.try_join() {
                let Member { seat, thread, .. } = self.crew.swap_remove(at);
                // Who has left ends any moment, if it has not.
                thread.join();
                if !seat.has_left() {
                    self.bury(&seat);
                }
            } else {
                at += 1;
            }
        }
    }

    /// Cleans up behind a worker that died.
    fn bury(&mut self, seat: &Arc<Seat>) {
        let pool = Arc::clone(&self.pool);
        if seat.face.watch.leave() {
            pool.board.unblock();
        }
        // First: whoever sees the completion must not find the place of the one that stays free.
        if seat.stays() {
            pool.board.succeed();
        } else {
            pool.board.lose(false);
        }
        let port = seat.bury(&pool);
        pool.roll.remove_seat(seat);
        if seat.stays() && self.start_worker(true).is_err() {
            self.go_without();
        }
        port.inspect(|port| pool.offer(port));
    }

    /// Marks calls that are still the same as at the last look.
    fn look_for_the_stuck(&mut self) {
        if self.pool.starter.pace.load(Ordering::Relaxed) != CLOSE {
            return;
        }
        for member in &mut self.crew {
            let glance = member.seat.face.watch.glance();
            let is_stuck = glance == std::mem::replace(&mut member.seen, glance) && glance.is_running();
            if is_stuck {
                // Counted before it is marked: the worker takes it back when it sees the mark.
                let is_wanted = self.pool.board.block();
                if !member.seat.face.watch.mark(glance) {
                    self.pool.board.unblock();
                } else if is_wanted {
                    self.pool.rouse();
                }
            }
        }
        self.look_at_submitters();
    }

    /// Gives the rings of helping submitters that are stuck to the workers.
    fn look_at_submitters(&mut self) {
        let before = std::mem::take(&mut self.ports);
        for port in self.pool.roll.ports() {
            let glance = port.submitter.watch.glance();
            if !glance.is_inside() {
                continue;
            }
            let is_stuck = before.iter().any(|(other, seen)| Arc::ptr_eq(other, &port) && *seen == glance);
            if is_stuck && self.may_relieve(&port, glance) {
                self.pool.offer(&port);
            }
            self.ports.push((port, glance));
        }
    }

    /// Whether workers may have what waits in a ring whose thread is in the call seen at that glance. What it has published
    /// without being compared is opened to them if it is as they are, now that it cannot change.
    fn may_relieve(&self, port: &Arc<Port>, glance: Glance) -> bool {
        let reach = port.reach();
        let is_equal = port.has_shared_work() && port.submitter.outside.is_equal(&self.pool);
        if is_equal && port.submitter.watch.glance() == glance {
            port.open_to(reach);
        }
        port.has_work()
    }

    /// How often to look from now on.
    fn choose_pace(&mut self) -> (u32, Option<Duration>) {
        let starter = &self.pool.starter;
        if self.is_pressed() {
            self.close = CLOSE_LOOKS;
            starter.raise(CLOSE);
        } else if starter.pace.load(Ordering::Relaxed) == CLOSE {
            self.close = self.close.checked_sub(1).unwrap_or(CLOSE_LOOKS);
            if self.close == 0 {
                starter.pace.store(SLOW, Ordering::Relaxed);
                self.ports.clear();
            }
        }
        if starter.pace.load(Ordering::Relaxed) == CLOSE {
            return (CLOSE, Some(self.pool.limits.stall));
        }
        let is_quiet = self.pool.board.count().is_idle();
        self.quiet = if is_quiet { self.quiet + 1 } else { 0 };
        let until_retry = self.retry.map(|(at, _)| at.saturating_duration_since(Instant::now()));
        if self.quiet < QUIET_LOOKS_MAX || until_retry.is_some() {
            return (SLOW, Some(until_retry.map_or(SLOW_LOOK, |wait| wait.min(SLOW_LOOK))));
        }
        starter.pace.store(ASLEEP, Ordering::Relaxed);
        // The count takes the board's lock: who has stirred before it is seen, who stirs after it sees the pace.
        if !self.pool.board.count().is_idle() {
            starter.raise(SLOW);
        }
        (ASLEEP, None)
    }

    /// The time until the first alarm, if that comes before.
    fn until_alarm(&self, timeout: Option<Duration>) -> Option<Duration> {
        let Some(first_ns) = self.pool.alarms.first_ns() else { return timeout };
        let left = Duration::from_nanos(first_ns.saturating_sub(now_ns()));
        Some(timeout.map_or(left, |timeout| timeout.min(left)))
    }

    /// Whether work waits behind a call that could get stuck.
    fn is_pressed(&self) -> bool {
        let is_theirs = |port: &Arc<Port>| port.is_listed() && port.is_open(port.submissions.published());
        let is_helper_in_a_call = |(port, _): &(Arc<Port>, Glance)| port.has_any_work() && !is_theirs(port);
        self.pool.board.is_at_risk() || self.ports.iter().any(is_helper_in_a_call)
    }
}
