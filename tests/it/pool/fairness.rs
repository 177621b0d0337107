//! Rings take turns.

use std::io::Write;
use std::time::Duration;

use syslet::{CallFlags, Config, Engine, Params, Submission, SubmissionBuilder};

use crate::rig::{drain, getpid, pipe, push};
use syslet_tests::pool::{PATIENCE, occupy, timing};

const QUEUED: u64 = 100_000;
/// Claims in a row, as the rule says.
const CLAIMS: u64 = 4;
/// Short instant calls that one claim may take.
const TOGETHER: u64 = 64;

/// Rings for so many calls.
fn large() -> Params {
    Params { submission_bytes: 16 << 20, completion_bytes: 16 << 20, slots: 1 << 17, ..Params::default() }
}

/// Queues `QUEUED` of these on one ring and a single call on another, while the only worker is held; gives how many of
/// the first ring's have finished when the single one has started.
fn finished_before_the_single_one(call: &SubmissionBuilder) -> u64 {
    let config = Config::default().workers_max(1).stall(Duration::from_secs(10));
    let engine = Engine::start(config).expect("an engine");
    let mut many = engine.ring(&large()).expect("a ring");
    let mut single = engine.ring(&Params::default()).expect("a ring");
    let (reader, mut writer) = pipe();
    occupy(&mut many, &reader, 1);
    let call = call.clone().flags(CallFlags::ASYNC).build();
    for _ in 0..QUEUED {
        push(&mut many, &call).expect("accepted");
    }
    many.submit();
    push(&mut single, &getpid().flags(CallFlags::ASYNC).timing().build()).expect("accepted");
    single.submit();
    writer.write_all(b"x").expect("written");
    assert_eq!(single.wait(1, Some(PATIENCE)), Ok(1));
    let started = timing(&drain(&mut single)[0]).started_ns;
    let (mut seen, mut before) = (0, 0);
    while seen <= QUEUED {
        assert!(many.wait(1, Some(PATIENCE)).expect("waited") > 0, "{seen} seen");
        for done in drain(&mut many) {
            seen += 1;
            before += u64::from(done.user_data == 0 && timing(&done).finished_ns < started);
        }
    }
    before
}

/// POOL-12: a ring with 100,000 queued calls lets another one's single call through after no more claims than the rule
/// says.
#[test]
fn a_full_ring_delays_another_by_a_few_claims_only() {
    let clock = Submission::call(libc::SYS_clock_gettime).value(1).output(16).timing();
    let before = finished_before_the_single_one(&clock);
    assert!(before <= CLAIMS, "{before} calls, claimed one by one");
    let before = finished_before_the_single_one(&getpid().timing());
    assert!(before <= CLAIMS * TOGETHER, "{before} calls, claimed together");
}
