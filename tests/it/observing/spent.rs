//! USAGE, IO, BLOCKED, COUNTERS and TRACE against calls of which it is known what they take.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use syslet::attrs::{BlockedValue, CountersValue, IoValue, TraceValue, UsageValue, WorkerValue};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Params, Ring, Status, Submission,
    SubmissionBuilder,
};

use super::{NONE, drop_from_cache, fd, handled, in_each_way, mapped, pread, stored};
use crate::rig::{self, Seen, getpid, pipe, push, run};
use syslet_tests::pool::{is_asleep_in, start, until};

fn usage(seen: &Seen) -> UsageValue {
    UsageValue::parse(handled(seen, AttributeId::USAGE)).expect("a value")
}

fn io(seen: &Seen) -> IoValue {
    IoValue::parse(handled(seen, AttributeId::IO)).expect("a value")
}

fn blocked(seen: &Seen) -> BlockedValue {
    BlockedValue::parse(handled(seen, AttributeId::BLOCKED)).expect("a value")
}

/// Runs a call; says also how long that took, which no part of it exceeds.
fn timed(ring: &mut Ring, call: SubmissionBuilder) -> (Seen, u64) {
    let begun = Instant::now();
    let seen = run(ring, call);
    (seen, ns(begun.elapsed()))
}

fn ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).expect("small")
}

fn observed(call: SubmissionBuilder) -> SubmissionBuilder {
    let ids = [AttributeId::USAGE, AttributeId::IO, AttributeId::BLOCKED];
    ids.into_iter().fold(call, |call, id| call.attribute(id, NONE, &[]))
}

/// ATTR-41: a call that computes spends its time on the processor, more for more work, and never more than it ran.
#[test]
fn a_busy_call_is_on_the_processor() {
    let (small, large) = (1, 1 << 20);
    let memory = mapped(large);
    let random = |bytes: u64| Submission::call(libc::SYS_getrandom).value(memory).value(bytes).value(0);
    in_each_way(|ring, flags| {
        let (few, few_ns) = timed(ring, observed(random(small)).flags(flags));
        let (many, many_ns) = timed(ring, observed(random(large)).flags(flags));
        assert_eq!(many.result, large.cast_signed());
        assert!(usage(&many).cpu_ns > usage(&few).cpu_ns, "{few:?} {many:?}");
        assert!(usage(&many).cpu_ns > 10_000, "no machine makes 100 GB a second: {many:?}");
        for (seen, took_ns) in [(&few, few_ns), (&many, many_ns)] {
            assert!(usage(seen).cpu_ns <= took_ns, "{seen:?}");
            assert_eq!(usage(seen).flags, UsageValue::SAMPLED);
        }
        assert_eq!(io(&many), IoValue::default(), "nothing is stored");
    });
}

/// ATTR-39: pages that are written for the first time are minor faults of the call.
#[test]
fn fresh_pages_are_faults() {
    const BYTES: u64 = 256 << 10;
    let zero = std::fs::File::open("/dev/zero").expect("opens");
    in_each_way(|ring, flags| {
        let fresh = mapped(BYTES);
        let read = || Submission::call(libc::SYS_read).int(fd(&zero)).value(fresh).value(BYTES).flags(flags);
        let first = run(ring, observed(read()));
        assert_eq!(first.result, BYTES.cast_signed());
        let second = usage(&run(ring, observed(read())));
        assert!(second.minor_faults < usage(&first).minor_faults, "{first:?} {second:?}");
    });
}

/// ATTR-42: what was dropped from the cache is read from storage, at least as much as was asked for; what is in memory
/// is not; what is written becomes dirty, or passes the cache.
#[test]
fn storage_is_counted() {
    const BYTES: usize = 16 << 10;
    let file = stored(BYTES);
    in_each_way(|ring, flags| {
        if !drop_from_cache(&file) {
            return;
        }
        let first = run(ring, observed(pread(&file, BYTES)).flags(flags));
        assert!(io(&first).read_bytes >= BYTES as u64, "{flags:?} {first:?}");
        let second = run(ring, observed(pread(&file, BYTES)).flags(flags));
        assert_eq!(io(&second).read_bytes, 0, "{flags:?} {second:?}");
        let write =
            Submission::call(libc::SYS_pwrite64).int(fd(&file)).input(&[9; 8192]).value(8192).value(0);
        let written = run(ring, observed(write).flags(flags));
        assert_eq!((written.result, io(&written).written_bytes), (8192, 8192), "{flags:?}");
    });
}

/// ATTR-42: a read past the cache is counted every time.
#[test]
fn direct_reads_are_counted() {
    let file = stored(64 << 10);
    let path = format!("/proc/self/fd/{}", fd(&file));
    let Ok(direct) = std::fs::OpenOptions::new().read(true).custom_flags(libc::O_DIRECT).open(path) else {
        eprintln!("skipped: the build's folder has no O_DIRECT");
        return;
    };
    let pages = mapped(64 << 10);
    in_each_way(|ring, flags| {
        let read = Submission::call(libc::SYS_pread64).int(fd(&direct)).value(pages);
        let seen = run(ring, observed(read.value(16 << 10).value(0)).flags(flags));
        assert_eq!((seen.result, io(&seen).read_bytes), (16 << 10, 16 << 10), "{flags:?}");
    });
}

/// ATTR-44: a read from an empty pipe sleeps, for as long as it waited; one from a full pipe does not.
#[test]
fn waiting_is_sleeping() {
    let (_engine, mut ring) = start(Config::default().workers_max(1));
    let (reader, mut writer) = pipe();
    let who = getpid().attribute(AttributeId::WORKER, NONE, &[]).flags(CallFlags::ASYNC);
    let who = WorkerValue::parse(handled(&run(&mut ring, who), AttributeId::WORKER)).expect("a value").tid;
    let read = || observed(Submission::call(libc::SYS_read).int(fd(&reader)).output(1).value(1));
    let pushed = Instant::now();
    push(&mut ring, &read().flags(CallFlags::ASYNC).build()).expect("accepted");
    ring.submit();
    until("the worker waits", || is_asleep_in(who.cast_signed(), libc::SYS_read));
    let waiting = Instant::now();
    ring.wait(1, Some(Duration::from_millis(20))).expect("waited");
    let waited_ns = ns(waiting.elapsed());
    assert_eq!(rig::drain(&mut ring), [], "there is nothing to read");
    writer.write_all(b"xy").expect("written");
    ring.wait(1, None).expect("waited");
    let slept = rig::drain(&mut ring).remove(0);
    assert!(blocked(&slept).sleeps > 0, "{slept:?}");
    let expected = waited_ns..=ns(pushed.elapsed());
    assert!(expected.contains(&blocked(&slept).off_cpu_ns), "{expected:?} {slept:?}");
    let ready = run(&mut ring, read().flags(CallFlags::ASYNC));
    assert_eq!((ready.result, blocked(&ready).sleeps), (1, 0));
}

/// ATTR-49, ATTR-50: time on the processor is counted where anything may be; the rest as the machine can.
#[test]
fn counters_count() {
    const BYTES: u64 = 1 << 20;
    let memory = mapped(BYTES);
    let random = || Submission::call(libc::SYS_getrandom).value(memory).value(BYTES).value(0);
    in_each_way(|ring, flags| {
        let call =
            random().attribute(AttributeId::COUNTERS, NONE, &[]).attribute(AttributeId::USAGE, NONE, &[]);
        let (seen, took_ns) = timed(ring, call.clone().flags(flags));
        let (status, value) = seen.answer(AttributeId::COUNTERS).expect("it was asked");
        if status == Status::UNAVAILABLE {
            eprintln!("skipped: this process may not open performance counters");
            let required = random().attribute(AttributeId::COUNTERS, AttributeFlags::REQUIRED, &[]);
            assert_eq!(run(ring, required.flags(flags)).result, -i64::from(libc::EOPNOTSUPP));
            return;
        }
        let counted = CountersValue::parse(value).expect("a value").0;
        assert_ne!(counted.valid & CountersValue::TASK_CLOCK, 0, "{counted:?}");
        // One is read around the other; their clocks differ a little.
        assert!(counted.counts[0] > usage(&seen).cpu_ns / 2, "{counted:?} {seen:?}");
        assert!(counted.counts[0] <= took_ns, "{counted:?} {took_ns}");
        for (at, count) in counted.counts.iter().enumerate() {
            assert!(counted.valid >> at & 1 == 1 || *count == 0, "{counted:?}");
        }
        // Kept, they begin anew with every call.
        let (again, took_ns) = timed(ring, call.flags(flags));
        let again = CountersValue::parse(handled(&again, AttributeId::COUNTERS)).expect("a value").0;
        assert!(again.counts[0] <= took_ns, "{again:?} {took_ns}");
    });
}

/// ATTR-34: a call that a submitter has tried and a worker has made is counted in both.
#[test]
fn both_attempts_are_counted() {
    let mut ring = rig::ring_with(Config::default(), &Params::default());
    let (reader, mut writer) = pipe();
    let read = Submission::call(libc::SYS_read).int(fd(&reader)).output(1).value(1);
    let read = observed(read).attribute(AttributeId::COUNTERS, NONE, &[]);
    push(&mut ring, &read.attribute(AttributeId::WORKER, NONE, &[]).build()).expect("accepted");
    ring.wait(1, Some(Duration::from_millis(1))).expect("waited");
    writer.write_all(b"x").expect("written");
    ring.wait(1, None).expect("waited");
    let seen = rig::drain(&mut ring).remove(0);
    let worker = WorkerValue::parse(handled(&seen, AttributeId::WORKER)).expect("a value");
    assert_eq!((seen.result, worker.attempts), (1, 2));
    assert!(usage(&seen).cpu_ns > 0 && blocked(&seen).sleeps == usage(&seen).voluntary_switches);
    let (status, value) = seen.answer(AttributeId::COUNTERS).expect("it was asked");
    let counted = CountersValue::parse(value);
    assert!(status == Status::UNAVAILABLE || counted.is_some_and(|value| value.0.counts[0] > 0), "{seen:?}");
}

/// ATTR-51: any word comes back, of a call that fails as well.
#[test]
fn trace_comes_back() {
    in_each_way(|ring, flags| {
        for id in [0, 7, u64::MAX] {
            let payload = TraceValue { id }.payload();
            for call in [getpid(), Submission::call(libc::SYS_close_range).value(3).value(2).value(0)] {
                let seen = run(ring, call.attribute(AttributeId::TRACE, NONE, &payload).flags(flags));
                assert_eq!(TraceValue::parse(handled(&seen, AttributeId::TRACE)), Some(TraceValue { id }));
            }
        }
    });
}

/// ATTR-52: nor does one of a call that was queued when the engine was closed.
#[test]
fn what_never_began_takes_nothing() {
    let engine = syslet::Engine::start(Config::default()).expect("an engine");
    let mut ring = engine.ring(&Params::default()).expect("a ring");
    push(&mut ring, &observed(getpid()).build()).expect("accepted");
    // What is queued for its submitter is not over before that looks.
    let _unfinished = engine.close(Duration::ZERO);
    ring.wait(1, None).expect("waited");
    let seen = rig::drain(&mut ring).remove(0);
    assert!(seen.flags.contains(DoneFlags::NOT_RUN), "{seen:?}");
    assert_eq!(seen.returns.len(), 3);
    assert!(seen.returns.iter().all(|(_, status, _)| *status == Status::INAPPLICABLE), "{seen:?}");
}

/// ATTR-7, ATTR-52: of a call that is not run no observing attribute says anything.
#[test]
fn what_is_not_run_takes_nothing() {
    in_each_way(|ring, flags| {
        let trace = TraceValue { id: 7 }.payload();
        let random = Submission::call(libc::SYS_getrandom).output(8).value(8).value(0);
        let call = observed(random)
            .attribute(AttributeId::CACHE, NONE, &[])
            .attribute(AttributeId::CHECKSUM, NONE, &[])
            .attribute(AttributeId::TRACE, NONE, &trace)
            .attribute(AttributeId(999), AttributeFlags::REQUIRED, &[]);
        let seen = run(ring, call.flags(flags));
        assert_eq!(seen.flags, DoneFlags::NOT_RUN.with(DoneFlags::ENGINE_RESULT));
        for (id, status, value) in &seen.returns {
            let expected = if id.0 == 999 { Status::UNSUPPORTED } else { Status::INAPPLICABLE };
            assert_eq!((*status, value.len()), (expected, 0), "{id:?}");
        }
    });
}
