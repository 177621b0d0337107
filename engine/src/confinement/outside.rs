//! A submitter that is stuck in a call, compared with the workers by the starter: what /proc and kcmp tell of a thread they tell
//! to other threads as well.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use crate::confinement::files::ThreadFiles;
use crate::confinement::raw::{Shared, shares};
use crate::confinement::tables::Tables;
use crate::confinement::workers::By;
use crate::confinement::{Confine, Stamp};
use crate::pool::Pool;
use crate::sys::sync::{Mutex, lock};

/// The thread of a ring as others can look at it; nothing where they cannot.
#[derive(Debug, Default)]
pub(crate) struct Outside(Mutex<Option<Sight>>);

/// What it takes to look at a thread.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    pub(crate) tid: i32,
    pub(crate) stamp: Stamp,
    pub(crate) files: Arc<ThreadFiles>,
}

impl Outside {
    /// The thread of the ring can be looked at from now on as its last comparison found it.
    pub(crate) fn show(&self, sight: Option<Sight>) {
        *lock(&self.0) = sight;
    }

    /// Whether the thread is confined as the workers are, now; it is in a call. Not asked are its securebits: no call that a
    /// submitter can be stuck in, and none that waits behind it for any thread to make it, heeds them.
    pub(crate) fn is_equal(&self, pool: &Pool) -> bool {
        let sight = lock(&self.0).clone();
        sight.is_some_and(|sight| sight.is_equal(pool).unwrap_or(false))
    }
}

impl Sight {
    fn is_equal(&self, pool: &Pool) -> io::Result<bool> {
        let workers = pool.workers().ok_or(ErrorKind::WouldBlock)?;
        let (By::Files { monitor, .. }, Tables::Kcmp(tid)) = (&workers.by, &workers.tables) else {
            return Ok(false);
        };
        let mut text = Vec::new();
        Ok(pool.confine() == Confine::Checked
            && self.stamp.get() == pool.stamp()
            && self.files.lines(&mut text)?.essence() == monitor.lines(&mut text)?.essence()
            && shares(self.tid, *tid, Shared::Files)?
            && shares(self.tid, *tid, Shared::Fs)?
            && self.files.namespaces()? == monitor.namespaces()?
            && self.files.label()? == monitor.label()?)
    }
}
