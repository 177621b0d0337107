//! Workers that the kernel kills: a filter put on before the engine was started kills the thread that makes one call.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::thread;
use std::time::Duration;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use syslet::attrs::{AtomsValue, LaneAsk, LaneValue, WorkerValue};
use syslet::program::build::calls;
use syslet::program::{Area, Group, Program};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Engine, Params, Ring, Status, Submission,
    SubmissionBuilder,
};

use crate::rig::{Seen, drain, getpid, pid, pipe, push, push_program, run};
use syslet_tests::pool::{self, until};

/// Runs `body` with an engine and a ring, whose workers do not survive these calls.
fn with_deadly(numbers: [libc::c_long; 2], config: Config, body: impl FnOnce(&Engine, Ring) + Send) {
    let mortal = || {
        let rules = numbers.iter().map(|nr| (*nr, vec![])).collect();
        let arch = TargetArch::try_from(std::env::consts::ARCH).expect("a known architecture");
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::KillThread, arch);
        let program = BpfProgram::try_from(filter.expect("a filter")).expect("a program");
        seccompiler::apply_filter(&program).expect("it is put on");
        let engine = Engine::start(config).expect("an engine");
        let ring = engine.ring(&Params::default()).expect("a ring");
        body(&engine, ring);
    };
    thread::scope(|scope| scope.spawn(mortal).join()).expect("the thread has not panicked");
}

fn pooled(nr: libc::c_long) -> SubmissionBuilder {
    Submission::call(nr).flags(CallFlags::ASYNC)
}

fn assert_owner_died(done: &Seen) {
    assert_eq!((done.result, done.flags), (-i64::from(libc::EOWNERDEAD), DoneFlags::ENGINE_RESULT));
    assert!(done.returns.iter().all(|(_, status, value)| *status == Status::UNAVAILABLE && value.is_empty()));
}

fn worker(done: &Seen) -> u32 {
    WorkerValue::parse(done.answer(AttributeId::WORKER).expect("an answer").1).expect("a value").tid
}

/// POOL-17: a worker dies in its call, the first worker too, and again and again. Each time the call is completed, its
/// attributes are UNAVAILABLE, and another worker goes on.
#[test]
fn worker_death_completes_its_call() {
    with_deadly(
        [libc::SYS_uname, libc::SYS_getppid],
        Config::default().workers_max(1),
        |engine, mut ring| {
            let asking =
                |call: SubmissionBuilder| call.attribute(AttributeId::WORKER, AttributeFlags::NONE, &[]);
            let mut tids = vec![worker(&run(&mut ring, asking(pooled(libc::SYS_getpid))))];
            for _ in 0..3 {
                let done = run(&mut ring, asking(pooled(libc::SYS_uname)).timing().output(390));
                assert_owner_died(&done);
                assert_eq!(done.returns.len(), 3, "DATA, WORKER and TIMING");
                let done = run(&mut ring, asking(pooled(libc::SYS_getpid)));
                assert_eq!(done.result, pid());
                assert!(!tids.contains(&worker(&done)), "another thread");
                tids.push(worker(&done));
                assert_eq!((engine.stats().workers, engine.stats().in_flight), (1, 0));
            }
        },
    );
}

/// ATTR-98: a call that takes its worker along gives its place in its lane to the next.
#[test]
fn who_dies_leaves_its_lane() {
    with_deadly([libc::SYS_uname, libc::SYS_getppid], Config::default(), |_, mut ring| {
        let ask = LaneAsk { id: 1, limit: 1 }.payload();
        for user_data in 0..10 {
            let nr = if user_data % 3 == 0 { libc::SYS_uname } else { libc::SYS_getpid };
            let call = pooled(nr).attribute(AttributeId::LANE, AttributeFlags::NONE, &ask);
            let call = if nr == libc::SYS_uname { call.output(390) } else { call };
            // A free lane alone would leave the call to this thread.
            push(&mut ring, &call.flags(CallFlags::ASYNC).user_data(user_data).build()).expect("accepted");
        }
        assert_eq!(ring.wait(10, None), Ok(10));
        for done in drain(&mut ring) {
            if done.user_data.is_multiple_of(3) {
                assert_owner_died(&done);
            } else {
                let value = LaneValue::parse(done.answer(AttributeId::LANE).expect("an answer").1);
                assert_eq!((done.result, value.expect("a value").running), (pid(), 1));
            }
        }
    });
}

/// POOL-17: instant calls claimed together with the one that kills run all the same, those before it and those behind;
/// each ends once.
#[test]
fn calls_claimed_beside_a_deadly_one_run() {
    with_deadly([libc::SYS_uname, libc::SYS_getppid], Config::default(), |_, mut ring| {
        for user_data in 0..64 {
            let nr = if user_data % 16 == 5 { libc::SYS_getppid } else { libc::SYS_getpid };
            push(&mut ring, &pooled(nr).user_data(user_data).build()).expect("accepted");
        }
        assert_eq!(ring.wait(64, None), Ok(64));
        let mut seen = drain(&mut ring);
        seen.sort_by_key(|done| done.user_data);
        assert!(seen.iter().map(|done| done.user_data).eq(0..64));
        for done in seen {
            if done.user_data % 16 == 5 {
                assert_owner_died(&done);
            } else {
                assert_eq!(done.result, pid());
            }
        }
    });
}

/// POOL-17, POOL-6: a worker that dies in a call that counts as blocked leaves no trace in the counts.
#[test]
fn a_blocked_worker_dies() {
    with_deadly([libc::SYS_pause, libc::SYS_flock], Config::default().runnable_max(1), |engine, mut ring| {
        let (reader, mut writer) = pipe();
        for _ in 0..3 {
            let fd = reader.as_raw_fd().into();
            assert_owner_died(&run(&mut ring, pooled(libc::SYS_flock).int(fd).int(libc::LOCK_EX.into())));
            assert_eq!((engine.stats().blocked, engine.stats().in_flight), (0, 0));
        }
        let fd = reader.as_raw_fd().into();
        push(&mut ring, &pooled(libc::SYS_read).int(fd).output(8).value(8).build()).expect("accepted");
        ring.submit();
        assert_eq!(run(&mut ring, getpid().flags(CallFlags::ASYNC)).result, pid());
        writer.write_all(b"x").expect("written");
        assert_eq!(ring.wait(1, None), Ok(1));
    });
}

/// A program whose calls run side by side, in workers.
fn side_by_side(write: impl for<'p> FnOnce(&mut Group<'_, 'p>, Area<'p>)) -> Program {
    let program = Program::build(|p| {
        p.flags(CallFlags::ASYNC);
        p.atoms();
        let buffer = p.area(1);
        p.together(|calls| write(calls, buffer));
    });
    program.expect("a program")
}

const GETPPID_KILLS: [libc::c_long; 2] = [libc::SYS_uname, libc::SYS_getppid];

/// SYSLET-37, POOL-17: a program whose own worker dies in a group is over when all members are: those that sleep are
/// stopped, and what nobody has begun is not made.
#[test]
fn a_group_outlives_its_program_by_nothing() {
    with_deadly(GETPPID_KILLS, Config::default().workers_max(2), |engine, mut ring| {
        let (reader, mut writer) = pipe();
        let fd = reader.as_raw_fd();
        let program = side_by_side(|calls, buffer| {
            calls.call(calls::getppid());
            calls.call(calls::read(fd, buffer, 1));
            calls.call(calls::read(fd, buffer, 1));
        });
        let takes_its_worker_along = |_| {
            push_program(&mut ring, &program).expect("accepted");
            ring.submit();
            let is_over = ring.wait(1, Some(Duration::from_secs(2))).expect("waited") > 0;
            if !is_over {
                // The other worker was before it.
                writer.write_all(b"xx").expect("written");
                ring.wait(1, None).expect("waited");
            }
            let done = drain(&mut ring).remove(0);
            if done.result == 2 {
                return false;
            }
            assert_owner_died(&done);
            is_over
        };
        assert!((0..100).any(takes_its_worker_along), "it is never the program's own worker");
        until("nothing is in flight", || engine.stats().in_flight == 0);
        writer.write_all(b"x").expect("written");
        let left = pool::unread(&reader);
        assert_eq!(run(&mut ring, getpid().flags(CallFlags::ASYNC)).result, pid());
        assert_eq!(pool::unread(&reader), left, "nobody reads any more");
    });
}

/// SYSLET-26, POOL-17: a member that takes its worker along is over with −EOWNERDEAD, and its program goes on; where it takes
/// the worker of its program along, the program is. Either way it ends once.
#[test]
fn a_deadly_member_ends_alone() {
    with_deadly(GETPPID_KILLS, Config::default().workers_max(2), |engine, mut ring| {
        let (reader, mut writer) = pipe();
        let fd = reader.as_raw_fd();
        let program = side_by_side(|calls, buffer| {
            calls.call(calls::read(fd, buffer, 1));
            calls.call(calls::getppid());
        });
        // Which of the two workers takes which of the calls is chance.
        let has_gone_on = |_| {
            push_program(&mut ring, &program).expect("accepted");
            ring.submit();
            ring.wait(1, Some(Duration::from_millis(50))).expect("waited");
            writer.write_all(b"x").expect("written");
            ring.wait(1, None).expect("waited");
            let done = drain(&mut ring).remove(0);
            let atoms = AtomsValue::parse(done.answer(AttributeId::ATOMS).expect("an answer").1);
            let Some(atoms) = atoms.filter(|_| done.result >= 0) else {
                assert_owner_died(&done);
                // Nobody else reads what was written for it, but the one that took that call, or the next program.
                return false;
            };
            let came: Vec<_> = atoms.entries().map(|entry| entry.value.0).collect();
            assert_eq!((done.result, came), (1, vec![1, 1, -i64::from(libc::EOWNERDEAD)]));
            true
        };
        assert!((0..200).any(has_gone_on), "it is always the program's own worker");
        until("nothing is in flight", || engine.stats().in_flight == 0);
    });
}
