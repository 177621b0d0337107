//! The registry, the growth of payloads and values, and DATA, TIMING and WORKER, tested without an engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use syslet_abi::{AttributeId, DONE_BYTES_MIN, Done, DoneFlags, DoneWriter, Errno, RawResult, Status};
use syslet_attrs::{
    Attribute, CallFacts, Counted, Data, DuplicateId, Evidence, Nature, Needs, Observed, Plan, Registry,
    RunBy, Spent, Timing, TimingValue, Token, Transferred, Worker, WorkerValue, known_part,
};

/// All kinds of call at once, so that no attribute is INAPPLICABLE.
const EVERY: Nature = Nature::READS_STORAGE.with(Nature::ACTS_ON_MAPPINGS).with(Nature::TRANSFERS);
const CALL: CallFacts = CallFacts { nr: 0, args: [0; 6], out_len: 100, nature: EVERY, atoms_bytes_max: None };
const OBSERVED: Observed = Observed {
    call: CALL,
    result: RawResult(7),
    queued_ns: 0x0102_0304_0506_0708,
    started_ns: 0x1112_1314_1516_1718,
    finished_ns: 0x2122_2324_2526_2728,
    worker: WorkerValue {
        tid: 0x0102_0304,
        cpu: 0x1112_1314,
        run_by: RunBy(0x2122_2324),
        attempts: 0x3132_3334,
    },
    spent: Spent {
        wall_ns: 5_000,
        cpu_ns: 2_000,
        user_ns: 300,
        system_ns: 1_600,
        minor_faults: 11,
        major_faults: 0,
        voluntary_switches: 13,
        involuntary_switches: 14,
        read_bytes: 4096,
        written_bytes: 512,
    },
    evidence: Evidence::WATCHED,
    transferred: Some(Transferred { bytes: 9, crc32c: 0xe306_9283 }),
    counted: Some(Counted { valid: 3, user_only: 1, counts: [21, 22, 0, 0] }),
};

/// An attribute of an application. Its value has `len` bytes, each the call's result. A test can change its id.
#[derive(Debug)]
struct Own {
    id: AtomicU16,
    len: usize,
}

impl Own {
    fn new(id: u16) -> Arc<Own> {
        Arc::new(Own { id: AtomicU16::new(id), len: 8 })
    }
}

impl Attribute for Own {
    fn id(&self) -> AttributeId {
        AttributeId(self.id.load(Ordering::Relaxed))
    }

    fn name(&self) -> &'static str {
        "own"
    }

    fn check(&self, _payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        Ok(Plan { return_bytes_max: self.len, may_run_inline: true, needs: Needs::NONE })
    }

    fn after(&self, _: &[u8], _: Token, observed: &Observed, value: &mut [u8]) -> (Status, usize) {
        value.fill(u8::try_from(observed.result.0).expect("the test's result is small"));
        (Status::HANDLED, self.len)
    }
}

/// ATTR-5: the errno that a required attribute's status gives its call.
#[test]
fn a_required_status_has_an_errno() {
    let expected = [
        (Status::HANDLED, None),
        (Status::MISMATCH, None),
        (Status::UNSUPPORTED, Some(Errno::EOPNOTSUPP)),
        (Status::UNAVAILABLE, Some(Errno::EOPNOTSUPP)),
        (Status::INAPPLICABLE, Some(Errno::EOPNOTSUPP)),
        (Status::INVALID, Some(Errno::EINVAL)),
        (Status::DENIED, Some(Errno::EPERM)),
    ];
    for (status, errno) in expected {
        assert_eq!(status.required_errno(), errno, "{}", status.name());
    }
}

/// ATTR-10: a payload that is too short is INVALID.
#[test]
fn a_short_payload_is_invalid() {
    for len in 0..8 {
        assert_eq!(known_part(&[0; 8][..len], 8), Err(Status::INVALID), "{len}");
    }
    assert_eq!(known_part(&[1; 8], 8), Ok(&[1; 8][..]));
}

/// ATTR-11: a longer payload is INVALID with any bit set behind the known part.
#[test]
fn a_set_tail_is_invalid() {
    for place in 8..24 {
        let mut payload = [0; 24];
        payload[place] = 0x80;
        assert_eq!(known_part(&payload, 8), Err(Status::INVALID), "byte {place}");
        assert_eq!(Timing.check(&payload, &CALL), Err(Status::INVALID), "byte {place}");
    }
}

/// ATTR-12: a longer payload with a zero tail is as good as its known part.
#[test]
fn a_zero_tail_is_accepted() {
    for tail in 0..20 {
        let payload = [&[1, 2, 3][..], &vec![0; tail]].concat();
        assert_eq!(known_part(&payload, 3), Ok(&[1, 2, 3][..]));
        assert_eq!(Timing.check(&vec![0; tail], &CALL), Timing.check(&[], &CALL));
    }
}

/// ATTR-13: a longer value is read as far as it is known; a shorter one is none.
#[test]
fn values_grow_at_the_end() {
    let value: Vec<u8> = (0..40).collect();
    let known = TimingValue::parse(&value[..24]).expect("24 bytes are a value");
    for len in 0..=value.len() {
        assert_eq!(TimingValue::parse(&value[..len]), (len >= 24).then_some(known), "{len}");
    }
}

/// ATTR-14: a return needs 8 bytes, and its longest value rounded up to 8, and never more.
#[test]
fn the_room_of_a_return() {
    for len in 0..40 {
        let own = Own { id: AtomicU16::new(0x8000), len };
        let plan = own.check(&[], &CALL).expect("it is always honoured");
        let room = 8 + plan.return_bytes_max.next_multiple_of(8);
        let mut record = vec![0xa5; DONE_BYTES_MIN + room];
        let mut writer = DoneWriter::new(&mut record);
        writer.attribute(own.id(), plan.return_bytes_max, |value| {
            assert_eq!(value.len(), len);
            own.after(&[], Token::default(), &OBSERVED, value)
        });
        assert_eq!(writer.finish(0, OBSERVED.result, DoneFlags::NONE), DONE_BYTES_MIN + room);
        let done = Done::check(&record).expect("the writer writes what the check accepts");
        let answer = done.attribute(own.id()).expect("it was asked");
        assert_eq!((answer.status, answer.value), (Status::HANDLED, &vec![7; len][..]));
    }
}

/// ATTR-15: ids from 0x8000 are the application's to register; those below are the engine's, used or not.
#[test]
fn applications_register_their_own_ids_only() {
    let mut registry = Registry::built_in();
    for id in [0, 1, 2, 3, 0x7fff] {
        let error = registry.add(Own::new(id)).expect_err("the id is the engine's");
        assert_eq!(error, DuplicateId(AttributeId(id)));
        assert!(error.to_string().contains("an application's begin at 0x8000"), "{error}");
    }
    for id in [0xffff, 0x8000, 0x9000] {
        assert_eq!(registry.add(Own::new(id)), Ok(()));
        assert_eq!(registry.get(AttributeId(id)).map(Attribute::id), Some(AttributeId(id)));
    }
    let ids: Vec<_> = registry.iter().map(|attribute| attribute.id().0).collect();
    let built_in = Registry::built_in().iter().map(|attribute| attribute.id().0).collect::<Vec<_>>();
    assert_eq!(ids, [&built_in[..], &[0x8000, 0x9000, 0xffff]].concat());
}

/// ATTR-15: an id is registered once.
#[test]
fn an_id_is_registered_once() {
    let mut registry = Registry::built_in();
    assert_eq!(registry.add(Own::new(0x8001)), Ok(()));
    let error = registry.add(Own::new(0x8001)).expect_err("the id is taken");
    assert_eq!(error, DuplicateId(AttributeId(0x8001)));
    assert_eq!(error.to_string(), "attribute id 0x8001 is taken");
}

/// ATTR-15: the id that counts is the one at registration: an attribute that later gives another id is still found by
/// the first, and no other attribute is lost.
#[test]
fn the_registered_id_counts() {
    let mut registry = Registry::built_in();
    let fickle = Own::new(0x8005);
    assert_eq!(registry.add(fickle.clone()), Ok(()));
    fickle.id.store(0xffff, Ordering::Relaxed);
    assert_eq!(registry.add(Own::new(0x8006)), Ok(()));
    for id in [1, 2, 3, 0x8005, 0x8006] {
        assert!(registry.get(AttributeId(id)).is_some(), "{id:#x}");
    }
    assert!(registry.get(AttributeId(0xffff)).is_none());
}

/// ATTR-16: every engine knows the built-in attributes, by id and by name, and no others.
#[test]
fn built_in_attributes() {
    let registry = Registry::built_in();
    let known: Vec<_> = registry.iter().map(|attribute| (attribute.id(), attribute.name())).collect();
    let built_in = [
        (AttributeId::DATA, "data"),
        (AttributeId::TIMING, "timing"),
        (AttributeId::WORKER, "worker"),
        (AttributeId::CACHE, "cache"),
        (AttributeId::USAGE, "usage"),
        (AttributeId::IO, "io"),
        (AttributeId::BLOCKED, "blocked"),
        (AttributeId::CHECKSUM, "checksum"),
        (AttributeId::COUNTERS, "counters"),
        (AttributeId::TRACE, "trace"),
        (AttributeId::DEADLINE, "deadline"),
        (AttributeId::PRIORITY, "priority"),
        (AttributeId::LANE, "lane"),
        (AttributeId::ATOMS, "atoms"),
        (AttributeId::NICE, "nice"),
        (AttributeId::SCHED, "sched"),
        (AttributeId::IOPRIO, "ioprio"),
        (AttributeId::AFFINITY, "affinity"),
        (AttributeId::CREDENTIALS, "creds"),
        (AttributeId::CWD, "cwd"),
        (AttributeId::UMASK, "umask"),
        (AttributeId::TIMER_SLACK, "timer_slack"),
        (AttributeId::RETRY, "retry"),
    ];
    assert_eq!(known, built_in);
    for id in (0..=u16::MAX).map(AttributeId) {
        assert_eq!(registry.get(id).is_some(), known.iter().any(|(of, _)| *of == id), "{id:?}");
    }
}

/// ATTR-24: DATA takes any payload for any call, needs no observation, never keeps a call from being run inline, and
/// plans room for the whole out area.
#[test]
fn data_takes_anything() {
    for payload in [&b""[..], b"/etc/os-release\0", &[0xff; 4000]] {
        for out_len in [0, 1, 65536] {
            let plan = Data.check(payload, &CallFacts { out_len, ..CALL });
            assert_eq!(
                plan,
                Ok(Plan { return_bytes_max: out_len, may_run_inline: true, needs: Needs::NONE })
            );
        }
    }
    let mut written = *b"written";
    assert_eq!(Data.before(b"", &CALL), Token(0));
    assert_eq!(Data.after(b"", Token(0), &OBSERVED, &mut written), (Status::HANDLED, 7));
    assert_eq!(&written, b"written");
}

/// ATTR-28: TIMING needs the clock and plans 24 bytes: three 64-bit numbers in the machine's byte order.
#[test]
fn timing_is_three_numbers() {
    let plan = Timing.check(&[], &CALL);
    assert_eq!(plan, Ok(Plan { return_bytes_max: 24, may_run_inline: true, needs: Needs::CLOCK }));
    let mut value = [0; 24];
    let token = Timing.before(&[], &CALL);
    assert_eq!(Timing.after(&[], token, &OBSERVED, &mut value), (Status::HANDLED, 24));
    let Observed { queued_ns, started_ns, finished_ns, .. } = OBSERVED;
    let bytes = [queued_ns, started_ns, finished_ns].map(u64::to_ne_bytes).concat();
    assert_eq!(value[..], bytes);
    assert_eq!(TimingValue::parse(&value), Some(TimingValue { queued_ns, started_ns, finished_ns }));
}

/// ATTR-30: WORKER needs the thread and plans 16 bytes: four 32-bit numbers in the machine's byte order.
#[test]
fn worker_is_four_numbers() {
    let plan = Worker.check(&[], &CALL);
    assert_eq!(plan, Ok(Plan { return_bytes_max: 16, may_run_inline: true, needs: Needs::WORKER }));
    assert_eq!(Worker.check(&[1], &CALL), Err(Status::INVALID));
    let mut value = [0; 16];
    assert_eq!(Worker.after(&[], Token(0), &OBSERVED, &mut value), (Status::HANDLED, 16));
    let WorkerValue { tid, cpu, run_by: RunBy(run_by), attempts } = OBSERVED.worker;
    assert_eq!(value[..], [tid, cpu, run_by, attempts].map(u32::to_ne_bytes).concat());
    assert_eq!(WorkerValue::parse(&value), Some(OBSERVED.worker));
    assert_eq!((WorkerValue::parse(&value[..15]), RunBy(9).name()), (None, "unknown"));
    assert_eq!(
        [RunBy::INLINE, RunBy::POOLED, RunBy::NONBLOCKING].map(RunBy::name),
        ["inline", "pooled", "nonblocking"]
    );
}

/// ATTR-21: needs add up, and any needs contain NONE.
#[test]
fn needs_add_up() {
    assert!(Needs::NONE.with(Needs::CLOCK).contains(Needs::CLOCK));
    assert!(!Needs::NONE.contains(Needs::CLOCK));
    assert!(Needs::CLOCK.contains(Needs::NONE));
}
