//! What the calling thread is: looked at with its own at the last full comparison, and compared with the workers.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Instant;

use nix::unistd::gettid;

use crate::confinement::calls::Remembered;
use crate::confinement::files::{self, CHANGEABLE, Namespaces, ThreadFiles};
use crate::confinement::outside::{Outside, Sight};
use crate::confinement::raw::{self, Place};
use crate::confinement::status::Lines;
use crate::confinement::workers::{By, Told, Workers};
use crate::confinement::{Confine, Stamp, landlock};
use crate::pool::Pool;

/// The thread of a ring.
#[derive(Debug)]
pub(crate) struct Own {
    tid: i32,
    stamp: Stamp,
    /// None until they could be opened, and where there is no /proc.
    files: Option<Arc<ThreadFiles>>,
    /// They are other ones than those that others were shown.
    is_unshown: bool,
    is_shown: bool,
    /// Memory for status files.
    text: Vec<u8>,
    /// The rest is what it was at the last full comparison.
    lines: Lines,
    answers: Remembered,
    namespaces: Namespaces,
    places: Option<[Place; 2]>,
    layers: Option<u32>,
}

impl Own {
    pub(crate) fn of_this_thread() -> Own {
        Own {
            tid: gettid().as_raw(),
            stamp: Stamp::of_this_thread(),
            files: None,
            is_unshown: true,
            is_shown: false,
            text: Vec::new(),
            lines: Lines::default(),
            answers: Remembered::default(),
            namespaces: Namespaces::default(),
            places: None,
            layers: None,
        }
    }

    /// Lets others look at the thread, where what they find out is all that is compared.
    pub(crate) fn show(&mut self, pool: &Pool, outside: &Outside) {
        if std::mem::take(&mut self.is_unshown) {
            let is_by_kcmp = pool.workers().is_some_and(|workers| workers.tables.is_by_kcmp());
            let files = self.files.clone().filter(|_| is_by_kcmp && pool.confine() == Confine::Checked);
            self.is_shown = files.is_some();
            outside.show(files.map(|files| Sight { tid: self.tid, stamp: self.stamp.clone(), files }));
        }
    }

    pub(crate) fn is_shown(&self) -> bool {
        self.is_shown
    }

    /// Whether the thread, which was equal to the workers at the last full comparison, is what it was then.
    pub(crate) fn is_unchanged(&mut self, pool: &Pool) -> bool {
        pool.workers().is_some_and(|workers| self.is_still(pool, &workers).unwrap_or(false))
    }

    /// First what a new filter shows in: nothing else is asked of a thread that may be killed for it.
    fn is_still(&mut self, pool: &Pool, workers: &Workers) -> io::Result<bool> {
        match (&workers.by, &self.files) {
            (By::Files { .. }, Some(files)) => {
                if !self.lines.still(files.status(&mut self.text)?) {
                    return Ok(false);
                }
                if self.lines.is_admin() {
                    let namespaces = files.first_namespaces(CHANGEABLE)?;
                    if namespaces[..CHANGEABLE] != self.namespaces[..CHANGEABLE] {
                        return Ok(false);
                    }
                }
            }
            (By::Files { .. }, None) => return Ok(false),
            (By::Calls, _) => {
                if !self.answers.are_still()? {
                    return Ok(false);
                }
            }
        }
        if !self.shares(pool, workers)? || self.places != self.places_now(workers)? {
            return Ok(false);
        }
        Ok(pool.confine() != Confine::Strict || self.layers == Some(landlock::layers()?))
    }

    /// Whether it shares with the workers what threads share, and was not said to be confined.
    fn shares(&self, pool: &Pool, workers: &Workers) -> io::Result<bool> {
        Ok(self.stamp.get() == pool.stamp()
            && workers.tables.has_same_files(self.tid)?
            && workers.tables.has_same_fs(self.tid)? != Some(false)
            && raw::securebits()? == workers.securebits)
    }

    /// Compares all that can be compared with the workers as they are now. What makes a difference is written to `found`, so
    /// that one that is the same as before is known.
    ///
    /// # Errors
    /// When something cannot be compared.
    pub(crate) fn compare(
        &mut self,
        pool: &Pool,
        until: Option<Instant>,
        found: &mut Vec<u8>,
    ) -> io::Result<bool> {
        let compared = self.compare_all(pool, until, found);
        if compared.is_err() {
            // Opened again. The starter sees to its own.
            self.close_files();
            pool.ask_starter(until);
        }
        compared
    }

    /// Closes its files, but where the numbers may be other files' by now.
    fn close_files(&mut self) {
        self.files.take().filter(|files| !files.is_whole()).into_iter().for_each(std::mem::forget);
        files::forget();
        self.is_unshown = true;
    }

    /// Lets go of what it has open, in the calling thread, whichever that is. Where that has a table of its own the numbers may be
    /// other files': nothing is closed then.
    pub(crate) fn let_go(&mut self, pool: &Pool) {
        let Some(files) = self.files.take() else { return };
        let tid = gettid().as_raw();
        let is_here = |workers: &Workers| workers.tables.has_same_files(tid).unwrap_or(false);
        // The starter of a closed pool is no longer there to compare with.
        if !pool.is_closed() && !pool.workers().as_deref().is_some_and(is_here) {
            std::mem::forget(files);
        }
    }

    fn compare_all(&mut self, pool: &Pool, until: Option<Instant>, found: &mut Vec<u8>) -> io::Result<bool> {
        let Some(workers) = pool.workers() else {
            // The starter lacked something. It tries again when it is asked, and the next comparison may find it.
            return Err(ErrorKind::WouldBlock.into());
        };
        if let By::Files { proc, monitor } = &workers.by {
            if self.files.is_none() {
                self.files = Some(files::of_this_thread(proc)?);
                self.is_unshown = true;
            }
            if !self.is_as(&workers, monitor, found)? {
                return Ok(false);
            }
        }
        if !self.shares(pool, &workers)? {
            // Were they open in a table of the thread's own, another thread would close what has their numbers in another.
            self.close_files();
            found.extend_from_slice(b"shares");
            return Ok(false);
        }
        self.places = self.places_now(&workers)?;
        let is_by_files = matches!(workers.by, By::Files { .. });
        if is_by_files && pool.confine() == Confine::Checked {
            return Ok(true);
        }
        let told = pool.ask_starter(until).ok_or(ErrorKind::TimedOut)?;
        if !is_by_files {
            let answers = self.answers.ask()?;
            if *answers != told.answers || self.places.is_some() && self.places != told.places {
                found.extend_from_slice(format!("{answers:?} {:?} {told:?}", self.places).as_bytes());
                return Ok(false);
            }
        }
        self.has_layers_of(pool, &told, found)
    }

    /// Whether /proc tells the same of the thread as of the starter.
    fn is_as(&mut self, workers: &Workers, monitor: &ThreadFiles, found: &mut Vec<u8>) -> io::Result<bool> {
        let Some(files) = &self.files else { return Ok(false) };
        self.lines = files.lines(&mut self.text)?;
        let theirs = monitor.lines(&mut self.text)?;
        if self.lines.essence() != theirs.essence() {
            [self.lines.essence(), theirs.essence()]
                .as_flattened()
                .iter()
                .for_each(|part| found.extend(*part));
            return Ok(false);
        }
        self.namespaces = files.namespaces()?;
        let namespaces = monitor.namespaces()?;
        let labels = [files.label()?, monitor.label()?];
        let is_by_places = !workers.tables.is_by_kcmp();
        let places = if is_by_places { Some([files.places()?, monitor.places()?]) } else { None };
        let is_elsewhere = places.is_some_and(|[own, theirs]| own != theirs);
        if self.namespaces == namespaces && labels[0] == labels[1] && !is_elsewhere {
            return Ok(true);
        }
        let seen = (&self.namespaces, namespaces, labels, places);
        found.extend_from_slice(format!("{seen:?}").as_bytes());
        Ok(false)
    }

    /// Root and working directory, where they are compared by what they are.
    fn places_now(&self, workers: &Workers) -> io::Result<Option<[Place; 2]>> {
        if workers.tables.is_by_kcmp() {
            return Ok(None);
        }
        raw::places().map(Some)
    }

    /// Whether it has as many layers of Landlock as the starter, where that is compared.
    fn has_layers_of(&mut self, pool: &Pool, told: &Told, found: &mut Vec<u8>) -> io::Result<bool> {
        if pool.confine() == Confine::Checked {
            return Ok(true);
        }
        self.layers = Some(landlock::layers()?);
        let is_equal = self.layers == told.layers;
        if !is_equal {
            found.extend_from_slice(format!("{:?} {:?}", self.layers, told.layers).as_bytes());
        }
        Ok(is_equal)
    }
}
