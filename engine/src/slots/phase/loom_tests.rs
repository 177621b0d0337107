//! Every interleaving of a worker that makes calls one after the other and of cancellers that stop one of them, over a
//! model of the kernel's pending signal.

use loom::thread;

use crate::slots::abandon::Abandon;
use crate::slots::phase::*;
use crate::sys::sync::{Arc, AtomicBool, AtomicU32};

/// A slot, its worker's pending signal, and the signals and completions that the worker has seen.
pub(super) struct Model {
    pub(super) phase: Phase,
    pending: AtomicBool,
    /// The thread that makes the call: a number for each generation.
    pub(super) maker: AtomicU32,
    /// Calls that a signal met.
    hits: AtomicU32,
    /// Completions that were posted.
    pub(super) posted: AtomicU32,
}

/// With branches enough for a thread that spins until another has gone on.
pub(super) fn explore(scene: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.max_branches = 20_000;
    builder.check(scene);
}

impl Model {
    pub(super) fn new() -> Arc<Model> {
        let model = Model {
            phase: Phase::new(),
            pending: AtomicBool::new(false),
            maker: AtomicU32::new(0),
            hits: AtomicU32::new(0),
            posted: AtomicU32::new(0),
        };
        model.phase.admit(1, State::QUEUED);
        Arc::new(model)
    }

    /// A thread that leaves the kernel takes the pending signal.
    pub(super) fn take(&self) -> bool {
        self.pending.swap(false, Ordering::AcqRel)
    }

    pub(super) fn post(&self) {
        self.posted.fetch_add(1, Ordering::Relaxed);
    }

    /// The worker's part in the call: begins it, is in the kernel, leaves.
    fn work(&self, generation: u64) -> bool {
        let tid = u32::try_from(generation).unwrap();
        if self.phase.begin_working(generation, || self.maker.store(tid, Ordering::Relaxed)) == Begin::Gone {
            return false;
        }
        let was_hit = self.take();
        let was_signalled = self.leave(generation);
        assert!(was_signalled || !was_hit, "a signal that was not sent for this call");
        if was_hit {
            self.hits.fetch_add(1, Ordering::Relaxed);
        }
        self.post();
        true
    }

    pub(super) fn leave(&self, generation: u64) -> bool {
        self.phase.leave(generation, State::DONE, || {
            self.take();
            thread::yield_now();
        })
    }

    pub(super) fn stop(&self, generation: u64) -> Stop {
        self.stop_as(generation, By::Other)
    }

    /// The same, with the cancel word, as a canceller sets it before it signals.
    pub(super) fn stop_with_reason(&self, generation: u64) -> Stop {
        let found = self.phase.stop(generation, By::Other, thread::yield_now);
        match found {
            Stop::Removed => self.post(),
            Stop::Signal => {
                self.phase.cancel().store(1, Ordering::Release);
                self.pending.store(true, Ordering::Release);
                self.phase.signalled(generation, false);
            }
            _ => {}
        }
        found
    }

    fn stop_as(&self, generation: u64, by: By) -> Stop {
        let found = self.phase.stop(generation, by, thread::yield_now);
        match found {
            Stop::Removed => self.post(),
            Stop::Signal => {
                let maker = self.maker.load(Ordering::Relaxed);
                assert_eq!(u64::from(maker), generation, "the thread of another call");
                self.pending.store(true, Ordering::Release);
                self.phase.signalled(generation, false);
            }
            _ => {}
        }
        found
    }
}

/// CANCEL-4, CANCEL-5: a call that a canceller stops has one completion, and the signal never meets the next call of that
/// worker.
#[test]
fn loom_a_signal_meets_its_own_call_only() {
    explore(|| {
        let model = Model::new();
        let other = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.stop(1))
        };
        model.work(1);
        // The next thing the worker does. A signal that comes now would break it.
        let next = !model.take();
        let found = other.join().unwrap();
        assert!(next && !model.take(), "a late signal: {found:?}");
        assert_eq!(model.posted.load(Ordering::Relaxed), 1, "one completion: {found:?}");
    });
}

/// CANCEL-14: a call that its submitter begins without an exchange has one completion, whether another thread stops it
/// or the submitter itself, which may have opened it to others before.
#[test]
fn loom_a_private_call_has_one_completion() {
    for (is_opened, is_stopped) in [(false, false), (true, false), (true, true)] {
        explore(move || {
            let model = Model::new();
            model.phase.admit(1, State::QUEUED_PRIVATE);
            let other = {
                let model = Arc::clone(&model);
                thread::spawn(move || model.stop(1))
            };
            if is_opened {
                model.phase.open(1);
            }
            if is_stopped && model.phase.stop(1, By::Submitter, thread::yield_now) == Stop::Removed {
                model.post();
            }
            if model.phase.begin_inline(1) != Begin::Gone {
                model.phase.leave_inline(1, State::DONE);
                model.post();
            }
            let found = other.join().unwrap();
            assert_eq!(model.posted.load(Ordering::Relaxed), 1, "{found:?}");
            assert!(!model.take(), "no signal");
        });
    }
}

/// CANCEL-14: the same when a worker claims it while its submitter stops it or opens it to others.
#[test]
fn loom_a_private_call_meets_a_worker() {
    for by_others in [false, true] {
        explore(move || {
            let model = Model::new();
            model.phase.admit(1, State::QUEUED_PRIVATE);
            let worker = {
                let model = Arc::clone(&model);
                thread::spawn(move || {
                    model.work(1);
                    assert!(!model.take(), "a late signal");
                })
            };
            let found = if by_others {
                model.phase.open(1);
                model.stop(1)
            } else {
                model.stop_as(1, By::Submitter)
            };
            worker.join().unwrap();
            assert_eq!(model.posted.load(Ordering::Relaxed), 1, "{found:?}");
        });
    }
}

/// CANCEL-4: of two cancellers of a running call, one signals its worker.
#[test]
fn loom_one_of_two_signals() {
    explore(|| {
        let model = Model::new();
        assert_eq!(model.phase.begin_working(1, || model.maker.store(1, Ordering::Relaxed)), Begin::Begun);
        let others: Vec<_> = (0..2)
            .map(|_| {
                let model = Arc::clone(&model);
                thread::spawn(move || model.stop(1))
            })
            .collect();
        let was_signalled = model.leave(1);
        let next = !model.take();
        let found: Vec<_> = others.into_iter().map(|other| other.join().unwrap()).collect();
        assert!(next && !model.take(), "a late signal: {found:?}");
        let signals = found.iter().filter(|found| **found == Stop::Signal).count();
        assert_eq!(signals, usize::from(was_signalled), "{found:?}");
    });
}

/// CANCEL-2: a canceller of a call that is over does not meet the next call in its slot.
#[test]
fn loom_a_stale_stop_meets_no_call() {
    explore(|| {
        let model = Model::new();
        let other = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.stop(1))
        };
        let by_worker = model.work(1);
        if by_worker {
            // Its completion is consumed, and another call has the slot.
            model.phase.release(2);
            model.phase.admit(2, State::QUEUED);
            assert!(model.work(2), "no request is for this one");
        }
        let found = other.join().unwrap();
        assert_eq!(model.posted.load(Ordering::Relaxed), 1 + u32::from(by_worker), "{found:?}");
        assert!(!model.take(), "a late signal");
    });
}

/// CANCEL-5: a record that is still claimed although its call was removed, while another call has the slot and runs,
/// does not get that call's signal.
#[test]
fn loom_a_stale_record_is_left_alone() {
    explore(|| {
        let model = Model::new();
        assert_eq!(model.stop(1), Stop::Removed);
        model.phase.release(2);
        model.phase.admit(2, State::QUEUED);
        let others: Vec<_> = [1, 2]
            .into_iter()
            .map(|generation| {
                let model = Arc::clone(&model);
                thread::spawn(move || model.work(generation))
            })
            .collect();
        let found = model.stop(2);
        let worked: Vec<_> = others.into_iter().map(|other| other.join().unwrap()).collect();
        assert!(!worked[0], "it was removed");
        assert_eq!(worked[1], found != Stop::Removed, "{found:?}");
        assert_eq!(model.posted.load(Ordering::Relaxed), 2);
    });
}

/// CANCEL-5, CANCEL-8: neither does a signal that is sent again.
#[test]
fn loom_a_signal_sent_again_meets_its_own_call_only() {
    explore(|| {
        let model = Model::new();
        let other = {
            let model = Arc::clone(&model);
            thread::spawn(move || {
                let found = model.stop(1);
                if model.phase.signal_again(1) {
                    model.pending.store(true, Ordering::Release);
                    model.phase.signalled(1, false);
                }
                found
            })
        };
        model.work(1);
        let next = !model.take();
        let found = other.join().unwrap();
        assert!(next && !model.take(), "a late signal: {found:?}");
        assert_eq!(model.posted.load(Ordering::Relaxed), 1);
    });
}

/// A canceller that stops the call, and abandons it.
fn abandon(model: &Model, generation: u64) -> bool {
    model.stop(generation) == Stop::Signal && model.phase.abandon(generation) == Abandon::Abandoned
}

/// A worker that makes one call; says whether it was abandoned. No signal is left for the next.
fn work_until_back(model: &Model, generation: u64) -> Option<bool> {
    if model.phase.begin_working(generation, || model.maker.store(1, Ordering::Relaxed)) == Begin::Gone {
        return None;
    }
    let _was_hit = model.take();
    model.leave(generation);
    let is_abandoned = model.phase.is_abandoned(generation);
    assert!(!model.take(), "a late signal");
    if !is_abandoned {
        model.post();
    }
    Some(is_abandoned)
}

/// CANCEL-16, CANCEL-19: a call that is abandoned while its worker leaves it has one completion. Of the worker and the
/// submitter one learns that the other is through with the slot, which neither touches afterwards.
#[test]
fn loom_an_abandoned_call_frees_its_slot_once() {
    explore(|| {
        let model = Model::new();
        let other = {
            let model = Arc::clone(&model);
            thread::spawn(move || {
                let is_abandoned = abandon(&model, 1);
                if is_abandoned {
                    model.post();
                }
                is_abandoned.then(|| {
                    let is_free = model.phase.consume_abandoned(1);
                    if is_free {
                        model.phase.release(2);
                        model.phase.admit(2, State::RUNNING);
                    }
                    is_free
                })
            })
        };
        let worked = work_until_back(&model, 1);
        let is_owed = (worked == Some(true)).then(|| model.phase.worker_returned(1));
        let is_free = other.join().unwrap();
        assert_eq!(is_free.is_some(), worked == Some(true));
        assert_eq!(is_free, is_owed.map(|is_owed| !is_owed), "one of the two");
        assert_eq!(model.posted.load(Ordering::Relaxed), 1);
        if is_free == Some(true) {
            assert_eq!(model.phase.stop(2, By::Other, thread::yield_now), Stop::Signal, "it is as it was");
        }
    });
}

/// CANCEL-17: where a second record follows, it comes behind the first.
#[test]
fn loom_the_second_record_comes_second() {
    explore(|| {
        let model = Model::new();
        let other = {
            let model = Arc::clone(&model);
            thread::spawn(move || {
                let is_abandoned = abandon(&model, 1);
                if is_abandoned {
                    model.post();
                    model.phase.abandonment_posted(1);
                }
                is_abandoned
            })
        };
        let worked = work_until_back(&model, 1);
        if worked == Some(true) {
            model.phase.wait_until_posted(1, thread::yield_now);
            assert_eq!(model.posted.load(Ordering::Relaxed), 1, "the first is there");
            model.phase.release(2);
        }
        assert_eq!(other.join().unwrap(), worked == Some(true));
        assert_eq!(model.posted.load(Ordering::Relaxed), 1);
    });
}

/// CANCEL-16: a call is abandoned, or signalled again by a third thread, or left: no signal meets the next call of its
/// worker.
#[test]
fn loom_an_abandoned_call_is_not_signalled() {
    explore(|| {
        let model = Model::new();
        assert_eq!(model.phase.begin_working(1, || model.maker.store(1, Ordering::Relaxed)), Begin::Begun);
        assert_eq!(model.stop(1), Stop::Signal);
        let again = {
            let model = Arc::clone(&model);
            thread::spawn(move || {
                if model.phase.signal_again(1) {
                    model.pending.store(true, Ordering::Release);
                    model.phase.signalled(1, true);
                }
            })
        };
        let abandon = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.phase.abandon(1))
        };
        model.leave(1);
        let is_abandoned = model.phase.is_abandoned(1);
        let was_clean = !model.take();
        again.join().unwrap();
        assert!(was_clean && !model.take(), "a late signal");
        assert_eq!(abandon.join().unwrap() == Abandon::Abandoned, is_abandoned);
    });
}
