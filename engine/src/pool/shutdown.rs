//! The end of a pool: it is shut, queued calls end, programs leave, and running calls are waited for. Called by
//! `Engine::close`, when an engine or a ring is dropped, and by publishers that find the pool closed.

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

/// The time within which a thread ends that makes no call.
const ENDING: Duration = Duration::from_secs(1);

impl Pool {
    /// Closes the pool: no call is taken any more, and threads end as soon as they have nothing to run. This does not
    /// wait.
    pub(crate) fn shut(&self) {
        self.scheduler.close().iter().for_each(|worker| worker.call());
        lock(&self.reserve).iter().for_each(|reserve| reserve.call());
        self.monitor.close();
    }

    /// Closes the pool as [`Pool::shut`] does, ends queued calls, and waits for running ones. Ways out of programs
    /// have half of that time; then their calls are stopped. `rings` returns all rings, dropped ones with calls in
    /// flight included.
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
        // Without calls the threads are about to end.
        let is_over = calls.is_empty() && self.monitor.wait_for_end(Instant::now().checked_add(ENDING));
        if is_over { Ok(()) } else { Err(Unfinished { calls }) }
    }

    /// The calls that still run.
    fn unfinished(&self) -> Vec<RunningCall> {
        let workers = self.rings.workers();
        let running = workers.iter().filter(|worker| worker.stats.watch.glance().is_inside());
        let calls = running.map(|worker| {
            let (nr, user_data) = worker.stats.shown();
            RunningCall { nr, user_data, tid: worker.tid() }
        });
        calls.chain(self.leaving.calls()).collect()
    }

    /// Stops the calls that are being made on a program's way out, and lets none sleep for long from now on.
    fn hurry(&self, rings: &[Arc<RingWork>]) {
        // Relaxed: the lock of each ring's list of leaving calls orders it, as said below.
        self.haste.store(true, Ordering::Relaxed);
        for ring in rings {
            // Pairs, through the list's lock, with the entry of a call into `leaving` in `program/one_call.rs`, which
            // looks at `haste` behind it. A call that has entered before `all` is found here and stopped; a call that
            // enters later has the lock after this thread and sees `haste`.
            for member in ring.programs.leaving.all() {
                let _found = self.stop_member(&member);
            }
        }
    }

    /// Whether ways out of programs are to end soon.
    pub(crate) fn is_in_haste(&self) -> bool {
        self.haste.load(Ordering::Relaxed)
    }

    /// Ends the calls that are queued in a ring, or wait for a lane. Their completions say that they never ran.
    /// Programs that were begun leave by their way out.
    pub(crate) fn refuse_queued(&self, ring: &Arc<RingWork>) {
        let mut released = self.lanes.give_up(ring);
        self.make_known(&mut released);
        self.unpark_all(ring);
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

    /// Lets the programs leave that `locals` have claimed, in a thread of their own, so that a thread that drops a
    /// ring does not wait. Where no thread can be started, they leave in this one.
    fn let_leave(&self, ring: &Arc<RingWork>, locals: VecDeque<WorkerLocal>) {
        // Before the thread is started: `close` waits until the list of leaving programs is empty.
        let exit = self.leaving.enter(ring, locals);
        let (own, pool) = (Arc::clone(&exit), self.me.upgrade());
        let (leaving, monitor) = (Arc::clone(&self.leaving), Arc::clone(&self.monitor));
        let body = move || {
            own.run(pool.as_deref());
            // First: when a close has seen the end, this thread holds nothing of the pool (POOL-48).
            drop(pool);
            leaving.end(&own);
            monitor.leave();
        };
        let may_start = self.gate.as_ref().is_none_or(|gate| gate.0().is_ok());
        if !may_start || spawn("syslet-leaving", Box::new(body)).is_err() {
            exit.run(Some(self));
            self.leaving.end(&exit);
            self.monitor.leave();
        }
    }
}

impl Exit {
    pub(crate) fn run(&self, pool: Option<&Pool>) {
        let (maker, _timer) = reach(own_tid().cast_unsigned());
        loop {
            let Some(mut local) = lock(&self.locals).pop_front() else { return };
            lock(&self.shown).iter_mut().take(1).for_each(|call| call.tid = maker.tid);
            local.set_maker(maker);
            local.refuse(&self.ring, Errno(libc::ECANCELED), pool);
            lock(&self.shown).pop_front();
        }
    }
}
