//! The end of a pool.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use syslet_abi::Errno;

use super::board::Sleeper;
use super::leaving::Exit;
use super::shared::Pool;
use super::thread::spawn;
use super::unfinished::{RunningCall, Unfinished};
use super::worker::desk::Desk;
use crate::port::Port;

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

    /// Lets the programs leave that these desks have claimed, in a thread of their own: who drops a ring does not wait.
    /// Where no thread is to be had, they leave here.
    fn let_leave(&self, port: &Arc<Port>, desks: VecDeque<Desk>) {
        // First: who closes the pool waits for it.
        let exit = self.leaving.enter(port, desks);
        let (own, pool) = (Arc::clone(&exit), self.me.upgrade());
        let body = move || {
            own.run();
            pool.inspect(|pool| pool.has_left(&own));
        };
        let may_start = self.gate.as_ref().is_none_or(|gate| gate.0().is_ok());
        if !may_start || spawn("syslet-leaving", Box::new(body)).is_err() {
            exit.run();
            self.has_left(&exit);
        }
    }

    fn has_left(&self, exit: &Arc<Exit>) {
        self.leaving.end(exit);
        self.starter.leave();
    }
}
