//! The end of a pool.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use syslet_abi::Errno;

use super::board::Sleeper;
use super::shared::Pool;
use super::worker::desk::Desk;
use crate::port::Port;

/// A call that still runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RunningCall {
    /// The number of the call.
    pub nr: u32,
    /// The word given with its submission.
    pub user_data: u64,
    /// The thread that makes it; 0 while that is being started.
    pub tid: u32,
}

/// The deadline has passed, and calls still run. Their rings' memory stays until they are over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unfinished {
    /// Which.
    pub calls: Vec<RunningCall>,
}

impl Pool {
    /// No call is taken any more; threads end as soon as they have nothing to run. Waits for nobody.
    pub(crate) fn shut(&self) {
        self.board.close().iter().for_each(|seat| seat.call());
        self.starter.close();
    }

    /// As [`Pool::shut`]; then queued calls end, and running ones are waited for.
    pub(crate) fn close(&self, patience: Duration) -> Result<(), Unfinished> {
        let deadline = Instant::now().checked_add(patience);
        self.shut();
        for port in self.roll.ports() {
            self.refuse_queued(&port);
        }
        if self.starter.wait_for_end(deadline) {
            return Ok(());
        }
        let seats = self.roll.seats();
        let running = seats.iter().filter(|seat| seat.face.watch.glance().is_inside());
        let calls = running.map(|seat| {
            let (nr, user_data) = seat.face.shown();
            RunningCall { nr, user_data, tid: seat.tid() }
        });
        Err(Unfinished { calls: calls.chain(self.leaving.calls()).collect() })
    }

    /// Ends the calls that are queued in a ring, or wait for a lane; their completions say that they never ran. Programs
    /// that were begun leave by their way out.
    pub(crate) fn refuse_queued(&self, port: &Arc<Port>) {
        self.lanes.give_up(port);
        let mut leaving = VecDeque::new();
        let mut desk = Desk::for_closing(Arc::clone(&self.known));
        while desk.claim(port) {
            if desk.has_begun_program() {
                leaving.push_back(std::mem::replace(&mut desk, Desk::for_closing(Arc::clone(&self.known))));
            } else {
                desk.refuse(port, Errno(libc::ECANCELED));
            }
        }
        if !leaving.is_empty() {
            self.let_leave(port, leaving);
        }
    }
}

impl std::fmt::Display for Unfinished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} calls still run:", self.calls.len())?;
        self.calls.iter().try_for_each(|RunningCall { nr, user_data, tid }| {
            write!(f, " call {nr} (user_data {user_data}) in thread {tid};")
        })
    }
}

impl std::error::Error for Unfinished {}
