//! Calls that their submitter has claimed and cannot finish: they wait here for a worker, with what was done already.

use std::collections::VecDeque;

use crate::exec::usage::Seen;
use crate::program::{Interpreter, ParallelGroup};
use crate::sys::sync::{Arc, AtomicU32, Mutex, Ordering, lock};

/// How far a call came before it was handed over.
#[derive(Debug, Default)]
pub(crate) struct Begun {
    /// Bytes that a first attempt has moved.
    pub(crate) progress: u64,
    /// When the first attempt was made, 0 if none was: relative timeouts count from then.
    pub(crate) first_ns: u64,
    /// When that was, if an attribute wants to know, else 0.
    pub(crate) started_ns: u64,
    /// First attempts made.
    pub(crate) attempts: u32,
    /// Whether the call is known to sleep.
    pub(crate) sleeps: bool,
    /// Whether the trace has a line of its beginning.
    pub(crate) is_traced: bool,
    /// The out area as a first attempt left it, if it has made progress.
    pub(crate) out: Vec<u8>,
    /// What was seen of the first attempt, if an attribute wants to know.
    pub(crate) seen: Option<Box<Seen>>,
    /// How far the program is whose call this is, if it is one's.
    pub(crate) program: Option<Box<Interpreter>>,
    /// The calls side by side of a program whose worker died: they are to be over before it is.
    pub(crate) orphan: Option<Arc<ParallelGroup>>,
}

impl Begun {
    /// Whether this is a program on its way out, where no cancel reaches it.
    pub(crate) fn is_leaving(&self) -> bool {
        self.orphan.is_some() || self.program.as_ref().is_some_and(|interpreter| interpreter.is_leaving())
    }

    /// Whether bytes were moved or atoms have run, so that the call cannot end as if it had not begun.
    pub(crate) fn has_moved(&self) -> bool {
        self.progress > 0 || self.is_begun_program()
    }

    /// Whether this is a program, and atoms have run.
    pub(crate) fn is_begun_program(&self) -> bool {
        self.orphan.is_some() || self.program.as_ref().is_some_and(|interpreter| interpreter.has_begun())
    }
}

/// A call that was handed over.
#[derive(Debug, Default)]
pub(crate) struct Handed {
    pub(crate) record: Vec<u64>,
    pub(crate) begun: Begun,
}

/// The calls of one ring that were handed over, in order. Those of all rings are as many as there are slots.
#[derive(Debug)]
pub(crate) struct Handoffs {
    count: AtomicU32,
    queue: Mutex<Queue>,
}

#[derive(Debug)]
struct Queue {
    calls: VecDeque<Handed>,
    /// Used up, kept for the next: handing over allocates only until it has once been as deep.
    spare: Vec<Handed>,
}

/// More than so many are not kept.
const SPARE_MAX: usize = 64;

impl Handoffs {
    pub(crate) fn new() -> Handoffs {
        Handoffs {
            count: AtomicU32::new(0),
            queue: Mutex::new(Queue { calls: VecDeque::new(), spare: Vec::new() }),
        }
    }

    /// Whether none waits. Who announces work has pushed it before.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn push(&self, record: &[u64], begun: Begun) {
        let mut queue = lock(&self.queue);
        let mut handed = queue.spare.pop().unwrap_or_default();
        handed.record.clear();
        handed.record.extend_from_slice(record);
        handed.begun = begun;
        queue.calls.push_back(handed);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn pop(&self) -> Option<Handed> {
        if self.is_empty() {
            return None;
        }
        let mut queue = lock(&self.queue);
        let handed = queue.calls.pop_front()?;
        self.count.fetch_sub(1, Ordering::Relaxed);
        Some(handed)
    }

    /// Gives memory back for the next.
    pub(crate) fn recycle(&self, handed: Handed) {
        let mut queue = lock(&self.queue);
        if queue.spare.len() < SPARE_MAX {
            queue.spare.push(handed);
        }
    }
}
