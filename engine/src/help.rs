//! Helping: a submitter that waits claims its queued calls and runs those it may.
#![allow(unsafe_code, reason = "runs what the unsafe `push` accepted")]

use syslet_abi::{Errno, USER_DATA_OFFSET};

use crate::handed::Begun;
use crate::outcome::Outcome;
use crate::pair::Ring;
use crate::ring::batch::Marks;
use crate::ring::track::bytes;
use crate::run::First;
use crate::slot::Ticket;

impl Ring {
    /// Claims what is next and runs it, or hands it over; gives the number of calls claimed. The completions of one
    /// batch are posted together: nobody waits for them but this thread.
    pub(crate) fn help(&mut self) -> usize {
        let count = if !self.own.is_empty() && self.own.pop(&mut self.batch) {
            1
        } else {
            let taken = self.submissions.take(&mut self.batch, || true);
            taken.expect("only this process writes its rings, so every record in them is whole")
        };
        let mut built = 0;
        for index in 0..count {
            built += self.help_one(index, built);
        }
        if built > 0 {
            self.completions.claim(bytes(built)).commit(self.runner.done(built));
        }
        count
    }

    /// Runs record `index` of the batch, or hands it over; gives the words of its completion, built at word `at`.
    #[inline(always)]
    fn help_one(&mut self, index: usize, at: usize) -> usize {
        let record = self.batch.record(index);
        let ticket = Ticket::unpack(record[USER_DATA_OFFSET / 8]);
        let marks = Marks::of(record[0]);
        let is_instant = marks == Marks::INSTANT;
        let words = if is_instant && !self.shared.is_closed() {
            let slot = self.slots.get(ticket);
            // SAFETY: the record was taken from the ring, where `push` alone puts records, with its slot.
            unsafe { self.runner.run(record, slot, at) }
        } else {
            match self.help_with_care(index, at, ticket, marks) {
                First::Built(words) => words,
                First::Later(begun) => {
                    self.hand_over(index, begun);
                    return 0;
                }
            }
        };
        self.port.submitter.finished.add(1);
        words
    }

    /// Runs a call that can sleep, as far as it may run here.
    fn help_with_care(&mut self, index: usize, at: usize, ticket: Ticket, marks: Marks) -> First {
        let record = self.batch.record(index);
        let slot = self.slots.get(ticket);
        if self.shared.is_closed() {
            let outcome = Outcome::not_run(Errno(libc::ECANCELED));
            return First::Built(self.runner.abandon(record, slot, at, outcome));
        }
        if marks.contains(Marks::WORKER) {
            // It was accepted while there were workers for it, and has been withdrawn from them.
            let outcome = Outcome::not_run(Errno(libc::EPERM));
            let record = self.batch.record(index);
            return First::Built(self.runner.abandon(record, self.slots.get(ticket), at, outcome));
        }
        // Should this call get stuck, others must not be: the workers get them.
        let others_wait = !self.submissions.is_empty() && !self.port.is_listed();
        if others_wait && !self.may_give_away() || self.open_pool().is_none() {
            let record = self.batch.record(index);
            // SAFETY: as in `help_one`.
            return First::Built(unsafe { self.runner.run(record, self.slots.get(ticket), at) });
        }
        self.port.submitter.watch.enter();
        if others_wait {
            self.open_pool().inspect(|pool| pool.watch_closely());
        }
        let (record, slot) = (self.batch.record(index), self.slots.get(ticket));
        let first = if marks.contains(Marks::TWIN) {
            debug_assert_eq!(at, 0, "what is not instant is claimed alone");
            // SAFETY: as in `help_one`.
            unsafe { self.runner.attempt(record, slot, self.shared.twins) }
        } else {
            // SAFETY: as in `help_one`.
            First::Built(unsafe { self.runner.run(record, slot, at) })
        };
        self.port.submitter.watch.leave_unmarked();
        match first {
            First::Later(begun) if !self.may_give_away() => {
                let (record, slot) = (self.batch.record(index), self.slots.get(ticket));
                // SAFETY: as in `help_one`.
                First::Built(unsafe { self.runner.run_rest(record, slot, &begun) })
            }
            first => first,
        }
    }

    /// Gives a claimed call to the workers.
    fn hand_over(&mut self, index: usize, begun: Begun) {
        self.port.handed.push(self.batch.record(index), begun);
        self.offer();
    }
}
