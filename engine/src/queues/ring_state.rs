//! The engine's end of a pair of rings: what workers take from, and what they post to. It lives until the last call of
//! the ring is over, however long that is after the application's end was dropped.

use syslet_abi::{EngineStatus, LINE_BYTES, Params, RingHeader, RingLayout, offset};

use crate::notify::Wake;
use crate::notify::event::Event;
use crate::notify::eventfd::CompletionEvent;
use crate::queues::completion_queue::Completions;
use crate::queues::memory::{Region, Word32, Words64};
use crate::queues::priority::{PriorityQueue, Whose};
use crate::queues::ring_buffer::bytes;
use crate::queues::staged::{StagedCall, ticket};
use crate::queues::submission_queue::Submissions;
use crate::slots::lent::{LentSet, give_back};
use crate::slots::{Slots, Ticket};
use crate::sys::activity::Activity;
use crate::sys::counter::Counter;
use crate::sys::sync::{Arc, AtomicBool, AtomicU32, AtomicU64, Mutex, Ordering, fence, lock};
use crate::ticket::RingNumber;

/// A wake-up takes tens of microseconds; so many bytes of short calls take one thread about as long.
pub(crate) const BACKLOG_BYTES: u64 = 1024;

/// What the threads of the engine and the submitter share of one ring.
#[derive(Debug)]
pub(crate) struct RingState {
    pub(crate) number: RingNumber,
    /// What both may run.
    pub(crate) submissions: Arc<Submissions<Words64>>,
    /// What only workers may run, where there are workers: a submitter that took it would have to give it back, and
    /// whatever was pushed behind it would come before it.
    pub(crate) pooled: Option<Arc<Submissions<Words64>>>,
    pub(crate) completions: Arc<Completions<Words64>>,
    pub(crate) slots: Arc<Slots>,
    pub(crate) wake: Wake<Word32>,
    pub(crate) event: Event<CompletionEvent>,
    pub(crate) priority: PriorityQueue,
    /// Calls that wait for a lane, or have just been given a place in it: while there are any, other threads may put
    /// this ring on the ready list.
    awaited: AtomicU32,
    pub(crate) submitter: Submitter,
    /// Calls that were ended without being run, when engine or ring were closed. Several threads may do that.
    /// Shared: a ring that is dropped may still end some.
    pub(crate) refused: Arc<Counter>,
    /// Somebody wants the submitter's wait to end.
    woken: AtomicBool,
    listed: AtomicBool,
    /// How far workers may take what both may run: behind it no comparison of the submitter stands (POOL-41).
    opened: AtomicU64,
    /// Descriptors lent to calls that outlive the application's end, by slot.
    orphans: Mutex<Vec<(u32, LentSet)>>,
    /// Whether there are any.
    is_orphaned: AtomicBool,
    status: Words64,
}

/// How far a submitter has published: in the ring, and on the shelf.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    end: u64,
    number: u64,
}

/// What the submitter writes with each call and others read now and then, on lines of its own.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Submitter {
    /// The call that it makes while it helps.
    pub(crate) watch: Activity,
    /// Calls accepted.
    pub(crate) accepted: Counter,
    /// Calls that it has itself brought to an end.
    pub(crate) finished: Counter,
}

impl RingState {
    /// Over memory set up with this header, and over memory for what only workers may run.
    pub(crate) fn new(
        region: &Arc<Region>,
        header: &RingHeader,
        pooled: Option<&Arc<Region>>,
        slots: Slots,
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
            submitter: Submitter {
                watch: Activity::new(),
                accepted: Counter::new(),
                finished: Counter::new(),
            },
            refused: Arc::new(Counter::new()),
            woken: AtomicBool::new(false),
            listed: AtomicBool::new(false),
            opened: AtomicU64::new(0),
            orphans: Mutex::new(Vec::new()),
            is_orphaned: AtomicBool::new(false),
            status: word(offset::ENGINE_STATUS),
        };
        ring.set_status(EngineStatus::RUNNING);
        ring
    }

    /// Tells who shares the ring how the engine is.
    pub(crate) fn set_status(&self, status: EngineStatus) {
        self.status[0].store(status.0, Ordering::Release);
    }

    /// Posts the completions of calls that a worker has run, and tells who waits for them.
    pub(crate) fn post(&self, done: &[u64]) {
        self.completions.claim(bytes(done.len())).commit(done);
        self.wake.notify();
        self.event.raise();
        // O2: relaxed; the fence in `notify` orders it behind what has ended the call.
        if self.is_orphaned.load(Ordering::Relaxed) {
            self.give_orphans_back();
        }
    }

    /// Ends the submitter's wait, this one or the next.
    pub(crate) fn wake_waiter(&self) {
        self.woken.store(true, Ordering::Relaxed);
        self.wake.notify();
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Relaxed)
    }

    /// Whether somebody wanted the wait to end; asked once.
    pub(crate) fn take_wake(&self) -> bool {
        self.is_woken() && self.woken.swap(false, Ordering::Relaxed)
    }

    /// Whether so much is queued that another thread pays, although it has to be woken.
    pub(crate) fn has_backlog(&self) -> bool {
        let pooled = self.pooled.as_ref().map_or(0, |ring| ring.queued_bytes());
        pooled + self.submissions.queued_bytes_before(self.opened()) + self.priority_bytes() >= BACKLOG_BYTES
    }

    /// Whether nothing is in either ring that workers may take.
    pub(crate) fn rings_are_empty(&self) -> bool {
        self.submissions.is_empty_before(self.opened())
            && self.pooled.as_ref().is_none_or(|ring| ring.is_empty())
    }

    /// How far workers may take what both may run.
    #[inline]
    pub(crate) fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// What is published up to there, and what stands on the shelf, is the workers' as well. Relaxed: who is told of it is
    /// told of the records in the same way, and who sees the position first looks no further than they are published.
    pub(crate) fn open(&self, end: u64) {
        self.opened.store(end, Ordering::Relaxed);
        self.priority.open();
    }

    /// Whether there is nothing that workers may not take.
    pub(crate) fn is_open(&self, end: u64) -> bool {
        self.opened() == end && self.priority.is_open()
    }

    /// Whether anything waits that any thread may make, whoever may take it now; a glance.
    pub(crate) fn has_shared_work(&self) -> bool {
        !self.submissions.is_empty() || !self.priority.is_empty_for_submitter()
    }

    /// How far the submitter has published.
    pub(crate) fn reach(&self) -> Reach {
        Reach { end: self.submissions.published(), number: self.priority.number() }
    }

    /// As [`Port::open`], by another thread: what the submitter has opened meanwhile stays open.
    pub(crate) fn open_to(&self, reach: Reach) {
        self.opened.fetch_max(reach.end, Ordering::Relaxed);
        self.priority.open_before(reach.number);
    }

    /// About how much stands on the shelf.
    pub(crate) fn priority_bytes(&self) -> u64 {
        const SHORT_RECORD_BYTES: u64 = 64;
        SHORT_RECORD_BYTES * u64::from(self.priority.len())
    }

    /// Whether it stands on the ready list.
    pub(crate) fn is_listed(&self) -> bool {
        self.listed.load(Ordering::Relaxed)
    }

    /// Puts a call on the shelf. One that both may run is its submitter's until it is opened. Gives memory for the record of
    /// another.
    pub(crate) fn queue_by_priority(&self, call: StagedCall) -> Vec<u64> {
        let (key, whose) = (call.key(), if call.is_pooled() { Whose::Workers } else { Whose::Submitter });
        self.priority.push(key, call.into_record(), whose, |record| self.is_queued(ticket(record)))
    }

    /// Keeps descriptors open until their calls are over: the application's end is gone.
    pub(crate) fn adopt(&self, lent: Vec<(u32, LentSet)>) {
        *lock(&self.orphans) = lent;
        self.is_orphaned.store(true, Ordering::Relaxed);
        // O1: pairs with the one in `notify`. Who ends a call sees the flag above, or this thread sees that it is over.
        fence(Ordering::SeqCst);
        self.give_orphans_back();
    }

    /// Whether the call is queued: no thread has begun or ended it.
    pub(crate) fn is_queued(&self, ticket: Ticket) -> bool {
        self.slots.get(ticket).phase().is_queued(ticket.generation())
    }

    /// One call more waits for its lane, or has its place there and workers do not know.
    pub(crate) fn is_awaited_once_more(&self) {
        self.awaited.fetch_add(1, Ordering::Relaxed);
    }

    /// One call less does.
    pub(crate) fn is_not_awaited(&self) {
        self.awaited.fetch_sub(1, Ordering::Release);
    }

    /// Whether any call does. Acquire: if not, what others have done to it for a lane is seen. While it is, other threads may put
    /// it on the ready list.
    #[inline]
    pub(crate) fn is_awaited(&self) -> bool {
        self.awaited.load(Ordering::Acquire) > 0
    }

    /// Whether the ring stands on the ready list; written under the scheduler's lock.
    pub(crate) fn listed(&self) -> &AtomicBool {
        &self.listed
    }

    /// Gives back what was lent to calls that are over.
    #[cold]
    pub(crate) fn give_orphans_back(&self) {
        let free: Vec<_> =
            lock(&self.orphans).extract_if(.., |(slot, _)| !self.slots.is_in_use(*slot)).collect();
        // Behind the lock: the owner's own drop may be the application's code.
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
