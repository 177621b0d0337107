//! The attributes that observe a call or place it in the queue, and the payloads of all attributes, tested without an
//! engine.

use std::sync::Arc;

use syslet_abi::{AttributeId, RawResult, Status};
use syslet_attrs::{
    Attribute, Blocked, BlockedValue, Cache, CacheValue, CallFacts, Checksum, ChecksumAsk, ChecksumValue,
    Counted, Counters, CountersValue, CpuMask, Credentials, Cwd, DeadlineAsked, Evidence, Io, IoClass,
    IoPriority, IoValue, Lane, LaneAsk, LaneValue, Nature, Needs, Nice, Observed, Plan, Policy, Priority,
    PriorityValue, Registry, RetryAsk, RetryOn, Scheduling, Spent, TimerSlack, Token, Trace, TraceValue,
    Transferred, Umask, Usage, UsageValue, Verdict, WorkerValue,
};

/// All kinds of call at once, so that no attribute is INAPPLICABLE.
const EVERY: Nature = Nature::READS_STORAGE.with(Nature::ACTS_ON_MAPPINGS).with(Nature::TRANSFERS);
const CALL: CallFacts = CallFacts { nr: 0, args: [0; 6], out_len: 0, nature: EVERY, atoms_bytes_max: None };
const SPENT: Spent = Spent {
    wall_ns: 5_000,
    cpu_ns: 2_000,
    user_ns: 300,
    system_ns: 1_600,
    minor_faults: 11,
    major_faults: 12,
    voluntary_switches: 13,
    involuntary_switches: 14,
    read_bytes: 4096,
    written_bytes: 512,
};
const COUNTED: Counted = Counted { valid: 0b0111, user_only: 0b0100, counts: [21, 22, 23, 0] };
const OBSERVED: Observed = Observed {
    call: CALL,
    result: RawResult(7),
    queued_ns: 0,
    started_ns: 0,
    finished_ns: 0,
    worker: WorkerValue { tid: 0, cpu: 0, run_by: syslet_attrs::RunBy(0), attempts: 0 },
    spent: SPENT,
    evidence: Evidence::WATCHED,
    transferred: Some(Transferred { bytes: 9, crc32c: CHECK }),
    counted: Some(COUNTED),
};
/// The CRC-32C of `123456789`, as catalogues of checksums give it.
const CHECK: u32 = 0xe306_9283;

/// The status and the value that an attribute returns.
fn answer(attribute: &dyn Attribute, payload: &[u8], observed: &Observed) -> (Status, Vec<u8>) {
    let plan = attribute.check(payload, &observed.call).expect("it can be honoured");
    let mut value = vec![0xa5; plan.return_bytes_max];
    let (status, len) = attribute.after(payload, Token::default(), observed, &mut value);
    value.truncate(len);
    (status, value)
}

fn words(value: &[u8]) -> Vec<u64> {
    value.chunks_exact(8).map(|word| u64::from_ne_bytes(word.try_into().expect("eight"))).collect()
}

fn plan(bytes: usize, needs: Needs) -> Result<Plan, Status> {
    Ok(Plan { return_bytes_max: bytes, may_run_inline: true, needs })
}

/// Payloads with which the attribute can be asked.
fn askable(id: AttributeId) -> Vec<Vec<u8>> {
    match id {
        AttributeId::DEADLINE => vec![DeadlineAsked::After(7).emit().to_vec()],
        AttributeId::TRACE => vec![TraceValue { id: u64::MAX }.payload().to_vec()],
        AttributeId::CHECKSUM => {
            vec![Vec::new(), ChecksumAsk { expected: Some(CHECK) }.payload().to_vec(), vec![0; 8]]
        }
        AttributeId::PRIORITY => vec![Priority::payload(-1000).to_vec()],
        AttributeId::LANE => vec![LaneAsk { id: 0, limit: 1 }.payload().to_vec()],
        AttributeId::NICE => vec![Nice::payload(-20).to_vec()],
        AttributeId::SCHED => vec![Scheduling { policy: Policy::RR, priority: 99 }.payload().to_vec()],
        AttributeId::IOPRIO => vec![IoPriority { class: IoClass::BEST_EFFORT, level: 7 }.payload().to_vec()],
        AttributeId::AFFINITY => vec![CpuMask::of([1023]).payload()],
        AttributeId::CREDENTIALS => {
            let groups = Credentials { groups: Some(vec![5, 6]), ..Credentials::default() };
            vec![groups.payload(), Credentials { fsuid: Some(0), fsgid: Some(1), groups: None }.payload()]
        }
        AttributeId::CWD => vec![Cwd::payload(i32::MAX).to_vec()],
        AttributeId::UMASK => vec![Umask::payload(0o777).to_vec()],
        AttributeId::TIMER_SLACK => vec![TimerSlack::payload(u64::MAX >> 1).to_vec()],
        AttributeId::RETRY => vec![RetryAsk { on: RetryOn::SHORT, ..RetryAsk::default() }.payload().to_vec()],
        _ => vec![Vec::new()],
    }
}

/// ATTR-10, ATTR-11, ATTR-12: for every attribute of the registry, a longer payload is accepted while its tail is zero,
/// and INVALID with any byte of the tail set; a shorter one is INVALID.
#[test]
fn every_payload_grows_at_the_end() {
    for attribute in Registry::built_in().iter().filter(|attribute| attribute.id() != AttributeId::DATA) {
        for payload in askable(attribute.id()) {
            let is_of_programs = attribute.id() == AttributeId::ATOMS;
            let call = CallFacts { atoms_bytes_max: is_of_programs.then_some(64), ..CALL };
            let planned = attribute.check(&payload, &call);
            assert!(planned.is_ok(), "{}: {payload:?}", attribute.name());
            // CHECKSUM alone takes an empty payload beside a longer one; it means the same as zeros.
            let known = if attribute.id() == AttributeId::CHECKSUM { 8 } else { payload.len() };
            let padded = [&payload[..], &[0; 8]].concat();
            for len in 0..known {
                let expected = if len == 0 && payload.is_empty() { planned } else { Err(Status::INVALID) };
                let shorter = attribute.check(&padded[..len], &call);
                let is_empty_ask = len == 0 && attribute.id() == AttributeId::CHECKSUM;
                assert_eq!(
                    shorter,
                    if is_empty_ask { planned } else { expected },
                    "{} {len}",
                    attribute.name()
                );
            }
            for tail in 1..20 {
                let mut longer = [&padded[..known], &vec![0; tail]].concat();
                assert_eq!(attribute.check(&longer, &call), planned, "{}", attribute.name());
                let last = longer.len() - 1;
                longer[last] = 1;
                assert_eq!(attribute.check(&longer, &call), Err(Status::INVALID), "{}", attribute.name());
            }
        }
    }
}

/// ATTR-13: every value is read from its start, at any greater length; a shorter one is none.
#[test]
fn every_value_grows_at_the_end() {
    let value: Vec<u8> = (0..100).collect();
    for len in 0..=value.len() {
        let value = &value[..len];
        assert_eq!(CacheValue::parse(value).is_some(), len >= CacheValue::BYTES);
        assert_eq!(UsageValue::parse(value).is_some(), len >= UsageValue::BYTES);
        assert_eq!(IoValue::parse(value).is_some(), len >= IoValue::BYTES);
        assert_eq!(BlockedValue::parse(value).is_some(), len >= BlockedValue::BYTES);
        assert_eq!(ChecksumValue::parse(value).is_some(), len >= ChecksumValue::BYTES);
        assert_eq!(CountersValue::parse(value).is_some(), len >= CountersValue::BYTES);
        assert_eq!(TraceValue::parse(value).is_some(), len >= TraceValue::BYTES);
        assert_eq!(PriorityValue::parse(value).is_some(), len >= PriorityValue::BYTES);
        assert_eq!(LaneValue::parse(value).is_some(), len >= LaneValue::BYTES);
    }
}

/// ATTR-35: CACHE plans 8 bytes: verdict and evidence.
#[test]
fn cache_is_two_numbers() {
    assert_eq!(Cache.check(&[], &CALL), plan(8, Needs::CACHE));
    let spent = Spent { read_bytes: 512, major_faults: 0, ..SPENT };
    let (status, value) = answer(&Cache, &[], &Observed { spent, ..OBSERVED });
    let evidence = Evidence::WATCHED.with(Evidence::BLOCK_INPUT).with(Evidence::SLEPT);
    assert_eq!((status, &value[..]), (Status::HANDLED, &[2, evidence.0].map(u32::to_ne_bytes).concat()[..]));
    assert_eq!(CacheValue::parse(&value), Some(CacheValue { verdict: Verdict::MISS, evidence }));
}

/// ATTR-36: CACHE is INAPPLICABLE for a call that reads no storage and acts on no mapping.
#[test]
fn cache_is_of_storage() {
    let of = |nature| Cache.check(&[], &CallFacts { nature, ..CALL });
    assert_eq!(of(Nature::NONE), Err(Status::INAPPLICABLE));
    assert_eq!(of(Nature::TRANSFERS), Err(Status::INAPPLICABLE));
    assert!(of(Nature::READS_STORAGE).is_ok() && of(Nature::ACTS_ON_MAPPINGS).is_ok());
    assert_eq!(Cache.check(&[1], &CallFacts { nature: Nature::NONE, ..CALL }), Err(Status::INVALID));
}

/// ATTR-37: every combination of evidence has the verdict of the table in the specification.
#[test]
fn evidence_decides() {
    for bits in 0..128 {
        let has = |one: Evidence| bits & one.0 != 0;
        let expected = if has(Evidence::NONBLOCKING_SUCCEEDED) {
            "hit"
        } else if has(Evidence::NONBLOCKING_REFUSED) && has(Evidence::STORAGE)
            || has(Evidence::BLOCK_INPUT) && has(Evidence::SLEPT)
            || has(Evidence::MAJOR_FAULTS)
        {
            "miss"
        } else if bits == Evidence::WATCHED.0 {
            "hit"
        } else {
            "unknown"
        };
        assert_eq!(Verdict::of(Evidence(bits)).name(), expected, "{bits:#b}");
    }
}

/// Evidence in words names each bit that is there, and no other.
#[test]
fn evidence_has_words() {
    assert_eq!(Evidence::NONBLOCKING_SUCCEEDED.to_string(), "nonblocking succeeded");
    let missed = Evidence::WATCHED.with(Evidence::NONBLOCKING_REFUSED).with(Evidence::STORAGE);
    assert_eq!(missed.to_string(), "nonblocking refused, by storage, watched");
    assert_eq!(Evidence(127).to_string().split(", ").count(), 7);
    assert_eq!(Evidence(0).to_string(), "");
}

/// ATTR-38: major faults count where the call acts on mappings, and nowhere else.
#[test]
fn major_faults_are_of_mappings() {
    let verdict = |nature| {
        let spent = Spent { major_faults: 3, ..Spent::default() };
        let call = CallFacts { nature, ..CALL };
        let (_, value) = answer(&Cache, &[], &Observed { call, spent, ..OBSERVED });
        CacheValue::parse(&value).expect("a value").verdict
    };
    assert_eq!(verdict(Nature::ACTS_ON_MAPPINGS), Verdict::MISS);
    assert_eq!(verdict(Nature::READS_STORAGE), Verdict::HIT);
}

/// ATTR-39: USAGE plans 64 bytes, and says that the split of its time is sampled.
#[test]
fn usage_is_eight_numbers() {
    assert_eq!(Usage.check(&[], &CALL), plan(64, Needs::CPU.with(Needs::RESOURCES)));
    let (status, value) = answer(&Usage, &[], &OBSERVED);
    assert_eq!((status, words(&value)), (Status::HANDLED, vec![2_000, 300, 1_600, 11, 12, 13, 14, 1]));
    let parsed = UsageValue::parse(&value).expect("a value");
    assert_eq!((parsed.cpu_ns, parsed.involuntary_switches, parsed.flags), (2_000, 14, UsageValue::SAMPLED));
}

/// ATTR-42: IO plans 16 bytes: read and written.
#[test]
fn io_is_two_numbers() {
    assert_eq!(Io.check(&[], &CALL), plan(16, Needs::RESOURCES));
    let (status, value) = answer(&Io, &[], &OBSERVED);
    assert_eq!((status, words(&value)), (Status::HANDLED, vec![4096, 512]));
    assert_eq!(IoValue::parse(&value), Some(IoValue { read_bytes: 4096, written_bytes: 512 }));
}

/// ATTR-43: BLOCKED plans 16 bytes: sleeps, and the time that was not on the processor.
#[test]
fn blocked_is_two_numbers() {
    assert_eq!(Blocked.check(&[], &CALL), plan(16, Needs::CPU.with(Needs::RESOURCES).with(Needs::WALL)));
    let (status, value) = answer(&Blocked, &[], &OBSERVED);
    assert_eq!((status, words(&value)), (Status::HANDLED, vec![13, 3_000]));
    assert_eq!(BlockedValue::parse(&value), Some(BlockedValue { sleeps: 13, off_cpu_ns: 3_000 }));
    let busy = Observed { spent: Spent { wall_ns: 10, ..SPENT }, ..OBSERVED };
    assert_eq!(words(&answer(&Blocked, &[], &busy).1)[1], 0, "clocks differ a little");
}

/// ATTR-45: CHECKSUM plans 16 bytes: the number of bytes moved and their CRC-32C, which is the same for any pieces.
#[test]
fn checksum_is_of_all_bytes() {
    assert_eq!(Checksum.check(&[], &CALL), plan(16, Needs::BYTES));
    let (status, value) = answer(&Checksum, &[], &OBSERVED);
    assert_eq!(status, Status::HANDLED);
    assert_eq!(value[..], [&9_u64.to_ne_bytes()[..], &CHECK.to_ne_bytes(), &[0; 4]].concat());
    let of = |pieces: &[&[u8]]| pieces.iter().fold(Transferred::default(), |sum, piece| sum.then(piece));
    assert_eq!(ChecksumValue::parse(&value), Some(ChecksumValue(of(&[b"123456789"]))));
    assert_eq!(of(&[b"1234", b"", b"56789"]), of(&[b"123456789"]));
    assert_ne!(of(&[b"123456798"]), of(&[b"123456789"]));
}

/// ATTR-46: CHECKSUM is INAPPLICABLE for a call that moves no bytes.
#[test]
fn checksum_is_of_transfers() {
    let others = Nature::READS_STORAGE.with(Nature::ACTS_ON_MAPPINGS);
    assert_eq!(Checksum.check(&[], &CallFacts { nature: others, ..CALL }), Err(Status::INAPPLICABLE));
}

/// ATTR-47: another checksum than expected is a MISMATCH, with the one that was found; an expected checksum without its
/// flag, and an unknown flag, are INVALID.
#[test]
fn checksum_is_compared() {
    let expect = |expected| ChecksumAsk { expected: Some(expected) }.payload();
    let (status, value) = answer(&Checksum, &expect(CHECK), &OBSERVED);
    assert_eq!((status, value.len()), (Status::HANDLED, 16));
    let (status, differing) = answer(&Checksum, &expect(CHECK ^ 1), &OBSERVED);
    assert_eq!((status, differing), (Status::MISMATCH, value));
    let wrong = [[0, CHECK], [2, 0], [3, CHECK], [1 << 31, 0]];
    for words in wrong.map(|words| words.map(u32::to_ne_bytes).concat()) {
        assert_eq!(Checksum.check(&words, &CALL), Err(Status::INVALID), "{words:?}");
    }
    let unreadable = Observed { transferred: None, ..OBSERVED };
    assert_eq!(answer(&Checksum, &expect(0), &unreadable), (Status::UNAVAILABLE, Vec::new()));
}

/// ATTR-49: COUNTERS plans 40 bytes: the valid counters, those of user mode only, and four counts.
#[test]
fn counters_say_which_are_valid() {
    assert_eq!(Counters.check(&[], &CALL), plan(40, Needs::COUNTERS));
    let (status, value) = answer(&Counters, &[], &OBSERVED);
    assert_eq!(status, Status::HANDLED);
    let halves = [COUNTED.valid, COUNTED.user_only].map(u32::to_ne_bytes).concat();
    assert_eq!(value[..], [halves, COUNTED.counts.map(u64::to_ne_bytes).concat()].concat());
    assert_eq!(CountersValue::parse(&value), Some(CountersValue(COUNTED)));
}

/// ATTR-50: where no counter counted, COUNTERS is UNAVAILABLE.
#[test]
fn counters_can_be_unavailable() {
    let nothing = Counted { valid: 0, user_only: 0, counts: [0; 4] };
    for counted in [None, Some(nothing)] {
        let observed = Observed { counted, ..OBSERVED };
        assert_eq!(answer(&Counters, &[], &observed), (Status::UNAVAILABLE, Vec::new()));
    }
}

/// ATTR-34: the costs of attempts add up; a counter that did not count in one of them is not valid in the sum.
#[test]
fn attempts_add_up() {
    let twice = SPENT.plus(&SPENT);
    assert_eq!((twice.wall_ns, twice.written_bytes, twice.major_faults), (10_000, 1024, 24));
    assert_eq!(twice.since(&SPENT), SPENT);
    let other = Counted { valid: 0b1011, user_only: 0b0010, counts: [1, 2, 3, 4] };
    let both = Counted { valid: 0b0011, user_only: 0b0010, counts: [22, 24, 0, 0] };
    assert_eq!(COUNTED.plus(&other), both);
}

/// ATTR-51: TRACE answers with the number it was asked with.
#[test]
fn trace_is_an_echo() {
    for id in [0, 1, 7, u64::MAX, 0x0102_0304_0506_0708] {
        let payload = TraceValue { id }.payload();
        assert_eq!(Trace.check(&payload, &CALL), plan(8, Needs::TRACE));
        let (status, value) = answer(&Trace, &payload, &OBSERVED);
        assert_eq!((status, TraceValue::parse(&value)), (Status::HANDLED, Some(TraceValue { id })));
    }
}

/// ATTR-90: PRIORITY plans two numbers: the time that the call waited, and the level, which gains one each millisecond.
#[test]
fn priority_ages() {
    assert_eq!(Priority.check(&Priority::payload(-7), &CALL), plan(16, Needs::CLOCK));
    for (priority, waited_ns, level) in
        [(-7, 999_999, -7), (-7, 7_000_000, 0), (1000, u64::MAX - 5, 18_446_744_074_709)]
    {
        let observed = Observed { queued_ns: 5, started_ns: waited_ns + 5, ..OBSERVED };
        let (status, value) = answer(&Priority, &Priority::payload(priority), &observed);
        let expected = Some(PriorityValue { waited_ns, level });
        assert_eq!((status, PriorityValue::parse(&value)), (Status::HANDLED, expected));
    }
}

/// ATTR-94, ATTR-99: LANE plans 16 bytes and a worker, and answers with the bytes that the engine wrote over its
/// payload.
#[test]
fn lane_is_answered_by_the_engine() {
    let asked = LaneAsk { id: u64::MAX, limit: 3 };
    assert_eq!(LaneAsk::parse(&asked.payload()), Some(asked));
    let needs = Needs::CLOCK.with(Needs::LANE);
    let planned = Plan { return_bytes_max: 16, may_run_inline: false, needs };
    assert_eq!(Lane.check(&asked.payload(), &CALL), Ok(planned));
    assert_eq!(Lane.check(&LaneAsk { limit: 0, ..asked }.payload(), &CALL), Err(Status::INVALID));
    let mut value = [0xa5; 16];
    let of = LaneValue { waited_ns: 9, running: 2 };
    let answered = Lane.after(&of.bytes(), Token::default(), &OBSERVED, &mut value);
    assert_eq!((answered, LaneValue::parse(&value)), ((Status::HANDLED, 16), Some(of)));
}

/// ATTR-33: no observing attribute keeps a call from being run inline, and each has a need.
#[test]
fn observing_does_not_move_the_call() {
    let observing: [Arc<dyn Attribute>; 6] = [
        Arc::new(Cache),
        Arc::new(Usage),
        Arc::new(Io),
        Arc::new(Blocked),
        Arc::new(Checksum),
        Arc::new(Counters),
    ];
    for attribute in observing {
        let plan = attribute.check(&[], &CALL).expect("it can be honoured");
        assert!(plan.may_run_inline && plan.needs != Needs::NONE, "{}", attribute.name());
    }
}
