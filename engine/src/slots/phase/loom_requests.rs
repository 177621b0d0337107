//! Every interleaving of requests that come too early, and of signals that cannot be sent.

use loom::thread;

use crate::slots::phase::loom_tests::*;
use crate::slots::phase::*;
use crate::sys::sync::Arc;

/// CANCEL-21: a request for a call that its submitter makes or may make, and that a worker goes on with, is never lost:
/// it stops the call, or came before the call began, or when it was over. The next call in the slot does not notice.
#[test]
fn loom_a_request_stays_with_its_call() {
    for (first, next) in [
        (State::QUEUED, State::QUEUED),
        (State::QUEUED, State::PARTIAL),
        (State::QUEUED_PRIVATE, State::QUEUED),
    ] {
        explore(move || {
            let model = Model::new();
            model.phase.admit(1, first);
            let other = {
                let model = Arc::clone(&model);
                thread::spawn(move || model.stop(1))
            };
            let mut begin = model.phase.begin_inline(1);
            let mut is_cut = begin == Begin::Stopped;
            if is_cut {
                model.phase.leave_inline(1, State::DONE);
            } else if begin == Begin::Begun {
                model.phase.leave_inline(1, next);
                begin = model.phase.begin_working(1, || model.maker.store(1, Ordering::Relaxed));
                is_cut = begin != Begin::Gone && (model.leave(1) || begin == Begin::Stopped);
            }
            let has_begun = begin != Begin::Gone;
            if has_begun {
                model.post();
                model.phase.release(2);
                model.phase.admit(2, State::QUEUED);
                assert_eq!(model.phase.begin_inline(2), Begin::Begun, "no request is for this one");
            }
            let found = other.join().unwrap();
            assert!(!model.take(), "a late signal: {found:?}");
            // It may have asked in time, and looked when the call was over.
            let is_late = matches!(found, Stop::Complete | Stop::NotFound);
            assert!(is_late || is_cut || !has_begun, "{found:?}");
            assert_eq!(model.posted.load(Ordering::Relaxed), 1, "{found:?}");
        });
    }
}

/// CANCEL-21: the same where the call gets a thread of its own, which looks for itself.
#[test]
fn loom_a_request_reaches_a_thread_of_its_own() {
    explore(|| {
        let model = Model::new();
        model.phase.admit(1, State::INLINE);
        let other = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.stop(1))
        };
        model.maker.store(1, Ordering::Relaxed);
        model.phase.leave_inline(1, State::RUNNING);
        let is_marked = model.phase.is_marked(1);
        let was_signalled = model.leave(1);
        let found = other.join().unwrap();
        assert!(!model.take(), "a late signal: {found:?}");
        assert!(is_marked || was_signalled || found == Stop::Complete, "{found:?}");
    });
}

/// CANCEL-14, CANCEL-21: the same where a worker claims a privately queued call, or one that was so until its submitter
/// opened it.
#[test]
fn loom_a_request_reaches_a_worker_that_claims() {
    for is_opened in [false, true] {
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
            let begin = model.phase.begin_working(1, || model.maker.store(1, Ordering::Relaxed));
            let was_signalled = begin != Begin::Gone && model.leave(1);
            let found = other.join().unwrap();
            assert!(!model.take(), "a late signal: {found:?}");
            let is_stopped = begin == Begin::Stopped || was_signalled || found == Stop::Removed;
            assert!(is_stopped || found == Stop::Complete, "{begin:?} {found:?}");
        });
    }
}

/// CANCEL-22: where no signal can be sent, the worker leaves the call as if no request had come; meanwhile it may be
/// asked again, and signalled.
#[test]
fn loom_a_signal_that_is_not_sent() {
    explore(|| {
        let model = Model::new();
        assert_eq!(model.phase.begin_working(1, || model.maker.store(1, Ordering::Relaxed)), Begin::Begun);
        let other = {
            let model = Arc::clone(&model);
            thread::spawn(move || {
                let found = model.phase.stop(1, By::Other, thread::yield_now);
                if found == Stop::Signal {
                    model.phase.unsent(1);
                }
                (found, model.stop(1))
            })
        };
        let was_signalled = model.leave(1);
        let next = !model.take();
        let found = other.join().unwrap();
        assert!(next && !model.take(), "a late signal: {found:?}");
        assert_eq!(was_signalled, found.1 == Stop::Signal, "{found:?}");
    });
}

/// CANCEL-2: a canceller that finds a call by its fields reads those of the call that it has found, also where the
/// submitter has begun it without an exchange.
#[test]
fn loom_a_call_that_is_found_shows_its_fields() {
    explore(|| {
        let model = Model::new();
        model.phase.release(2);
        let other = {
            let model = Arc::clone(&model);
            thread::spawn(move || {
                let found = model.phase.occupant();
                (found, model.maker.load(Ordering::Relaxed))
            })
        };
        // Any field of the slot.
        model.maker.store(2, Ordering::Relaxed);
        model.phase.admit(2, State::QUEUED_PRIVATE);
        assert_eq!(model.phase.begin_inline(2), Begin::Begun);
        let (found, field) = other.join().unwrap();
        assert!(found.is_none() || (found, field) == (Some(2), 2), "{found:?} {field}");
    });
}

/// PARK-46: a request that comes while a call is attempted, or is being parked behind its attempt, is not lost: the call is removed, or the
/// thread that would park it sees the request. In the submitter and in a worker.
#[test]
fn loom_a_request_meets_a_call_that_is_parked() {
    for is_inline in [true, false] {
        explore(move || {
            let model = Model::new();
            let begin = if is_inline {
                model.phase.begin_inline(1)
            } else {
                model.phase.begin_working(1, || model.maker.store(1, Ordering::Relaxed))
            };
            assert_eq!(begin, Begin::Begun);
            let other = {
                let model = Arc::clone(&model);
                thread::spawn(move || model.stop_with_reason(1))
            };
            if is_inline {
                model.phase.leave_inline(1, State::QUEUED);
            } else {
                model.phase.leave(1, State::QUEUED, || {
                    model.take();
                    thread::yield_now();
                });
            }
            let parks = model.phase.is_undisturbed(1);
            let found = other.join().unwrap();
            assert!(!model.take(), "a late signal: {found:?}");
            // Were it parked, nothing would end it for an hour but its removal.
            assert!(!parks || found == Stop::Removed, "{found:?}");
        });
    }
}
