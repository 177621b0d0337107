//! Attributes end to end: asked, answered, required, refused, the application's own.

use std::sync::Arc;
use std::sync::Mutex;

use nix::time::{ClockId, clock_gettime};
use syslet::attrs::{Attribute, CallFacts, Needs, Observed, Plan, TimingValue, Token};
use syslet::{AttributeFlags, AttributeId, DoneFlags, Params, Refusal, Ring, Status, SubmissionBuilder};

use crate::rig::{self, Seen, getpid, pipe, push, run};

const UNKNOWN: AttributeId = AttributeId(77);
const NONE: AttributeFlags = AttributeFlags::NONE;
const REQUIRED: AttributeFlags = AttributeFlags::REQUIRED;

/// What a probe does when it is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Does {
    Answers,
    Refuses(Status),
    Mismatches,
    /// Says afterwards what can only be said before, or nothing at all.
    AnswersWith(Status),
    /// Counts bytes as written that it did not write.
    Boasts,
    NeedsWorker,
    PanicsIn(&'static str),
}

/// An application's attribute that writes down what it is shown.
#[derive(Debug)]
struct Probe {
    id: u16,
    does: Does,
    log: Arc<Mutex<Vec<(u16, &'static str)>>>,
}

impl Probe {
    fn step(&self, step: &'static str) {
        self.log.lock().expect("nobody panics with the lock").push((self.id, step));
        assert!(self.does != Does::PanicsIn(step), "on purpose, in {step}");
    }
}

impl Attribute for Probe {
    fn id(&self) -> AttributeId {
        AttributeId(self.id)
    }

    fn name(&self) -> &'static str {
        "probe"
    }

    fn check(&self, payload: &[u8], call: &CallFacts) -> Result<Plan, Status> {
        self.step("check");
        assert_eq!(i64::from(call.nr), libc::SYS_getpid);
        match self.does {
            Does::Refuses(status) => Err(status),
            does => {
                let may_run_inline = does != Does::NeedsWorker;
                Ok(Plan { return_bytes_max: payload.len() + 8, may_run_inline, needs: Needs::NONE })
            }
        }
    }

    fn before(&self, payload: &[u8], _call: &CallFacts) -> Token {
        self.step("before");
        Token(payload.len() as u64 + 1000)
    }

    fn after(&self, payload: &[u8], token: Token, observed: &Observed, value: &mut [u8]) -> (Status, usize) {
        self.step("after");
        match self.does {
            Does::AnswersWith(status) => return (status, 8),
            Does::Boasts => return (Status::HANDLED, value.len()),
            _ => {}
        }
        assert_eq!(observed.result.0, rig::pid());
        value[..8].copy_from_slice(&token.0.to_ne_bytes());
        value[8..8 + payload.len()].copy_from_slice(payload);
        (if self.does == Does::Mismatches { Status::MISMATCH } else { Status::HANDLED }, 8 + payload.len())
    }
}

type Log = Arc<Mutex<Vec<(u16, &'static str)>>>;

/// A ring whose engine knows probes 0x8000, 0x8001, … that do these things.
fn probes(does: &[Does]) -> (Ring, Log) {
    let log = Log::default();
    let config = does.iter().zip(0x8000..).fold(rig::alone(), |config, (&does, id)| {
        config.attribute(Arc::new(Probe { id, does, log: Arc::clone(&log) }))
    });
    (rig::ring_with(config, &Params::default()), log)
}

fn ask(submission: SubmissionBuilder, id: u16, flags: AttributeFlags, payload: &[u8]) -> SubmissionBuilder {
    submission.attribute(AttributeId(id), flags, payload)
}

fn statuses(seen: &Seen) -> Vec<(u16, Status)> {
    seen.returns.iter().map(|(id, status, _)| (id.0, *status)).collect()
}

fn not_run(seen: &Seen, errno: i32) {
    assert_eq!(seen.flags, DoneFlags::NOT_RUN.with(DoneFlags::ENGINE_RESULT));
    assert_eq!(seen.result, -i64::from(errno));
    assert!(seen.returns.iter().all(|(_, _, value)| value.is_empty()), "nothing has a value");
}

/// Runs without the message of a panic that is on purpose.
fn quietly<T>(work: impl FnOnce() -> T) -> T {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let done = work();
    std::panic::set_hook(hook);
    done
}

/// ATTR-1, ATTR-2, ATTR-3, ATTR-8: each has its answer, in the order asked but for DATA; what is not known or not
/// possible does not touch the call.
#[test]
fn each_is_answered() {
    let (mut ring, _) = probes(&[Does::Answers, Does::Refuses(Status::DENIED)]);
    let asked = ask(ask(getpid().timing(), 0x8001, NONE, &[]), 77, NONE, b"whatever");
    let asked = ask(asked, 0x8000, NONE, b"abc").attribute(AttributeId::DATA, NONE, b"in");
    let seen = run(&mut ring, asked);
    let expected =
        [(1, Status::HANDLED), (2, Status::HANDLED), (0x8001, Status::DENIED), (77, Status::UNSUPPORTED)];
    assert_eq!(statuses(&seen)[..4], expected);
    assert_eq!(statuses(&seen)[4..], [(0x8000, Status::HANDLED)]);
    assert_eq!((seen.result, seen.flags), (rig::pid(), DoneFlags::NONE));
    assert_eq!(seen.answer(AttributeId(0x8001)), Some((Status::DENIED, &[][..])));
    let timing = TimingValue::parse(seen.answer(AttributeId::TIMING).expect("asked").1).expect("a value");
    assert!(timing.started_ns > 0, "what another attribute does not need is still observed");
}

/// ATTR-4, ATTR-7, ATTR-27: a required attribute that cannot be honoured stops the call; what could have been
/// honoured is INAPPLICABLE, DATA included.
#[test]
fn required_or_not_at_all() {
    let (reader, mut writer) = pipe();
    std::io::Write::write_all(&mut writer, b"untouched").unwrap();
    let fd = i64::from(std::os::fd::AsRawFd::as_raw_fd(&reader));
    let read = syslet::Submission::call(libc::SYS_read).int(fd).output(9).value(9);
    let mut ring = rig::ring();
    let seen = run(&mut ring, read.clone().timing().attribute(UNKNOWN, REQUIRED, &[]));
    not_run(&seen, libc::EOPNOTSUPP);
    let expected = [(1, Status::INAPPLICABLE), (2, Status::INAPPLICABLE), (77, Status::UNSUPPORTED)];
    assert_eq!(statuses(&seen), expected);
    assert_eq!(run(&mut ring, read).data(), b"untouched", "the first call did not run");
}

/// ATTR-4, ATTR-6: the errno is that of the first required attribute that cannot be honoured.
#[test]
fn the_first_required_gives_the_errno() {
    let (mut ring, log) = probes(&[Does::Refuses(Status::DENIED), Does::Refuses(Status::INVALID)]);
    let mut errno = |flags: [AttributeFlags; 3], errno| {
        let asked = ask(ask(ask(getpid(), 0x8000, flags[0], &[]), 0x8001, flags[1], &[]), 77, flags[2], &[]);
        not_run(&run(&mut ring, asked), errno);
    };
    errno([REQUIRED, REQUIRED, REQUIRED], libc::EPERM);
    errno([NONE, REQUIRED, REQUIRED], libc::EINVAL);
    errno([NONE, NONE, REQUIRED], libc::EOPNOTSUPP);
    assert!(log.lock().unwrap().iter().all(|(_, step)| *step == "check"), "ATTR-19 holds");
}

/// ATTR-9: what turns out after the call changes nothing about it.
#[test]
fn a_mismatch_leaves_the_result() {
    let (mut ring, _) = probes(&[Does::Mismatches]);
    let seen = run(&mut ring, ask(getpid(), 0x8000, REQUIRED, b"expected"));
    assert_eq!((seen.result, seen.flags), (rig::pid(), DoneFlags::NONE));
    assert_eq!(statuses(&seen), [(0x8000, Status::MISMATCH)]);
}

/// ATTR-5: what means nothing at its time is UNAVAILABLE, before the call and after it.
#[test]
fn statuses_have_their_time() {
    let before = [Status(0), Status::HANDLED, Status::MISMATCH, Status(9)];
    let after = [Status(0), Status::UNSUPPORTED, Status::INVALID, Status::DENIED, Status(99)];
    let wrong = before.map(Does::Refuses).into_iter().chain(after.map(Does::AnswersWith));
    for does in wrong {
        let (mut ring, _) = probes(&[does]);
        let seen = run(&mut ring, ask(getpid(), 0x8000, NONE, &[]));
        assert_eq!(seen.answer(AttributeId(0x8000)), Some((Status::UNAVAILABLE, &[][..])), "{does:?}");
        assert_eq!(seen.result, rig::pid());
    }
}

/// ATTR-14: bytes that an attribute counts and did not write are zero, never those of another call.
#[test]
fn what_is_not_written_is_zero() {
    let (mut ring, _) = probes(&[Does::Boasts]);
    let noise = std::fs::File::open("/dev/urandom").unwrap();
    let fd = i64::from(std::os::fd::AsRawFd::as_raw_fd(&noise));
    run(&mut ring, syslet::Submission::call(libc::SYS_read).int(fd).output(4096).value(4096));
    let seen = run(&mut ring, ask(getpid(), 0x8000, NONE, &[0; 100]));
    assert_eq!(seen.answer(AttributeId(0x8000)), Some((Status::HANDLED, &[0; 112][..])));
}

/// ATTR-17, ATTR-18: the application's own attribute is shown the call three times, and its token and value travel.
#[test]
fn the_applications_own() {
    let (mut ring, log) = probes(&[Does::Answers, Does::Answers]);
    let seen = run(&mut ring, ask(ask(getpid(), 0x8001, REQUIRED, b"hello"), 0x8000, NONE, &[]));
    let value = [&1005_u64.to_ne_bytes()[..], b"hello"].concat();
    assert_eq!(seen.answer(AttributeId(0x8001)), Some((Status::HANDLED, &value[..])));
    assert_eq!(seen.answer(AttributeId(0x8000)), Some((Status::HANDLED, &1000_u64.to_ne_bytes()[..])));
    let steps = ["check", "before", "after"].map(|step| [(0x8001, step), (0x8000, step)]).concat();
    assert_eq!(*log.lock().unwrap(), steps);
}

/// ATTR-19, ATTR-20, ENGINE-27: a panic is caught wherever it is; required, it stops the call unless that has run.
#[test]
fn panics_are_contained() {
    for (step, runs_if_required) in [("check", false), ("before", false), ("after", true)] {
        let (mut ring, log) = probes(&[Does::Answers, Does::PanicsIn(step), Does::Answers]);
        for required in [false, true] {
            let flags = if required { REQUIRED } else { NONE };
            let asked = ask(ask(ask(getpid(), 0x8000, NONE, &[]), 0x8001, flags, &[]), 0x8002, NONE, &[]);
            log.lock().unwrap().clear();
            let seen = quietly(|| run(&mut ring, asked));
            let others = if required && !runs_if_required { Status::INAPPLICABLE } else { Status::HANDLED };
            let expected = [(0x8000, others), (0x8001, Status::UNAVAILABLE), (0x8002, others)];
            assert_eq!(statuses(&seen), expected, "in {step}, required: {required}");
            let befores = log.lock().unwrap().iter().filter(|(_, step)| *step == "before").count();
            match (step, required) {
                ("check", true) => assert_eq!(befores, 0),
                ("before", true) => assert_eq!(befores, 2, "the one behind it is not shown the call"),
                _ => assert_eq!(seen.result, rig::pid()),
            }
            if required && !runs_if_required {
                not_run(&seen, libc::EOPNOTSUPP);
            }
        }
        assert_eq!(run(&mut ring, getpid()).result, rig::pid(), "the engine goes on");
    }
}

/// ATTR-22: a plan that keeps the submitter away needs a worker, and there is none.
#[test]
fn a_plan_can_forbid_the_submitter() {
    let (mut ring, _) = probes(&[Does::NeedsWorker]);
    let asked = ask(getpid(), 0x8000, NONE, &[]).build();
    assert_eq!(push(&mut ring, &asked).unwrap_err().refusal(), Refusal::NEEDS_WORKER);
}

/// ATTR-23: what is not asked for is not called.
#[test]
fn unasked_attributes_are_left_alone() {
    let (mut ring, log) = probes(&[Does::Answers]);
    run(&mut ring, getpid());
    run(&mut ring, getpid().timing());
    assert!(log.lock().unwrap().is_empty());
}

fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("a clock");
    now.tv_sec().unsigned_abs() * 1_000_000_000 + now.tv_nsec().unsigned_abs()
}

/// ATTR-29: the three instants are in order, and between the application's own readings.
#[test]
fn timing_is_in_order() {
    let mut ring = rig::ring();
    let before = now_ns();
    push(&mut ring, &getpid().timing().build()).unwrap();
    let pushed = now_ns();
    ring.submit_and_wait(1).unwrap();
    let seen = rig::drain(&mut ring).remove(0);
    let after = now_ns();
    let timing = TimingValue::parse(seen.answer(AttributeId::TIMING).unwrap().1).unwrap();
    let instants = [before, timing.queued_ns, pushed, timing.started_ns, timing.finished_ns, after];
    assert!(instants.is_sorted(), "{instants:?}");
}

/// ATTR-1, ATTR-14: sixteen attributes, each with a value, in a completion with room for exactly that.
#[test]
fn as_many_as_there_can_be() {
    let log = Log::default();
    let config = (0x8000..0x8010).fold(rig::alone(), |config, id| {
        config.attribute(Arc::new(Probe { id, does: Does::Answers, log: Arc::clone(&log) }))
    });
    let mut ring =
        rig::ring_with(config, &Params { completion_record_max: 24 + 16 * 24, ..Params::default() });
    let asked = |len: usize| {
        (0x8000..0x8010).fold(getpid(), |submission, id| ask(submission, id, NONE, &vec![9; len]))
    };
    let seen = run(&mut ring, asked(8));
    assert!(
        seen.returns.len() == 16
            && seen.returns.iter().all(|(_, status, value)| (*status, value.len()) == (Status::HANDLED, 16))
    );
    assert_eq!(push(&mut ring, &asked(9).build()).unwrap_err().refusal(), Refusal::TOO_LARGE);
    let too_many = ask(asked(0), 77, NONE, &[]).build();
    assert_eq!(push(&mut ring, &too_many).unwrap_err().refusal(), Refusal::TOO_MANY_ATTRIBUTES);
}
