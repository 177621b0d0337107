//! The thread that makes a call, and the timer by which a signal gets to it. A worker notes itself in the slot;
//! cancellers read it there.

/// A thread of the engine, as a canceller signals it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Maker {
    /// The kernel's number of the thread.
    pub(crate) tid: u32,
    /// One more than the kernel's number of the timer that signals it, where it has one; else 0.
    timer: u32,
}

impl Maker {
    /// A thread, and the timer that signals it.
    pub(crate) fn new(tid: u32, timer: Option<i32>) -> Maker {
        Maker::with(tid, timer.map_or(0, |id| id.cast_unsigned() + 1))
    }

    /// The same, of the two words that were kept.
    pub(crate) fn with(tid: u32, timer: u32) -> Maker {
        Maker { tid, timer }
    }

    /// The word that is kept of the timer.
    pub(crate) fn timer_word(self) -> u32 {
        self.timer
    }

    /// The kernel's number of its timer.
    pub(crate) fn timer(self) -> Option<i32> {
        self.timer.checked_sub(1).map(u32::cast_signed)
    }
}
