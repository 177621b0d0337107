//! The submitter of a ring, compared with the workers: when everything is compared, when only possible changes, and each
//! single comparison. The ring holds one [`Confinement`] and asks it before calls become visible to workers.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::unistd::gettid;

use crate::confinement::calls::{self, Place, Remembered};
use crate::confinement::difference::Difference;
use crate::confinement::proc::{self, CHANGEABLE, Lines, Namespaces, ThreadFiles};
use crate::confinement::reference::{Answer, By, Reference, Sight, Stamp, Workers};
use crate::confinement::{Confine, landlock};
use crate::ticket::RingNumber;

/// The state of the comparison in a ring.
#[derive(Debug)]
pub(crate) struct Confinement {
    ring: RingNumber,
    /// The thread that was compared.
    thread: u64,
    own: Own,
    /// Whether it was found to be confined as the workers are.
    is_open: bool,
    /// When everything was compared.
    compared: Instant,
    difference: Difference,
}

/// The result of the comparison in a wait so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Looked {
    /// It has not compared.
    #[default]
    Not,
    /// The thread is as the workers are.
    Equal,
    /// It is not.
    Different,
}

/// Everything is compared at least so often, while calls are given to workers.
const PERIOD: Duration = Duration::from_millis(10);
/// So often a wait looks whether a difference is gone, if no call needs that.
const AGAIN: Duration = Duration::from_millis(100);

impl Confinement {
    /// Compares the calling thread, which opens this ring.
    pub(crate) fn of_this_thread(reference: &Reference, ring: RingNumber) -> Confinement {
        let mut confinement = Confinement::unknown(ring);
        confinement.compare(reference, None);
        confinement.show(reference);
        confinement
    }

    fn unknown(ring: RingNumber) -> Confinement {
        Confinement {
            ring,
            thread: thread_mark(),
            own: Own::of_this_thread(),
            is_open: false,
            compared: Instant::now(),
            difference: Difference::default(),
        }
    }

    /// Whether the submitter was confined as the workers are when it was compared last.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Compares the calling thread again, before calls are given to workers. A difference is not read again after `until`.
    pub(crate) fn look(&mut self, reference: &Reference, until: Option<Instant>) -> bool {
        if self.thread != thread_mark() {
            // The ring has changed thread.
            self.own.let_go(reference, false);
            *self = Confinement::unknown(self.ring);
        }
        if self.is_open && self.compared.elapsed() < PERIOD && self.own.is_unchanged(reference) {
            return true;
        }
        self.compare(reference, until)
    }

    /// Lets the monitor look at the thread, where it can find out everything that matters.
    pub(crate) fn show(&mut self, reference: &Reference) {
        self.own.show(reference, self.ring);
    }

    /// Whether the monitor can look at the thread.
    pub(crate) fn is_shown(&self) -> bool {
        self.own.is_shown
    }

    /// Whether it is some time since everything was compared.
    pub(crate) fn is_old(&self) -> bool {
        self.compared.elapsed() >= AGAIN
    }

    /// Called when the ring is dropped. `is_closed` says whether the pool is.
    pub(crate) fn end(&mut self, reference: &Reference, is_closed: bool) {
        reference.show(self.ring, None);
        self.own.let_go(reference, is_closed);
    }

    /// Compares everything with the workers.
    fn compare(&mut self, reference: &Reference, until: Option<Instant>) -> bool {
        let Confinement { own, compared, difference, .. } = self;
        let is_open = difference.is_none(until, |found| {
            let is_equal = own.compare(reference, until, found);
            *compared = Instant::now();
            is_equal
        });
        self.is_open = is_open;
        is_open
    }
}

/// A number that no other thread of this process has, or will have.
fn thread_mark() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static MARK: u64 = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    MARK.with(|mark| *mark)
}

/// The calling thread: its open files, and its state at the last full comparison.
#[derive(Debug)]
struct Own {
    tid: i32,
    stamp: Stamp,
    /// None until they could be opened, and where there is no /proc.
    files: Option<Arc<ThreadFiles>>,
    /// The monitor does not have these files yet.
    is_unshown: bool,
    is_shown: bool,
    /// Memory for status files.
    text: Vec<u8>,
    /// This and the rest: as found at the last full comparison.
    lines: Lines,
    answers: Remembered,
    namespaces: Namespaces,
    places: Option<[Place; 2]>,
    layers: Option<u32>,
}

impl Own {
    fn of_this_thread() -> Own {
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

    /// Lets the monitor look at the thread, where files and kcmp tell all that is compared.
    fn show(&mut self, reference: &Reference, ring: RingNumber) {
        if std::mem::take(&mut self.is_unshown) {
            let is_by_kcmp = reference.workers().is_some_and(|workers| workers.tables.is_by_kcmp());
            let files = self.files.clone().filter(|_| is_by_kcmp && reference.confine == Confine::Checked);
            self.is_shown = files.is_some();
            let sight = files.map(|files| Sight { tid: self.tid, stamp: self.stamp.clone(), files });
            reference.show(ring, sight);
        }
    }

    /// Whether the thread is as it was at the last full comparison, which has found it equal to the workers.
    fn is_unchanged(&mut self, reference: &Reference) -> bool {
        reference.workers().is_some_and(|workers| self.is_still(reference, &workers).unwrap_or(false))
    }

    /// Looks first where a new filter shows: the filter may kill a thread that asks for anything else.
    fn is_still(&mut self, reference: &Reference, workers: &Workers) -> io::Result<bool> {
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
        if !self.shares(reference, workers)? || self.places != self.places_now(workers)? {
            return Ok(false);
        }
        Ok(reference.confine != Confine::Strict || self.layers == Some(landlock::layers()?))
    }

    /// Whether it shares the workers' tables, has their securebits, and was not said to be confined.
    fn shares(&self, reference: &Reference, workers: &Workers) -> io::Result<bool> {
        Ok(self.stamp.get() == reference.stamp
            && workers.tables.has_same_files(self.tid)?
            && workers.tables.has_same_fs(self.tid)? != Some(false)
            && calls::securebits()? == workers.securebits)
    }

    /// Compares everything with the workers as they are now. A difference is described in `found`: by that it is known again.
    ///
    /// # Errors
    /// When something cannot be compared.
    fn compare(
        &mut self,
        reference: &Reference,
        until: Option<Instant>,
        found: &mut Vec<u8>,
    ) -> io::Result<bool> {
        let compared = self.compare_all(reference, until, found);
        if compared.is_err() {
            // The next comparison opens them again; the question makes the monitor open its own again.
            self.close_files();
            reference.ask(until);
        }
        compared
    }

    /// Closes its files, unless the numbers may belong to other files by now.
    fn close_files(&mut self) {
        self.files.take().filter(|files| !files.is_whole()).into_iter().for_each(std::mem::forget);
        proc::forget();
        self.is_unshown = true;
    }

    /// Lets go of its files, in the calling thread, which may be another one. If that has a descriptor table of its own, the
    /// numbers may belong to other files in it: nothing is closed then.
    fn let_go(&mut self, reference: &Reference, is_closed: bool) {
        let Some(files) = self.files.take() else { return };
        let tid = gettid().as_raw();
        let is_here = |workers: &Workers| workers.tables.has_same_files(tid).unwrap_or(false);
        // The monitor of a closed pool may have ended: there is no thread to compare with.
        if !is_closed && !reference.workers().as_deref().is_some_and(is_here) {
            std::mem::forget(files);
        }
    }

    fn compare_all(
        &mut self,
        reference: &Reference,
        until: Option<Instant>,
        found: &mut Vec<u8>,
    ) -> io::Result<bool> {
        let Some(workers) = reference.workers() else {
            // The monitor lacked something. It tries again when it is asked, and the next comparison may find it.
            return Err(ErrorKind::WouldBlock.into());
        };
        if let By::Files { proc, monitor } = &workers.by {
            if self.files.is_none() {
                self.files = Some(proc::of_this_thread(proc)?);
                self.is_unshown = true;
            }
            if !self.is_as(&workers, monitor, found)? {
                return Ok(false);
            }
        }
        if !self.shares(reference, &workers)? {
            // Opened in a table of the thread's own, they would be closed later by a thread with another table, where the numbers
            // belong to other files.
            self.close_files();
            found.extend_from_slice(b"shares");
            return Ok(false);
        }
        self.places = self.places_now(&workers)?;
        if workers.is_by_files() && reference.confine == Confine::Checked {
            return Ok(true);
        }
        let answer = reference.ask(until).ok_or(ErrorKind::TimedOut)?;
        if !workers.is_by_files() {
            let answers = self.answers.ask()?;
            if *answers != answer.answers || self.places.is_some() && self.places != answer.places {
                found.extend_from_slice(format!("{answers:?} {:?} {answer:?}", self.places).as_bytes());
                return Ok(false);
            }
        }
        self.has_layers_of(reference, &answer, found)
    }

    /// Whether /proc tells the same of the thread as of the monitor.
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

    /// Root and working directory, where directories are compared by identity.
    fn places_now(&self, workers: &Workers) -> io::Result<Option<[Place; 2]>> {
        if workers.tables.is_by_kcmp() {
            return Ok(None);
        }
        calls::places().map(Some)
    }

    /// Whether it has as many layers of Landlock as the monitor, where layers are compared.
    fn has_layers_of(
        &mut self,
        reference: &Reference,
        answer: &Answer,
        found: &mut Vec<u8>,
    ) -> io::Result<bool> {
        if reference.confine == Confine::Checked {
            return Ok(true);
        }
        self.layers = Some(landlock::layers()?);
        let is_equal = self.layers == answer.layers;
        if !is_equal {
            found.extend_from_slice(format!("{:?} {:?}", self.layers, answer.layers).as_bytes());
        }
        Ok(is_equal)
    }
}
