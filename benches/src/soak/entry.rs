//! A call that was pushed, and what must come of it.

use std::time::{Duration, Instant};

use nix::unistd::gettid;
use syslet::attrs::{RunBy, WorkerValue};
use syslet::{AttributeId, CallFlags, Completion, DoneFlags, Status};

use super::bytes::{BLANK, Bytes};
use super::debt::Debt;
use super::rescue::Rescue;

/// A call, everything it names by address, and what is expected of it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) flags: CallFlags,
    pub(super) pushed: Instant,
    pub(super) result: Expected,
    /// It takes so long at least.
    pub(super) least: Duration,
    /// The bytes it gives, and where in them it begins.
    pub(super) gives: Option<(Bytes, usize)>,
    /// Where it writes them; empty when they come with the completion.
    pub(super) buffer: Vec<u8>,
    /// What it reads by address.
    pub(super) words: Vec<i64>,
    /// It waits for something that this ring has yet to do.
    pub(super) owes: bool,
    /// It may be stopped, by request or by its deadline.
    pub(super) may_stop: bool,
    /// What is to be done when it is over.
    pub(super) then: Option<Debt>,
    pub(super) rescues: Vec<Rescue>,
}

/// The results that a call may have.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expected {
    Exactly(i64),
    Either(i64, i64),
    /// At least 1, at most this.
    UpTo(i64),
    /// A thread of this process.
    Thread,
    /// A new descriptor.
    Descriptor,
}

impl Entry {
    /// A call of which only the result is known.
    pub(super) fn new(name: &'static str, result: Expected) -> Entry {
        Entry {
            name,
            flags: CallFlags::NONE,
            pushed: Instant::now(),
            result,
            least: Duration::ZERO,
            gives: None,
            buffer: Vec::new(),
            words: Vec::new(),
            owes: false,
            may_stop: false,
            then: None,
            rescues: Vec::new(),
        }
    }

    /// Whether its success is hidden, and it will succeed.
    pub(super) fn is_hidden(&self) -> bool {
        let succeeds = !matches!(self.result, Expected::Exactly(result) if result < 0);
        self.flags.contains(CallFlags::NO_COMPLETE) && succeeds
    }

    /// Compares a completion with what is expected.
    pub(super) fn check(&self, done: &Completion<'_>) -> Result<(), String> {
        if self.is_hidden() {
            return Err("a success that was to be hidden has a completion".to_owned());
        }
        if self.was_stopped(done) {
            return Ok(());
        }
        if done.flags() != DoneFlags::NONE {
            return Err(format!("flags {:?}", done.flags()));
        }
        self.check_result(done.result().0)?;
        let took = self.pushed.elapsed();
        if took < self.least {
            return Err(format!("over after {took:?} instead of {:?}", self.least));
        }
        self.check_bytes(done)?;
        self.check_attributes(done)
    }

    /// Whether it may be stopped, and was.
    pub(super) fn was_stopped(&self, done: &Completion<'_>) -> bool {
        let stopped = [libc::EINTR, libc::ECANCELED, libc::ETIME].map(|errno| -i64::from(errno));
        let is_cut = stopped.contains(&done.result().0) || self.name == "group";
        self.may_stop && is_cut && done.flags().contains(DoneFlags::CANCELLED)
    }

    fn check_result(&self, result: i64) -> Result<(), String> {
        let own = i64::from(gettid().as_raw());
        let is_right = match self.result {
            Expected::Exactly(one) => result == one,
            Expected::Either(one, other) => result == one || result == other,
            Expected::UpTo(most) => (1..=most).contains(&result),
            Expected::Descriptor => result > 2,
            Expected::Thread if self.flags.contains(CallFlags::SYNC) => result == own,
            Expected::Thread if self.flags.contains(CallFlags::ASYNC) => result > 0 && result != own,
            Expected::Thread => result > 0,
        };
        if is_right { Ok(()) } else { Err(format!("result {result} instead of {:?}", self.result)) }
    }

    fn check_bytes(&self, done: &Completion<'_>) -> Result<(), String> {
        let Some((bytes, from)) = self.gives else { return Ok(()) };
        let len = usize::try_from(done.result().0).unwrap_or(0);
        let found = if self.buffer.is_empty() {
            done.data().unwrap_or(&[])
        } else {
            let (found, rest) = self.buffer.split_at(len);
            if let Some(at) = rest.iter().position(|&byte| byte != BLANK) {
                return Err(format!("the byte at {} behind the {len} read was written", len + at));
            }
            found
        };
        if found.len() != len {
            return Err(format!("{} bytes for result {len}", found.len()));
        }
        match bytes.first_difference(from, found) {
            None => Ok(()),
            Some(at) => Err(format!("of {len} bytes the one at {at} is wrong")),
        }
    }

    fn check_attributes(&self, done: &Completion<'_>) -> Result<(), String> {
        if let Some(answer) = done.attribute(AttributeId::TIMING) {
            let timing = done.timing().ok_or_else(|| format!("TIMING: {:?}", answer.status))?;
            if timing.queued_ns > timing.started_ns || timing.started_ns > timing.finished_ns {
                return Err(format!("{timing:?}"));
            }
        }
        if let Some(answer) = done.attribute(AttributeId::WORKER) {
            let who = WorkerValue::parse(answer.value).filter(|_| answer.status == Status::HANDLED);
            let who = who.ok_or_else(|| format!("WORKER: {:?}", answer.status))?;
            let is_own = i64::from(who.tid) == i64::from(gettid().as_raw());
            let is_pooled = [RunBy::POOLED, RunBy::PRIVATE, RunBy::PARKED].contains(&who.run_by);
            let is_forbidden = is_pooled && self.flags.contains(CallFlags::SYNC)
                || !is_pooled && self.flags.contains(CallFlags::ASYNC);
            if is_own == is_pooled || is_forbidden {
                return Err(format!("{who:?} with {:?}", self.flags));
            }
        }
        Ok(())
    }
}
