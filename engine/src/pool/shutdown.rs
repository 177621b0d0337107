//! The end of a pool.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use syslet_abi::Errno;

use crate::cancel::timer::reach;
use crate::pool::leaving::Exit;
use crate::pool::leaving::{RunningCall, Unfinished};
use crate::pool::ring_work::RingWork;
use crate::pool::scheduler::Sleeper;
use crate::pool::state::Pool;
use crate::pool::worker::WorkerLocal;
use crate::sys::sync::{Ordering, lock};
use crate::sys::thread::{own_tid, spawn};

/// A thread that makes no call has ended by then.
const ENDING: Duration = Duration::from_secs(1);

impl Pool {
    /// No call is taken any more; threads end as soon as they have nothing to run. Waits for nobody.
    pub(crate) fn shut(&self) {
        self.scheduler.close().iter().for_each(|worker| worker.call());
        self.monitor.close();
    }

    /// As [`Pool::shut`]; then queued calls end, and running ones are waited for. Ways out of programs have half of that
    /// time; then their calls are stopped. `ports` gives the rings there are, those included whose application's end is gone.
    pub(crate) fn close(
        &self,
        patience: Duration,
        rings: impl Fn() -> Vec<Arc<RingWork>>,
    ) -> Result<(), Unfinished> {
        let now = Instant::now();
        let (deadline, half) = (now.checked_add(patience), now.checked_add(patience / 2));
        self.shut();
        for ring in self.rings.rings() {
            self.refuse_queued(&ring);
        }
        if self.monitor.wait_for_end(half) {
            return Ok(());
        }
        self.hurry(&rings());
        if self.monitor.wait_for_end(deadline) {
            return Ok(());
        }
        let calls = self.unfinished();
        // Without calls threads are about to end.
        let is_over = calls.is_empty() && self.monitor.wait_for_end(Instant::now().checked_add(ENDING));
        if is_over { Ok(()) } else { Err(Unfinished { calls }) }
    }

    /// Calls that still run.
    fn unfinished(&self) -> Vec<RunningCall> {
        let seats = self.rings.seats();
        let running = seats.iter().filter(|worker| worker.stats.watch.glance().is_inside());
        let calls = running.map(|worker| {
            let (nr, user_data) = worker.stats.shown();
            RunningCall { nr, user_data, tid: worker.tid() }
        });
        calls.chain(self.leaving.calls()).collect()
    }

    /// From now on no call on a program's way out sleeps for long; those that are being made are stopped.
    fn hurry(&self, rings: &[Arc<RingWork>]) {
        self.haste.store(true, Ordering::Relaxed);
        for ring in rings {
            // The list's lock: who has entered it before is found here, who does after it sees the haste.
            for member in ring.programs.leaving.all() {
                let _found = self.stop_member(&member);
            }
        }
    }

    /// Whether ways out of programs are to end soon.
    pub(crate) fn is_in_haste(&self) -> bool {
        self.haste.load(Ordering::Relaxed)
    }

    /// Ends the calls that are queued in a ring, or wait for a lane; their completions say that they never ran. Programs
    /// that were begun leave by their way out.
    pub(crate) fn refuse_queued(&self, ring: &Arc<RingWork>) {
        let mut released = self.lanes.give_up(ring);
        self.make_known(&mut released);
        let mut leaving = VecDeque::new();
        let mut local = WorkerLocal::for_closing(Arc::clone(&self.context));
        while local.claim(self, ring) {
            if local.has_begun_program() {
                leaving.push_back(std::mem::replace(
                    &mut local,
                    WorkerLocal::for_closing(Arc::clone(&self.context)),
                ));
            } else {
                local.refuse(ring, Errno(libc::ECANCELED), Some(self));
            }
        }
        if !leaving.is_empty() {
            self.let_leave(ring, leaving);
        }
    }

    /// Lets the programs leave that these desks have claimed, in a thread of their own: who drops a ring does not wait.
    /// Where no thread is to be had, they leave here.
    fn let_leave(&self, ring: &Arc<RingWork>, desks: VecDeque<WorkerLocal>) {
        // First: who closes the pool waits for it.
        let exit = self.leaving.enter(ring, desks);
        let (own, pool) = (Arc::clone(&exit), self.me.upgrade());
        let body = move || {
            own.run(pool.as_deref());
            pool.inspect(|pool| pool.has_left(&own));
        };
        let may_start = self.gate.as_ref().is_none_or(|gate| gate.0().is_ok());
        if !may_start || spawn("syslet-leaving", Box::new(body)).is_err() {
            exit.run(Some(self));
            self.has_left(&exit);
        }
    }

    fn has_left(&self, exit: &Arc<Exit>) {
        self.leaving.end(exit);
        self.monitor.leave();
    }
}

impl Exit {
    pub(crate) fn run(&self, pool: Option<&Pool>) {
        let (maker, _timer) = reach(own_tid().cast_unsigned());
        loop {
            let Some(mut local) = lock(&self.desks).pop_front() else { return };
            lock(&self.shown).iter_mut().take(1).for_each(|call| call.tid = maker.tid);
            local.sit(maker);
            local.refuse(&self.ring, Errno(libc::ECANCELED), pool);
            lock(&self.shown).pop_front();
        }
    }
}
