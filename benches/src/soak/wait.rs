//! The ways in which a ring's thread waits.

use std::os::fd::AsFd;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use syslet::CallFlags;

use super::entry::Entry;
use super::player::Player;
use super::world::lock;

/// A descriptor that is not readable for so long, although workers have all they need, is forgotten.
const FORGOTTEN_MS: u16 = 50_000;

impl Player<'_> {
    /// Waits in a way that chance chooses. Whoever owes something waits with a timeout.
    pub(super) fn wait(&mut self) -> Result<(), String> {
        let (visible, is_free, has_own) = self.survey();
        match self.rng.u8(..16) {
            0 => {
                self.submit();
                Ok(())
            }
            1 | 2 => self.watch(2, false),
            3 if is_free && visible > 0 && !has_own => self.watch(FORGOTTEN_MS, true),
            4..=6 if is_free && visible > 0 => {
                let min = self.rng.usize(1..=visible);
                self.sleep(min, None)
            }
            7 => self.sleep(0, Some(Duration::ZERO)),
            8 => self.sleep(1, Some(Duration::ZERO)),
            _ => {
                let (min, timeout) = (self.rng.usize(1..=visible + 1), self.rng.u64(..3000));
                self.sleep(min, Some(Duration::from_micros(timeout)))
            }
        }
    }

    /// How many completions are to come; whether none of them needs this thread to submit anything; and whether some
    /// call is this thread's to make.
    fn survey(&self) -> (usize, bool, bool) {
        let table = lock(&self.seat.table);
        let visible = table.values().filter(|entry| !entry.is_hidden()).count();
        let is_free = self.debts.is_empty() && !table.values().any(|entry| entry.owes);
        let is_own = |entry: &Entry| entry.flags.contains(CallFlags::SYNC);
        (visible, is_free, table.values().any(is_own))
    }

    fn submit(&mut self) {
        *lock(&self.seat.doing) = "submits";
        self.ring.submit();
    }

    fn sleep(&mut self, min: usize, timeout: Option<Duration>) -> Result<(), String> {
        *lock(&self.seat.doing) = if timeout.is_some() { "waits a moment" } else { "waits" };
        self.ring.wait(min, timeout).map(drop).map_err(|error| error.to_string())
    }

    /// Waits by the descriptor.
    fn watch(&mut self, timeout_ms: u16, must_come: bool) -> Result<(), String> {
        self.submit();
        *lock(&self.seat.doing) = "polls";
        let event = self.ring.event().map_err(|error| error.to_string())?;
        // The first looks for completions, which arms the descriptor; the second says whether there are any.
        if self.ring.in_flight() == 0 || self.ring.wait(0, None).map_err(|error| error.to_string())? > 0 {
            return Ok(());
        }
        let mut asked = [PollFd::new(event.as_fd(), PollFlags::POLLIN)];
        let ready = poll(&mut asked, PollTimeout::from(timeout_ms)).map_err(|error| error.to_string())?;
        if ready == 0 && must_come && !self.world.closes() {
            return Err(format!("not readable for {timeout_ms} ms"));
        }
        Ok(())
    }
}
