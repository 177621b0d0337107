//! The verdict of admission that a submission keeps from one push to the next: the circumstances that it holds in, the
//! arguments that it depends on, and the place for it. Admission fills the place, `Ring::push` reads it, and a changed argument
//! empties it.

use std::sync::OnceLock;

use syslet_abi::Params;

use crate::slots::admission::Verdict;
use crate::sys::sync::{AtomicU32, Ordering};

/// The circumstances of a check: under others it might find otherwise.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Circumstances {
    /// The number of the engine, which no other one of the process has: its workers, abilities and attributes.
    engine: u64,
    /// The limits of the ring.
    submission_record_max: u32,
    completion_record_max: u32,
    /// Whether the submitter may give calls to workers now.
    pub(crate) has_pool: bool,
}

impl Circumstances {
    /// Those of a push to a ring with these parameters.
    #[inline(always)]
    pub(crate) fn of(engine: u64, params: &Params, has_pool: bool) -> Circumstances {
        let Params { submission_record_max, completion_record_max, .. } = *params;
        Circumstances { engine, submission_record_max, completion_record_max, has_pool }
    }

    /// The same, when the submitter may give calls to workers after all.
    pub(crate) fn with_pool(self) -> Circumstances {
        Circumstances { has_pool: true, ..self }
    }

    /// The most bytes that a completion may have.
    pub(crate) fn completion_max(&self) -> usize {
        self.completion_record_max as usize
    }
}

/// The arguments that a verdict depends on: one bit for each, and in which way.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Dependence {
    /// On their value.
    pub(crate) values: u8,
    /// On whether they are zero.
    pub(crate) addresses: u8,
    /// On whether they are a length that one transfer can have, from 1 on.
    pub(crate) lengths: u8,
    /// On whether they are a position from 0 on.
    pub(crate) positions: u8,
    /// The check for safe code depends on their value.
    pub(crate) safety: u8,
}

/// The most bytes that the kernel moves in one transfer (MAX_RW_COUNT).
pub(crate) const LENGTH_MAX: u64 = 0x7fff_f000;

impl Dependence {
    /// The bits of [`Keeper::watch`] for a submission that has passed the check for safe code, or not.
    fn watch(&self, is_safe: bool) -> u32 {
        let safety = if is_safe { IS_SAFE | u32::from(self.safety) } else { 0 };
        u32::from(self.values | self.lengths | self.positions)
            | u32::from(self.addresses) << ADDRESSES
            | safety
    }

    /// Whether the verdict may be another one when argument `index` changes from `old` to `new`.
    pub(crate) fn is_touched(&self, index: usize, old: u64, new: u64) -> bool {
        let has = |set: u8| set >> index & 1 != 0;
        let both = |is: fn(u64) -> bool| is(old) && is(new);
        has(self.values)
            || has(self.addresses) && !both(|address| address != 0)
            || has(self.lengths) && !both(|length| (1..=LENGTH_MAX).contains(&length))
            || has(self.positions) && !both(|position| position.cast_signed() >= 0)
    }

    /// Whether the check for safe code may find otherwise when argument `index` changes.
    pub(crate) fn touches_safety(&self, index: usize) -> bool {
        self.safety >> index & 1 != 0
    }
}

/// A verdict that is kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    by: Circumstances,
    pub(crate) verdict: Verdict,
    dependence: Dependence,
}

impl Kept {
    pub(crate) fn new(by: Circumstances, verdict: Verdict, dependence: Dependence) -> Kept {
        Kept { by, verdict, dependence }
    }
}

/// The place for a verdict in a submission.
#[derive(Debug)]
pub(crate) struct Keeper {
    kept: OnceLock<Kept>,
    /// One bit for each argument of which every change is to be looked at, one more [`ADDRESSES`] bits higher for each of which
    /// a change from or to zero is, and [`IS_SAFE`]. All are zero while no verdict is kept.
    watch: AtomicU32,
    /// Pushes since there was a verdict here.
    pushes: AtomicU32,
    /// Before so many, none is kept: a submission that is pushed once has no use for it, nor has one that is changed for each
    /// push.
    patience: u32,
}

/// How far the bits of addresses stand from those of values.
const ADDRESSES: usize = 8;
/// The check for safe code has passed, too.
const IS_SAFE: u32 = 1 << 16;

/// The least that [`Keeper::patience`] is, and the most.
const PATIENCE: (u32, u32) = (1, 128);

impl Default for Keeper {
    fn default() -> Keeper {
        let (watch, pushes) = (AtomicU32::new(0), AtomicU32::new(0));
        Keeper { kept: OnceLock::new(), watch, pushes, patience: PATIENCE.0 }
    }
}

/// A clone has the same bytes, so the verdict holds for it as well.
impl Clone for Keeper {
    fn clone(&self) -> Keeper {
        let kept = self.kept.clone();
        let is_safe = self.is_safe();
        let watch = AtomicU32::new(kept.get().map_or(0, |kept| kept.dependence.watch(is_safe)));
        // Relaxed: as in `is_due`.
        let pushes = AtomicU32::new(self.pushes.load(Ordering::Relaxed));
        Keeper { kept, watch, pushes, patience: self.patience }
    }
}

impl Keeper {
    /// The verdict, if one is kept that holds in these circumstances.
    #[inline(always)]
    pub(crate) fn get(&self, by: Circumstances) -> Option<&Kept> {
        self.kept.get().filter(|kept| kept.by == by)
    }

    /// Whether this push is one that is to keep its verdict. Counts it.
    pub(crate) fn is_due(&self) -> bool {
        // Relaxed, and no exchange: when two threads push at once and one is not counted, a verdict is kept a push later.
        let pushes = self.pushes.load(Ordering::Relaxed);
        self.pushes.store(pushes.saturating_add(1), Ordering::Relaxed);
        pushes >= self.patience && self.kept.get().is_none()
    }

    /// Whether the check for safe code has passed, of a submission that keeps its verdict.
    #[inline(always)]
    pub(crate) fn is_safe(&self) -> bool {
        // Relaxed: pairs with the store in `note_safe`, and no data is read through it. The bytes that were checked are
        // lent to both pushes, so neither can have changed them.
        self.watch.load(Ordering::Relaxed) & IS_SAFE != 0
    }

    /// The check for safe code has passed, of a submission that keeps this verdict.
    pub(crate) fn note_safe(&self, kept: &Kept) {
        // Relaxed: pairs with the load in `is_safe`, as said there. The changes that look at the other bits have the submission
        // to themselves.
        self.watch.fetch_or(kept.dependence.watch(true), Ordering::Relaxed);
    }

    /// Keeps a verdict, and that the check for safe code has passed. Another ring may have been first: it keeps its own.
    pub(crate) fn keep(&self, kept: Kept, is_safe: bool) {
        let watch = kept.dependence.watch(is_safe);
        if self.kept.set(kept).is_ok() {
            // Relaxed, as in `note_safe`. An exchange, because the other thread may be there already.
            self.watch.fetch_or(watch, Ordering::Relaxed);
        }
    }

    /// Keeps this verdict, whether there is another or not.
    pub(crate) fn replace(&mut self, kept: Kept, is_safe: bool) {
        self.watch = AtomicU32::new(0);
        self.kept = OnceLock::new();
        self.keep(kept, is_safe);
    }

    /// Argument `index` changes: a verdict that depends on it is forgotten.
    #[inline(always)]
    pub(crate) fn note_change(&mut self, index: usize, old: u64, new: u64) {
        // No submission with more than six arguments is accepted, so none keeps a verdict.
        let watch = *self.watch.get_mut() >> (index % ADDRESSES);
        if watch & 1 != 0 || watch & 1 << ADDRESSES != 0 && (old == 0 || new == 0) {
            self.forget(index, old, new);
        }
    }

    /// Forgets the verdict, or that of the check for safe code, if it depends on argument `index` and that is another one.
    #[inline(never)]
    fn forget(&mut self, index: usize, old: u64, new: u64) {
        let Some(kept) = self.kept.get_mut().filter(|_| old != new) else { return };
        if kept.dependence.is_touched(index, old, new) {
            let patience = (2 * self.patience).min(PATIENCE.1);
            *self = Keeper { patience, ..Keeper::default() };
        } else if kept.dependence.touches_safety(index) {
            self.watch = AtomicU32::new(kept.dependence.watch(false));
        }
    }
}
