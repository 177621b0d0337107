//! Holds `Canceller` and the search for the calls to stop, which the application, `Ring` and requests to cancel call.

use std::os::fd::RawFd;
use std::sync::{Arc, Weak};

use syslet_abi::{CancelBy, Errno, RawResult};

use crate::engine_state::EngineState;
use crate::exec::claim::Why;
use crate::pool::escalation::Escalation;
use crate::pool::ring_work::RingWork;
use crate::pool::stop::stop;
use crate::program;
use crate::slots;
use crate::slots::phase::{By, Stop};
use crate::ticket::{Name, Ticket};

/// Which calls are to stop: of one ring, or of all rings of an engine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Which {
    /// The one with this ticket, which names a call of the ring that gave it: none of another ring's calls, nor of all rings'.
    Ticket(Ticket),
    /// All that were given this word.
    UserData(u64),
    /// All with this first descriptor.
    Fd(RawFd),
    /// All of this system call number.
    Number(u32),
    /// This atom of the program with this ticket, if it is STOPPABLE, has a DEADLINE or is one of a group, and is being
    /// made: its program goes on.
    Atom(Ticket, u16),
    /// All with this TRACE id.
    Trace(u64),
    /// All.
    All,
}

/// How many of the calls that were to stop were found, of each kind. None of any: there is no such call.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Found {
    /// Queued. They never begin; their completions are there.
    pub removed: u32,
    /// In a worker, which has been signalled, now or before. Their completions say how each ended.
    pub signalled: u32,
    /// Asked to stop, and not signalled: with their submitter, or before their own thread runs, or queued where another
    /// thread cannot remove them; or the system takes no signal just now. They need not be asked again: the request stays
    /// with each until it is kept from beginning, signalled, or over. Of all rings, a call that its submitter gives a slot meanwhile may be
    /// counted twice.
    pub pending: u32,
    /// Over.
    pub over: u32,
    /// Where no signal can interrupt them: over in a moment, or on their way out; or in a worker that many signals have not
    /// interrupted.
    pub uninterruptible: u32,
    /// Of those in a worker, asked to be abandoned, how many are not: they have memory of the application's without
    /// [`crate::CallFlags::RELEASE`], and never will be; or as many calls as may be are abandoned, until one of those ends.
    pub kept: u32,
}

/// Stops calls of one ring, or of all rings of an engine, from any thread. It does not keep a ring open; calls that
/// outlive their ring can be stopped as well.
#[derive(Clone, Debug)]
pub struct Canceller {
    pub(crate) engine: Arc<EngineState>,
    pub(crate) reach: Reach,
}

/// The rings of which a canceller stops calls.
#[derive(Clone, Debug)]
pub(crate) enum Reach {
    /// One ring, which its submitter and its calls keep.
    Ring(Weak<RingWork>),
    All,
}

impl Which {
    /// The calls that a request names.
    pub(crate) fn named(by: CancelBy, value: u64) -> Which {
        match by {
            CancelBy::USER_DATA => Which::UserData(value),
            CancelBy::FD => Which::Fd(RawFd::try_from(value).unwrap_or(-1)),
            CancelBy::TRACE => Which::Trace(value),
            CancelBy::NUMBER => Which::Number(u32::try_from(value).unwrap_or(u32::MAX)),
            _ => Which::All,
        }
    }
}

impl Canceller {
    pub(crate) fn of_all(engine: Arc<EngineState>) -> Canceller {
        engine.registry.watch();
        Canceller { engine, reach: Reach::All }
    }

    /// Stops calls. Gives the calls found, by kind; none in a forked child.
    #[must_use = "whether there was such a call"]
    pub fn cancel(&self, which: Which) -> Found {
        self.cancel_with(which, Escalation::default())
    }

    /// [`Canceller::cancel`], with the steps that follow when the signal does not end a call.
    #[must_use = "whether there was such a call"]
    pub fn cancel_with(&self, which: Which, escalation: Escalation) -> Found {
        let how = (By::Other, escalation);
        let mut found = Found::default();
        if !self.engine.guard.is_home() {
            return found;
        }
        match (&self.reach, which) {
            (Reach::Ring(ring), _) => {
                ring.upgrade().inspect(|ring| cancel(&self.engine, ring, which, how, &mut found));
            }
            (Reach::All, Which::Ticket(_) | Which::Atom(..)) => {}
            (Reach::All, _) => {
                for ring in self.engine.registry.rings() {
                    leave_request(&self.engine, &ring, which, escalation, &mut found);
                    cancel(&self.engine, &ring, which, how, &mut found);
                }
            }
        }
        found
    }
}

/// Leaves the request to the submitter of the ring, if calls wait where only that thread can find them.
fn leave_request(
    engine: &Arc<EngineState>,
    ring: &Arc<RingWork>,
    which: Which,
    escalation: Escalation,
    found: &mut Found,
) {
    let waiting = ring.lane.waiting();
    if waiting > 0 {
        let engine = Arc::downgrade(engine);
        ring.requests.leave(Box::new(move |ring| {
            let engine = engine.upgrade();
            let how = (By::Submitter, escalation);
            engine.inspect(|engine| cancel(engine, ring, which, how, &mut Found::default()));
        }));
        ring.lane.ask();
        found.pending += waiting;
    }
}

/// Stops all calls of a ring that is dropped, without waiting for them (POOL-22).
pub(crate) fn stop_all(engine: &EngineState, ring: &Arc<RingWork>) {
    cancel(engine, ring, Which::All, (By::Submitter, Escalation::default()), &mut Found::default());
}

pub(crate) fn cancel(
    engine: &EngineState,
    ring: &Arc<RingWork>,
    which: Which,
    how: (By, Escalation),
    found: &mut Found,
) {
    if let Which::Ticket(ticket) | Which::Atom(ticket, _) = which {
        let own = ticket.within(ring.number).and_then(|name| match name {
            Name::Slot(own) => Some(own),
            Name::Lane(number) => ring.slots.of_lane(number),
        });
        match (own, which) {
            // A call of another ring, although a slot may have its number; or one of the private lane that is over.
            (None, _) => {}
            (Some(own), Which::Atom(_, atom)) => {
                found.count(stop_atom(
                    engine,
                    ring,
                    program::Name { program: own.pack(), atom: atom.into() },
                ));
            }
            (Some(own), _) => ask(engine, ring, own, how, found),
        }
        return;
    }
    for ticket in ring.slots.occupied() {
        let slot = ring.slots.get(ticket);
        let matches = match which {
            Which::UserData(user_data) => slot.user_data() == user_data,
            Which::Fd(fd) => fd >= 0 && slot.fd() == fd,
            Which::Number(nr) => slot.nr() == nr,
            Which::Trace(id) => ring.slots.trace(ticket) == Some(id),
            Which::Ticket(_) | Which::Atom(..) | Which::All => true,
        };
        if matches {
            // If another call has the slot by now, this ticket is stale, and `stop` finds no call.
            ask(engine, ring, ticket, how, found);
        }
    }
}

/// Stops one call of a program.
fn stop_atom(engine: &EngineState, ring: &RingWork, name: program::Name) -> Stop {
    let member = ring.programs.running.find(name);
    let pool = engine.pool.as_ref();
    member.zip(pool).map_or(Stop::NotFound, |(member, pool)| pool.stop_member(&member))
}

/// Asks one call to stop, and has the pool follow it until it does.
fn ask(
    engine: &EngineState,
    ring: &Arc<RingWork>,
    ticket: slots::Ticket,
    (by, escalation): (By, Escalation),
    all: &mut Found,
) {
    let found = stop(engine.pool.as_deref(), ring, ticket, by, Why::Asked);
    all.count(found);
    let is_there =
        matches!(found, Stop::Signal | Stop::Signalled | Stop::Unresponsive | Stop::Marked | Stop::Unsent);
    let Some(pool) = engine.pool.as_ref().filter(|_| is_there) else { return };
    match found {
        Stop::Signal => pool.look_after(ring, ticket),
        Stop::Unsent => pool.ask_again(ring, ticket),
        _ => {}
    }
    if escalation != Escalation::default() {
        let is_abandoned = pool.escalate(ring, ticket, escalation);
        all.kept += u32::from(escalation.abandon_ns.is_some() && !is_abandoned);
    }
}

impl Found {
    /// Whether there was no such call.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Found::default()
    }

    /// The result in the completion of a request.
    pub(crate) fn as_result(self) -> RawResult {
        match (self.removed + self.signalled + self.pending, self.uninterruptible, self.over) {
            (0, 0, 0) => RawResult::error(Errno(libc::ENOENT)),
            (0, 0, _) => RawResult::error(Errno(libc::EALREADY)),
            (0, _, _) => RawResult::error(Errno(libc::EBUSY)),
            (stopped, _, _) => RawResult(stopped.into()),
        }
    }

    fn count(&mut self, stop: Stop) {
        match stop {
            Stop::NotFound => {}
            Stop::Removed => self.removed += 1,
            Stop::Signal | Stop::Signalled | Stop::Stopped => self.signalled += 1,
            Stop::Marked | Stop::Unsent => self.pending += 1,
            Stop::Complete => self.over += 1,
            Stop::Uninterruptible | Stop::Unresponsive => self.uninterruptible += 1,
        }
    }
}
