//! Every two attributes of the registry beside each other.

use std::collections::BTreeMap;

use nix::unistd::geteuid;
use syslet::attrs::{
    ChecksumAsk, CpuMask, Credentials, Cwd, DeadlineAsked, IoClass, IoPriority, LaneAsk, Nice, Policy,
    Priority, Registry, RetryAsk, RetryOn, Scheduling, TimerSlack, TraceValue, Umask,
};
use syslet::{AttributeFlags, AttributeId, DoneFlags, Refusal, Ring, Status, Submission, SubmissionBuilder};

use super::{fd, in_each_way, stored};
use crate::rig::{Seen, getpid, pipe, push, run};

/// What an attribute is asked with: valid, and wrong for those that take something.
fn payloads(id: AttributeId) -> Vec<Vec<u8>> {
    match id {
        AttributeId::DATA => vec![b"data".to_vec()],
        AttributeId::DEADLINE => vec![DeadlineAsked::After(60_000_000_000).emit().to_vec(), vec![1]],
        AttributeId::CHECKSUM => {
            vec![Vec::new(), ChecksumAsk { expected: Some(1) }.payload().to_vec(), vec![9; 8]]
        }
        AttributeId::TRACE => vec![TraceValue { id: 7 }.payload().to_vec(), Vec::new()],
        AttributeId::PRIORITY => {
            vec![
                Priority::payload(5).to_vec(),
                Priority::payload(-5).to_vec(),
                Priority::payload(1001).to_vec(),
            ]
        }
        AttributeId::LANE => {
            vec![
                LaneAsk { id: 7, limit: 1 }.payload().to_vec(),
                LaneAsk { id: 7, limit: 0 }.payload().to_vec(),
            ]
        }
        AttributeId::AFFINITY => vec![CpuMask([u64::MAX; 16]).payload(), vec![0; 8]],
        AttributeId::CREDENTIALS => {
            let own = Credentials { fsuid: Some(geteuid().as_raw()), fsgid: None, groups: None };
            vec![own.payload(), vec![0; 16]]
        }
        AttributeId::RETRY => {
            let on = RetryOn::INTERRUPTED.with(RetryOn::AGAIN).with(RetryOn::SHORT);
            vec![RetryAsk { on, ..RetryAsk::default() }.payload().to_vec(), vec![0; 24]]
        }
        AttributeId::NICE => vec![Nice::payload(19).to_vec(), vec![1]],
        AttributeId::SCHED => {
            vec![Scheduling { policy: Policy::BATCH, priority: 0 }.payload().to_vec(), vec![9; 8]]
        }
        AttributeId::IOPRIO => {
            vec![IoPriority { class: IoClass::BEST_EFFORT, level: 6 }.payload().to_vec(), vec![9; 8]]
        }
        AttributeId::CWD => vec![Cwd::payload(directory()).to_vec(), Cwd::payload(-1).to_vec()],
        AttributeId::UMASK => vec![Umask::payload(0o77).to_vec(), vec![0xff; 4]],
        AttributeId::TIMER_SLACK => vec![TimerSlack::payload(1234).to_vec(), vec![0xff; 8]],
        _ => vec![Vec::new(), vec![0; 16], vec![1]],
    }
}

/// A descriptor of a directory, which stays open.
fn directory() -> i32 {
    let opened = std::fs::File::open("/proc").expect("it is mounted");
    std::os::fd::IntoRawFd::into_raw_fd(opened)
}

/// What may come of an attribute of a call that has run.
const AFTER: [Status; 5] =
    [Status::HANDLED, Status::UNAVAILABLE, Status::INAPPLICABLE, Status::INVALID, Status::MISMATCH];
/// What may come of one that is required, where the call has not run.
const BEFORE: [Status; 3] = [Status::UNAVAILABLE, Status::INAPPLICABLE, Status::INVALID];

/// Calls with a result that is always the same, without DATA of their own.
fn calls(file: &std::fs::File, null: &std::fs::File, full: &std::io::PipeReader) -> Vec<SubmissionBuilder> {
    vec![
        getpid(),
        Submission::call(libc::SYS_pread64).int(fd(file)).output(64).value(64).value(0),
        Submission::call(libc::SYS_write)
            .int(fd(null))
            .value(c"bytes".as_ptr().expose_provenance() as u64)
            .value(5),
        Submission::call(libc::SYS_read).int(fd(full)).output(1).value(1),
        Submission::call(libc::SYS_close).int(-1),
        Submission::call(libc::SYS_fstat).int(fd(file)).output(size_of::<libc::stat>()),
        Submission::call(libc::SYS_poll).value(0).value(0).value(0),
        Submission::call(9999),
    ]
}

/// What a completion says without its attributes.
fn plain(seen: &Seen) -> (i64, DoneFlags, Vec<u8>) {
    (seen.result, seen.flags, seen.data().to_vec())
}

/// What an attribute answers where it is asked for alone: status, and the value as far as it is the same every time. Its
/// length is. Nothing where nobody may make such a call.
type Alone = Option<(Status, Vec<u8>)>;

/// Values that are measured.
const MEASURED: [AttributeId; 11] = [
    AttributeId::TIMING,
    AttributeId::WORKER,
    AttributeId::CACHE,
    AttributeId::USAGE,
    AttributeId::IO,
    AttributeId::BLOCKED,
    AttributeId::COUNTERS,
    AttributeId::DEADLINE,
    AttributeId::PRIORITY,
    AttributeId::LANE,
    AttributeId::ATOMS,
];

fn steady(seen: &Seen, id: AttributeId) -> (Status, Vec<u8>) {
    let (status, value) = seen.answer(id).expect("it was asked");
    (status, if MEASURED.contains(&id) { vec![0; value.len()] } else { value.to_vec() })
}

fn answer_alone(ring: &mut Ring, call: &SubmissionBuilder, (id, payload): &(AttributeId, Vec<u8>)) -> Alone {
    push(ring, &call.clone().attribute(*id, AttributeFlags::NONE, payload).build()).ok()?;
    ring.submit_and_wait(1).expect("waited");
    Some(steady(&crate::rig::drain(ring).remove(0), *id))
}

/// ATTR-1, ATTR-33: with any two attributes, valid or not, each has exactly one return, with the status and, where it is not
/// measured, the value that it has alone, and the call has the result that it has without. Required and refused, they
/// keep it from running.
#[test]
fn any_two_stand_beside_each_other() {
    let ids: Vec<AttributeId> = Registry::built_in().iter().map(|attribute| attribute.id()).collect();
    let asks: Vec<(AttributeId, Vec<u8>)> =
        ids.iter().flat_map(|id| payloads(*id).into_iter().map(|payload| (*id, payload))).collect();
    let file = stored(4096);
    let null = std::fs::OpenOptions::new().write(true).open("/dev/null").expect("opens");
    let (full, mut writer) = pipe();
    in_each_way(|ring, flags| {
        std::io::Write::write_all(&mut writer, &[7; 8192]).expect("room");
        for call in calls(&file, &null, &full) {
            let call = call.flags(flags);
            let alone = plain(&run(ring, call.clone()));
            let answers: Vec<Alone> = asks.iter().map(|ask| answer_alone(ring, &call, ask)).collect();
            let each: Vec<_> = asks.iter().zip(&answers).collect();
            for (at, first) in each.iter().enumerate() {
                for second in each[..at].iter().filter(|second| second.0.0 != first.0.0) {
                    both(ring, &call, &alone, [*first, *second]);
                }
            }
        }
        // For the next way, an empty pipe.
        let drained = Submission::call(libc::SYS_read).int(fd(&full)).output(4096).value(4096);
        while run(ring, drained.clone().flags(flags)).result == 4096 {}
    });
}

/// Asks a call for two attributes, not required and required.
fn both(
    ring: &mut Ring,
    call: &SubmissionBuilder,
    alone: &(i64, DoneFlags, Vec<u8>),
    asks: [(&(AttributeId, Vec<u8>), &Alone); 2],
) {
    for required in [AttributeFlags::NONE, AttributeFlags::REQUIRED] {
        let asked =
            asks.iter().fold(call.clone(), |call, ((id, payload), _)| call.attribute(*id, required, payload));
        if let Err(refused) = push(ring, &asked.build()) {
            assert_eq!(refused.refusal(), Refusal::NEEDS_WORKER);
            assert!(asks.iter().any(|((id, _), _)| (AttributeId::LANE..=AttributeId::RETRY).contains(id)));
            return;
        }
        ring.submit_and_wait(1).expect("waited");
        let seen = crate::rig::drain(ring).remove(0);
        let has_run = !seen.flags.contains(DoneFlags::NOT_RUN);
        let mut returns = BTreeMap::new();
        for (id, status, _) in &seen.returns {
            assert_eq!(returns.insert(*id, *status), None, "{id:?} twice: {seen:?}");
        }
        for ((id, payload), answer) in asks {
            if has_run {
                assert_eq!(Some(steady(&seen, *id)), *answer, "{asks:?}");
            }
            let status = returns.get(id).copied().expect("it was asked");
            let may_come = if has_run { &AFTER[..] } else { &BEFORE };
            assert!(may_come.contains(&status), "{id:?} {payload:?}: {seen:?}");
        }
        let is_refused = returns.values().any(|status| BEFORE.contains(status));
        if required == AttributeFlags::REQUIRED && is_refused && !has_run {
            assert!(seen.result == -i64::from(libc::EOPNOTSUPP) || seen.result == -i64::from(libc::EINVAL));
        } else {
            assert_eq!(plain(&seen), *alone, "{asks:?}");
        }
        assert!(has_run || required == AttributeFlags::REQUIRED, "{seen:?}");
    }
}
