//! Deadlines: of queued calls, of running ones, and of those that end too late.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::time::Duration;

use syslet::attrs::{DeadlineAsked, DeadlineOutcome, DeadlineValue};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Params, Ring, Status, Submission,
    SubmissionBuilder,
};

use super::{GONE, one, one_busy_worker, read};
use crate::rig::{Seen, drain, getpid, pid, pipe, pooled, push, ring, ring_with, run};
use syslet_tests::pool;

const ETIME: i64 = -(libc::ETIME as i64);
const SOON: DeadlineAsked = DeadlineAsked::After(2_000_000);
const LONG: DeadlineAsked = DeadlineAsked::After(3_600_000_000_000);
const STOPPED: DoneFlags = DoneFlags::CANCELLED.with(DoneFlags::ENGINE_RESULT);

trait Timed {
    fn by(self, deadline: DeadlineAsked) -> SubmissionBuilder;
}

impl Timed for SubmissionBuilder {
    fn by(self, deadline: DeadlineAsked) -> SubmissionBuilder {
        self.attribute(AttributeId::DEADLINE, AttributeFlags::NONE, &deadline.emit())
    }
}

fn answer(seen: &Seen) -> DeadlineValue {
    let (status, value) = seen.answer(AttributeId::DEADLINE).expect("it was asked");
    assert_eq!((status, value.len()), (Status::HANDLED, DeadlineValue::BYTES), "{seen:?}");
    DeadlineValue::parse(value).expect("a value")
}

/// ATTR-60: a call that is queued at its deadline is removed, although its worker sleeps on; it says how late that was, and
/// nothing else of it is answered.
#[test]
fn deadline_on_queued() {
    let (reader, mut writer) = pipe();
    let mut ring = one_busy_worker(&reader);
    push(&mut ring, &read(&reader).by(SOON).timing().user_data(5).build()).unwrap();
    push(&mut ring, &read(&reader).by(LONG).user_data(6).build()).unwrap();
    ring.submit();
    let seen = one(&mut ring);
    assert_eq!((seen.user_data, seen.result, seen.flags), (5, ETIME, GONE));
    let DeadlineValue { late_ns, outcome } = answer(&seen);
    assert!(late_ns >= 0 && outcome == DeadlineOutcome::STOPPED, "{late_ns} {outcome:?}");
    assert_eq!(seen.answer(AttributeId::TIMING), Some((Status::INAPPLICABLE, &[][..])));
    writer.write_all(b"0123456789abcdef").unwrap();
    ring.wait(2, None).unwrap();
    let seen = drain(&mut ring);
    let met = seen.iter().find(|seen| seen.user_data == 6).expect("it has ended");
    assert_eq!((met.result, met.flags, answer(met).outcome), (8, DoneFlags::NONE, DeadlineOutcome::MET));
    assert!(answer(met).late_ns < 0);
}

/// Runs a call by a deadline in a moment. Where its worker is kept waiting for so long, it is late before it begins.
fn run_until_begun(ring: &mut Ring, call: &SubmissionBuilder) -> Seen {
    let mut seen = (0..8).map(|more| run(ring, call.clone().by(DeadlineAsked::After(100_000_000 << more))));
    seen.find(|seen| !seen.flags.contains(DoneFlags::NOT_RUN)).expect("one has begun")
}

/// ATTR-60: a call that a worker makes is interrupted at its deadline, and answers its attributes; a part that was done
/// stands.
#[test]
fn deadline_on_running() {
    let (reader, writer) = pipe();
    let mut ring = pooled();
    let seen = run_until_begun(&mut ring, &read(&reader).timing());
    assert_eq!((seen.result, seen.flags), (ETIME, STOPPED), "{seen:?}");
    assert_eq!(answer(&seen).outcome, DeadlineOutcome::STOPPED);
    assert_eq!(seen.answer(AttributeId::TIMING).expect("it was asked").0, Status::HANDLED);
    let big = vec![7_u8; 1 << 20];
    let address = big.as_ptr().expose_provenance() as u64;
    let write =
        Submission::call(libc::SYS_write).int(writer.as_raw_fd().into()).value(address).value(1 << 20);
    let seen = run_until_begun(&mut ring, &write.flags(CallFlags::ASYNC));
    assert_eq!((seen.result, seen.flags), (65_536, DoneFlags::CANCELLED), "{seen:?}");
    assert_eq!((answer(&seen).outcome, pool::unread(&reader)), (DeadlineOutcome::MISSED, 65_536));
    assert_eq!(run(&mut ring, getpid().flags(CallFlags::ASYNC)).result, pid(), "nobody else is interrupted");
}

/// ATTR-62: a call that the submitter makes for want of others is not interrupted; how late it was is told.
#[test]
fn deadline_late_is_told() {
    for mut ring in [ring(), pooled()] {
        let seen = begun_in_time(&mut ring);
        assert_eq!((seen.result, seen.flags), (0, DoneFlags::NONE), "{seen:?}");
        let DeadlineValue { late_ns, outcome } = answer(&seen);
        assert!(late_ns >= 10_000_000 && outcome == DeadlineOutcome::MISSED, "{late_ns} {outcome:?}");
    }
}

/// The completion of a sleep in the submitter that began before its deadline and ended 20 ms after it, or later. Where
/// the deadline has passed before it began, it is given more time.
fn begun_in_time(ring: &mut Ring) -> Seen {
    let after = |ms: u64| {
        let seconds_and_ns = [(ms + 20) / 1000, (ms + 20) % 1000 * 1_000_000];
        let sleep =
            Submission::call(libc::SYS_nanosleep).input(&seconds_and_ns.map(u64::to_ne_bytes).concat());
        sleep.value(0).flags(CallFlags::SYNC).by(DeadlineAsked::After(ms * 1_000_000))
    };
    let seen = (1..12).map(|doubled| run(ring, after(1 << doubled))).find(|seen| seen.flags != GONE);
    seen.expect("it begins within two seconds")
}

/// ATTR-61, ATTR-62: a call whose deadline has passed before is removed, without workers too; one that is instant meets it
/// in the submitter.
#[test]
fn deadlines_that_have_passed() {
    for mut ring in [ring(), pooled()] {
        for passed in [DeadlineAsked::At(0), DeadlineAsked::At(1), DeadlineAsked::After(0)] {
            let seen = run(&mut ring, pool::ask_worker(getpid()).by(passed));
            assert_eq!((seen.result, seen.flags), (ETIME, GONE), "{passed:?}: {seen:?}");
            assert_eq!(answer(&seen).outcome, DeadlineOutcome::STOPPED);
        }
        let seen = run(&mut ring, pool::ask_worker(getpid()).by(LONG));
        assert_eq!(seen.result, pid());
        assert_eq!(answer(&seen).outcome, DeadlineOutcome::MET);
    }
}

/// ATTR-10, ATTR-11: payloads that say nothing, and a time that counts from nowhere.
#[test]
fn wrong_payloads() {
    let mut ring = ring();
    let mut unknown = SOON.emit();
    unknown[8] = 2;
    let mut reserved = SOON.emit();
    reserved[12] = 1;
    for payload in [&[][..], &SOON.emit()[..15], &unknown, &reserved] {
        let seen = run(&mut ring, getpid().attribute(AttributeId::DEADLINE, AttributeFlags::NONE, payload));
        assert_eq!(seen.result, pid());
        assert_eq!(seen.answer(AttributeId::DEADLINE), Some((Status::INVALID, &[][..])));
    }
}

/// ATTR-63: ten thousand deadlines at once are ten thousand calls removed, by the one thread that there was; those of calls
/// that are over are forgotten.
#[test]
fn ten_thousand_deadlines() {
    const CALLS: u32 = 10_000;
    let params =
        Params { slots: 1 << 14, submission_bytes: 4 << 20, completion_bytes: 4 << 20, ..Params::default() };
    let (reader, mut writer) = pipe();
    let mut ring = ring_with(Config::default().workers_max(1), &params);
    push(&mut ring, &pool::hold(&reader).user_data(u64::MAX).build()).unwrap();
    for user_data in 0..CALLS {
        let deadline = DeadlineAsked::After(u64::from(CALLS - user_data) * 1000);
        push(&mut ring, &read(&reader).by(deadline).user_data(user_data.into()).build()).unwrap();
    }
    ring.submit();
    ring.wait(CALLS as usize, None).unwrap();
    let removed = drain(&mut ring);
    assert_eq!(removed.len(), CALLS as usize);
    assert!(removed.iter().all(|seen| seen.result == ETIME && answer(seen).late_ns >= 0));
    writer.write_all(b"x").unwrap();
    ring.wait(1, None).unwrap();
    assert_eq!(drain(&mut ring)[0].user_data, u64::MAX);
    forgotten(&mut ring);
}

/// Many calls with deadlines far away, which are over at once.
fn forgotten(ring: &mut Ring) {
    for _ in 0..2000 {
        push(ring, &getpid().by(LONG).build()).expect("room");
        ring.wait(1, Some(Duration::from_secs(60))).expect("waited");
        assert_eq!(drain(ring)[0].result, pid());
    }
}
