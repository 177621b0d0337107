//! Calls that outlast a pool: programs on their way out, which may sleep (SYSLET-35), and calls that still run when a
//! close stops waiting. Kept by the pool, filled by its shutdown.

use std::collections::VecDeque;

use syslet_syscalls::row;

use crate::pool::ring_work::RingWork;
use crate::pool::worker::WorkerLocal;
use crate::sys::sync::{Arc, Mutex, lock};

/// A call that still runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RunningCall {
    /// The number of the system call.
    pub nr: u32,
    /// The word given with its submission.
    pub user_data: u64,
    /// The thread that makes the call; 0 while that thread is being started.
    pub tid: u32,
}

/// The deadline has passed, and calls still run. Their rings' memory stays until they are over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unfinished {
    /// The calls that still run.
    pub calls: Vec<RunningCall>,
}

impl std::fmt::Display for Unfinished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let still = if self.calls.len() == 1 { "call still runs" } else { "calls still run" };
        write!(f, "{} {still}", self.calls.len())?;
        self.calls.iter().enumerate().try_for_each(|(index, RunningCall { nr, user_data, tid })| {
            let between = if index == 0 { ':' } else { ';' };
            match row(*nr) {
                Some(row) => write!(f, "{between} {}", row.name)?,
                None => write!(f, "{between} call {nr}")?,
            }
            write!(f, " (user_data {user_data}) in thread {tid}")
        })
    }
}

impl std::error::Error for Unfinished {}

/// Threads in which programs are on their way out.
#[derive(Debug, Default)]
pub(crate) struct Leaving(Mutex<Vec<Arc<Exit>>>);

/// Programs of one ring that leave one after the other in one thread.
#[derive(Debug)]
pub(crate) struct Exit {
    pub(super) ring: Arc<RingWork>,
    pub(super) locals: Mutex<VecDeque<WorkerLocal>>,
    /// The programs that have not left, in the order in which they leave.
    pub(super) shown: Mutex<VecDeque<RunningCall>>,
}

impl Leaving {
    /// Adds the list of one thread: the programs that `locals` have claimed.
    pub(crate) fn enter(&self, ring: &Arc<RingWork>, locals: VecDeque<WorkerLocal>) -> Arc<Exit> {
        let shown = Mutex::new(locals.iter().map(|local| local.shown(ring)).collect());
        let exit = Arc::new(Exit { ring: Arc::clone(ring), locals: Mutex::new(locals), shown });
        lock(&self.0).push(Arc::clone(&exit));
        exit
    }

    /// Removes the list: its programs have left.
    pub(crate) fn end(&self, exit: &Arc<Exit>) {
        lock(&self.0).retain(|other| !Arc::ptr_eq(other, exit));
    }

    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }

    /// The programs that have not left.
    pub(crate) fn calls(&self) -> Vec<RunningCall> {
        lock(&self.0).iter().flat_map(|exit| lock(&exit.shown).clone()).collect()
    }
}
