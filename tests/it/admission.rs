//! The refusals of admission, their reasons, and that a refusal has taken nothing.

use std::os::fd::AsRawFd;

use syslet::syscalls::{Scope, rows};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Params, Refusal, Refused, Submission, SubmissionBuilder,
};

use crate::rig::{self, getpid, pipe, push, push_bytes, run};

/// Pushes a submission that must be refused, then shows that the ring is as it was.
fn refused(submission: SubmissionBuilder) -> Refused {
    let mut ring = rig::ring_with(rig::alone(), &Params { slots: 1, ..Params::default() });
    let submission = submission.build();
    let before = submission.bytes().to_vec();
    let refused = push(&mut ring, &submission).expect_err("refused");
    assert_eq!(submission.bytes(), before, "the submission is as it was");
    assert_eq!((ring.in_flight(), ring.submit()), (0, 0), "nothing was taken");
    assert_eq!(run(&mut ring, getpid()).result, rig::pid(), "the only slot is free");
    refused
}

fn reason(submission: SubmissionBuilder) -> Refusal {
    refused(submission).refusal()
}

/// ENGINE-1: a refusal has a number, an errno, a place and a sentence.
#[test]
fn a_refusal_explains_itself() {
    let refused = refused(getpid().value(1));
    assert_eq!(
        (refused.refusal(), refused.errno().0, refused.at()),
        (Refusal::WRONG_ARGUMENT_COUNT, libc::EINVAL, 32)
    );
    assert_eq!(refused.to_string(), "more arguments than the call has (byte 32 of the record)");
    assert!(!refused.is_full() && refused.reason().is_none());
}

/// ENGINE-1, ENGINE-2: structure faults are refused, and nothing is taken.
#[test]
fn structure_comes_first() {
    let mut ring = rig::ring();
    let good = getpid().build();
    for (at, byte, refusal) in [
        (4, 9, Refusal::UNKNOWN_KIND),
        (4, 5, Refusal::UNKNOWN_KIND),
        (7, 0x80, Refusal::RESERVED_BIT),
        (22, 1, Refusal::RESERVED_BIT),
        (20, 7, Refusal::TOO_MANY_ARGUMENTS),
        (0, 40, Refusal::LENGTH_MISMATCH),
    ] {
        let mut record = good.bytes().to_vec();
        record[at] = byte;
        assert_eq!(push_bytes(&mut ring, &record).unwrap_err().refusal(), refusal, "byte {at} = {byte}");
        assert_eq!(ring.in_flight(), 0);
    }
}

/// ENGINE-3: a submission that can never be accepted is not called full, however full the ring is.
#[test]
fn what_is_wrong_is_told_before_what_is_full() {
    let mut ring = rig::ring_with(rig::alone(), &Params { slots: 1, ..Params::default() });
    push(&mut ring, &getpid().build()).unwrap();
    assert_eq!(push(&mut ring, &getpid().build()).unwrap_err().refusal(), Refusal::SLOTS_FULL);
    assert_eq!(
        push(&mut ring, &getpid().value(1).build()).unwrap_err().refusal(),
        Refusal::WRONG_ARGUMENT_COUNT
    );
    let exit = Submission::call(libc::SYS_exit_group).value(0).build();
    assert_eq!(push(&mut ring, &exit).unwrap_err().refusal(), Refusal::ENGINE_LIFE);
    let sleeping = Submission::call(libc::SYS_pause).build();
    assert_eq!(push(&mut ring, &sleeping).unwrap_err().refusal(), Refusal::NEEDS_WORKER);
}

/// ENGINE-6: numbers of other interfaces.
#[test]
fn foreign_numbers() {
    assert_eq!(reason(Submission::call(0x4000_0000_u32 | 39)), Refusal::FOREIGN_NUMBER);
    assert_eq!(reason(Submission::call(0x8000_0000_u32)), Refusal::FOREIGN_NUMBER);
    assert_eq!(reason(Submission::call(-1_i64)), Refusal::FOREIGN_NUMBER);
}

/// ENGINE-7: calls that no thread of an engine survives, each with its reason.
#[test]
fn calls_that_end_the_thread() {
    const ARCH_SET_FS: u64 = 0x1002;
    let calls = [
        Submission::call(libc::SYS_exit).value(1),
        Submission::call(libc::SYS_exit_group).value(1),
        Submission::call(libc::SYS_execve).value(0).value(0).value(0),
        Submission::call(libc::SYS_fork),
        Submission::call(libc::SYS_vfork),
        Submission::call(libc::SYS_clone).value(0).value(0).value(0).value(0).value(0),
        Submission::call(libc::SYS_clone3).value(0).value(0),
        Submission::call(libc::SYS_rt_sigreturn),
        Submission::call(libc::SYS_arch_prctl).value(ARCH_SET_FS).value(0),
        Submission::call(libc::SYS_seccomp).value(0).value(0).value(0),
    ];
    for call in calls {
        let refused = refused(call.flags(CallFlags::SYNC));
        assert_eq!(refused.refusal(), Refusal::ENGINE_LIFE);
        let reason = refused.reason().expect("a reason");
        assert!(refused.to_string().ends_with(reason), "{refused}");
    }
}

/// ENGINE-8: calls that change the thread, and calls bound to it.
#[test]
fn calls_about_the_thread() {
    assert_eq!(reason(Submission::call(libc::SYS_unshare).value(0)), Refusal::THREAD_STATE);
    assert_eq!(
        reason(Submission::call(libc::SYS_setfsuid).value(0).flags(CallFlags::SYNC)),
        Refusal::THREAD_STATE
    );
    let ptrace = Submission::call(libc::SYS_ptrace).value(u64::MAX).value(0).value(0).value(0);
    assert_eq!(reason(ptrace.clone()), Refusal::THREAD_BOUND);
    assert!(
        run(&mut rig::ring(), ptrace.flags(CallFlags::SYNC)).result < 0,
        "it runs SYNC, and the kernel answers"
    );
}

/// ENGINE-8: every call that is bound to its thread, with any arguments, runs with SYNC only, in an engine with workers
/// and in one without, and PRIVATE does not help.
#[test]
fn every_call_bound_to_its_thread() {
    let bound = rows().iter().filter(|row| row.scope == Scope::BoundToThread && row.scope_when.is_empty());
    let bound: Vec<_> = bound.filter_map(|row| row.numbers.here()).collect();
    assert!(bound.len() >= 5, "{bound:?}");
    for mut ring in [rig::ring(), rig::pooled()] {
        for flags in [CallFlags::NONE, CallFlags::ASYNC, CallFlags::PRIVATE] {
            for nr in &bound {
                let call = Submission::call(i64::from(*nr)).flags(flags).build();
                let refusal = rig::push(&mut ring, &call).expect_err("refused").refusal();
                let has_none = refusal == Refusal::NEEDS_WORKER && flags != CallFlags::NONE;
                assert!(refusal == Refusal::THREAD_BOUND || has_none, "{nr} {flags:?}: {refusal}");
            }
        }
    }
}

/// ENGINE-9: a call without a row runs with values, and with nothing else.
#[test]
fn calls_without_a_row() {
    let unknown = 510;
    assert_eq!(reason(Submission::call(unknown).output(8)), Refusal::VALUE_ONLY);
    assert_eq!(run(&mut rig::ring(), Submission::call(unknown).value(1)).result, -i64::from(libc::ENOSYS));
}

/// ENGINE-10: directions and lengths are the row's.
#[test]
fn arguments_agree_with_the_row() {
    let read = Submission::call(libc::SYS_read).value(0);
    assert_eq!(reason(read.clone().output(8).value(9)), Refusal::OUT_OUTSIDE_AREA);
    assert_eq!(reason(read.clone().output(8).value(u64::MAX)), Refusal::OUT_OUTSIDE_AREA);
    assert_eq!(reason(read.clone().input(b"12345678").value(8)), Refusal::DIRECTION);
    assert_eq!(reason(read.output(8).output(8)), Refusal::LENGTH_UNREADABLE);
    let chdir = Submission::call(libc::SYS_access);
    assert_eq!(reason(chdir.clone().input(b"/no/end").value(0)), Refusal::STRING_UNTERMINATED);
    assert_eq!(
        reason(Submission::call(libc::SYS_ioctl).value(0).value(0).output(64)),
        Refusal::LENGTH_UNKNOWN
    );
    let write = Submission::call(libc::SYS_write).value(1);
    assert_eq!(reason(write.input(b"four").value(5)), Refusal::IN_OUTSIDE_DATA);
}

/// ENGINE-18: calls that only workers could run.
#[test]
fn what_needs_a_worker() {
    assert_eq!(reason(getpid().flags(CallFlags::ASYNC)), Refusal::NEEDS_WORKER);
    assert_eq!(reason(getpid().flags(CallFlags::ASYNC.with(CallFlags::SYNC))), Refusal::FLAGS_CONTRADICT);
    assert_eq!(reason(getpid().flags(CallFlags::PRIVATE)), Refusal::NEEDS_WORKER);
    assert_eq!(reason(getpid().flags(CallFlags::PRIVATE.with(CallFlags::SYNC))), Refusal::FLAGS_CONTRADICT);
    assert_eq!(reason(Submission::call(libc::SYS_pause)), Refusal::NEEDS_WORKER);
    let (reader, _writer) = pipe();
    let lock =
        |how: i32| Submission::call(libc::SYS_flock).int(i64::from(reader.as_raw_fd())).int(i64::from(how));
    assert_eq!(reason(lock(libc::LOCK_EX)), Refusal::NEEDS_WORKER);
    assert!(
        push(&mut rig::ring(), &lock(libc::LOCK_EX | libc::LOCK_NB).build()).is_ok(),
        "it does not sleep"
    );
}

/// ENGINE-2: nor does a fault in the last attribute leave anything behind.
#[test]
fn a_late_fault_takes_nothing() {
    let twice = getpid().timing().attribute(AttributeId::TIMING, AttributeFlags::NONE, &[]);
    assert_eq!(reason(twice), Refusal::ATTRIBUTE_DUPLICATE);
    let large = getpid().output(1 << 20);
    assert_eq!(reason(large), Refusal::TOO_LARGE);
}
