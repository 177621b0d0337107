//! The application's end of a pair of rings, and how it is opened.

use std::cell::Cell;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use syslet_abi::{EngineStatus, Limits, Params, Refusal, RingHeader, RingLayout, SetupError, offset};

use crate::admission::Admission;
use crate::ring::batch::Batch;
use crate::ring::completions::{Completions, Consumer};
use crate::ring::credit::{Credit, Returned};
use crate::ring::inbox::Inbox;
use crate::ring::region::{Region, Word32, Words64};
use crate::ring::submissions::{Producer, Submissions};
use crate::run::{BATCH_DONE_BYTES, Runner};
use crate::shared::Shared;
use crate::slot::{SlotOwner, Slots};
use crate::wake::Wake;

/// A pair of rings: submissions go in, completions come out. It belongs to one thread at a time, its submitter: it can
/// be sent to another, not shared.
#[derive(Debug)]
pub struct Ring {
    pub(crate) shared: Arc<Shared>,
    pub(crate) params: Params,
    pub(crate) limits: Limits,
    pub(crate) submissions: Arc<Submissions<Words64>>,
    pub(crate) producer: Producer<Words64>,
    pub(crate) completions: Arc<Completions<Words64>>,
    pub(crate) consumer: Consumer<Words64>,
    pub(crate) slots: Arc<Slots>,
    pub(crate) slot_owner: SlotOwner,
    pub(crate) credit: Credit,
    /// What the door decided about the submission it looks at.
    pub(crate) admission: Admission,
    pub(crate) wake: Wake<Word32>,
    pub(crate) batch: Batch,
    pub(crate) runner: Runner,
    pub(crate) inbox: Inbox,
    status: Words64,
    not_sync: PhantomData<Cell<()>>,
}

/// Why a ring cannot be opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RingError {
    /// The set-up is wrong, or asks for what this engine does not have.
    Setup(SetupError),
    /// The system did not give what is needed.
    System(nix::Error),
    /// The engine belongs to the process that was forked.
    Forked,
}

impl Ring {
    /// Maps and sets up a pair of rings with granted parameters.
    pub(crate) fn open(shared: Arc<Shared>, params: Params) -> Result<Ring, RingError> {
        let layout = RingLayout::of(&params);
        let bytes = NonZeroUsize::new(layout.total_bytes).expect("a header is not empty");
        let region = Arc::new(Region::new(bytes, Arc::clone(&shared.guard)).map_err(RingError::System)?);
        let header = region.words(0, 8 * RingHeader::WORDS);
        for (to, word) in header.iter().zip(RingHeader { params }.emit()) {
            to.store(word, Ordering::Relaxed);
        }
        let word = |at: usize| region.words(at, 8);
        let submission_max = u64::from(params.submission_record_max);
        let claim_max = u64::from(params.completion_record_max).max(BATCH_DONE_BYTES as u64);
        let submission_words = region.words(layout.submission_offset, params.submission_bytes as usize);
        let completion_words = region.words(layout.completion_offset, params.completion_bytes as usize);
        let submissions = Arc::new(Submissions::new(
            word(offset::SUBMISSION_HEAD),
            word(offset::SUBMISSION_TAIL),
            submission_words,
            submission_max,
        ));
        let completions = Arc::new(Completions::new(word(offset::COMPLETION_TAIL), completion_words));
        let slots = Arc::new(Slots::new(params.slots));
        let status = word(offset::ENGINE_STATUS);
        status[0].store(EngineStatus::RUNNING.0, Ordering::Release);
        Ok(Ring {
            limits: limits(&params),
            producer: Producer::new(Arc::clone(&submissions)),
            consumer: Consumer::new(Arc::clone(&completions), word(offset::COMPLETION_HEAD)),
            slot_owner: SlotOwner::new(Arc::clone(&slots)),
            credit: Credit::new(u64::from(params.completion_bytes), claim_max, Arc::new(Returned::new())),
            wake: Wake::new(region.word32(offset::COMPLETION_FUTEX), region.word32(offset::PEER_ARMED)),
            batch: Batch::new(submission_max),
            runner: Runner::new(Arc::clone(&shared.registry), params.completion_record_max as usize),
            inbox: Inbox::new(u64::from(params.completion_bytes)),
            admission: Admission::default(),
            shared,
            params,
            submissions,
            completions,
            slots,
            status,
            not_sync: PhantomData,
        })
    }

    /// What was granted when the ring was opened.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Calls accepted whose completion is not ready yet; none in a forked child.
    pub fn in_flight(&mut self) -> usize {
        if self.check_home().is_ok() { self.slot_owner.in_use() } else { 0 }
    }

    /// Refuses every entry in a forked child: the ring's memory is not there (ENGINE-26).
    pub(crate) fn check_home(&self) -> Result<(), Refusal> {
        if self.shared.guard.is_home() { Ok(()) } else { Err(Refusal::FORKED) }
    }
}

/// What one submission may ask for, so that its completion fits.
fn limits(params: &Params) -> Limits {
    Limits {
        record_bytes_max: params.submission_record_max as usize,
        out_bytes_max: params.completion_record_max as usize - syslet_abi::DONE_DATA_OFFSET,
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        if self.check_home().is_ok() {
            self.status[0].store(EngineStatus::GONE.0, Ordering::Release);
        }
    }
}

impl std::fmt::Display for RingError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RingError::Setup(error) => error.fmt(f),
            RingError::System(errno) => write!(f, "the system refused memory: {errno}"),
            RingError::Forked => f.write_str("the engine belongs to the process that was forked"),
        }
    }
}

impl std::error::Error for RingError {}
