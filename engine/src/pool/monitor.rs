//! The monitor: the thread that starts workers, joins them, serves timers, and watches calls that could be stuck.
//! Started by `Engine::start`.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::exec::attributes::AttributeContext;
use crate::nonblocking::Abilities;
use crate::pool::kicker::Kicker;
use crate::pool::monitor_requests::{ASLEEP, CLOSE, SLOW};
use crate::pool::poller;
use crate::pool::ring_work::RingWork;
use crate::pool::scheduler::{Sleeper, Work};
use crate::pool::state::Pool;
use crate::pool::worker::{Role, Worker, WorkerLocal};
use crate::pool::{reserve, work};
use crate::sys::activity::Glance;
use crate::sys::clock::now_ns;
use crate::sys::sync::{Ordering, lock};
use crate::sys::thread::{Thread, own_tid, spawn};

/// The time between two looks for dead workers.
const SLOW_LOOK: Duration = Duration::from_millis(250);
/// After so many slow looks at idle workers only, the monitor sleeps without a timeout.
const QUIET_LOOKS_MAX: u32 = 4;
/// The number of close looks after the last sign that they are needed.
const CLOSE_LOOKS: u32 = 16;
/// The wait after a thread could not be started: the first value, doubled after each refusal up to the second.
const RETRY: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(128)];

/// Starts a pool: its monitor, and through it the first worker.
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
    // This thread slept, and the monitor has woken it: a wake-up as a submitter pays it.
    if let Ok(called_ns) = started {
        pool.wake_cost.begin(now_ns().saturating_sub(called_ns));
    }
    if started.is_err() {
        thread.join()
    } else {
        thread.detach()
    }
    started.map(|_| pool)
}

fn run(pool: Arc<Pool>, tell: &SyncSender<nix::Result<u64>>) {
    pool.reference.renew();
    let mut monitor = Monitor {
        pool,
        members: Vec::new(),
        poller: None,
        rings: Vec::new(),
        number: 0,
        kicker: Kicker::default(),
        last_close: Instant::now(),
        quiet: 0,
        close: CLOSE_LOOKS,
        retry: None,
        reserve_retry: None,
        lacks_reserve: false,
    };
    monitor.pool.scheduler.first();
    let first = monitor.start_worker(Role::First);
    let failed = first.is_err();
    // `start` waits for this, so the receiver is there.
    let _ = tell.send(first.map(|()| now_ns()));
    if failed {
        return;
    }
    monitor.run_until_closed();
    let requests = Arc::clone(&monitor.pool.monitor);
    // First: when a close has seen the end, this thread holds nothing of the pool. Else its files could be closed later, by this
    // thread (POOL-48).
    drop(monitor);
    requests.end();
}

/// The monitor's own state.
struct Monitor {
    pool: Arc<Pool>,
    members: Vec<Member>,
    /// The thread that makes parked calls.
    poller: Option<Thread>,
    /// Submitters that were inside a wait at the last close look.
    rings: Vec<(Arc<RingWork>, Glance)>,
    /// Submitters that are held in inline calls.
    kicker: Kicker,
    /// When calls were last looked at for stalls.
    last_close: Instant,
    /// The number of the last worker started.
    number: u32,
    /// Slow looks in a row that found idle workers only.
    quiet: u32,
    /// Close looks left.
    close: u32,
    /// After a refusal: the time of the next try, and the wait after that one.
    retry: Option<(Instant, Duration)>,
    /// The same for the reserve, where it was asked for and is not there.
    reserve_retry: Option<(Instant, Duration)>,
    lacks_reserve: bool,
}

/// The next try after one more refusal, and the wait after that one.
fn later(before: Option<(Instant, Duration)>) -> (Instant, Duration) {
    let [first, longest] = RETRY;
    let wait = before.map_or(first, |(_, next)| next);
    (Instant::now() + wait, (2 * wait).min(longest))
}

struct Member {
    worker: Arc<Worker>,
    thread: Thread,
    seen: Glance,
}

impl Monitor {
    fn run_until_closed(&mut self) {
        let mut last_slow = Instant::now();
        loop {
            self.serve();
            self.pool.reference.answer();
            // Acquire: pairs with the release store in `MonitorRequests::timer_set`. A flag that is taken away here brings the
            // timer's time with it; a plain store could take the flag and still read the old time below.
            self.pool.monitor.timer_is_set.swap(false, Ordering::Acquire);
            self.pool.serve_timers();
            self.pool.serve_sleeps();
            self.see_to_poller();
            let pool = Arc::clone(&self.pool);
            // Acquire: pairs with the release store in `MonitorRequests::leave`. Without it the flag could be taken and the worker
            // that has ended be missed until the next look.
            if last_slow.elapsed() >= SLOW_LOOK || pool.monitor.left.swap(false, Ordering::Acquire) {
                last_slow = Instant::now();
                self.look_for_the_dead();
            }
            let is_empty = self.members.is_empty() && self.poller.is_none() && pool.leaving.is_empty();
            if pool.scheduler.is_closed() && is_empty && !self.kicker.is_about_to_kick(&pool) {
                return;
            }
            self.look_for_the_stuck();
            let (pace, timeout) = self.choose_pace();
            let timeout = self.until_timer(timeout);
            let has_news = || {
                pool.monitor.timer_is_set.load(Ordering::Relaxed)
                    || pool.reference.is_asked()
                    || pool.inputs.is_asked()
                    || pool.monitor.requests.load(Ordering::Relaxed) > 0
                    || pool.monitor.wants_reserve.load(Ordering::Relaxed)
                    || pool.monitor.left.load(Ordering::Relaxed)
                    || pool.monitor.pace.load(Ordering::Relaxed) > pace
            };
            pool.monitor.wake.sleep_unless(has_news, timeout);
        }
    }

    /// Starts the workers that were asked for. The swap of `requests` needs no ordering: `MonitorRequests::request`
    /// notifies after its addition, and the fences of `Wake` let this thread see the addition before it sleeps.
    fn serve(&mut self) {
        for _ in 0..self.pool.monitor.requests.swap(0, Ordering::Relaxed) {
            if self.start_worker(Role::Further).is_err() {
                self.go_without();
            } else {
                self.retry = None;
                self.pool.scheduler.bar(false);
            }
        }
        self.serve_reserve();
        if self.retry.is_some_and(|(at, _)| Instant::now() >= at) {
            // Asking again is enough: the scheduler finds the worker that listed work needs.
            self.retry = self
                .retry
                .map(|(_, next)| (Instant::now() + next, next))
                .filter(|_| self.pool.scheduler.is_waiting());
            self.pool.scheduler.bar(false);
            self.pool.wake_one();
        }
    }

    /// Starts the poller when the first call is parked, and joins it when it has left.
    fn see_to_poller(&mut self) {
        if self.pool.inputs.take_request() && !self.pool.is_closed() {
            let may_start = self.pool.gate.as_ref().is_none_or(|gate| gate.0().is_ok());
            let shared = Arc::clone(&self.pool);
            let body = Box::new(move || poller::live(shared));
            match may_start.then(|| spawn("syslet-poller", body)) {
                Some(Ok(thread)) => self.poller = Some(thread),
                _ => self.pool.give_up_inputs(),
            }
        }
        self.pool.serve_poller();
        if self.pool.is_closed() {
            self.pool.inputs.poke();
        }
        if self.pool.inputs.has_left()
            && let Some(poller) = self.poller.take()
        {
            poller.join();
            self.pool.serve_poller();
            self.pool.give_up_inputs();
        }
    }

    /// A worker that was counted could not be started. A publisher may count on it, so the start is tried again.
    fn go_without(&mut self) {
        // Before the count is given back, so that no thread asks again at once.
        self.pool.scheduler.bar(true);
        self.pool.scheduler.lose(true);
        self.pool.monitor.refused.fetch_add(1, Ordering::Relaxed);
        self.retry = Some(later(self.retry));
    }

    /// Starts the reserve if it is asked for, which has work at once. Where the system has just refused a worker it waits for better
    /// times; where the reserve was refused itself, it is tried at growing intervals.
    fn serve_reserve(&mut self) {
        self.lacks_reserve |= self.pool.monitor.wants_reserve.swap(false, Ordering::Relaxed);
        let is_due = self.retry.is_none() && self.reserve_retry.is_none_or(|(at, _)| Instant::now() >= at);
        if !self.lacks_reserve || !is_due {
            return;
        }
        let has_one = lock(&self.pool.reserve).is_some();
        if has_one || self.start_worker(Role::Reserve).is_ok() {
            (self.lacks_reserve, self.reserve_retry) = (false, None);
            self.pool.call_reserve();
        } else {
            self.pool.monitor.refused.fetch_add(1, Ordering::Relaxed);
            self.reserve_retry = Some(later(self.reserve_retry));
        }
    }

    fn start_worker(&mut self, role: Role) -> nix::Result<()> {
        if let Some(gate) = &self.pool.gate {
            gate.0().map_err(|errno| nix::Error::from_raw(errno.0))?;
        }
        let is_reserve = role == Role::Reserve;
        let local = if is_reserve { WorkerLocal::for_reserve } else { WorkerLocal::new };
        let worker = Arc::new(Worker::new(role, local(Arc::clone(&self.pool.context))));
        let (pool, own) = (Arc::clone(&self.pool), Arc::clone(&worker));
        self.pool.rings.add_worker(Arc::clone(&worker));
        let body = move || {
            own.set_tid(own_tid().cast_unsigned());
            if is_reserve {
                reserve::live(&pool, &own)
            } else {
                work::live(&pool, &own)
            }
            pool.rings.remove_worker(&own);
            own.leave();
            pool.monitor.leave();
        };
        self.number += u32::from(!is_reserve);
        let name = if is_reserve { "syslet-reserve".to_owned() } else { format!("syslet-{}", self.number) };
        match spawn(&name, Box::new(body)) {
            Ok(thread) => {
                if is_reserve {
                    *lock(&self.pool.reserve) = Some(Arc::clone(&worker));
                }
                self.members.push(Member { worker, thread, seen: Glance::default() });
                Ok(())
            }
            Err(errno) => {
                self.pool.rings.remove_worker(&worker);
                Err(errno)
            }
        }
    }

    /// Joins threads that have ended, and reaps workers that died.
    fn look_for_the_dead(&mut self) {
        let mut at = 0;
        while at < self.members.len() {
            let member = &mut self.members[at];
            let has_left = member.worker.has_left();
            if has_left || member.thread.try_join() {
                let Member { worker, thread, .. } = self.members.swap_remove(at);
                // A worker that has left ends at any moment, if it has not.
                thread.join();
                if !worker.has_left() {
                    self.reap(&worker);
                }
            } else {
                at += 1;
            }
        }
    }

    /// Reaps a worker that died: its calls end or go to another worker.
    fn reap(&mut self, worker: &Arc<Worker>) {
        let pool = Arc::clone(&self.pool);
        if worker.stats.watch.leave() {
            pool.scheduler.unblock();
        }
        // Before the completion is posted: a thread that sees it must not find the place of the permanent worker
        // free.
        if worker.role() == Role::Reserve {
            *lock(&pool.reserve) = None;
        } else if worker.stays() {
            pool.scheduler.succeed();
        } else {
            pool.scheduler.lose(false);
        }
        let ring = worker.reap(&pool);
        pool.rings.remove_worker(worker);
        if worker.stays() && self.start_worker(Role::First).is_err() {
            self.go_without();
        }
        ring.inspect(|ring| pool.offer(ring));
    }

    /// Counts as blocked the workers that are in the same call as at the last look.
    fn look_for_the_stuck(&mut self) {
        if self.pool.monitor.pace.load(Ordering::Relaxed) != CLOSE {
            return;
        }
        if !self.pool.scheduler.is_closed() {
            self.pool.watching.set(true);
        }
        if self.kicker.look(&self.pool) {
            self.close = CLOSE_LOOKS;
        }
        // Looks for kicks may come sooner.
        if self.last_close.elapsed() < self.pool.limits.stall {
            return;
        }
        self.last_close = Instant::now();
        for member in &mut self.members {
            let glance = member.worker.stats.watch.glance();
            let is_stuck = glance == std::mem::replace(&mut member.seen, glance) && glance.is_running();
            if is_stuck {
                // Counted before it is marked: the worker gives the count back when it sees the mark.
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

    /// Gives the rings of submitters that are stuck in an inline call to the workers.
    fn look_at_submitters(&mut self) {
        let before = std::mem::take(&mut self.rings);
        for ring in self.pool.rings.rings() {
            let glance = ring.lane.glance();
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

    /// Whether workers may take the calls that wait in a ring, when the ring's thread is in the call seen at that
    /// glance. Calls that it has published without a comparison are opened to workers if the thread equals them. A
    /// thread in a call cannot change itself, so the answer holds while the glance does.
    fn may_relieve(&self, ring: &Arc<RingWork>, glance: Glance) -> bool {
        let reach = ring.reach();
        let is_wanted = ring.has_shared_work() || ring.lane.left_behind() > 0;
        let is_equal = is_wanted && (ring.lane.is_open() || self.pool.reference.sees_equal(ring.number));
        if is_equal && ring.lane.glance() == glance {
            ring.open_to(reach);
            ring.take_private(glance);
        }
        ring.has_work()
    }

    /// The pace of the looks from now on, and the time until the next one.
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
                if self.kicker.stop(&self.pool) {
                    monitor.raise(CLOSE);
                }
            }
        }
        if monitor.pace.load(Ordering::Relaxed) == CLOSE {
            return (CLOSE, Some(self.pool.limits.stall.min(self.kicker.until_look(&self.pool))));
        }
        let is_quiet = self.pool.scheduler.count().is_idle();
        self.quiet = if is_quiet { self.quiet + 1 } else { 0 };
        let until_retry =
            self.retry.or(self.reserve_retry).map(|(at, _)| at.saturating_duration_since(Instant::now()));
        if self.quiet < QUIET_LOOKS_MAX || until_retry.is_some() {
            return (SLOW, Some(until_retry.map_or(SLOW_LOOK, |wait| wait.min(SLOW_LOOK))));
        }
        monitor.pace.store(ASLEEP, Ordering::Relaxed);
        // The count takes the scheduler's lock, as `Pool::wake_one` does before it calls `stir`. A caller that had
        // the lock before is seen in this count; a later caller sees the pace stored above, and raises it. Without
        // this look the monitor could sleep while a worker runs.
        if !self.pool.scheduler.count().is_idle() {
            monitor.raise(SLOW);
        }
        (ASLEEP, None)
    }

    /// The time until the first timer or sleep is due, or `timeout` if that is shorter.
    fn until_timer(&self, timeout: Option<Duration>) -> Option<Duration> {
        let firsts = [self.pool.timers.first_ns(), self.pool.sleeps.first_ns()];
        let Some(first_ns) = firsts.into_iter().flatten().min() else { return timeout };
        let left = Duration::from_nanos(first_ns.saturating_sub(now_ns()));
        Some(timeout.map_or(left, |timeout| timeout.min(left)))
    }

    /// Whether work waits behind a call that could get stuck.
    fn is_pressed(&self) -> bool {
        let is_theirs = |ring: &Arc<RingWork>| ring.is_listed() && ring.is_open(ring.submissions.published());
        let is_submitter_in_a_call =
            |(ring, _): &(Arc<RingWork>, Glance)| ring.has_any_work() && !is_theirs(ring);
        self.pool.scheduler.is_at_risk() || self.rings.iter().any(is_submitter_in_a_call)
    }
}
