//! One submission, one completion.

use std::os::fd::AsRawFd;

use syslet::{AttributeFlags, AttributeId, CallFlags, DoneFlags, Submission};

use crate::rig::{self, drain, getpid, pipe, push, run};

const UNKNOWN: AttributeId = AttributeId(0x7fff);

/// ENGINE-4: every accepted submission has one completion, with its own word and the kernel's result.
#[test]
fn exactly_one_each() {
    let mut ring = rig::ring();
    for round in 0..50_u64 {
        for number in 0..20 {
            let user_data = round << 32 | number;
            let submission = match number % 3 {
                0 => getpid(),
                1 => Submission::call(libc::SYS_close).int(-1),
                _ => Submission::call(libc::SYS_readlink).path(c"/proc/self/exe").output(300).value(300),
            };
            push(&mut ring, &submission.user_data(user_data).build()).unwrap();
        }
        assert_eq!(ring.submit_and_wait(20), Ok(20));
        let mut seen = drain(&mut ring);
        seen.sort_by_key(|done| done.user_data);
        assert!(seen.iter().map(|done| done.user_data).eq((0..20).map(|number| round << 32 | number)));
        assert!(seen.iter().step_by(3).all(|done| done.result == rig::pid()));
        assert!(seen.iter().skip(1).step_by(3).all(|done| done.result == -i64::from(libc::EBADF)));
        assert_eq!(ring.in_flight(), 0);
    }
}

/// ENGINE-5: a hidden success has no completion, frees its slot and its room, and leaves others alone.
#[test]
fn success_can_be_hidden() {
    let mut ring = rig::ring_with(rig::alone(), &syslet::Params { slots: 2, ..Default::default() });
    let random = Submission::call(libc::SYS_getrandom).output(8).value(8).value(0);
    for _ in 0..10_000 {
        push(&mut ring, &random.clone().flags(CallFlags::NO_COMPLETE).build()).unwrap();
        assert_eq!(ring.submit_and_wait(1), Ok(0));
        push(&mut ring, &getpid().flags(CallFlags::NO_COMPLETE).build()).unwrap();
        push(&mut ring, &getpid().flags(CallFlags::NO_COMPLETE).timing().build()).unwrap();
        assert_eq!(ring.submit_and_wait(1), Ok(0));
    }
    assert_eq!((ring.in_flight(), drain(&mut ring).len()), (0, 0));
}

/// ENGINE-5: what is no plain success comes back all the same.
#[test]
fn only_success_is_hidden() {
    let mut ring = rig::ring();
    let hidden = |submission: syslet::SubmissionBuilder| submission.flags(CallFlags::NO_COMPLETE);
    assert_eq!(
        run(&mut ring, hidden(Submission::call(libc::SYS_close).int(-1))).result,
        -i64::from(libc::EBADF)
    );
    let unknown = run(&mut ring, hidden(getpid().attribute(UNKNOWN, AttributeFlags::NONE, &[])));
    assert_eq!(unknown.result, rig::pid());
    let not_run = run(&mut ring, hidden(getpid().attribute(UNKNOWN, AttributeFlags::REQUIRED, &[])));
    assert!(not_run.flags.contains(DoneFlags::NOT_RUN));
}

/// ENGINE-20: a result that no call produced says so; a kernel's result never does.
#[test]
fn engine_results_are_marked() {
    let mut ring = rig::ring();
    let (_reader, writer) = pipe();
    let write = Submission::call(libc::SYS_write).int(writer.as_raw_fd().into()).input(b"x").value(1);
    let done = run(&mut ring, write.clone().attribute(UNKNOWN, AttributeFlags::REQUIRED, &[]));
    assert_eq!(done.flags, DoneFlags::NOT_RUN.with(DoneFlags::ENGINE_RESULT));
    assert_eq!(done.result, -i64::from(libc::EOPNOTSUPP));
    assert_eq!(run(&mut ring, write).flags, DoneFlags::NONE);
    assert_eq!(run(&mut ring, Submission::call(libc::SYS_close).int(-1)).flags, DoneFlags::NONE);
}

/// ABI-56: inside the ring user_data gives way to a ticket and bit 15 marks instant calls; neither shows outside.
#[test]
fn the_engines_own_marks_stay_inside() {
    let mut ring = rig::ring();
    let done = run(&mut ring, getpid().user_data(u64::MAX));
    assert_eq!((done.user_data, done.flags), (u64::MAX, DoneFlags::NONE));
    let mut record = getpid().build().bytes().to_vec();
    record[7] |= 0x80;
    let refused = rig::push_bytes(&mut ring, &record).unwrap_err();
    assert_eq!(refused.refusal(), syslet::Refusal::RESERVED_BIT);
}
