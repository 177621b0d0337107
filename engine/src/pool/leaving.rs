//! Programs that were begun, and that nobody goes on with: they leave by the way out, which may sleep (SYSLET-35).

use std::collections::VecDeque;

use syslet_abi::Errno;

use crate::cancel::timer::reach;
use crate::pool::ring_work::RingWork;
use crate::pool::state::Pool;
use crate::pool::unfinished::RunningCall;
use crate::pool::worker::local::WorkerLocal;
use crate::sys::sync::{Arc, Mutex, lock};
use crate::sys::thread::own_tid;

/// Threads in which programs leave just now.
#[derive(Debug, Default)]
pub(crate) struct Leaving(Mutex<Vec<Arc<Exit>>>);

/// The programs of one ring, one after the other.
#[derive(Debug)]
pub(crate) struct Exit {
    ring: Arc<RingWork>,
    desks: Mutex<VecDeque<WorkerLocal>>,
    /// Those that have not left, the one first that does.
    shown: Mutex<VecDeque<RunningCall>>,
}

impl Leaving {
    /// The programs that these desks have claimed are to leave.
    pub(crate) fn enter(&self, ring: &Arc<RingWork>, desks: VecDeque<WorkerLocal>) -> Arc<Exit> {
        let shown = Mutex::new(desks.iter().map(|local| local.shown(ring)).collect());
        let exit = Arc::new(Exit { ring: Arc::clone(ring), desks: Mutex::new(desks), shown });
        lock(&self.0).push(Arc::clone(&exit));
        exit
    }

    /// They have left.
    pub(crate) fn end(&self, exit: &Arc<Exit>) {
        lock(&self.0).retain(|other| !Arc::ptr_eq(other, exit));
    }

    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }

    /// Those that have not left.
    pub(crate) fn calls(&self) -> Vec<RunningCall> {
        lock(&self.0).iter().flat_map(|exit| lock(&exit.shown).clone()).collect()
    }
}

impl Exit {
    pub(crate) fn run(&self, pool: Option<&Pool>) {
        let (maker, _timer) = reach(own_tid().cast_unsigned());
        loop {
            let Some(mut local) = lock(&self.desks).pop_front() else { return };
            lock(&self.shown).iter_mut().take(1).for_each(|call| call.tid = maker.tid);
            local.sit(maker);
            local.refuse(&self.ring, Errno(libc::ECANCELED), pool);
            lock(&self.shown).pop_front();
        }
    }
}
