//! A call of a program that can be stopped alone: it has a phase of its own, beside its program's. The thread that makes the call
//! begins and ends it; cancels, deadlines and the group stop it.

use crate::cancel::signal;
use crate::exec::claim::Why;
use crate::slots::maker::Maker;
use crate::slots::phase::{Begin, By, Phase, Stop};
use crate::slots::state::State;
use crate::sys::sync::{Arc, AtomicU32, Mutex, Ordering, lock};

/// One call, as the threads see it that may stop it.
#[derive(Debug)]
pub(crate) struct Member {
    phase: Phase,
    /// The thread that makes it, and its timer.
    maker: [AtomicU32; 2],
}

/// The calls of one ring's programs that can be stopped alone, while they are made.
#[derive(Debug, Default)]
pub(crate) struct Running(Mutex<Vec<(Name, Arc<Member>)>>);

/// The same of calls on a program's way out, which only an engine that is closed stops.
#[derive(Debug, Default)]
pub(crate) struct Leaving(Running);

impl Leaving {
    pub(crate) fn add(&self, name: Name, member: &Arc<Member>) {
        self.0.add(name, member);
    }

    pub(crate) fn remove(&self, name: Name) {
        self.0.remove(name);
    }

    /// The program makes no more calls.
    pub(crate) fn forget(&self, program: u64) {
        self.0.forget(program);
    }

    /// All that are being made.
    pub(crate) fn all(&self) -> Vec<Arc<Member>> {
        lock(&self.0.0).iter().map(|(_, member)| Arc::clone(member)).collect()
    }
}

/// Which call it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Name {
    /// The program, by its ticket.
    pub(crate) program: u64,
    /// The atom.
    pub(crate) atom: usize,
}

impl Running {
    pub(crate) fn add(&self, name: Name, member: &Arc<Member>) {
        lock(&self.0).push((name, Arc::clone(member)));
    }

    pub(crate) fn remove(&self, name: Name) {
        let mut running = lock(&self.0);
        if let Some(at) = running.iter().position(|(other, _)| *other == name) {
            running.swap_remove(at);
        }
    }

    /// The program makes no more calls.
    pub(crate) fn forget(&self, program: u64) {
        lock(&self.0).retain(|(name, _)| name.program != program);
    }

    /// The call of that name, if it is being made.
    pub(crate) fn find(&self, name: Name) -> Option<Arc<Member>> {
        let running = lock(&self.0);
        running.iter().find(|(other, _)| *other == name).map(|(_, member)| Arc::clone(member))
    }
}

/// A member makes one call only.
const GENERATION: u64 = 1;

impl Member {
    pub(crate) fn new() -> Member {
        let phase = Phase::new();
        phase.admit(GENERATION, State::QUEUED);
        Member { phase, maker: [const { AtomicU32::new(0) }; 2] }
    }

    /// That thread makes the call; false when it was stopped before.
    pub(crate) fn begin(&self, maker: Maker) -> bool {
        let note = || {
            self.maker[0].store(maker.tid, Ordering::Relaxed);
            self.maker[1].store(maker.timer_word(), Ordering::Relaxed);
        };
        self.phase.begin_working(GENERATION, note) == Begin::Begun
    }

    /// The call is over. When this returns no signal meant for it is on its way.
    pub(crate) fn end(&self) -> bool {
        self.phase.leave(GENERATION, State::DONE, std::thread::yield_now)
    }

    /// The thread that was to make the call has died.
    pub(crate) fn reap(&self) {
        self.phase.reap(GENERATION, State::DONE, std::thread::yield_now);
    }

    /// The word that an invocation tests.
    pub(crate) fn cancel(&self) -> &AtomicU32 {
        self.phase.cancel()
    }

    /// Why it was stopped, if it was.
    pub(crate) fn reason(&self) -> u32 {
        self.phase.cancel().load(Ordering::Relaxed)
    }

    /// Stops the call. After [`Stop::Signal`] the caller has it looked at again; after [`Stop::Unsent`] the caller has to ask
    /// again.
    pub(crate) fn stop(&self, why: Why) -> Stop {
        let found = self.phase.stop(GENERATION, By::Other, std::thread::yield_now);
        if matches!(found, Stop::Removed | Stop::Signal) {
            // Release: pairs with the acquire load of the word in the signal handler, which would otherwise see the signal without
            // its reason.
            self.phase.cancel().store(why.word(), Ordering::Release);
        }
        if found == Stop::Signal {
            if !self.signal() {
                self.phase.unsent(GENERATION);
                return Stop::Unsent;
            }
            self.phase.signalled(GENERATION, false);
        }
        found
    }

    /// Signals the call once more, if it is still there in spite of a signal; says whether it was.
    pub(crate) fn stop_again(&self) -> bool {
        let is_there = self.phase.signal_again(GENERATION);
        if is_there {
            // A signal that cannot be sent now is tried again.
            let _is_sent = self.signal();
            self.phase.signalled(GENERATION, false);
        }
        is_there
    }

    /// Whether it is over.
    pub(crate) fn is_over(&self) -> bool {
        self.phase.is_over()
    }

    fn signal(&self) -> bool {
        let [tid, timer] = self.maker.each_ref().map(|word| word.load(Ordering::Relaxed));
        signal::send(Maker::with(tid, timer))
    }
}
