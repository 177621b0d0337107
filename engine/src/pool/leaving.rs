//! Programs that were begun, and that nobody goes on with: they leave by the way out, which may sleep (SYSLET-35).

use std::collections::VecDeque;

use syslet_abi::Errno;

use super::close::RunningCall;
use super::shared::Pool;
use super::thread::{own_tid, spawn};
use super::worker::desk::Desk;
use crate::port::Port;
use crate::sync::{Arc, Mutex, lock};

/// Threads in which programs leave just now.
#[derive(Debug, Default)]
pub(super) struct Leaving(Mutex<Vec<Arc<Exit>>>);

/// The programs of one ring, one after the other.
#[derive(Debug)]
struct Exit {
    port: Arc<Port>,
    desks: Mutex<VecDeque<Desk>>,
    /// Those that have not left, the one first that does.
    shown: Mutex<VecDeque<RunningCall>>,
}

impl Leaving {
    pub(super) fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }

    /// Those that have not left.
    pub(super) fn calls(&self) -> Vec<RunningCall> {
        lock(&self.0).iter().flat_map(|exit| lock(&exit.shown).clone()).collect()
    }
}

impl Exit {
    fn run(&self) {
        loop {
            let Some(mut desk) = lock(&self.desks).pop_front() else { return };
            lock(&self.shown).iter_mut().take(1).for_each(|call| call.tid = own_tid().cast_unsigned());
            desk.refuse(&self.port, Errno(libc::ECANCELED));
            lock(&self.shown).pop_front();
        }
    }
}

impl Pool {
    /// Lets the programs leave that these desks have claimed, in a thread of their own: who drops a ring does not wait.
    /// Where no thread is to be had, they leave here.
    pub(super) fn let_leave(&self, port: &Arc<Port>, desks: VecDeque<Desk>) {
        let shown = Mutex::new(desks.iter().map(|desk| desk.shown(port)).collect());
        let exit = Arc::new(Exit { port: Arc::clone(port), desks: Mutex::new(desks), shown });
        // First: who closes the pool waits for it.
        lock(&self.leaving.0).push(Arc::clone(&exit));
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
        lock(&self.leaving.0).retain(|other| !Arc::ptr_eq(other, exit));
        self.starter.leave();
    }
}
