//! Waiting helps: while completions are missing, the submitter claims queued calls and runs them.
#![allow(unsafe_code, reason = "runs what the unsafe `push` accepted")]

use std::time::{Duration, Instant};

use syslet_abi::USER_DATA_OFFSET;

use crate::pair::Ring;
use crate::ring::track::bytes;
use crate::slot::Ticket;
use crate::wake::Slept;

/// Why a wait ended early.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WaitError {
    /// A signal came while the wait slept; so many completions are ready.
    Interrupted {
        /// Completions ready and not consumed.
        ready: usize,
    },
    /// The ring belongs to the process that was forked.
    Forked,
}

impl std::fmt::Display for WaitError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            WaitError::Interrupted { ready } => {
                write!(f, "interrupted by a signal, {ready} completions ready")
            }
            WaitError::Forked => syslet_abi::Refusal::FORKED.fmt(f),
        }
    }
}

impl std::error::Error for WaitError {}

impl Ring {
    /// Publishes what was pushed and runs it until `min` completions are ready, nothing is in flight, or `timeout`
    /// has passed. Gives the number of completions ready and not consumed.
    ///
    /// With `min` = 0 nothing is run. With more, at least one call is, so that a loop with a zero timeout makes
    /// progress; the timeout is looked at between calls, so a wait may overrun by one.
    ///
    /// # Errors
    /// When a signal interrupted its sleep, or in a forked child. Nothing is lost.
    pub fn wait(&mut self, min: usize, timeout: Option<Duration>) -> Result<usize, WaitError> {
        self.check_home().map_err(|_| WaitError::Forked)?;
        self.producer.publish();
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        if self.consumer.is_ready() {
            self.drain();
        }
        while self.inbox.len() < min {
            if self.help() == 0 {
                if self.slot_owner.in_use() == 0 {
                    self.drain();
                    break;
                }
                self.sleep(deadline)?;
            }
            self.drain();
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                break;
            }
        }
        Ok(self.inbox.len())
    }

    /// [`Ring::wait`] without a timeout.
    ///
    /// # Errors
    /// As for [`Ring::wait`].
    pub fn submit_and_wait(&mut self, min: usize) -> Result<usize, WaitError> {
        self.wait(min, None)
    }

    /// Claims what may run here and runs it; gives the number of calls run. The completions of one batch are posted
    /// together: nobody waits for them but this thread.
    fn help(&mut self) -> usize {
        let taken = self.submissions.take(&mut self.batch);
        let count = taken.expect("only this process writes its rings, so every record in them is whole");
        let mut built = 0;
        for index in 0..count {
            let record = self.batch.record(index);
            let ticket = Ticket::unpack(record[USER_DATA_OFFSET / 8]);
            let slot = self.slots.get(ticket);
            // SAFETY: the record was taken from the ring, where `push` alone puts records, with its slot.
            let len = unsafe { self.runner.run(record, slot, built) };
            built += len;
            self.credit.give_back(slot.credit() - bytes(len));
            self.slot_owner.free(ticket);
        }
        if built > 0 {
            self.completions.claim(bytes(built)).commit(self.runner.done(built));
        }
        count
    }

    /// Moves ready completions to where the application reads them.
    pub(crate) fn drain(&mut self) {
        let credit = self.consumer.drain(&mut self.inbox);
        self.credit.give_back(credit);
    }

    /// Sleeps until another thread posts a completion, or frees a slot without one because it hid a success.
    fn sleep(&self, deadline: Option<Instant>) -> Result<(), WaitError> {
        let timeout = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let is_over = || self.consumer.is_ready() || self.slot_owner.is_returned();
        match self.wake.sleep_unless(is_over, timeout) {
            Slept::Interrupted => Err(WaitError::Interrupted { ready: self.inbox.len() }),
            Slept::Woken | Slept::TimedOut => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Config, Engine, Params, Submission};

    /// RING-18: a submitter that runs its own calls wakes nobody: even if it had armed its sleep, the futex would not
    /// move. Another poster's notify moves it.
    #[test]
    fn who_helps_wakes_nobody() {
        let mut ring = Engine::start(Config::default()).unwrap().ring(&Params::default()).unwrap();
        ring.wake.arm();
        ring.push_safe(&Submission::call(libc::SYS_getpid).build()).unwrap();
        assert_eq!(ring.wait(1, None), Ok(1));
        assert_eq!(ring.wake.moves(), 0);
        ring.wake.notify();
        assert_eq!(ring.wake.moves(), 1);
    }
}
