//! The steps of one phase, one thread after the other.

use crate::slots::abandon::Abandon;
use crate::slots::phase::*;

fn never() {
    panic!("no signal is sent");
}

/// CANCEL-1: one request keeps a queued call from beginning; a thread that claims it then leaves it alone.
#[test]
fn a_queued_call_is_removed_once() {
    let phase = Phase::new();
    phase.admit(7, State::QUEUED);
    assert_eq!((phase.generation(), phase.occupant()), (7, Some(7)));
    assert_eq!(phase.stop(7, By::Other, never), Stop::Removed);
    assert_eq!(phase.stop(7, By::Other, never), Stop::Complete);
    assert_eq!(phase.begin(7, State::INLINE), Begin::Gone);
    assert_eq!(phase.begin_working(7, never), Begin::Gone, "it notes nothing");
    phase.release(8);
    assert_eq!(
        (phase.generation(), phase.occupant(), phase.stop(7, By::Other, never)),
        (8, None, Stop::NotFound)
    );
}

/// CANCEL-14: a private call is marked by other threads, until its submitter opens it to them, or a worker has it.
/// CANCEL-21: the thread that begins a marked call stops it.
#[test]
fn a_private_call_is_its_submitters() {
    let phase = Phase::new();
    for (generation, by_worker) in [(1, false), (2, true)] {
        let begin = || {
            if by_worker { phase.begin_working(generation, || ()) } else { phase.begin_inline(generation) }
        };
        phase.admit(generation, State::QUEUED_PRIVATE);
        assert_eq!([(); 2].map(|()| phase.stop(generation, By::Other, never)), [Stop::Marked; 2]);
        assert_eq!(begin(), Begin::Stopped);
        phase.admit(generation, State::QUEUED_PRIVATE);
        assert_eq!(begin(), Begin::Begun, "that was another use of the slot");
        let found = if by_worker { Stop::Signal } else { Stop::Marked };
        assert_eq!(phase.stop(generation, By::Other, never), found);
    }
    phase.admit(3, State::QUEUED_PRIVATE);
    assert_eq!(phase.stop(3, By::Submitter, never), Stop::Removed);
    assert_eq!(phase.begin_inline(3), Begin::Gone);
    phase.admit(4, State::QUEUED_PRIVATE);
    phase.open(4);
    assert_eq!(phase.stop(4, By::Other, never), Stop::Removed);
    assert_eq!(phase.begin_inline(4), Begin::Gone);
    phase.admit(5, State::QUEUED_PRIVATE);
    assert_eq!(phase.stop(5, By::Other, never), Stop::Marked);
    phase.open(5);
    assert_eq!(phase.begin(5, State::INLINE), Begin::Stopped);
}

/// CANCEL-2: an old ticket finds nothing, whichever call has the slot.
#[test]
fn a_later_call_is_not_found() {
    let phase = Phase::new();
    for state in [State::QUEUED, State::INSTANT, State::INLINE, State::RUNNING] {
        phase.admit(8, state);
        assert_eq!(phase.stop(7, By::Other, never), Stop::NotFound);
        assert_eq!(phase.stop(9, By::Other, never), Stop::NotFound);
    }
}

/// CANCEL-3, CANCEL-21: a call that is over at once is not interrupted. One that its submitter makes is not either; but
/// the request stays with it, for the thread that goes on with it, and with no later call of the slot.
#[test]
fn instant_and_inline_calls_are_not_interrupted() {
    let phase = Phase::new();
    phase.admit(1, State::INSTANT);
    assert_eq!(phase.stop(1, By::Other, never), Stop::Uninterruptible);
    for (by, is_marked) in [(By::Other, true), (By::Submitter, true), (By::Deadline, false)] {
        phase.admit(2, State::QUEUED);
        assert_eq!(phase.begin(2, State::INLINE), Begin::Begun);
        assert_eq!([(); 2].map(|()| phase.stop(2, by, never)), [Stop::Marked; 2]);
        assert_eq!(
            (phase.is_marked(2), phase.is_marked(3)),
            (is_marked, false),
            "a deadline is looked at again"
        );
        phase.leave_inline(2, State::QUEUED);
        let begin = if is_marked { Begin::Stopped } else { Begin::Begun };
        assert_eq!(phase.begin_working(2, || ()), begin, "a worker goes on");
        assert!(!phase.leave(2, State::DONE, never));
        assert_eq!(phase.stop(2, By::Other, never), Stop::Complete);
        phase.release(3);
        phase.admit(3, State::QUEUED);
        assert_eq!(phase.begin(3, State::INLINE), Begin::Begun);
    }
}

/// CANCEL-21: a mark that comes late is not put over that of a later call in the slot.
#[test]
fn a_late_mark_is_left_out() {
    let phase = Phase::new();
    phase.admit(6, State::QUEUED_PRIVATE);
    assert_eq!(phase.stop(6, By::Other, never), Stop::Marked);
    phase.mark(5);
    assert!(phase.is_marked(6) && !phase.is_marked(5));
    phase.mark(7);
    assert!(phase.is_marked(6));
}

/// CANCEL-22: where no signal could be sent, the call is as it was, and the next request sends one.
#[test]
fn a_signal_that_is_not_sent_is_tried_again() {
    let phase = Phase::new();
    phase.admit(3, State::RUNNING);
    assert_eq!(phase.stop(3, By::Other, never), Stop::Signal);
    phase.unsent(3);
    assert!(!phase.signal_again(3), "it has none");
    assert_eq!(phase.abandon(3), Abandon::Busy);
    assert_eq!(phase.stop(3, By::Other, never), Stop::Signal);
    // The worker waits for the canceller that is about to signal it, and then goes on as if there had been none.
    assert!(!phase.leave(3, State::DONE, || phase.unsent(3)));
    assert_eq!(phase.stop(3, By::Other, never), Stop::Complete);
}

/// CANCEL-4: one request signals a running call, the others learn that it is signalled; the worker takes the signal
/// before it goes on, and says so.
#[test]
fn a_running_call_is_signalled_once() {
    let phase = Phase::new();
    phase.admit(3, State::QUEUED);
    assert_eq!([(); 2].map(|()| phase.begin_working(3, || ())), [Begin::Begun, Begin::Gone]);
    assert_eq!(phase.stop(3, By::Other, never), Stop::Signal);
    assert_eq!(phase.stop(3, By::Other, never), Stop::Signalled);
    assert!(!phase.signal_again(3), "it is not sent yet");
    phase.signalled(3, false);
    assert_eq!(phase.stop(3, By::Other, never), Stop::Signalled);
    assert!(phase.signal_again(3) && !phase.signal_again(3));
    phase.signalled(3, false);
    assert!(phase.signal_again(3));
    phase.signalled(3, true);
    assert_eq!(phase.stop(3, By::Other, never), Stop::Unresponsive, "many signals in vain");
    assert!(phase.signal_again(3));
    phase.signalled(3, false);
    let entered = std::cell::Cell::new(0);
    assert!(phase.leave(3, State::DONE, || entered.set(entered.get() + 1)));
    assert_eq!(entered.get(), 1);
    assert_eq!(phase.stop(3, By::Other, never), Stop::Complete);
}

/// CANCEL-16, CANCEL-19: only a call that was signalled is abandoned, once; it is over for all threads but its worker,
/// which says that it is back, before or after the completion is consumed. The slot is the call's until both have
/// happened.
#[test]
fn a_call_is_abandoned_once() {
    let phase = Phase::new();
    for is_consumed_first in [false, true] {
        phase.admit(5, State::QUEUED);
        assert_eq!(phase.abandon(5), Abandon::Busy);
        assert_eq!(phase.begin_working(5, || ()), Begin::Begun);
        assert_eq!(phase.abandon(5), Abandon::Busy, "it is not signalled");
        assert_eq!(phase.stop(5, By::Other, never), Stop::Signal);
        assert_eq!(phase.abandon(5), Abandon::Busy, "it is about to be");
        phase.signalled(5, is_consumed_first);
        assert!(!phase.has_ended(5) && !phase.is_abandoned(5));
        assert_eq!([(); 2].map(|()| phase.abandon(5)), [Abandon::Abandoned, Abandon::Over]);
        assert!(phase.has_ended(5) && phase.is_abandoned(5) && !phase.signal_again(5));
        assert_eq!(phase.stop(5, By::Other, never), Stop::Complete);
        assert!(!phase.reap(5, State::DONE, never), "its completion is posted");
        if is_consumed_first {
            assert!(!phase.consume_abandoned(5), "its worker is not back");
            assert_eq!(phase.stop(5, By::Other, never), Stop::NotFound);
        }
        let entered = std::cell::Cell::new(0);
        assert!(phase.leave(5, State::DONE, || entered.set(entered.get() + 1)));
        assert_eq!((entered.get(), phase.is_abandoned(5)), (1, true));
        assert_eq!(phase.worker_returned(5), is_consumed_first);
        assert!(is_consumed_first || !phase.is_abandoned(5) && phase.consume_abandoned(5));
        phase.release(6);
        assert_eq!(
            (phase.abandon(5), phase.is_abandoned(5), phase.has_ended(5)),
            (Abandon::Over, false, true)
        );
    }
    // Where a second record follows, the worker waits until the first is posted.
    phase.admit(7, State::RUNNING);
    assert_eq!(phase.stop(7, By::Other, never), Stop::Signal);
    phase.signalled(7, false);
    assert_eq!(phase.abandon(7), Abandon::Abandoned);
    phase.wait_until_posted(7, || phase.abandonment_posted(7));
    assert!(phase.is_abandoned(7) && phase.has_ended(7));
    assert_eq!(phase.stop(7, By::Other, never), Stop::Complete);
}

/// CANCEL-6: a call of which a first attempt has moved bytes is not removed, but ended by the worker that has it.
#[test]
fn a_call_that_has_moved_bytes_is_ended_by_its_worker() {
    let phase = Phase::new();
    let cases = [
        (None, Begin::Begun),
        (Some(By::Other), Begin::Stopped),
        (Some(By::Submitter), Begin::Stopped),
        (Some(By::Deadline), Begin::Overdue),
    ];
    for (by, expected) in cases {
        phase.admit(4, State::QUEUED);
        assert_eq!(phase.begin(4, State::INLINE), Begin::Begun);
        phase.leave_inline(4, State::PARTIAL);
        if let Some(by) = by {
            assert_eq!([(); 2].map(|()| phase.stop(4, by, never)), [Stop::Stopped; 2]);
        }
        assert_eq!([(); 2].map(|()| phase.begin_working(4, || ())), [expected, Begin::Gone]);
        assert!(!phase.leave(4, State::DONE, never));
    }
}

/// SYSLET-36: a program that its submitter runs is asked to stop, which it sees; its rest is not gone on with.
#[test]
fn a_program_in_its_submitter_is_asked() {
    let phase = Phase::new();
    for (next, first) in [(State::PARTIAL, State::QUEUED), (State::QUEUED, State::QUEUED_PRIVATE)] {
        for by in [By::Submitter, By::Other] {
            phase.admit(4, first);
            assert_eq!(phase.begin_inline(4), Begin::Begun);
            assert!(!phase.is_marked(4));
            assert_eq!(phase.stop(4, by, never), Stop::Marked);
            assert!(phase.is_marked(4));
            phase.leave_inline(4, next);
            assert_eq!(phase.begin_working(4, || ()), Begin::Stopped);
            assert!(!phase.leave(4, State::DONE, never));
        }
    }
}

/// CANCEL-6, SYSLET-14: no request stops a program that waits for a worker on its way out.
#[test]
fn a_program_on_its_way_out_is_not_stopped() {
    let phase = Phase::new();
    for state in [State::EXITING, State::EXIT_QUEUED] {
        phase.admit(4, State::INLINE);
        phase.leave_inline(4, state);
        for by in [By::Submitter, By::Other, By::Deadline] {
            assert_eq!(phase.stop(4, by, never), Stop::Uninterruptible);
        }
    }
    assert_eq!([(); 2].map(|()| phase.begin(4, State::INLINE)), [Begin::Begun, Begin::Gone]);
}
