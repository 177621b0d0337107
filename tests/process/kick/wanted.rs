//! What wants a submitter out of its call, each with each call that is kicked; no call is a stall here.

use std::time::{Duration, Instant};

use syslet::attrs::DeadlineAsked;
use syslet::program::Program;
use syslet::program::build::calls;
use syslet::{AttributeFlags, AttributeId, DoneFlags, Which};
use syslet_tests::look::{alone, until};
use syslet_tests::rig::{drain, push_program};

use super::held::{Case, LONG, NO_STALL, cases, engine, own_tid, ring};

/// KICK-3: the timeout of the wait. It overruns by little more than a plain sleep of the same length does, in the same run.
#[test]
fn a_timeout() {
    let _alone = alone();
    let timeout = Duration::from_millis(20);
    for mut case in cases() {
        let engine = engine(NO_STALL);
        let mut ring = ring(&engine);
        case.push(&mut ring);
        let began = Instant::now();
        assert_eq!(ring.wait(1, Some(timeout)), Ok(0), "{}", case.name);
        let took = began.elapsed();
        assert!(took >= timeout, "{}: {took:?}", case.name);
        assert_eq!(engine.stats().kicks, 1, "{}", case.name);
        case.finish(&mut ring);
    }
}

/// KICK-3: the bound. Waits that are held end after about the time that a plain sleep of the same length takes beside them: half of them
/// within a tenth of a second more, whatever else runs.
#[test]
fn the_bound_is_that_of_a_sleep() {
    let _alone = alone();
    let timeout = Duration::from_millis(5);
    let engine = engine(Duration::from_millis(1));
    let mut ring = ring(&engine);
    let mut more: Vec<Duration> = (0..11)
        .map(|_| {
            let mut case = cases().remove(0);
            case.push(&mut ring);
            let began = Instant::now();
            assert_eq!(ring.wait(1, Some(timeout)), Ok(0));
            let held = began.elapsed();
            let began = Instant::now();
            // A futex wait with a timeout.
            std::thread::park_timeout(timeout);
            let slept = began.elapsed();
            case.finish(&mut ring);
            held.saturating_sub(slept)
        })
        .collect();
    more.sort_unstable();
    println!("held waits take longer than sleeps by {more:?}");
    assert!(more[more.len() / 2] < Duration::from_millis(100), "{more:?}");
}

/// Has a thread do something as soon as this one is held, and waits meanwhile.
fn meanwhile(case: &Case, wait: impl FnOnce(), then: impl FnOnce() + Send) {
    let tid = own_tid();
    let (name, nr) = (case.name, case.nr);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            until(name, || syslet_tests::look::is_asleep_in(tid, nr));
            then();
        });
        wait();
    });
}

/// KICK-3, ENGINE-29: a `Waker`.
#[test]
fn a_waker() {
    let _alone = alone();
    for mut case in cases() {
        let engine = engine(NO_STALL);
        let mut ring = ring(&engine);
        case.push(&mut ring);
        let waker = ring.waker();
        meanwhile(&case, || assert_eq!(ring.wait(1, None), Ok(0), "{}", case.name), || waker.wake());
        assert_eq!(engine.stats().kicks, 1, "{}", case.name);
        case.finish(&mut ring);
    }
}

/// KICK-3, CANCEL-3: a cancel of another thread, which finds the call pending; it never begins anywhere else.
#[test]
fn a_cancel() {
    let _alone = alone();
    for case in cases() {
        let engine = engine(NO_STALL);
        let mut ring = ring(&engine);
        let canceller = ring.canceller().expect("at home");
        case.push(&mut ring);
        let cancel = || {
            let found = canceller.cancel(Which::All);
            assert_eq!((found.pending, found.removed), (1, 0));
        };
        meanwhile(&case, || assert_eq!(ring.wait(1, Some(LONG)), Ok(1), "{}", case.name), cancel);
        let [done] = &drain(&mut ring)[..] else { panic!("one completion") };
        let flags = DoneFlags::CANCELLED.with(DoneFlags::NOT_RUN).with(DoneFlags::ENGINE_RESULT);
        assert_eq!(done.end(), ((-libc::ECANCELED).into(), flags), "{}", case.name);
        assert_eq!(engine.stats().kicks, 1, "{}", case.name);
    }
}

/// KICK-3, CANCEL-14: the engine's canceller, for a call of the private lane.
#[test]
fn a_cancel_of_all_rings() {
    let _alone = alone();
    for case in cases() {
        let engine = engine(NO_STALL);
        let mut ring = ring(&engine);
        case.push(&mut ring);
        let canceller = engine.canceller().expect("at home");
        // The call may get its slot just then: it is found once more there.
        let cancel = || assert!([1, 2].contains(&canceller.cancel(Which::All).pending));
        meanwhile(&case, || assert_eq!(ring.wait(1, Some(LONG)), Ok(1), "{}", case.name), cancel);
        let [done] = &drain(&mut ring)[..] else { panic!("one completion") };
        assert_eq!(done.end().0, i64::from(-libc::ECANCELED), "{}", case.name);
    }
}

/// KICK-3: the end of the engine. The call has its one completion, and close does not wait for the thread.
#[test]
fn a_close() {
    let _alone = alone();
    for case in cases() {
        let engine = engine(NO_STALL);
        let mut ring = ring(&engine);
        case.push(&mut ring);
        meanwhile(
            &case,
            || assert_eq!(ring.wait(1, Some(LONG)), Ok(1), "{}", case.name),
            || drop(engine.close(LONG)),
        );
        let [done] = &drain(&mut ring)[..] else { panic!("one completion") };
        assert_eq!(done.end().0, i64::from(-libc::ECANCELED), "{}", case.name);
    }
}

/// KICK-3: a DEADLINE, of a program: a call with one is a worker's, if storage could hold it.
#[test]
fn a_deadline() {
    let _alone = alone();
    let fifo = super::held::Place::fifo();
    let engine = engine(NO_STALL);
    let mut ring = ring(&engine);
    let program = deadline_program(&fifo.path);
    push_program(&mut ring, &program).expect("room");
    assert_eq!(ring.wait(1, Some(LONG)), Ok(1));
    let [done] = &drain(&mut ring)[..] else { panic!("one completion") };
    assert_eq!(done.end().0, i64::from(-libc::ETIME));
}

/// A program that opens a FIFO and has 20 ms for that.
fn deadline_program(path: &std::ffi::CStr) -> Program {
    Program::build(|p| {
        let asked = DeadlineAsked::After(20_000_000).emit();
        p.attribute(AttributeId::DEADLINE, AttributeFlags::REQUIRED, &asked);
        let path = p.path(path);
        let fd = p.call(calls::openat(libc::AT_FDCWD, path, libc::O_RDONLY, 0)).or_stop();
        p.finally(calls::close(fd));
    })
    .expect("a program")
}

/// KICK-1, ENGINE-16: a program whose call holds the submitter goes on in a worker, from that call.
#[test]
fn a_program_goes_on_elsewhere() {
    let _alone = alone();
    let mut case = cases().remove(0);
    let engine = engine(NO_STALL);
    let mut ring = ring(&engine);
    let path = case.path.clone();
    let program = Program::build(|p| {
        let path = p.path(&path);
        let fd = p.call(calls::openat(libc::AT_FDCWD, path, libc::O_RDONLY, 0)).or_stop();
        p.finally(calls::close(fd));
    });
    push_program(&mut ring, &program.expect("a program")).expect("room");
    assert_eq!(ring.wait(1, Some(Duration::from_millis(10))), Ok(0));
    assert_eq!(engine.stats().kicks, 1);
    let _kept = case.free();
    assert_eq!(ring.wait(1, Some(LONG)), Ok(1));
    let [done] = &drain(&mut ring)[..] else { panic!("one completion") };
    assert!(done.end().0 >= 0, "{:?}", done.end());
}
