//! Stopping calls: what is queued is removed, what runs is interrupted.

use std::os::fd::RawFd;
use std::sync::Arc;

use crate::claim::Why;
use crate::pair::{Ring, RingError};
use crate::port::Port;
use crate::shared::Shared;
use crate::slot::Ticket;
use crate::slot::phase::Stop;
use crate::stop::stop;

/// Which calls of a ring are to stop.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Which {
    /// The one with this ticket.
    Ticket(Ticket),
    /// All that were given this word.
    UserData(u64),
    /// All whose first descriptor is this one.
    Fd(RawFd),
    /// All of this system call number.
    Number(u32),
    /// All.
    All,
}

/// What was found of the calls that were to stop: how many of each kind. None of any: there is no such call.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Found {
    /// Queued. They never begin; their completions are there.
    pub removed: u32,
    /// In a worker, which has been signalled, now or before. Their completions say what came of it.
    pub signalled: u32,
    /// Over.
    pub over: u32,
    /// Where nobody can interrupt them: with their submitter, or over in a moment.
    pub uninterruptible: u32,
}

/// Stops calls of one ring, from any thread. It does not keep the ring open; calls that outlive their ring can be
/// stopped as well.
#[derive(Clone, Debug)]
pub struct Canceller {
    shared: Arc<Shared>,
    port: Arc<Port>,
}

impl Ring {
    /// Stops calls of this ring. Gives what was found; nothing in a forked child.
    ///
    /// Completions come as ever, one for each call: CANCELLED says that the call was kept from beginning or from ending.
    pub fn cancel(&mut self, which: Which) -> Found {
        if self.check_home().is_err() {
            return Found::default();
        }
        cancel(&self.shared, &self.port, which)
    }

    /// What stops calls of this ring from other threads.
    ///
    /// # Errors
    /// In a forked child.
    pub fn canceller(&self) -> Result<Canceller, RingError> {
        self.check_home().map_err(|_| RingError::Forked)?;
        self.has_canceller.set(true);
        Ok(Canceller { shared: Arc::clone(&self.shared), port: Arc::clone(&self.port) })
    }
}

impl Canceller {
    /// Stops calls of the ring. Gives what was found; nothing in a forked child.
    #[must_use = "whether there was such a call"]
    pub fn cancel(&self, which: Which) -> Found {
        if self.shared.guard.is_home() { cancel(&self.shared, &self.port, which) } else { Found::default() }
    }
}

fn cancel(shared: &Shared, port: &Arc<Port>, which: Which) -> Found {
    let mut found = Found::default();
    if let Which::Ticket(ticket) = which {
        found.count(ask(shared, port, ticket));
        return found;
    }
    for ticket in port.slots.occupied() {
        let slot = port.slots.get(ticket);
        let matches = match which {
            Which::UserData(user_data) => slot.user_data() == user_data,
            Which::Fd(fd) => fd >= 0 && slot.fd() == fd,
            Which::Number(nr) => slot.nr() == nr,
            Which::Ticket(_) | Which::All => true,
        };
        if matches {
            // Should the slot be another call's by now, its ticket is stale.
            found.count(ask(shared, port, ticket));
        }
    }
    found
}

/// Asks one call to stop, and has somebody see to it that it does.
fn ask(shared: &Shared, port: &Arc<Port>, ticket: Ticket) -> Stop {
    let found = stop(port, ticket, Why::Asked);
    if found == Stop::Signal {
        shared.pool.as_ref().inspect(|pool| pool.look_after(port, ticket));
    }
    found
}

impl Found {
    /// Whether there was no such call.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Found::default()
    }

    fn count(&mut self, stop: Stop) {
        match stop {
            Stop::NotFound => {}
            Stop::Removed => self.removed += 1,
            Stop::Signal | Stop::Signalled | Stop::Stopped => self.signalled += 1,
            Stop::Complete => self.over += 1,
            Stop::Uninterruptible => self.uninterruptible += 1,
        }
    }
}
