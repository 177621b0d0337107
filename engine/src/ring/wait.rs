//! Holds `Ring::wait` and `Waker`, which the application calls: a wait runs calls inline until enough completions are ready.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use syslet_abi::DoneFlags;

use crate::confinement::Looked;
use crate::engine_state::EngineState;
use crate::notify::Slept;
use crate::notify::eventfd::CompletionEvent;
use crate::pool::ring_work::RingWork;
use crate::ring::{Ring, RingError};
use crate::shortage::Shortage;
use crate::slots::Ticket;
use crate::sys::clock::now_ns;

/// The time for which [`Ring::run_inline`] begins calls.
const RUN_INLINE: Duration = Duration::from_millis(1);

/// Ends a ring's wait from another thread.
#[derive(Clone, Debug)]
pub struct Waker {
    engine: Arc<EngineState>,
    /// Weak: a waker must not keep the descriptors open that were lent to calls of a dropped ring.
    ring: Weak<RingWork>,
}

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

impl Waker {
    /// Ends the wait that the ring's thread is in, or else its next one. Waking several times before the thread has noticed
    /// is waking once. Does nothing in a forked child, or when the ring is dropped.
    pub fn wake(&self) {
        if self.engine.guard.is_home() {
            self.ring.upgrade().inspect(|ring| ring.wake_waiter());
        }
    }
}

impl Ring {
    /// Publishes pushed calls and runs calls until `min` completions are ready, no call is in flight, a [`Waker`]
    /// was used, or `timeout` has passed. Gives the number of completions ready and not consumed.
    ///
    /// With `min` = 0 no call is run. With more, at least one is (if any may run here), so that a loop with a
    /// zero timeout makes progress; the timeout is checked between calls, so a wait may overrun by one.
    ///
    /// # Errors
    /// When a signal interrupted its sleep, or in a forked child. No completion is lost.
    pub fn wait(&mut self, min: usize, timeout: Option<Duration>) -> Result<usize, WaitError> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        self.wait_until(min, deadline, true)
    }

    /// Publishes pushed calls and runs those that this thread may run, without sleeping, for at most a millisecond and one
    /// call: what an event loop does when it has pushed, beside polling [`Ring::event`]. Gives the number of completions ready and not consumed. Calls that
    /// would block go to workers, as in [`Ring::wait`]; those that time was too short for are left, and workers take them unless this thread
    /// is back soon. A SYNC call may sleep: it has said so.
    ///
    /// # Errors
    /// In a forked child.
    pub fn run_inline(&mut self) -> Result<usize, WaitError> {
        let all = self.slot_owner.in_use() + self.drain_buffer.len();
        self.wait_until(all, Instant::now().checked_add(RUN_INLINE), false)
    }

    /// A wait, which sleeps where there is nothing to run if it `sleeps`.
    fn wait_until(
        &mut self,
        min: usize,
        deadline: Option<Instant>,
        sleeps: bool,
    ) -> Result<usize, WaitError> {
        self.check_home().map_err(|_| WaitError::Forked)?;
        self.meet_thief();
        self.notice_cancellers();
        (self.looked, self.wait_ends) = (Looked::Not, deadline);
        self.lane.set_open(false);
        if self.is_to_be_compared_again() {
            self.is_equal();
        }
        let wants_worker = self.publish_for_wait();
        if wants_worker {
            self.offer();
        }
        if self.consumer.is_ready() {
            self.drain();
        }
        self.plan_sharing(min.saturating_sub(self.drain_buffer.len()));
        let waited = self.run_inline_until(min, deadline, sleeps);
        self.end_sharing(self.drain_buffer.len() >= min && self.lane.is_empty());
        // The other calls are for the workers: this thread may never wait again.
        if self.has_shared_work() && (self.is_open_to_workers() || self.may_give_away()) {
            self.open_to_workers();
            self.offer();
        }
        if !self.staged.is_empty() {
            self.give_lanes_away();
        }
        self.leave_behind(min);
        self.wait_ends = None;
        waited
    }

    /// [`Ring::wait`] without a timeout.
    ///
    /// # Errors
    /// As for [`Ring::wait`].
    pub fn submit_and_wait(&mut self, min: usize) -> Result<usize, WaitError> {
        self.wait(min, None)
    }

    /// A handle that ends this ring's waits from other threads.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker { engine: Arc::clone(&self.engine), ring: Arc::downgrade(&self.state) }
    }

    /// A descriptor that is readable when workers have posted completions since the last look for them. A thread that polls
    /// it publishes with [`Ring::submit`], and reads with [`Ring::completions`] until there are none. The completions of
    /// calls that a wait has run inline do not make it readable.
    ///
    /// # Errors
    /// When the system has no descriptor to give, or in a forked child.
    pub fn event(&self) -> Result<CompletionEvent, RingError> {
        self.check_home().map_err(|_| RingError::Forked)?;
        self.state.event.descriptor().map_err(|errno| Shortage::descriptor("the event", errno).into())
    }

    /// Whether the thread was found to differ from the workers a while ago.
    fn is_to_be_compared_again(&self) -> bool {
        let confinement = self.confinement.as_ref().filter(|confinement| !confinement.is_open());
        confinement.is_some_and(|confinement| confinement.is_old())
    }

    /// Publishes pushed calls; says whether workers are wanted for them, and may have them.
    fn publish_for_wait(&mut self) -> bool {
        self.lane.publish();
        if !self.has_unpublished() {
            return false;
        }
        // Calls that are not open to workers are seen by this thread alone, so they need no comparison.
        if !self.wants_worker || !self.may_offer() {
            self.publish_beside_lanes();
            return false;
        }
        self.publish_beside_lanes();
        self.open_to_workers();
        true
    }

    /// Runs calls inline, and sleeps where there are none to run, until `min` completions are ready.
    fn run_inline_until(
        &mut self,
        min: usize,
        deadline: Option<Instant>,
        sleeps: bool,
    ) -> Result<usize, WaitError> {
        while self.drain_buffer.len() < min && !self.state.take_wake() {
            let has_run = self.run_next(min - self.drain_buffer.len(), deadline.is_some()) > 0;
            let has_room = self.drain();
            if !has_run && self.drain_buffer.len() < min {
                // Where ready completions have no room, waiting for more would never end.
                if !has_room || self.slot_owner.in_use() == 0 || !sleeps {
                    break;
                }
                self.sleep(deadline)?;
                self.drain();
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                break;
            }
        }
        Ok(self.drain_buffer.len())
    }

    /// The wait ends with calls left in the private lane, maybe. Where the application waits for none it goes on without
    /// them, so workers get them; else it is likely to be back soon, and the monitor sees to it that it is (POOL-11).
    fn leave_behind(&mut self, min: usize) {
        if self.lane.is_empty() || self.open_pool().is_none() {
            return;
        }
        if min == 0 && self.may_give_away() && self.share(0) > 0 {
            self.publish();
            self.open_to_workers();
            self.offer();
        }
        if !self.lane.is_empty() {
            self.open_pool().inspect(|pool| pool.watch_closely());
            self.step_out();
        }
    }

    /// Moves ready completions to the drain buffer. Their slots and their room are free with that. Says whether the buffer
    /// had room for all. In line as far as nothing is ready: each return behind an entry of the kernel is mispredicted.
    #[inline(always)]
    pub(crate) fn drain(&mut self) -> bool {
        if self.engine.is_closed() && !self.lane.is_empty() {
            self.refuse_private();
        }
        self.state.event.rearm();
        !self.consumer.is_ready() || self.drain_ready()
    }

    /// [`Ring::drain`] where a completion is ready. Where this thread has left calls behind it is back for as long: slots are freed by it
    /// alone, since the monitor takes slots while it is away (RING-26). A thread that only looks, and finds nothing, stays away, and loses
    /// its calls to workers.
    #[inline(never)]
    fn drain_ready(&mut self) -> bool {
        if !self.lane.is_away() {
            return self.drain_here();
        }
        self.meet_thief();
        let has_room = self.drain_here();
        self.step_out();
        has_room
    }

    fn drain_here(&mut self) -> bool {
        self.consumer.drain(&mut self.drain_buffer, |ticket, flags| {
            let ticket = Ticket::unpack(ticket);
            let (user_data, held) = if flags.contains(DoneFlags::ABANDONED) {
                self.slot_owner.settle_abandoned(ticket, flags)
            } else {
                self.slot_owner.settle(ticket)
            };
            self.credit.give_back(held);
            user_data
        })
    }

    /// Sleeps until another thread ends a call, or a `Waker` wakes it.
    fn sleep(&mut self, deadline: Option<Instant>) -> Result<(), WaitError> {
        let is_over = || self.consumer.is_ready() || self.state.is_woken();
        let timeout = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if timeout == Some(Duration::ZERO) || self.spin.until(is_over) {
            return Ok(());
        }
        let slept = self.state.wake.sleep_unless(is_over, timeout);
        // The spin learns how long the gap was.
        if slept == Slept::Woken {
            self.spin.wake(now_ns(), self.engine.pool.as_deref().map_or(0, |pool| pool.wake_cost.ns()));
        } else {
            self.spin.come(now_ns());
        }
        match slept {
            Slept::Interrupted => Err(WaitError::Interrupted { ready: self.drain_buffer.len() }),
            Slept::Woken | Slept::TimedOut => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Arc;
    use std::time::Duration;

    use syslet_abi::CallFlags;

    use crate::{Config, Engine, Params, Submission};

    /// RING-26: slots are freed by a submitter that is here, since the monitor takes slots while it is away. Where it finds nothing ready
    /// it stays away.
    #[test]
    fn slots_are_freed_here() {
        let config = Config::default().stall(Duration::from_secs(10));
        let mut ring = Engine::start(config).unwrap().ring(&Params::default()).unwrap();
        let (reader, mut writer) = std::io::pipe().unwrap();
        let read = Submission::call(libc::SYS_read).lend(&Arc::new(reader)).output(1).value(1);
        ring.push_safe(&read.flags(CallFlags::ASYNC).build()).unwrap();
        ring.submit();
        let getpid = Submission::call(libc::SYS_getpid).build();
        (0..2).for_each(|_| assert!(ring.push_safe(&getpid).is_ok()));
        assert_eq!(ring.wait(1, None), Ok(1));
        assert_eq!((ring.completions().count(), ring.completions().count()), (1, 0));
        let (lane, away) = (ring.lane.shared(), ring.lane.shared().glance());
        assert!(away.is_inside() && lane.left_behind() == 1);
        assert_eq!((ring.in_flight(), lane.glance()), (2, away), "nothing was ready");
        writer.write_all(b"x").unwrap();
        while !ring.consumer.is_ready() {
            std::thread::yield_now();
        }
        assert_eq!(ring.completions().count(), 1);
        assert!(lane.glance().is_inside() && lane.glance() != away, "it came back meanwhile");
        assert_eq!((ring.wait(1, None), ring.in_flight()), (Ok(1), 0));
    }

    /// RING-18: a submitter that runs calls inline wakes no thread: even if it had armed its sleep, the futex would not
    /// move. Another poster's notify moves it.
    #[test]
    fn calls_run_inline_wake_no_thread() {
        let mut ring =
            Engine::start(Config::default().workers_max(0)).unwrap().ring(&Params::default()).unwrap();
        ring.state.wake.arm();
        ring.push_safe(&Submission::call(libc::SYS_getpid).build()).unwrap();
        assert_eq!(ring.wait(1, None), Ok(1));
        assert_eq!(ring.state.wake.moves(), 0);
        ring.state.wake.notify();
        assert_eq!(ring.state.wake.moves(), 1);
    }
}
