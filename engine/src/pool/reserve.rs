//! The reserve: one thread beyond the workers, which runs while all workers that there may be are blocked. It makes calls that
//! cannot sleep, and non-blocking attempts; other calls it puts aside, so that none stands in front of those. Started by the
//! monitor, called by the pool.
#![allow(unsafe_code, reason = "runs accepted records, and uses its thread's local state")]

use std::sync::Arc;
use std::time::Duration;

use syslet_abi::{Call, Kind, RecordWord};
use syslet_attrs::Needs;
use syslet_syscalls::{RawArgs, Row, row};

use crate::exec::claim::Claim;
use crate::exec::{Progress, Step};
use crate::nonblocking::{is_timed, may_try};
use crate::pool::Pool;
use crate::pool::executor::Rest;
use crate::pool::ring_work::RingWork;
use crate::pool::scheduler::Sleeper;
use crate::pool::work::CLAIMS_IN_A_ROW;
use crate::pool::worker::{Worker, WorkerLocal, WorkerStats};
use crate::queues::staged::ticket;
use crate::slots::Slot;
use crate::slots::dispatch::DispatchFlags;
use crate::sys::sync::lock;

/// Calls of one ring that are attempted again in one round.
const AGAIN: u32 = 64;
/// The wait before calls are attempted again: the first value, doubled after each round without success up to the second.
const WAIT: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(64)];

impl Pool {
    /// All workers that there may be are blocked, and there is work: the reserve looks at it.
    #[cold]
    pub(crate) fn call_reserve(&self) {
        match &*lock(&self.reserve) {
            Some(reserve) => reserve.call(),
            None => self.monitor.request_reserve(),
        }
    }

    /// Leaves a call to the next worker that is free. One that looked while the reserve had the call has taken the ring off the list, and
    /// the thread that closed the pool may have looked as well: the fence of `announce` pairs with theirs, as in [`Pool::offer`].
    fn put_aside(&self, ring: &Arc<RingWork>, record: &[u64], rest: Rest) {
        ring.waiting.push(record, rest);
        let _is_alone = self.scheduler.announce(ring);
        if self.is_closed() {
            self.refuse_queued(ring);
        }
    }

    /// Whether all workers that there may be are blocked.
    fn is_exhausted(&self) -> bool {
        self.scheduler.is_exhausted(self.limits.quota())
    }
}

/// Runs until the pool is closed.
pub(crate) fn live(pool: &Pool, reserve: &Arc<Worker>) {
    // SAFETY: this is the reserve's thread, and the only reference to the local state that it makes; the monitor makes
    // one after it has joined this thread.
    let local = unsafe { reserve.local() };
    local.set_maker(reserve.maker());
    let [first, longest] = WAIT;
    let mut wait = first;
    while !pool.is_closed() {
        let (mut has_run, mut is_waiting) = (false, false);
        if pool.is_exhausted() {
            let rings = pool.scheduler.rings();
            // The rings take turns (POOL-12).
            while rings.iter().filter(|ring| local.serve(pool, ring, &reserve.stats)).count() > 0 {
                has_run = true;
            }
            for ring in &rings {
                has_run |= local.attempt_again(pool, ring, &reserve.stats);
                is_waiting |= !ring.waiting.is_empty();
            }
        } else {
            // A worker that was free before a call was put aside has not seen that call.
            let rings = pool.scheduler.rings();
            rings.iter().filter(|ring| !ring.waiting.is_empty()).for_each(|ring| pool.offer(ring));
        }
        wait = if has_run { first } else { (2 * wait).min(longest) };
        if !reserve.sleep(is_waiting.then_some(wait)) {
            continue;
        }
        wait = first;
    }
}

impl WorkerLocal {
    /// Goes through the next queued calls of a ring. Says whether there were any.
    fn serve(&mut self, pool: &Pool, ring: &Arc<RingWork>, stats: &WorkerStats) -> bool {
        let mut served = 0;
        while served < CLAIMS_IN_A_ROW && !pool.is_closed() && pool.is_exhausted() && self.claim(pool, ring) {
            served += 1;
            self.ring = Some(Arc::clone(ring));
            let first = self.batch.record(0);
            if DispatchFlags::of(first[0]).contains(DispatchFlags::INSTANT) {
                self.run_instants(ring, stats);
                pool.make_known(&mut self.released);
                ring.notify();
                continue;
            }
            let rest = self.begun.take().unwrap_or_default();
            if let Some(rest) = self.try_once(pool, ring, rest, stats) {
                pool.put_aside(ring, self.batch.record(0), rest);
            }
        }
        self.ring = None;
        served > 0
    }

    /// Attempts some of the calls again that were put aside, those that wait for longest first. Says whether one is over.
    fn attempt_again(&mut self, pool: &Pool, ring: &Arc<RingWork>, stats: &WorkerStats) -> bool {
        let mut has_run = false;
        for _ in 0..ring.waiting.len().min(AGAIN) {
            if pool.is_closed() || !pool.is_exhausted() {
                break;
            }
            let Some(mut handed) = ring.waiting.pop() else { break };
            (self.begun, self.member) = (None, None);
            (self.at, self.posted, self.built) = (0, 0, 0);
            self.batch.put(handed.record.iter().copied());
            self.ring = Some(Arc::clone(ring));
            match self.try_once(pool, ring, std::mem::take(&mut handed.rest), stats) {
                Some(rest) => pool.put_aside(ring, self.batch.record(0), rest),
                None => has_run = true,
            }
            ring.waiting.recycle(handed);
        }
        self.ring = None;
        has_run
    }

    /// Attempts the claimed call. `None` where it is over, parked or was removed, else the rest of it.
    fn try_once(
        &mut self,
        pool: &Pool,
        ring: &Arc<RingWork>,
        rest: Rest,
        stats: &WorkerStats,
    ) -> Option<Rest> {
        let record = self.batch.record(0);
        let ticket = ticket(record);
        let slot = ring.slots.get(ticket);
        let before = match rest {
            Rest::Call(progress) if may_attempt(pool, record, slot, &progress) => progress,
            rest => return Some(rest),
        };
        stats.show(slot.nr(), slot.user_data());
        let claim = Claim::working(slot, ticket, self.maker)?;
        // SAFETY: the record was taken from the ring, where `push` alone puts records, with its slot: its submitter
        // answers for the call, and the claim is the record's.
        match unsafe { self.executor.attempt(record, &claim, (pool.abilities, None)) } {
            Step::Suspended(Rest::Call(later)) => {
                return pool.park_or(ring, record, Rest::Call(later.after(before)));
            }
            Step::Suspended(rest) => return Some(rest),
            Step::Done(words) => self.built = words,
        }
        self.at = 1;
        pool.ended(ring, slot, ticket, &mut self.released);
        // Counted before the post: once its completion is seen, a call does not count as in flight.
        stats.finished.add(1);
        self.post(pool, ring);
        None
    }
}

/// Whether a call can be asked for without sleeping, and asking again changes nothing: no bytes are moved, and nothing was measured.
fn may_attempt(pool: &Pool, record: &[u64], slot: &Slot, progress: &Progress) -> bool {
    const ITS_OWN_WAY: Needs = Needs::RETRY.with(Needs::OWN_THREAD).with(Needs::OWN_FS).with(Needs::TRACE);
    let is_untouched = progress.bytes == 0 && progress.seen.is_none() && !progress.is_traced;
    if !is_untouched
        || RecordWord::unpack(record[0]).kind != Kind::CALL
        || DispatchFlags::of(record[0]).contains(DispatchFlags::PRIVATE)
        || slot.needs().intersects(ITS_OWN_WAY)
    {
        return false;
    }
    let call = Call::admitted(bytemuck::cast_slice(record));
    // The time of a wait that was begun runs: only the plain call knows how much is left.
    let may_ask = |row: &Row| progress.first_ns == 0 || !is_timed(row);
    row(call.nr()).is_some_and(|row| may_ask(row) && may_try(pool.abilities, row, &RawArgs::known(&call)))
}
