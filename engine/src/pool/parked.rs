//! The calls that wait for input without a thread, as all threads of the pool share them: parked by submitters and workers, made by the
//! poller, taken by the threads that stop calls.

use syslet_abi::CALL_ARGS_OFFSET;

use crate::cancel::signal;
use crate::exec::Progress;
use crate::parking::files::{End, way};
use crate::parking::table::{Name, Table};
use crate::pool::ring_work::RingWork;
use crate::queues::staged::ticket;
use crate::slots::Ticket;
use crate::slots::maker::Maker;
use crate::sys::sync::{Arc, AtomicBool, AtomicU32, Mutex, Ordering, lock};

/// A call that waits for input.
#[derive(Debug)]
pub(crate) struct ParkedCall {
    pub(crate) ring: Arc<RingWork>,
    pub(crate) record: Box<[u64]>,
    pub(crate) progress: Progress,
    /// Its descriptor argument in the application's table.
    fd: u64,
}

/// The word of a record that has the descriptor of the calls that are parked.
const FD_WORD: usize = CALL_ARGS_OFFSET / 8;

impl ParkedCall {
    pub(crate) fn new(ring: &Arc<RingWork>, record: &[u64], progress: Progress) -> ParkedCall {
        ParkedCall { ring: Arc::clone(ring), record: record.into(), progress, fd: record[FD_WORD] }
    }

    /// The record, for the poller: it names the file by the number that this has in the poller's table.
    pub(crate) fn name_file(&mut self, fd: i32) {
        self.record[FD_WORD] = u64::from(fd.cast_unsigned());
    }

    /// The record as it was submitted.
    pub(crate) fn own_record(&self) -> Box<[u64]> {
        let mut record = self.record.clone();
        record[FD_WORD] = self.fd;
        record
    }

    pub(crate) fn ticket(&self) -> Ticket {
        ticket(&self.record)
    }

    pub(crate) fn name(&self) -> Name {
        name(&self.ring, self.ticket())
    }

    /// Whether no canceller has removed the call.
    pub(crate) fn waits(&self) -> bool {
        let ticket = self.ticket();
        self.ring.slots.get(ticket).phase().is_queued(ticket.generation())
    }
}

fn name(ring: &RingWork, ticket: Ticket) -> Name {
    (std::ptr::from_ref(ring).addr(), ticket.pack())
}

/// All calls of a pool that wait for input.
#[derive(Debug)]
pub(crate) struct Inputs {
    /// Whether the application wants them parked, and the system can.
    is_wanted: bool,
    /// Whether that has failed since. Relaxed: a call that is parked for it or not is made in either way.
    has_failed: AtomicBool,
    shared: Mutex<Shared>,
    /// Where the poller is in its life; under the lock of `shared`, but for glances.
    stage: AtomicU32,
    /// Whether the poller is about to look for something to do.
    is_poked: AtomicBool,
}

#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) table: Table<ParkedCall>,
    sender: Option<End>,
    receiver: Option<End>,
    /// What the poller leaves to the monitor, which has the application's descriptors.
    left: Vec<Left>,
    /// The poller's thread, while it can be signalled.
    maker: Option<Maker>,
}

/// What is left to a thread that has the application's descriptors.
#[derive(Debug)]
pub(crate) enum Left {
    /// The call is for a worker.
    Call(ParkedCall),
    /// A completion is posted there.
    Posted(Arc<RingWork>),
    /// The last reference to a ring, to be dropped.
    Ring(Box<RingWork>),
}

/// No call was parked yet.
const NONE: u32 = 0;
/// The monitor is asked to start the thread.
const ASKED: u32 = 1;
/// The monitor starts it, or has started it.
const STARTED: u32 = 2;
/// The thread has a table of its own: the end in the application's is to be closed.
const APART: u32 = 3;
/// That is done.
const RUNNING: u32 = 4;
/// The thread is about to end.
const LEFT: u32 = 5;

impl Inputs {
    pub(crate) fn new(is_wanted: bool) -> Inputs {
        Inputs {
            is_wanted,
            has_failed: AtomicBool::new(false),
            shared: Mutex::new(Shared::default()),
            stage: AtomicU32::new(NONE),
            is_poked: AtomicBool::new(false),
        }
    }

    /// Whether calls are parked.
    pub(crate) fn is_on(&self) -> bool {
        self.is_wanted && !self.has_failed.load(Ordering::Relaxed)
    }

    /// Runs with the table under its lock. Calls that this takes are dropped behind it, with their rings.
    pub(crate) fn with<R>(&self, run: impl FnOnce(&mut Table<ParkedCall>) -> R) -> R {
        run(&mut lock(&self.shared).table)
    }

    /// Sends a call's file to the poller, and adds the call. Gives the call back where that fails. Says whether the monitor is to be told
    /// that a poller is wanted.
    pub(crate) fn send(&self, fd: i32, call: ParkedCall) -> Result<bool, ParkedCall> {
        let mut shared = lock(&self.shared);
        if shared.sender.is_none() {
            if !self.is_on() {
                return Err(call);
            }
            let Ok((sender, receiver)) = way() else { return Err(call) };
            (shared.sender, shared.receiver) = (Some(sender), Some(receiver));
        }
        // Under the lock: the files arrive in the order of the calls. The poller takes a message before it takes the lock, so this thread
        // does not wait for room that only it could make.
        if !shared.sender.as_ref().is_some_and(|sender| sender.send(fd)) {
            return Err(call);
        }
        shared.table.send(call.name(), call);
        let is_first = self.stage.load(Ordering::Relaxed) == NONE;
        if is_first {
            self.stage.store(ASKED, Ordering::Relaxed);
        }
        Ok(is_first)
    }

    /// A call was removed: nothing of it waits any more, and its file is let go of.
    pub(crate) fn forget(&self, ring: &RingWork, ticket: Ticket) {
        if self.is_wanted {
            drop(self.with(|table| table.take(name(ring, ticket))));
            self.poke_if_released();
        }
    }

    /// Takes all calls of a ring.
    pub(crate) fn take_all(&self, ring: &Arc<RingWork>) -> Vec<ParkedCall> {
        if !self.is_wanted {
            return Vec::new();
        }
        let taken = self.with(|table| table.take_all(Some(Arc::as_ptr(ring).addr())));
        self.poke_if_released();
        taken
    }

    /// Parks nothing from here on, and takes all calls.
    pub(crate) fn fail(&self) -> Vec<ParkedCall> {
        let mut shared = lock(&self.shared);
        self.has_failed.store(true, Ordering::Relaxed);
        (shared.sender, shared.receiver) = (None, None);
        shared.table.take_all(None)
    }

    /// The number of calls that wait.
    pub(crate) fn count(&self) -> u32 {
        if self.is_wanted { u32::try_from(self.with(|table| table.count())).unwrap_or(u32::MAX) } else { 0 }
    }

    fn poke_if_released(&self) {
        if self.with(|table| table.has_released()) {
            self.poke();
        }
    }

    /// Has the poller look for something to do.
    pub(crate) fn poke(&self) {
        let Some(maker) = lock(&self.shared).maker else { return };
        // Release: pairs with `begin_look` (acquire): the poller sees what it is poked for. Without a signal the next poke tries again.
        if !self.is_poked.swap(true, Ordering::AcqRel) && !signal::send(maker) {
            self.is_poked.store(false, Ordering::Relaxed);
        }
    }

    /// The poller looks: what comes behind this is another poke.
    pub(crate) fn begin_look(&self) {
        // Acquire: pairs with the exchange in `poke` (release).
        self.is_poked.swap(false, Ordering::AcqRel);
    }

    /// Whether a poller is wanted; a glance of the monitor before it sleeps.
    pub(crate) fn is_asked(&self) -> bool {
        // Relaxed: stored before the monitor is notified, as the flags of `MonitorRequests`.
        self.stage.load(Ordering::Relaxed) == ASKED
    }

    /// Takes the request for a poller.
    pub(crate) fn take_request(&self) -> bool {
        self.is_asked() && {
            let _shared = lock(&self.shared);
            self.stage.store(STARTED, Ordering::Relaxed);
            true
        }
    }

    /// The poller's thread begins; gives the receiving end, and from here on it can be poked.
    pub(crate) fn begin(&self, maker: Maker) -> Option<i32> {
        let mut shared = lock(&self.shared);
        shared.maker = Some(maker);
        shared.receiver.as_ref().map(End::number)
    }

    /// The poller has a table of its own; the monitor closes the receiving end in the application's.
    pub(crate) fn set_apart(&self) {
        // Release: pairs with `close_end` (acquire): that end was copied before.
        self.stage.store(APART, Ordering::Release);
    }

    /// Closes the receiving end in the calling thread's table, if the poller has its own.
    pub(crate) fn close_end(&self) {
        if self.stage.compare_exchange(APART, RUNNING, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            let end = lock(&self.shared).receiver.take();
            drop(end);
        }
    }

    /// Leaves something to the monitor, which the caller tells.
    pub(crate) fn leave_to_monitor(&self, left: Left) {
        lock(&self.shared).left.push(left);
    }

    /// Takes what was left.
    pub(crate) fn take_left(&self) -> Vec<Left> {
        if self.is_wanted { std::mem::take(&mut lock(&self.shared).left) } else { Vec::new() }
    }

    /// The poller's thread ends, and is not signalled any more.
    pub(crate) fn leave(&self) {
        let mut shared = lock(&self.shared);
        shared.maker = None;
        // Release: pairs with `has_left` (acquire): the thread holds nothing of a call any more.
        self.stage.store(LEFT, Ordering::Release);
    }

    /// Whether the poller's thread is about to end.
    pub(crate) fn has_left(&self) -> bool {
        self.stage.load(Ordering::Acquire) == LEFT
    }
}
