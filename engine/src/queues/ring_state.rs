//! Holds the state of a ring that its `Ring` opens and shares with the pool: workers take from it and post to it.
//!
//! It lives until the last call of the ring is over, which may be long after the `Ring` was dropped.

use syslet_abi::{EngineStatus, LINE_BYTES, Params, RingHeader, RingLayout, offset};

use crate::notify::Wake;
use crate::notify::event::Event;
use crate::notify::eventfd::CompletionEvent;
use crate::queues::completion_queue::Completions;
use crate::queues::memory::{Region, Word32, Words64};
use crate::queues::priority::{MayRun, PriorityQueue};
use crate::queues::private_lane::PrivateLane;
use crate::queues::staged::{StagedCall, ticket};
use crate::queues::submission_queue::Submissions;
use crate::slots::lent::{LentSet, give_back};
use crate::slots::{Slots, Ticket};
use crate::sys::counter::Counter;
use crate::sys::hold::Hold;
use crate::sys::sync::{Arc, AtomicBool, AtomicU32, AtomicU64, Mutex, Ordering, fence, lock};
use crate::ticket::RingNumber;

/// About the length of a record.
const SHORT_RECORD_BYTES: u64 = 64;

/// The state of one ring that the threads of the engine and the submitter share.
#[derive(Debug)]
pub(crate) struct RingState {
    pub(crate) number: RingNumber,
    /// Calls that submitter and workers may run.
    pub(crate) submissions: Arc<Submissions<Words64>>,
    /// Calls that only workers may run, where there are workers: a submitter that took one would have to give it back, and
    /// the calls pushed after it would come before it.
    pub(crate) pooled: Option<Arc<Submissions<Words64>>>,
    pub(crate) completions: Arc<Completions<Words64>>,
    pub(crate) slots: Arc<Slots>,
    pub(crate) wake: Wake<Word32>,
    pub(crate) event: Event<CompletionEvent>,
    pub(crate) priority: PriorityQueue,
    /// The number of calls that wait for a lane, or have just got a place in it: while it is not zero, other threads may
    /// put this ring on the ready list.
    awaited: AtomicU32,
    pub(crate) submitter: Submitter,
    /// Calls that only the submitter sees, and whether it is in one.
    pub(crate) lane: Arc<PrivateLane>,
    /// The inline call that may be taken from the submitter.
    pub(crate) hold: Hold,
    /// Calls that were ended without being run, when engine or ring were closed, by any thread.
    /// In an `Arc`, because a ring that is dropped may still end some.
    pub(crate) refused: Arc<Counter>,
    /// A `Waker` has asked the submitter's wait to end.
    pub(crate) woken: Arc<AtomicBool>,
    listed: AtomicBool,
    /// The position in `submissions` up to which workers may take: no comparison of the submitter covers the records behind
    /// it (POOL-41).
    opened: AtomicU64,
    /// Descriptors lent to calls that outlive the `Ring`, by slot.
    orphans: Mutex<Vec<(u32, LentSet)>>,
    /// Whether `orphans` may hold any.
    is_orphaned: AtomicBool,
    status: Words64,
}

/// How far a submitter has published: in the ring, and in the priority queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    end: u64,
    number: u64,
}

/// The counters that the submitter writes with each call and other threads read now and then, on cache lines of their own.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Submitter {
    /// Calls accepted.
    pub(crate) accepted: Counter,
    /// Calls that it has ended itself.
    pub(crate) finished: Counter,
}

impl RingState {
    /// The state over memory set up with this header, and over memory for the calls that only workers may run.
    pub(crate) fn new(
        region: &Arc<Region>,
        header: &RingHeader,
        pooled: Option<&Arc<Region>>,
        slots: Slots,
        (lane, hold): (Arc<PrivateLane>, Hold),
    ) -> RingState {
        let RingHeader { params } = header;
        let layout = RingLayout::of(params);
        for (to, word) in region.words(0, 8 * RingHeader::WORDS).iter().zip(header.emit()) {
            to.store(word, Ordering::Relaxed);
        }
        let word = |at: usize| region.words(at, 8);
        let submission_words = region.words(layout.submission_offset, params.submission_bytes as usize);
        let completion_words = region.words(layout.completion_offset, params.completion_bytes as usize);
        let ring = RingState {
            number: RingNumber::next(),
            submissions: Arc::new(Submissions::new(
                word(offset::SUBMISSION_HEAD),
                word(offset::SUBMISSION_TAIL),
                submission_words,
                u64::from(params.submission_record_max),
            )),
            pooled: pooled.map(|region| Arc::new(pooled_ring(region, params))),
            completions: Arc::new(Completions::new(word(offset::COMPLETION_TAIL), completion_words)),
            slots: Arc::new(slots),
            wake: Wake::new(region.word32(offset::COMPLETION_FUTEX), region.word32(offset::PEER_ARMED)),
            event: Event::new(),
            priority: PriorityQueue::new(),
            awaited: AtomicU32::new(0),
            submitter: Submitter { accepted: Counter::new(), finished: Counter::new() },
            hold,
            lane,
            refused: Arc::new(Counter::new()),
            woken: Arc::new(AtomicBool::new(false)),
            listed: AtomicBool::new(false),
            opened: AtomicU64::new(0),
            orphans: Mutex::new(Vec::new()),
            is_orphaned: AtomicBool::new(false),
            status: word(offset::ENGINE_STATUS),
        };
        ring.set_status(EngineStatus::RUNNING);
        ring
    }

    /// Tells a process that shares the ring how the engine is.
    pub(crate) fn set_status(&self, status: EngineStatus) {
        // Release, for the acquire load of a peer in another process: it sees the header with the status. In this process no
        // thread loads it.
        self.status[0].store(status.0, Ordering::Release);
    }

    /// Posts the completions of calls that a worker has run, and wakes the submitter that waits for them.
    pub(crate) fn post(&self, done: &[u64]) {
        self.completions.post(done);
        self.notify();
    }

    /// [`RingState::post`] for a thread that has not the application's descriptors: what needs those is left. Says whether there is
    /// such: a thread that has them calls [`RingState::notify`] then.
    pub(crate) fn post_apart(&self, done: &[u64]) -> bool {
        self.completions.post(done);
        self.wake.notify();
        // Relaxed, both: the fence in `notify` orders them as it does E6 and O2.
        self.event.is_armed() || self.is_orphaned.load(Ordering::Relaxed)
    }

    /// Wakes the submitter that waits for completions posted before.
    pub(crate) fn notify(&self) {
        self.wake.notify();
        self.event.raise();
        // O2: relaxed; the fence in `notify` pairs with the one in `adopt` (O1), and orders this load after the stores that ended
        // the call.
        if self.is_orphaned.load(Ordering::Relaxed) {
            self.give_orphans_back();
        }
    }

    /// Ends the submitter's wait, this one or the next.
    pub(crate) fn wake_waiter(&self) {
        // Relaxed: the fence in `notify` (W5) orders it before the load of `armed`, as the fence in `Wake::sleep_unless` (W2)
        // orders the arming before the load in `is_woken`. One of the two loads sees the other thread's store, so the wait ends.
        self.woken.store(true, Ordering::Relaxed);
        self.wake.notify();
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Relaxed)
    }

    /// Whether a `Waker` has asked the wait to end; takes the request.
    pub(crate) fn take_wake(&self) -> bool {
        self.is_woken() && self.woken.swap(false, Ordering::Relaxed)
    }

    /// About how many calls are queued for workers.
    pub(crate) fn queued_calls(&self) -> u64 {
        let pooled = self.pooled.as_ref().map_or(0, |ring| ring.queued_bytes());
        let shared = self.submissions.queued_bytes_before(self.opened());
        (pooled + shared) / SHORT_RECORD_BYTES + u64::from(self.priority.len())
    }

    /// Whether neither ring holds a record that workers may take.
    pub(crate) fn rings_are_empty(&self) -> bool {
        self.submissions.is_empty_before(self.opened())
            && self.pooled.as_ref().is_none_or(|ring| ring.is_empty())
    }

    /// The position in `submissions` up to which workers may take. Relaxed as in `open`.
    #[inline]
    pub(crate) fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// Opens the records published up to `end`, and the priority queue, to workers.
    pub(crate) fn open(&self, end: u64) {
        // Relaxed: the fence in `Scheduler::announce` (B1) orders this store before its load of `listed`, and pairs with the fence in
        // `Scheduler::keep`, which stands before the load in `opened`: a ring with open records is not left off the ready list. A
        // worker that loads the position early takes no further than the `tail` that `Submissions::take` has acquired (S4).
        self.opened.store(end, Ordering::Relaxed);
        self.priority.open();
    }

    /// Whether workers may take everything that is published up to `end`, and the whole priority queue.
    pub(crate) fn is_open(&self, end: u64) -> bool {
        self.opened() == end && self.priority.is_open()
    }

    /// Whether a call waits that any thread may run, open to workers or not; a glance.
    pub(crate) fn has_shared_work(&self) -> bool {
        !self.submissions.is_empty() || !self.priority.is_empty_for_submitter()
    }

    /// How far the submitter has published.
    pub(crate) fn reach(&self) -> Reach {
        Reach { end: self.submissions.published(), number: self.priority.number() }
    }

    /// As [`RingState::open`], by another thread: records that the submitter has opened meanwhile stay open.
    pub(crate) fn open_to(&self, reach: Reach) {
        // Relaxed as in `open`.
        self.opened.fetch_max(reach.end, Ordering::Relaxed);
        self.priority.open_before(reach.number);
    }

    /// Whether the ring stands on the ready list; a glance, so relaxed.
    pub(crate) fn is_listed(&self) -> bool {
        self.listed.load(Ordering::Relaxed)
    }

    /// Puts a call into the priority queue. Only the submitter takes a call that both may run until it is opened. Gives memory
    /// for the record of another.
    pub(crate) fn queue_by_priority(&self, call: StagedCall) -> Vec<u64> {
        let (key, may_run) = (call.key(), if call.is_pooled() { MayRun::Workers } else { MayRun::Submitter });
        self.priority.push(key, call.into_record(), may_run, |record| self.is_queued(ticket(record)))
    }

    /// Keeps descriptors open until their calls are over: the `Ring` is dropped.
    pub(crate) fn adopt(&self, lent: Vec<(u32, LentSet)>) {
        *lock(&self.orphans) = lent;
        self.is_orphaned.store(true, Ordering::Relaxed);
        // O1: pairs with the fence of `Wake::notify` in `post` (O2). If this fence comes first, the worker that ends a call sees
        // the flag stored above; else this thread sees below that the call is over. Without the two both could miss the other,
        // and the descriptor would stay open until the state is dropped.
        fence(Ordering::SeqCst);
        self.give_orphans_back();
    }

    /// Whether the call is queued: no thread has begun or ended it.
    pub(crate) fn is_queued(&self, ticket: Ticket) -> bool {
        self.slots.get(ticket).phase().is_queued(ticket.generation())
    }

    /// Counts one more call that waits for its lane, or has its place there while workers do not know of it.
    pub(crate) fn add_awaited(&self) {
        // Relaxed: the submitter alone adds, and a ring with a call in a lane is found by the lock of the lanes.
        self.awaited.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one call less.
    pub(crate) fn remove_awaited(&self) {
        // Release pairs with the acquire load in `is_awaited`. Without it a thread could see zero before the ready list that this
        // thread has put the ring on.
        self.awaited.fetch_sub(1, Ordering::Release);
    }

    /// Whether a call of this ring is counted. While one is, other threads may put the ring on the ready list.
    #[inline]
    pub(crate) fn is_awaited(&self) -> bool {
        // Acquire pairs with the release in `remove_awaited`: after zero this thread sees all that other threads have done to the
        // ring for a lane.
        self.awaited.load(Ordering::Acquire) > 0
    }

    /// Whether the ring stands on the ready list; written under the scheduler's lock.
    pub(crate) fn listed(&self) -> &AtomicBool {
        &self.listed
    }

    /// Gives back the descriptors lent to calls that are over.
    #[cold]
    pub(crate) fn give_orphans_back(&self) {
        let free: Vec<_> =
            lock(&self.orphans).extract_if(.., |(slot, _)| !self.slots.is_in_use(*slot)).collect();
        // Outside of the lock: a descriptor's drop may be the application's code.
        free.into_iter().for_each(|(_, lent)| give_back(lent));
    }
}

/// Bytes of memory for the ring of calls that only workers may run: its two positions on lines of their own, then its
/// words.
pub(crate) fn pooled_bytes(params: &Params) -> usize {
    2 * LINE_BYTES + params.submission_bytes as usize
}

fn pooled_ring(region: &Arc<Region>, params: &Params) -> Submissions<Words64> {
    let words = region.words(2 * LINE_BYTES, params.submission_bytes as usize);
    let (head, tail) = (region.words(0, 8), region.words(LINE_BYTES, 8));
    Submissions::new(head, tail, words, u64::from(params.submission_record_max))
}

impl Drop for RingState {
    fn drop(&mut self) {
        lock(&self.orphans).drain(..).for_each(|(_, lent)| give_back(lent));
    }
}
