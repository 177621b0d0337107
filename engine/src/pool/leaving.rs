//! Programs that were begun, and that nobody goes on with: they leave by the way out, which may sleep (SYSLET-35).

use std::collections::VecDeque;

use syslet_abi::Errno;

use super::shared::Pool;
use super::thread::own_tid;
use super::unfinished::RunningCall;
use super::worker::desk::Desk;
use crate::port::Port;
use crate::stop::timer::reach;
use crate::sync::{Arc, Mutex, lock};

/// Threads in which programs leave just now.
#[derive(Debug, Default)]
pub(super) struct Leaving(Mutex<Vec<Arc<Exit>>>);

/// The programs of one ring, one after the other.
#[derive(Debug)]
pub(super) struct Exit {
    port: Arc<Port>,
    desks: Mutex<VecDeque<Desk>>,
    /// Those that have not left, the one first that does.
    shown: Mutex<VecDeque<RunningCall>>,
}

impl Leaving {
    /// The programs that these desks have claimed are to leave.
    pub(super) fn enter(&self, port: &Arc<Port>, desks: VecDeque<Desk>) -> Arc<Exit> {
        let shown = Mutex::new(desks.iter().map(|desk| desk.shown(port)).collect());
        let exit = Arc::new(Exit { port: Arc::clone(port), desks: Mutex::new(desks), shown });
        lock(&self.0).push(Arc::clone(&exit));
        exit
    }

    /// They have left.
    pub(super) fn end(&self, exit: &Arc<Exit>) {
        lock(&self.0).retain(|other| !Arc::ptr_eq(other, exit));
    }

    pub(super) fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }

    /// Those that have not left.
    pub(super) fn calls(&self) -> Vec<RunningCall> {
        lock(&self.0).iter().flat_map(|exit| lock(&exit.shown).clone()).collect()
    }
}

impl Exit {
    pub(super) fn run(&self, pool: Option<&Pool>) {
        let (maker, _timer) = reach(own_tid().cast_unsigned());
        loop {
            let Some(mut desk) = lock(&self.desks).pop_front() else { return };
            lock(&self.shown).iter_mut().take(1).for_each(|call| call.tid = maker.tid);
            desk.sit(maker);
            desk.refuse(&self.port, Errno(libc::ECANCELED), pool);
            lock(&self.shown).pop_front();
        }
    }
}
