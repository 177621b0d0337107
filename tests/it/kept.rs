//! Submissions that are pushed again, and calls that are prepared for it.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use syslet::program::{Program, calls};
use syslet::{AttributeFlags, AttributeId, CallFlags, Config, Engine, Params, Refusal, Ring, Submission};

use crate::rig::{self, drain, getpid, push};

/// So often that the verdict is kept for most of them.
const PUSHES: u64 = 8;

fn finish(ring: &mut Ring) -> Vec<rig::Seen> {
    ring.submit_and_wait(1).expect("waited");
    drain(ring)
}

fn null() -> Arc<File> {
    Arc::new(File::open("/dev/null").expect("there"))
}

/// ENGINE-35: a submission that is pushed again is answered as a fresh one, with its own word and arguments.
#[test]
fn pushes_of_one_submission_are_answered_one_by_one() {
    for mut ring in [rig::ring(), rig::pooled()] {
        let mut lseek = Submission::call(libc::SYS_lseek).int(-1).value(0).value(0).build();
        for word in 0..PUSHES {
            lseek.set_user_data(word);
            push(&mut ring, &lseek).expect("accepted");
            let seen = finish(&mut ring).remove(0);
            assert_eq!((seen.user_data, seen.result), (word, -i64::from(libc::EBADF)));
        }
    }
}

/// ENGINE-35: TIMING has the time of the push that it belongs to.
#[test]
fn each_push_has_its_own_time() {
    let mut ring = rig::ring();
    let timed = getpid().timing().build();
    let mut finished_ns = 0;
    for _ in 0..PUSHES {
        push(&mut ring, &timed).expect("accepted");
        ring.submit_and_wait(1).expect("waited");
        let timing = ring.completions().next().and_then(|done| done.timing()).expect("answered");
        assert!(timing.queued_ns >= finished_ns, "it was queued after the one before was over");
        finished_ns = timing.finished_ns;
    }
}

/// ENGINE-35: the same of a program, whose verdict is kept with its checks.
#[test]
fn each_push_of_a_program_has_its_own_time() {
    let mut ring = rig::ring();
    let program = Program::build(|p| {
        p.attribute(AttributeId::TIMING, AttributeFlags::NONE, &[]);
        p.call(calls::getppid());
    });
    let program = program.expect("well-formed");
    let mut finished_ns = 0;
    for _ in 0..PUSHES {
        rig::push_program(&mut ring, &program).expect("accepted");
        ring.submit_and_wait(1).expect("waited");
        let timing = ring.completions().next().and_then(|done| done.timing()).expect("answered");
        assert!(timing.queued_ns >= finished_ns, "it was queued after the one before was over");
        finished_ns = timing.finished_ns;
    }
}

/// ENGINE-35: threads push one submission at once, each to a ring of its own.
#[test]
fn threads_push_one_submission() {
    fn shared<T: Clone + Send + Sync>(of: &T) -> &T {
        of
    }
    let engine = Engine::start(rig::alone()).expect("an engine");
    let call = getpid().build();
    let call = shared(&call);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut ring = engine.ring(&Params::default()).expect("a ring");
                for _ in 0..100 {
                    ring.push_safe(call).expect("safe");
                    assert_eq!(finish(&mut ring).remove(0).result, rig::pid());
                }
                shared(&ring.prepare(call, []).expect("prepared"));
            });
        }
    });
}

/// ENGINE-35: a ring with other limits, and one of another engine, check for themselves.
#[test]
fn another_ring_checks_for_itself() {
    let read = Submission::call(libc::SYS_read).lend(&null()).output(2048).value(2048).build();
    let engine = Engine::start(Config::default()).expect("an engine");
    let mut ring = engine.ring(&Params::default()).expect("a ring");
    for _ in 0..PUSHES {
        ring.push_safe(&read).expect("safe");
    }
    let small = Params { completion_record_max: 1024, ..Params::default() };
    let mut small = engine.ring(&small).expect("a ring");
    let refused = small.push_safe(&read).expect_err("its out area fits no completion there");
    assert_eq!(refused.refusal(), Refusal::TOO_LARGE);
    let mut alone = rig::ring();
    let nap = Submission::call(libc::SYS_nanosleep).value(0).value(0).build();
    for _ in 0..PUSHES {
        push(&mut ring, &nap).expect("workers sleep in it");
    }
    assert_eq!(push(&mut alone, &nap).expect_err("no thread may").refusal(), Refusal::NEEDS_WORKER);
}

/// ENGINE-35: a changed argument is refused as in a fresh submission, and accepted again when it is put back.
#[test]
fn a_changed_argument_is_refused_as_ever() {
    let (mut ring, file) = (rig::ring(), null());
    let fd = u64::try_from(file.as_raw_fd()).expect("open");
    let mut read = Submission::call(libc::SYS_pread64).lend(&file).output(64).value(64).value(0).build();
    let faults = [
        (0, u64::MAX >> 33, fd, Refusal::NOT_SAFE_DESCRIPTOR),
        (1, 8, 0, Refusal::OUT_OUTSIDE_AREA),
        (2, 65, 64, Refusal::OUT_OUTSIDE_AREA),
    ];
    for (index, wrong, right, refusal) in faults {
        for _ in 0..3 {
            for _ in 0..PUSHES {
                ring.push_safe(&read).expect("safe");
                finish(&mut ring);
            }
            read.set_arg(index, wrong);
            let refused = ring.push_safe(&read).expect_err("refused");
            assert_eq!(refused.refusal(), refusal, "argument {index}");
            read.set_arg(index, right);
        }
    }
}

/// ENGINE-35: that `push` has accepted a submission does not make it one for safe code.
#[test]
fn what_was_promised_once_is_not_safe() {
    let mut ring = rig::ring();
    let close = Submission::call(libc::SYS_close).int(-1).build();
    for _ in 0..PUSHES {
        push(&mut ring, &close).expect("accepted");
        finish(&mut ring);
    }
    assert_eq!(ring.push_safe(&close).expect_err("not safe").refusal(), Refusal::NOT_SAFE_ROW);
}

/// ENGINE-36: a prepared call is pushed with arguments and a word of its own each time; all else stays.
#[test]
fn a_prepared_call_takes_its_arguments_with_each_push() {
    let path = std::env::temp_dir().join(format!("syslet-kept-{}", std::process::id()));
    std::fs::write(&path, b"0123456789").expect("written");
    let file = Arc::new(File::open(&path).expect("there"));
    std::fs::remove_file(&path).expect("removed");
    let mut ring = rig::ring();
    let read = Submission::call(libc::SYS_pread64).lend(&file).output(4).value(4).value(0);
    let mut read = ring.prepare(&read.flags(CallFlags::STORAGE).build(), [3, 2]).expect("prepared");
    for (position, len, word) in [(0, 4, 1), (3, 2, 2), (8, 4, 3), (3, 2, 4)] {
        read.push_safe(&mut ring, [position, len], word).expect("safe");
        ring.submit_and_wait(1).expect("waited");
        let done = ring.completions().next().expect("one");
        let from = usize::try_from(position).expect("small");
        let bytes = &b"0123456789"[from..10.min(from + usize::try_from(len).expect("small"))];
        assert_eq!((done.user_data(), done.data()), (word, Some(bytes)));
    }
    let refused = read.push_safe(&mut ring, [0, 5], 5).expect_err("beyond the area");
    assert_eq!((refused.refusal(), ring.in_flight()), (Refusal::OUT_OUTSIDE_AREA, 0));
    assert_eq!(refused.explain(read.submission()), refused.explain(&read.submission().clone()));
}

/// ENGINE-36: what a push would refuse is not prepared, nor is a call without the argument.
#[test]
fn what_a_push_would_refuse_is_not_prepared() {
    let mut ring = rig::ring();
    let long = getpid().value(1).build();
    assert_eq!(ring.prepare(&long, []).expect_err("refused").refusal(), Refusal::WRONG_ARGUMENT_COUNT);
    assert_eq!(ring.in_flight(), 0);
    let prepared =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| ring.prepare(&getpid().build(), [0])));
    assert!(prepared.is_err(), "it has no argument 0");
}

/// ENGINE-36: a prepared call is pushed to other rings as well, and to those that refuse it.
#[test]
fn a_prepared_call_is_for_any_ring() {
    let mut rings = [rig::pooled(), rig::ring()];
    let mut call = rings[0].prepare(&getpid().build(), []).expect("prepared");
    for word in 0..PUSHES {
        for ring in &mut rings {
            call.push_safe(ring, [], word).expect("safe");
            let seen = finish(ring).remove(0);
            assert_eq!((seen.user_data, seen.result), (word, rig::pid()));
        }
    }
    let nap = Submission::call(libc::SYS_nanosleep).value(0).value(0).build();
    let mut nap = rings[0].prepare(&nap, []).expect("workers sleep in it");
    assert_eq!(
        nap.push_safe(&mut rings[1], [], 0).expect_err("no thread may").refusal(),
        Refusal::NEEDS_WORKER
    );
}
