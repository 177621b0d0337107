//! Set-up, and what is full, which is never what is too large.

use syslet::abi::SetupError;
use syslet::{Config, Engine, Features, Params, Refusal, Ring, RingError, Submission, SubmissionBuilder};

use crate::rig::{self, drain, getpid, push};

fn open(params: &Params) -> Result<Ring, RingError> {
    Engine::start(rig::alone()).expect("an engine").ring(params)
}

/// ENGINE-28: zeros ask for the defaults that the spec lists.
#[test]
fn defaults() {
    let ring = rig::ring();
    let Params {
        submission_bytes,
        completion_bytes,
        submission_record_max,
        completion_record_max,
        slots,
        ..
    } = *ring.params();
    assert_eq!((submission_bytes, submission_record_max), (64 << 10, 4 << 10));
    assert_eq!((completion_bytes, completion_record_max), (256 << 10, 64 << 10));
    assert_eq!(slots, 1024);
}

/// ENGINE-28: what is out of range is refused, and the message has the range.
#[test]
fn ranges() {
    let params = Params::default();
    for (wrong, text) in [
        (Params { submission_bytes: 4097, ..params }, "power of two"),
        (Params { completion_bytes: 2048, ..params }, "power of two"),
        (Params { submission_record_max: 100, ..params }, "multiple of 8"),
        (Params { completion_record_max: 1 << 20, ..params }, "half the ring"),
        (Params { slots: u32::MAX, ..params }, "slots"),
    ] {
        let error = open(&wrong).expect_err("out of range");
        assert!(matches!(error, RingError::Setup(_)) && error.to_string().contains(text), "{error}");
    }
}

/// ENGINE-28: features required and not there are an error, features wanted and not there are not granted.
#[test]
fn features() {
    let required = Params { features_required: Features::WORKERS, ..Params::default() };
    assert_eq!(open(&required).unwrap_err(), RingError::Setup(SetupError::Features(Features::WORKERS)));
    let wanted = Params { features_wanted: Features::WORKERS.or(Features::INLINE), ..Params::default() };
    assert_eq!(open(&wanted).unwrap().params().features_granted, Features::INLINE);
    let engine = Engine::start(Config::default().workers_max(1)).unwrap();
    assert_eq!(engine.ring(&required).unwrap().params().features_granted, Features::WORKERS);
}

/// Pushes until refused, and gives how many were accepted and why no more.
fn fill(ring: &mut Ring, submission: &SubmissionBuilder) -> (usize, Refusal) {
    let submission = submission.clone().build();
    let mut accepted = 0;
    loop {
        match push(ring, &submission) {
            Ok(_) => accepted += 1,
            Err(refused) => {
                assert!(refused.is_full(), "{refused}");
                return (accepted, refused.refusal());
            }
        }
    }
}

/// RING-4, RING-11, ENGINE-4: each of the three rooms can be full; all that was accepted completes, and then as much fits again.
#[test]
fn full_three_ways_and_empty_again() {
    let params = Params { slots: 5, ..Params::default() };
    let small = Params { submission_bytes: 4096, submission_record_max: 128, ..Params::default() };
    let narrow = Params { completion_bytes: 4096, completion_record_max: 2048, ..Params::default() };
    for (params, submission, accepted, refusal) in [
        (params, getpid(), 5, Refusal::SLOTS_FULL),
        (small, getpid(), 4096 / 32, Refusal::SUBMISSION_FULL),
        (narrow, getpid(), (4096 - 2040) / 24, Refusal::COMPLETION_FULL),
        (
            narrow,
            Submission::call(libc::SYS_read).int(-1).output(1000).value(1000),
            1,
            Refusal::COMPLETION_FULL,
        ),
    ] {
        let mut ring = rig::ring_with(rig::alone(), &params);
        for _ in 0..3 {
            assert_eq!(fill(&mut ring, &submission), (accepted, refusal));
            assert_eq!(ring.submit_and_wait(accepted), Ok(accepted));
            assert_eq!(drain(&mut ring).len(), accepted);
        }
    }
}

/// RING-4: what could never fit is too large, in an empty ring and in a full one.
#[test]
fn too_large_is_never_full() {
    let params = Params { slots: 1, submission_record_max: 128, ..Params::default() };
    let mut ring = rig::ring_with(rig::alone(), &params);
    let long = Submission::call(libc::SYS_access).input(&[b'/'; 200]).value(0).build();
    let wide = Submission::call(libc::SYS_read).int(-1).output(64 << 10).value(1).build();
    for _ in 0..2 {
        for submission in [&long, &wide] {
            let refused = push(&mut ring, submission).unwrap_err();
            assert_eq!((refused.refusal(), refused.is_full()), (Refusal::TOO_LARGE, false));
        }
        let _ = push(&mut ring, &getpid().build());
    }
}

/// ENGINE-15: completions left unconsumed never get lost; when no room is left the wait says how many there are.
#[test]
fn unread_completions_stay() {
    let params = Params { completion_bytes: 4096, completion_record_max: 2048, ..Params::default() };
    let mut ring = rig::ring_with(rig::alone(), &params);
    let mut accepted = 0;
    while push(&mut ring, &getpid().user_data(accepted).build()).is_ok() {
        accepted += 1;
        let ready = ring.submit_and_wait(usize::MAX).unwrap() as u64;
        assert!(ready <= accepted);
    }
    let mut seen = Vec::new();
    while seen.len() < usize::try_from(accepted).unwrap() {
        let more = drain(&mut ring);
        assert!(!more.is_empty(), "all {accepted} come, {} so far", seen.len());
        seen.extend(more);
    }
    assert!(seen.iter().map(|done| done.user_data).eq(0..accepted));
}

/// ENGINE-15: who always leaves a completion unread never runs out of room for the next.
#[test]
fn one_left_unread_takes_the_room_of_one() {
    let params = Params { completion_bytes: 4096, completion_record_max: 2048, ..Params::default() };
    let mut ring = rig::ring_with(rig::alone(), &params);
    push(&mut ring, &getpid().user_data(0).build()).unwrap();
    for number in 1..2000 {
        push(&mut ring, &getpid().user_data(number).build()).unwrap();
        assert_eq!(ring.submit_and_wait(2), Ok(2));
        assert_eq!(ring.completions().next().map(|done| done.user_data()), Some(number - 1));
    }
}

/// ENGINE-2: a submission refused for want of room has taken no other room.
#[test]
fn being_full_costs_nothing() {
    let params = Params { submission_bytes: 4096, submission_record_max: 128, ..Params::default() };
    let mut ring = rig::ring_with(rig::alone(), &params);
    let (accepted, refusal) = fill(&mut ring, &getpid());
    let more = getpid().build();
    for _ in 0..100_000 {
        assert_eq!(push(&mut ring, &more).unwrap_err().refusal(), refusal);
    }
    assert_eq!(ring.submit_and_wait(accepted), Ok(accepted));
    assert_eq!(drain(&mut ring).len(), accepted);
    assert_eq!(fill(&mut ring, &getpid()), (accepted, Refusal::SUBMISSION_FULL));
}
