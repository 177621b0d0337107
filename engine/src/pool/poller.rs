//! The poller: the thread that makes parked calls when their files have input, in a table of descriptors of its own (PARK-3, PARK-5), and
//! how calls are given to it. Started by the monitor; called by submitters and workers after an attempt that would have slept.
#![allow(unsafe_code, reason = "runs records that the unsafe `push` accepted")]

use std::os::fd::RawFd;
use std::sync::Arc;

use bytemuck::cast_slice;
use syslet_abi::{Call, CallFlags};
use syslet_attrs::Needs;
use syslet_syscalls::{RawArgs, row};

use crate::cancel::timer::reach;
use crate::exec::claim::Claim;
use crate::exec::{Progress, Step, is_program};
use crate::nonblocking::input_of;
use crate::parking::files::{Arrival, Event, OwnTable, are_one, id_of};
use crate::parking::table::{Added, Name};
use crate::pool::executor::{Executor, Rest};
use crate::pool::parked::{Left, ParkedCall};
use crate::pool::ring_work::RingWork;
use crate::pool::state::Pool;
use crate::queues::staged::ticket;
use crate::slots::dispatch::DispatchFlags;
use crate::sys::clock::now_ns;
use crate::sys::thread::own_tid;

/// The body of the poller's thread.
pub(crate) fn live(pool: Arc<Pool>) {
    let (maker, timer) = reach(own_tid().cast_unsigned());
    let receiver = pool.inputs.begin(maker);
    if let Some(table) = receiver.and_then(|receiver| OwnTable::new(receiver).ok()) {
        pool.inputs.set_apart();
        pool.monitor.timer_set();
        let executor = Executor::pooled(Arc::clone(&pool.context));
        Poller { pool: &pool, table, executor }.serve_until_closed();
    }
    pool.inputs.leave();
    let monitor = Arc::clone(&pool.monitor);
    drop((pool, timer));
    monitor.leave();
}

impl Pool {
    /// Parks a call of which an attempt has found that it would sleep, until there is input; gives the rest back of a call that is not
    /// parked (PARK-1). The caller has left the call in a state from which another thread claims it.
    pub(crate) fn park_input(
        &self,
        ring: &Arc<RingWork>,
        record: &[u64],
        mut progress: Progress,
    ) -> Option<Progress> {
        let Some(fd) = parked_for(ring, record, &progress).filter(|_| ring.may_park(record)) else {
            return Some(progress);
        };
        progress.first_ns = now_ns();
        match self.inputs.send(fd, ParkedCall::new(ring, record, progress)) {
            Ok(is_first) => {
                if is_first {
                    self.monitor.timer_set();
                }
                // As for sleeps: the thread that closed the pool may have looked before the call was there.
                if self.is_closed() {
                    self.refuse_queued(ring);
                }
                None
            }
            Err(call) => Some(call.progress),
        }
    }

    /// Does the work that the poller has left, which has not the application's descriptors. Called by the monitor.
    pub(crate) fn serve_poller(&self) {
        self.inputs.close_end();
        for left in self.inputs.take_left() {
            match left {
                Left::Call(call) => self.give_to_worker(call),
                Left::Posted(ring) => ring.notify(),
                Left::Ring(ring) => drop(ring),
            }
        }
    }

    /// No call is parked any more: those that are go to workers.
    pub(crate) fn give_up_inputs(&self) {
        for call in self.inputs.fail() {
            self.give_to_worker(call);
        }
    }

    fn give_to_worker(&self, call: ParkedCall) {
        let record = call.own_record();
        call.ring.handoffs.push(&record, Rest::Call(call.progress));
        self.offer(&call.ring);
    }
}

/// Calls with these needs are not parked: their work needs the application's descriptors, or a thread that sleeps.
const UNPARKED: Needs = Needs::RETRY.with(Needs::OWN_THREAD).with(Needs::LANE).with(Needs::TRACE);

/// The descriptor that the call waits for, if such a call is parked (PARK-1, PARK-2).
fn parked_for(ring: &RingWork, record: &[u64], progress: &Progress) -> Option<RawFd> {
    let would_sleep = progress.sleeps && progress.attempts > 0 && progress.bytes == 0;
    if !would_sleep || is_program(record) || DispatchFlags::of(record[0]).contains(DispatchFlags::PRIVATE) {
        return None;
    }
    let call = Call::admitted(cast_slice(record));
    let needs = ring.slots.get(ticket(record)).needs();
    let is_bound = call.flags().contains(CallFlags::STORAGE)
        || needs.intersects(UNPARKED)
        || call.asks().any(|ask| ask.id.is_application());
    if is_bound { None } else { input_of(row(call.nr())?, &RawArgs::of(&call)) }
}

struct Poller<'a> {
    pool: &'a Pool,
    table: OwnTable,
    executor: Executor,
}

/// This thread has a table of its own, so it does nothing with descriptors of the application or the engine: it raises no event, drops no
/// last reference to a ring, wakes no worker for a pool that may be closed. All that is left to the monitor (PARK-5).
impl Poller<'_> {
    fn serve_until_closed(&mut self) {
        let mut events = Vec::new();
        loop {
            self.pool.inputs.begin_look();
            for fd in self.pool.inputs.with(|table| table.take_released()) {
                self.table.drop_file(fd);
            }
            if self.pool.is_closed() {
                return;
            }
            self.table.wait(&mut events);
            for event in &events {
                match event {
                    Event::Arrivals => self.receive(),
                    Event::Input(word) => self.serve(*word),
                }
            }
        }
    }

    fn leave(&self, left: Left) {
        self.pool.inputs.leave_to_monitor(left);
        self.pool.monitor.timer_set();
    }

    /// Lets go of a ring; the last reference is the monitor's to drop.
    fn let_go(&self, ring: Arc<RingWork>) {
        if let Some(last) = Arc::into_inner(ring) {
            self.leave(Left::Ring(Box::new(last)));
        }
    }

    /// Takes the files that were sent, and has their calls wait.
    fn receive(&self) {
        while let Some(arrival) = self.table.receive() {
            let call = self.pool.inputs.with(|table| table.arrive());
            match (arrival, call) {
                (Arrival::File(fd), Some((name, call))) => self.begin(fd, name, call),
                (Arrival::File(fd), None) => self.table.close(fd),
                (Arrival::NoRoom, Some((_, call))) => self.leave(Left::Call(call)),
                (Arrival::NoRoom, None) => {}
            }
        }
    }

    /// Has a call wait for a file.
    fn begin(&self, fd: RawFd, name: Name, call: ParkedCall) {
        let Some(id) = id_of(fd) else {
            self.table.close(fd);
            return self.leave(Left::Call(call));
        };
        let added = self.pool.inputs.with(|table| {
            // Behind the lock: a canceller has it after its step, so it finds the call here, or this thread sees the step.
            if !call.waits() {
                return Err(call);
            }
            Ok(table.add((name, call), (fd, id), are_one))
        });
        match added {
            Err(removed) => {
                self.table.close(fd);
                self.let_go(removed.ring);
            }
            Ok(Added::Joined(word, known)) => {
                self.table.close(fd);
                self.table.look_again(known, word);
            }
            Ok(Added::New(word)) => {
                if self.table.add(fd, word).is_err() {
                    self.refuse(word);
                }
            }
        }
    }

    /// A file cannot be waited for: its calls go to workers.
    fn refuse(&self, word: u64) {
        while let Some((_, call, _)) = self.pool.inputs.with(|table| table.take_first(word)) {
            self.leave(Left::Call(call));
        }
        self.pool.inputs.with(|table| table.settle(word));
    }

    /// A file may have input: its calls are made, in order, while there is some.
    fn serve(&mut self, word: u64) {
        while let Some((name, mut call, fd)) = self.pool.inputs.with(|table| table.take_first(word)) {
            call.name_file(fd);
            let Some(call) = self.make(call) else { continue };
            let removed = self.pool.inputs.with(|table| {
                // As in `begin`.
                if !call.waits() {
                    return Some(call);
                }
                table.put_back(word, name, call);
                None
            });
            match removed {
                Some(call) => self.let_go(call.ring),
                None => break,
            }
        }
        self.pool.inputs.with(|table| table.settle(word));
    }

    /// Makes an attempt at a call; gives it back where there was no input after all.
    fn make(&mut self, mut call: ParkedCall) -> Option<ParkedCall> {
        let ticket = call.ticket();
        let slot = call.ring.slots.get(ticket);
        let Some(claim) = Claim::prepared(slot, ticket) else {
            self.let_go(call.ring);
            return None;
        };
        call.progress.roused(now_ns());
        let (runner, abilities) = (&mut self.executor.runner, self.pool.abilities);
        // SAFETY: the record is that of a call which `push` accepted, with its slot, so its submitter answers for it; the claim is the
        // record's. The file is the call's, under the number that it has in this thread's table.
        match unsafe { runner.attempt_again(&call.record, &claim, abilities, &call.progress) } {
            Step::Done(words) => {
                // Counted before the post: once its completion is seen, a call does not count as in flight.
                call.ring.refused.add_beside_others(1);
                if call.ring.post_apart(self.executor.runner.done(words)) {
                    self.leave(Left::Posted(call.ring));
                } else {
                    self.let_go(call.ring);
                }
                None
            }
            Step::Suspended(progress) => {
                let would_sleep = progress.sleeps && progress.bytes == 0;
                call.progress = Progress { first_ns: now_ns(), ..progress };
                if would_sleep && call.ring.may_park(&call.record) {
                    return Some(call);
                }
                self.leave(Left::Call(call));
                None
            }
        }
    }
}
