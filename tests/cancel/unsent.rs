//! Signals that the system does not take: its queue is full, or a filter refuses them.

use std::os::fd::AsRawFd;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};
use syslet::attrs::{DeadlineAsked, Umask};
use syslet::program::Program;
use syslet::program::build::calls;
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Engine, Params, Ring, SignalError, StartError,
    Submission, SubmissionBuilder, Which,
};

use crate::look::{alone, until, workers_in};
use crate::race::race;
use crate::rig::{drain, pipe, push, push_program};

/// Set in the process whose queue is full.
const FULL: &str = "SYSLET_TEST_QUEUE_FULL";
const LONG: Duration = Duration::from_secs(60);
/// Late enough for a worker to sleep in the call before.
const SOON: Duration = Duration::from_millis(500);
const EINTR: i64 = -(libc::EINTR as i64);
const ETIME: i64 = -(libc::ETIME as i64);

fn in_a_child(name: &str, body: impl FnOnce()) {
    if std::env::var_os(FULL).is_some() {
        return body();
    }
    let mut command = Command::new(std::env::current_exe().expect("this test has a file"));
    command.args(["--exact", name, "--test-threads=1", "--nocapture"]).env(FULL, "1");
    let output = command.output().expect("started");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
}

/// From now on this user has as many signals queued as it may have; gives what it might have before.
fn fill_the_queue() -> u64 {
    let (soft, hard) = getrlimit(Resource::RLIMIT_SIGPENDING).expect("a limit");
    setrlimit(Resource::RLIMIT_SIGPENDING, 0, hard).expect("lowered");
    soft
}

fn empty_the_queue(soft: u64) {
    let (_, hard) = getrlimit(Resource::RLIMIT_SIGPENDING).expect("a limit");
    setrlimit(Resource::RLIMIT_SIGPENDING, soft, hard).expect("raised");
}

fn start() -> (Engine, Ring) {
    let engine = Engine::start(Config::default()).expect("an engine");
    let ring = engine.ring(&Params::default()).expect("a ring");
    (engine, ring)
}

fn read(reader: &impl AsRawFd) -> SubmissionBuilder {
    let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(8).value(8);
    read.flags(CallFlags::ASYNC)
}

fn within(call: SubmissionBuilder, deadline: Duration) -> SubmissionBuilder {
    let deadline = DeadlineAsked::After(u64::try_from(deadline.as_nanos()).expect("soon")).emit();
    call.attribute(AttributeId::DEADLINE, AttributeFlags::NONE, &deadline)
}

/// Submits the call, and returns when a worker sleeps in it.
fn sleep_in(ring: &mut Ring, call: SubmissionBuilder) {
    let before = workers_in(libc::SYS_read).len();
    push(ring, &call.build()).expect("accepted");
    ring.submit();
    until("a worker sleeps in it", || workers_in(libc::SYS_read).len() == before + 1);
}

/// A call is interrupted by request, one by its deadline, one by its ring's end; a thread of its own, a call of a program.
fn every_way_stops(engine: &Engine, mut ring: Ring, reader: &impl AsRawFd, before: impl FnOnce()) {
    let program = Program::build(|p| {
        let buffer = p.area(8);
        p.call(calls::read(reader.as_raw_fd(), buffer, 8).storage().stoppable()).value();
    });
    sleep_in(&mut ring, read(reader).user_data(1));
    sleep_in(&mut ring, read(reader).user_data(2).flags(CallFlags::PRIVATE));
    push_program(&mut ring, &program.expect("a program")).expect("accepted");
    ring.submit();
    until("a worker sleeps in the program", || workers_in(libc::SYS_read).len() == 3);
    sleep_in(&mut ring, within(read(reader).user_data(3), SOON));
    before();
    for user_data in [1, 2] {
        let found = ring.cancel(Which::UserData(user_data));
        assert_eq!((found.signalled, found.pending), (1, 0), "{user_data}: {found:?}");
    }
    ring.wait(3, None).expect("waited");
    let mut seen = drain(&mut ring);
    seen.sort_by_key(|seen| seen.user_data);
    let late = DoneFlags::CANCELLED.with(DoneFlags::ENGINE_RESULT);
    let ends = [(1, EINTR, DoneFlags::CANCELLED), (2, EINTR, DoneFlags::CANCELLED), (3, ETIME, late)];
    assert!(seen.iter().map(|seen| (seen.user_data, seen.result, seen.flags)).eq(ends), "{seen:?}");
    sleep_in(&mut ring, read(reader));
    drop(ring);
    until("all of its calls are over", || engine.stats().in_flight == 0);
    assert_eq!(engine.close(LONG), Ok(()));
}

/// CANCEL-22: where the system queues no more signals, the worker's timer sends it: requests, deadlines, the end of a ring
/// and of the engine are as ever.
#[test]
fn a_full_queue_stops_nothing_from_stopping() {
    in_a_child("unsent::a_full_queue_stops_nothing_from_stopping", || {
        let (reader, _writer) = pipe();
        let (engine, ring) = start();
        every_way_stops(&engine, ring, &reader, || {
            fill_the_queue();
        });
    });
}

/// CANCEL-5, CANCEL-22: a signal that a timer sends never meets another call either.
#[test]
fn a_timer_hits_only_its_own_call() {
    const WORKERS: u32 = 4;
    in_a_child("unsent::a_timer_hits_only_its_own_call", || {
        let engine = Engine::start(Config::default().workers_max(WORKERS)).expect("an engine");
        let (reader, _writer) = pipe();
        let mut ring = engine.ring(&Params::default()).expect("a ring");
        (0..WORKERS).for_each(|_| sleep_in(&mut ring, read(&reader)));
        fill_the_queue();
        assert_eq!(ring.cancel(Which::All).signalled, WORKERS, "each has its timer");
        ring.wait(4, None).expect("waited");
        drain(&mut ring);
        race(&engine, 5_000);
    });
}

/// CANCEL-22: an engine starts where there is no room for timers. What cannot be signalled then is found pending, and stops
/// when there is room again, although nobody asks again; so does what is late.
#[test]
fn what_is_not_signalled_is_pending() {
    in_a_child("unsent::what_is_not_signalled_is_pending", || {
        let (reader, _writer) = pipe();
        let soft = fill_the_queue();
        let (engine, mut ring) = start();
        sleep_in(&mut ring, read(&reader).user_data(1));
        sleep_in(&mut ring, within(read(&reader).user_data(2), SOON));
        let found = ring.cancel(Which::UserData(1));
        assert_eq!((found.signalled, found.pending, found.uninterruptible), (0, 1, 0));
        let again = ring.canceller().expect("at home").cancel(Which::UserData(1));
        assert_eq!((again.signalled, again.pending), (0, 1));
        let running = engine.close(2 * SOON).expect_err("they sleep").calls;
        assert_eq!(running.len(), 2);
        empty_the_queue(soft);
        assert_eq!(engine.close(LONG), Ok(()));
        ring.wait(2, None).expect("waited");
        let mut seen: Vec<_> = drain(&mut ring).iter().map(|seen| (seen.user_data, seen.result)).collect();
        seen.sort_unstable();
        assert_eq!(seen, [(1, EINTR), (2, ETIME)]);
    });
}

/// CANCEL-22, POOL-25, POOL-28: a thread of its own that is made when the queue is full has no timer, although its worker has one.
/// The call is found pending, however it came to that thread, and stops when there is room again, without another request.
#[test]
fn a_thread_of_its_own_without_a_timer_is_pending() {
    in_a_child("unsent::a_thread_of_its_own_without_a_timer_is_pending", || {
        let (reader, _writer) = pipe();
        let (engine, mut ring) = start();
        sleep_in(&mut ring, read(&reader).user_data(1));
        let soft = fill_the_queue();
        sleep_in(&mut ring, read(&reader).user_data(2).flags(CallFlags::PRIVATE));
        let acting =
            read(&reader).attribute(AttributeId::UMASK, AttributeFlags::NONE, &Umask::payload(0o027));
        sleep_in(&mut ring, acting.user_data(3));
        for (user_data, found) in [(1, (1, 0)), (2, (0, 1)), (3, (0, 1))] {
            let seen = ring.cancel(Which::UserData(user_data));
            assert_eq!((seen.signalled, seen.pending), found, "{user_data}: {seen:?}");
        }
        ring.wait(1, None).expect("waited");
        assert_eq!(drain(&mut ring).iter().map(|seen| seen.user_data).collect::<Vec<_>>(), [1]);
        let again = ring.cancel(Which::All);
        assert_eq!((again.signalled, again.pending), (0, 2), "they sleep on");
        empty_the_queue(soft);
        ring.wait(2, None).expect("waited");
        let mut seen = drain(&mut ring);
        seen.sort_by_key(|seen| seen.user_data);
        let ends = [2, 3].map(|user_data| (user_data, EINTR, DoneFlags::CANCELLED));
        assert!(seen.iter().map(|seen| (seen.user_data, seen.result, seen.flags)).eq(ends), "{seen:?}");
        assert_eq!(engine.close(LONG), Ok(()));
    });
}

/// Runs `body` in a thread that a filter keeps from these calls, with EPERM.
fn without(numbers: &[libc::c_long], body: impl FnOnce() + Send) {
    let rules = numbers.iter().map(|nr| (*nr, vec![]));
    filtered(rules.collect(), body);
}

fn filtered(rules: Vec<(libc::c_long, Vec<SeccompRule>)>, body: impl FnOnce() + Send) {
    let in_filter = || {
        let arch = TargetArch::try_from(std::env::consts::ARCH).expect("a known architecture");
        let refusal = SeccompAction::Errno(libc::EPERM.cast_unsigned());
        let filter = SeccompFilter::new(rules.into_iter().collect(), SeccompAction::Allow, refusal, arch);
        let program = BpfProgram::try_from(filter.expect("a filter")).expect("a program");
        seccompiler::apply_filter(&program).expect("it is put on");
        body();
    };
    thread::scope(|scope| scope.spawn(in_filter).join()).expect("the thread has not panicked");
}

/// CANCEL-22: where a filter refuses one way to send the signal, the next one is used.
#[test]
fn a_filter_leaves_another_way() {
    let _alone = alone();
    for refused in [&[libc::SYS_rt_tgsigqueueinfo][..], &[libc::SYS_rt_tgsigqueueinfo, libc::SYS_tgkill]] {
        without(refused, || {
            let (reader, _writer) = pipe();
            let (engine, ring) = start();
            every_way_stops(&engine, ring, &reader, || ());
        });
    }
}

/// CANCEL-22: where it refuses all of them the call is found pending, and ends by itself; a ring and its engine still end.
#[test]
fn a_filter_leaves_no_way() {
    let _alone = alone();
    let ways = [libc::SYS_rt_tgsigqueueinfo, libc::SYS_tgkill, libc::SYS_timer_settime];
    for last in [libc::SYS_timer_settime, libc::SYS_timer_create] {
        without(&[ways[0], ways[1], last], || {
            let (reader, writer) = pipe();
            let (engine, mut ring) = start();
            let lent = Arc::new(reader);
            let lending = Submission::call(libc::SYS_read).lend(&lent).output(8).value(8);
            sleep_in(&mut ring, lending.flags(CallFlags::ASYNC));
            let found = ring.cancel(Which::All);
            assert_eq!((found.signalled, found.pending), (0, 1));
            drop(ring);
            assert_eq!(Arc::strong_count(&lent), 2, "it sleeps on");
            drop(writer);
            assert_eq!(engine.close(LONG), Ok(()));
            assert_eq!(Arc::strong_count(&lent), 1);
        });
    }
}

/// CANCEL-9: without a handler the signal would end the process: where a filter refuses one, no engine starts.
#[test]
fn no_engine_starts_without_its_handler() {
    in_a_child("unsent::no_engine_starts_without_its_handler", || {
        let is_set = SeccompCondition::new(1, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0);
        let rule = SeccompRule::new(vec![is_set.expect("a condition")]).expect("a rule");
        filtered(vec![(libc::SYS_rt_sigaction, vec![rule])], || {
            let refused = StartError::Signal(SignalError::Refused(libc::EPERM));
            assert_eq!(Engine::start(Config::default()).err(), Some(refused));
        });
    });
}
