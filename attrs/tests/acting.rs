//! The attributes that change the thread of their call or make it again, tested without an engine.

use syslet_abi::{AttributeId, Status};
use syslet_attrs::{
    Action, Affinity, CallFacts, CpuMask, Credentials, IoClass, IoPriority, Ioprio, Nature, Needs, Nice,
    Plan, Policy, Registry, RetryAsk, RetryEnd, RetryOn, RetryValue, Sched, Scheduling,
};

const CALL: CallFacts =
    CallFacts { nr: 0, args: [0; 6], out_len: 0, nature: Nature::NONE, atoms_bytes_max: None };

/// The action of the attribute for a payload, or the status with which `check` refuses it.
fn action(id: AttributeId, payload: &[u8]) -> Result<Option<Action>, Status> {
    let registry = Registry::built_in();
    let attribute = registry.get(id).expect("it is built in");
    let plan: Plan = attribute.check(payload, &CALL)?;
    assert!(!plan.may_run_inline, "{id:?}");
    let action = attribute.action(payload);
    assert!(action.as_ref().is_none_or(|action| plan.needs.contains(action.needs())), "{id:?}");
    Ok(action)
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

fn check_numbers(id: AttributeId, cases: &[(&[u32], Option<Action>)]) {
    for (payload, expected) in cases {
        let found = action(id, &words(payload));
        assert_eq!(found, expected.clone().map(Some).ok_or(Status::INVALID), "{id:?} {payload:x?}");
    }
}

/// ATTR-70, ATTR-75: a number in range is the action's, another is INVALID.
#[test]
fn numbers_have_ranges() {
    let minus = |nice: i32| nice.cast_unsigned();
    check_numbers(
        AttributeId::NICE,
        &[
            (&[19], Some(Action::SetNice(19))),
            (&[minus(-20)], Some(Action::SetNice(-20))),
            (&[20], None),
            (&[minus(-21)], None),
        ],
    );
    check_numbers(
        AttributeId::UMASK,
        &[(&[0o777], Some(Action::SetUmask(0o777))), (&[0], Some(Action::SetUmask(0))), (&[0o1000], None)],
    );
    check_numbers(
        AttributeId::CWD,
        &[(&[0], Some(Action::ChangeDirectory(0))), (&[minus(-1)], None), (&[minus(-100)], None)],
    );
    let slack = |ns: u64| words(&[0; 0]).into_iter().chain(ns.to_ne_bytes()).collect::<Vec<_>>();
    for (ns, expected) in [(0, Ok(Some(Action::SetTimerSlack(0)))), (1 << 63, Err(Status::INVALID))] {
        assert_eq!(action(AttributeId::TIMER_SLACK, &slack(ns)), expected);
    }
}

/// ATTR-70, ATTR-75: a policy or class is known, and has a priority or level only where it has several.
#[test]
fn policies_and_classes_are_known() {
    let sched = |policy, priority| Some(Action::SetScheduling(Scheduling { policy, priority }));
    check_numbers(
        AttributeId::SCHED,
        &[
            (&[0, 0], sched(Policy::OTHER, 0)),
            (&[1, 1], sched(Policy::FIFO, 1)),
            (&[2, 99], sched(Policy::RR, 99)),
            (&[3, 0], sched(Policy::BATCH, 0)),
            (&[5, 0], sched(Policy::IDLE, 0)),
            (&[1, 0], None),
            (&[1, 100], None),
            (&[0, 1], None),
            (&[4, 0], None),
            (&[6, 0], None),
            (&[0x4000_0000, 0], None),
        ],
    );
    let ioprio = |class, level| Some(Action::SetIoPriority(IoPriority { class, level }));
    check_numbers(
        AttributeId::IOPRIO,
        &[
            (&[0, 0], ioprio(IoClass::NONE, 0)),
            (&[1, 7], ioprio(IoClass::REAL_TIME, 7)),
            (&[2, 4], ioprio(IoClass::BEST_EFFORT, 4)),
            (&[3, 0], ioprio(IoClass::IDLE, 0)),
            (&[0, 1], None),
            (&[2, 8], None),
            (&[3, 1], None),
            (&[4, 0], None),
        ],
    );
    assert_eq!(IoPriority { class: IoClass::IDLE, level: 5 }.word(), 3 << 13 | 5);
}

/// ATTR-70, ATTR-75: a mask has whole words, at most 16 that are set, and names a CPU.
#[test]
fn masks_name_cpus() {
    let mask = |words: &[u64]| {
        let payload: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        action(AttributeId::AFFINITY, &payload)
    };
    let set = |cpus: &[usize]| Ok(Some(Action::SetAffinity(CpuMask::of(cpus.iter().copied()))));
    assert_eq!(mask(&[1]), set(&[0]));
    assert_eq!(mask(&[0, 2]), set(&[65]));
    assert_eq!(mask(&[[0; 15].as_slice(), &[1 << 63]].concat()), set(&[1023]));
    assert_eq!(mask(&[[1; 1].as_slice(), &[0; 30]].concat()), set(&[0]));
    for wrong in [&[][..], &[0], &[0; 16], &[[1; 16].as_slice(), &[1]].concat()] {
        assert_eq!(mask(wrong), Err(Status::INVALID), "{wrong:?}");
    }
    assert_eq!(action(AttributeId::AFFINITY, &[1, 0, 0, 0]), Err(Status::INVALID), "half a word");
    assert_eq!(CpuMask::of([1024, 3]), CpuMask::of([3]));
}

/// ATTR-70, ATTR-75: credentials are the fields that are given, and no other field is set.
#[test]
fn credentials_are_what_is_given() {
    let id = AttributeId::CREDENTIALS;
    let creds = |fsuid, fsgid, groups: Option<&[u32]>| {
        Some(Action::SetCredentials(Box::new(Credentials {
            fsuid,
            fsgid,
            groups: groups.map(<[u32]>::to_vec),
        })))
    };
    let groups: Vec<u32> = (0..64).collect();
    check_numbers(
        id,
        &[
            (&[1, 5, 0, 0], creds(Some(5), None, None)),
            (&[2, 0, 6, 0], creds(None, Some(6), None)),
            (&[4, 0, 0, 0], creds(None, None, Some(&[]))),
            (&[7, 5, 6, 2, 8, 9], creds(Some(5), Some(6), Some(&[8, 9]))),
            (&[[4, 0, 0, 64].as_slice(), &groups].concat(), creds(None, None, Some(&groups))),
            (&[[4, 0, 0, 65].as_slice(), &groups, &[64]].concat(), None),
            (&[4, 0, 0, 2, 8], None),
            (&[4, 0, 0, 1, 8, 9], None),
            (&[4, 0, 0, 1, 8, 0], creds(None, None, Some(&[8]))),
            (&[0, 0, 0, 0], None),
            (&[8, 0, 0, 0], None),
            (&[2, 5, 6, 0], None),
            (&[1, 5, 6, 0], None),
            (&[1, 5, 0, 1, 8], None),
            (&[1, u32::MAX, 0, 0], None),
            (&[2, 0, u32::MAX, 0], None),
            (&[4, 0, 0, 1, u32::MAX], None),
        ],
    );
    let all = Credentials { fsuid: Some(1), fsgid: None, groups: Some(vec![2]) };
    assert_eq!(action(id, &all.payload()), Ok(Some(Action::SetCredentials(Box::new(all)))));
}

/// ATTR-73: an action that needs privilege has a lower rank than the change of credentials.
#[test]
fn credentials_are_the_last() {
    let all = [
        Action::SetAffinity(CpuMask::default()),
        Action::SetScheduling(Scheduling { policy: Policy::OTHER, priority: 0 }),
        Action::SetNice(0),
        Action::SetIoPriority(IoPriority { class: IoClass::NONE, level: 0 }),
        Action::SetTimerSlack(0),
        Action::SetUmask(0),
        Action::ChangeDirectory(0),
        Action::SetCredentials(Box::default()),
    ];
    assert!(all.is_sorted_by(|one, next| one.rank() < next.rank()));
    let shared = all.iter().filter(|action| action.needs().contains(Needs::OWN_FS)).count();
    assert_eq!(shared, 2, "umask and directory are what threads share");
}

/// ATTR-80: RETRY wants at least one reason, and reads the usual number for each 0.
#[test]
fn retry_has_defaults() {
    let on = RetryOn::SHORT.with(RetryOn::AGAIN);
    let asked = RetryAsk { on, ..RetryAsk::default() };
    let usual = RetryAsk { on, attempts: 100, time_ns: 10_000_000_000, pause_ns: 1_000_000 };
    assert_eq!(RetryAsk::parse(&asked.payload()), Ok(usual));
    let own = RetryAsk { on, attempts: 1, time_ns: 2, pause_ns: 3 };
    assert_eq!(RetryAsk::parse(&own.payload()), Ok(own));
    let long = RetryAsk { pause_ns: u64::MAX, ..own };
    assert_eq!(RetryAsk::parse(&long.payload()), Ok(RetryAsk { pause_ns: 100_000_000, ..own }));
    for on in [0, 8, 15].map(RetryOn) {
        assert_eq!(RetryAsk::parse(&RetryAsk { on, ..own }.payload()), Err(Status::INVALID), "{on:?}");
    }
    let value = RetryValue { attempts: 3, ended: RetryEnd::TIME };
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&value.token().0.to_ne_bytes());
    assert_eq!(RetryValue::parse(&bytes), Some(value));
}

/// ATTR-13: values are read from the start, and a shorter one is none.
#[test]
fn values_grow_at_the_end() {
    let value = [5_u64.to_ne_bytes(), [9; 8]].concat();
    assert_eq!((Nice::parse(&value), Nice::parse(&value[..7])), (Some(5), None));
    assert_eq!((Sched::parse(&value), Sched::parse(&value[..7])), (Some(Policy::IDLE), None));
    let level = IoPriority { class: IoClass::NONE, level: 5 };
    assert_eq!((Ioprio::parse(&value), Ioprio::parse(&value[..7])), (Some(level), None));
    assert_eq!((Affinity::parse(&value), Affinity::parse(&value[..7])), (Some(5), None));
    assert_eq!(RetryValue::parse(&value[..7]), None);
}
