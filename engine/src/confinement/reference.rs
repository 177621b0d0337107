//! The side of the workers in a comparison: the way to compare with them, the questions of submitters to the monitor, and the
//! submitters that the monitor can look at. The pool owns one; rings compare with it, the monitor keeps it up to date.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Condvar, PoisonError, RwLock};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::unistd::gettid;

use crate::confinement::calls::{self, Answers, Place, Shared, shares};
use crate::confinement::proc::{self, ThreadFiles};
use crate::confinement::{Comparison, Confine, Source, landlock};
use crate::nonblocking::{Abilities, Ability, NonBlocking};
use crate::notify::Wake;
use crate::notify::futex::OwnWord;
use crate::sys::sync::{AtomicBool, AtomicU64, Mutex, Ordering, lock};
use crate::ticket::RingNumber;

/// The other side of every comparison of a submitter. The monitor stands for the workers: it has started them, and is confined as
/// they are.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(super) confine: Confine,
    /// The stamp of the thread that has started the engine.
    pub(super) stamp: u64,
    abilities: Abilities,
    /// None as long as the system lacks descriptors or memory for a comparison.
    workers: RwLock<Option<Arc<Workers>>>,
    /// Wakes the monitor.
    monitor: Arc<Wake<OwnWord>>,
    /// A submitter has a question.
    asked: AtomicBool,
    talk: Mutex<Talk>,
    askers: Condvar,
    /// The submitters that other threads can look at, by ring.
    visible: Mutex<BTreeMap<RingNumber, Sight>>,
}

/// How many questions were asked and answered, and the last answer.
#[derive(Debug, Default)]
struct Talk {
    asked: u64,
    answered: u64,
    answer: Option<Answer>,
}

/// The monitor's answer about itself: facts that no other thread can find out.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) answers: Answers,
    pub(super) places: Option<[Place; 2]>,
    /// None unless layers are compared.
    pub(super) layers: Option<u32>,
}

/// An idle monitor answers in less than a millisecond.
const PATIENCE: Duration = Duration::from_millis(100);
/// A wait with a timeout that has passed waits for so long still: it would never be answered otherwise.
const PATIENCE_AT_LEAST: Duration = Duration::from_millis(1);

impl Reference {
    /// Called by the thread that starts the engine. The monitor will sleep on `monitor`.
    pub(crate) fn new(confine: Confine, abilities: Abilities, monitor: Arc<Wake<OwnWord>>) -> Reference {
        Reference {
            confine,
            stamp: Stamp::of_this_thread().get(),
            abilities,
            workers: RwLock::default(),
            monitor,
            asked: AtomicBool::new(false),
            talk: Mutex::default(),
            askers: Condvar::new(),
            visible: Mutex::default(),
        }
    }

    /// How submitters are compared; `None` as long as the system lacks descriptors or memory for that.
    pub(crate) fn comparison(&self) -> Option<Comparison> {
        let workers = self.workers()?;
        Some(Comparison {
            threads: if workers.is_by_files() { Source::Status } else { Source::Calls },
            tables: if workers.tables.is_by_kcmp() { Source::Kcmp } else { Source::Locks },
            landlock: self.confine == Confine::Strict,
        })
    }

    pub(super) fn workers(&self) -> Option<Arc<Workers>> {
        self.workers.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Called by the monitor: opens the files that submitters are compared by, unless all of them are open and whole.
    pub(crate) fn renew(&self) {
        let known = self.workers();
        if known.as_ref().is_some_and(|known| known.is_whole()) {
            return;
        }
        if let Ok(workers) = Workers::of_this_thread(self.abilities, known.as_deref()) {
            *self.workers.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(workers));
            // The application has closed a descriptor of it. The numbers may belong to other files by now: none is closed.
            known.into_iter().for_each(std::mem::forget);
        }
    }

    /// Asks the monitor, and waits for its answer: 100 ms at most, and at most a millisecond beyond `until`.
    pub(super) fn ask(&self, until: Option<Instant>) -> Option<Answer> {
        let now = Instant::now();
        let longest = now + PATIENCE;
        let until = until.map_or(longest, |until| until.max(now + PATIENCE_AT_LEAST).min(longest));
        let mut talk = lock(&self.talk);
        talk.asked += 1;
        let number = talk.asked;
        // Relaxed: `notify` orders the store before its look at the monitor's sleep (W5), and the monitor's own look at the flag
        // comes behind W2. Either the monitor sees the flag, or `notify` wakes it.
        self.asked.store(true, Ordering::Relaxed);
        self.monitor.notify();
        while talk.answered < number {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            (talk, _) = self.askers.wait_timeout(talk, left).unwrap_or_else(PoisonError::into_inner);
        }
        talk.answer.clone()
    }

    /// Whether a submitter waits for an answer of the monitor.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Called by the monitor: answers all questions asked so far, if there are any.
    pub(crate) fn answer(&self) {
        // Relaxed: `talk` carries the number of questions. A flag that is set behind the swap leads to another answer.
        if !self.asked.swap(false, Ordering::Relaxed) {
            return;
        }
        // A question that comes while the monitor looks at itself is left to the next answer.
        let asked = lock(&self.talk).asked;
        self.renew();
        let answer = Answer::of_this_thread(self.confine).ok();
        let mut talk = lock(&self.talk);
        (talk.answered, talk.answer) = (asked, answer);
        self.askers.notify_all();
    }

    /// Other threads can look at this ring's submitter from now on, as it was compared last; or no longer.
    pub(super) fn show(&self, ring: RingNumber, sight: Option<Sight>) {
        let before = {
            let mut visible = lock(&self.visible);
            match sight {
                Some(sight) => visible.insert(ring, sight),
                None => visible.remove(&ring),
            }
        };
        // Behind the lock: it may close files.
        drop(before);
    }

    /// Whether the submitter of this ring, which is in a call, is confined as the workers are. Its securebits are not
    /// compared: neither the call that it is stuck in nor one that any thread may make behind it heeds them (POOL-47).
    pub(crate) fn sees_equal(&self, ring: RingNumber) -> bool {
        let sight = lock(&self.visible).get(&ring).cloned();
        sight.is_some_and(|sight| self.compare(&sight).unwrap_or(false))
    }

    fn compare(&self, sight: &Sight) -> io::Result<bool> {
        let workers = self.workers().ok_or(ErrorKind::WouldBlock)?;
        let (By::Files { monitor, .. }, Tables::Kcmp(tid)) = (&workers.by, &workers.tables) else {
            return Ok(false);
        };
        let mut text = Vec::new();
        Ok(self.confine == Confine::Checked
            && sight.stamp.get() == self.stamp
            && sight.files.lines(&mut text)?.essence() == monitor.lines(&mut text)?.essence()
            && shares(sight.tid, *tid, Shared::Files)?
            && shares(sight.tid, *tid, Shared::Fs)?
            && sight.files.namespaces()? == monitor.namespaces()?
            && sight.files.label()? == monitor.label()?)
    }
}

impl Answer {
    /// Called by the monitor.
    ///
    /// # Errors
    /// The system's.
    fn of_this_thread(confine: Confine) -> io::Result<Answer> {
        let mut answer = Answer::default();
        answer.answers.ask()?;
        answer.places = calls::places().ok();
        if confine == Confine::Strict {
            answer.layers = Some(landlock::layers()?);
        }
        Ok(answer)
    }
}

/// The means to look at a thread from another one.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    pub(super) tid: i32,
    pub(super) stamp: Stamp,
    pub(super) files: Arc<ThreadFiles>,
}

/// The number that a thread got when the application said that it is confined (POOL-46); 0 before that. A thread with the
/// stamp of the thread that has started an engine is as its workers are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stamp(Arc<AtomicU64>);

thread_local! {
    static STAMP: Stamp = Stamp::default();
}

impl Stamp {
    pub(super) fn of_this_thread() -> Stamp {
        STAMP.with(Stamp::clone)
    }

    pub(super) fn get(&self) -> u64 {
        // Relaxed: it guards no other memory. The thread reads its own store. The monitor reads it of a thread that it has found
        // in the same call twice, `stall_ns` apart: the store came before that call.
        self.0.load(Ordering::Relaxed)
    }

    /// From now on the calling thread differs from all workers that exist.
    pub(crate) fn anew() {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        STAMP.with(|stamp| stamp.0.store(NEXT.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed));
    }
}

/// The means to compare a thread with the monitor, opened by the monitor.
#[derive(Debug)]
pub(super) struct Workers {
    pub(super) tables: Tables,
    /// Those of a thread change by its own calls only.
    pub(super) securebits: i64,
    pub(super) by: By,
}

/// The way to find out the rights of a thread.
#[derive(Debug)]
pub(super) enum By {
    /// From /proc: its directory, and the monitor's files there.
    Files { proc: OwnedFd, monitor: ThreadFiles },
    /// There is no /proc: each thread asks for itself.
    Calls,
}

impl Workers {
    /// Called by the monitor. A comparison never becomes weaker: where `before` reads /proc, calls are no substitute.
    ///
    /// # Errors
    /// The system lacks descriptors or memory now, or the files cannot be opened as before.
    fn of_this_thread(abilities: Abilities, before: Option<&Workers>) -> io::Result<Workers> {
        let tables = Tables::of_this_thread(gettid().as_raw(), abilities.has(Ability::Kcmp))?;
        let securebits = calls::securebits()?;
        let opened = proc::directory().and_then(|proc| {
            let monitor = ThreadFiles::of_this_thread(&proc)?;
            monitor.status(&mut Vec::new())?;
            monitor.namespaces()?;
            Ok(By::Files { proc, monitor })
        });
        let by = match opened {
            Err(error) if is_shortage(&error) => return Err(error),
            // A filter may kill a thread that asks for these ids.
            Err(error) if !abilities.has(Ability::FsIds) && abilities.allowed != NonBlocking::Off => {
                return Err(error);
            }
            Err(error) if before.is_some_and(Workers::is_by_files) => return Err(error),
            Err(_) => By::Calls,
            Ok(by) => by,
        };
        Ok(Workers { tables, securebits, by })
    }

    pub(super) fn is_by_files(&self) -> bool {
        matches!(self.by, By::Files { .. })
    }

    /// Called by the monitor: whether its descriptors still are the files that it has opened.
    fn is_whole(&self) -> bool {
        let has_files = match &self.by {
            By::Files { proc, monitor } => monitor.is_whole() && ThreadFiles::of_this_thread(proc).is_ok(),
            By::Calls => true,
        };
        has_files && self.tables.has_same_files(gettid().as_raw()).unwrap_or(false)
    }
}

/// Whether the system lacks a resource that it may have later.
fn is_shortage(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM))
}

/// The way to find out whether a thread shares these with the workers: the descriptor table, and root, working directory and
/// umask.
#[derive(Debug)]
pub(super) enum Tables {
    /// The kernel compares the calling thread with this one.
    Kcmp(i32),
    /// Where it refuses that: a file on which the workers' descriptor table holds a record lock. Such a lock belongs to the
    /// table that it was taken with, so a thread that shares the table meets no lock. Directories are compared by identity.
    Lock(File),
}

impl Tables {
    /// Called by the monitor, which has the tables of the workers.
    ///
    /// # Errors
    /// The system's, when there is no way.
    fn of_this_thread(tid: i32, may_kcmp: bool) -> io::Result<Tables> {
        if may_kcmp {
            return Ok(Tables::Kcmp(tid));
        }
        let file = File::from(memfd_create(c"syslet-table", MFdFlags::MFD_CLOEXEC)?);
        fcntl(&file, FcntlArg::F_SETLK(&lock_of_first_byte(libc::F_WRLCK)))?;
        Ok(Tables::Lock(file))
    }

    /// Whether the calling thread has the workers' descriptors.
    ///
    /// # Errors
    /// The system's, and when the file is not the one that was locked.
    pub(super) fn has_same_files(&self, tid: i32) -> io::Result<bool> {
        let file = match self {
            Tables::Kcmp(workers) => return shares(tid, *workers, Shared::Files),
            Tables::Lock(file) => file,
        };
        // A lock of an open file meets the locks of all tables. If the lock were gone, or the number another file's, the next
        // question would find no lock in any table.
        let mut held = lock_of_first_byte(libc::F_WRLCK);
        fcntl(file.as_fd(), FcntlArg::F_OFD_GETLK(&mut held))?;
        if !is_locked(&held) {
            return Err(ErrorKind::NotFound.into());
        }
        let mut met = lock_of_first_byte(libc::F_WRLCK);
        fcntl(file.as_fd(), FcntlArg::F_GETLK(&mut met))?;
        Ok(!is_locked(&met))
    }

    /// Whether the calling thread shares root, working directory and umask with the workers; `None` where directories are
    /// compared by identity instead.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn has_same_fs(&self, tid: i32) -> io::Result<Option<bool>> {
        match self {
            Tables::Kcmp(workers) => shares(tid, *workers, Shared::Fs).map(Some),
            Tables::Lock(_) => Ok(None),
        }
    }

    pub(super) fn is_by_kcmp(&self) -> bool {
        matches!(self, Tables::Kcmp(_))
    }
}

fn lock_of_first_byte(kind: i32) -> libc::flock {
    libc::flock {
        l_type: libc::c_short::try_from(kind).unwrap_or_default(),
        l_whence: libc::c_short::try_from(libc::SEEK_SET).unwrap_or_default(),
        l_start: 0,
        l_len: 1,
        l_pid: 0,
    }
}

fn is_locked(met: &libc::flock) -> bool {
    i32::from(met.l_type) != libc::F_UNLCK
}
