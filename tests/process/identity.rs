//! Confinement that a submitter takes upon itself after the engine was started. Alone in its process, because ids of
//! threads change, and with them what the kernel lets the process do.

#[allow(dead_code, reason = "what other tests need")]
mod confined;

use std::ffi::CString;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::process::parent_id;
use std::thread;
use std::time::Duration;

use nix::sys::prctl;
use nix::unistd::{gettid, mkfifo};
use syslet::attrs::{LaneAsk, Priority, RunBy, WorkerValue};
use syslet::{AttributeFlags, AttributeId, Config, Engine, Status, Submission, SubmissionBuilder};
use syslet_tests::{look, rig};

use confined::{
    FORBIDDEN, NOBODY, assert_inline_only, assert_is_noticed, assert_never_run, assert_pooled,
    drop_capabilities, forbid, getppid, in_thread, is_refused, is_superuser, open, pooled, take_ids,
};
use syslet_tests::look::until;
use syslet_tests::rig::{drain, getpid, pid, pipe, push, run};

/// POOL-20: a filter that the submitter has put on before it opens its ring, or after: nothing is run by a worker any
/// more. What was accepted and not published ends without having run, what needs a worker is refused, and what is
/// run inline meets the filter.
#[test]
fn identity_mismatch_refuses_pooling() {
    let engine = Engine::start(Config::default()).unwrap();
    in_thread(|| {
        forbid(&[libc::SYS_getppid]);
        let mut ring = open(&engine);
        assert_inline_only(&mut ring);
        assert_eq!(run(&mut ring, getppid()).result, FORBIDDEN);
    });
    for by_wait in [false, true] {
        in_thread(|| {
            let mut ring = open(&engine);
            assert_pooled(&mut ring);
            for user_data in 0..3 {
                push(&mut ring, &pooled(getppid()).user_data(user_data).build()).unwrap();
            }
            push(&mut ring, &getppid().user_data(3).build()).unwrap();
            forbid(&[libc::SYS_getppid]);
            if !by_wait {
                ring.submit();
            }
            assert_eq!(ring.wait(4, None), Ok(4));
            let mut seen = drain(&mut ring);
            seen.sort_by_key(|done| done.user_data);
            assert_eq!(seen.iter().map(|done| done.user_data).collect::<Vec<_>>(), [0, 1, 2, 3]);
            seen[..3].iter().for_each(assert_never_run);
            assert_eq!(seen[3].result, FORBIDDEN);
            assert_inline_only(&mut ring);
        });
    }
    assert_pooled(&mut open(&engine));
}

/// A call in a lane where it is alone.
fn in_lane(call: SubmissionBuilder) -> SubmissionBuilder {
    call.attribute(AttributeId::LANE, AttributeFlags::NONE, &LaneAsk { id: 1, limit: 1 }.payload())
}

/// POOL-20, POOL-30: the same for calls that stand aside: with a priority, or with a lane, in which nobody is left.
#[test]
fn what_stands_aside_is_withdrawn() {
    let engine = Engine::start(Config::default()).unwrap();
    in_thread(|| {
        let mut ring = open(&engine);
        assert_pooled(&mut ring);
        let high = |call: SubmissionBuilder| {
            call.attribute(AttributeId::PRIORITY, AttributeFlags::NONE, &Priority::payload(7))
        };
        for (user_data, call) in [(0, in_lane(getppid())), (1, high(pooled(getppid()))), (2, high(getppid()))]
        {
            push(&mut ring, &call.user_data(user_data).build()).unwrap();
        }
        forbid(&[libc::SYS_getppid]);
        assert_eq!(ring.wait(3, None), Ok(3));
        let mut seen = drain(&mut ring);
        seen.sort_by_key(|done| done.user_data);
        seen[..2].iter().for_each(assert_never_run);
        assert_eq!(seen[2].result, FORBIDDEN);
        let done = run(&mut ring, high(getpid()));
        assert_eq!(done.answer(AttributeId::PRIORITY), Some((Status::INAPPLICABLE, &[][..])));
    });
    assert_eq!(run(&mut open(&engine), in_lane(getppid())).result, i64::from(parent_id()));
}

/// POOL-33: while a call of a ring waits for its lane, other threads may give the ring to workers at any time. So a thread
/// that has confined itself since then does not publish what workers must not have, though it helps.
#[test]
fn a_ring_that_waits_for_a_lane_is_looked_at() {
    let engine = Engine::start(Config::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let path = CString::new(fifo.to_str().unwrap()).unwrap();
    let at_cwd = i64::from(libc::AT_FDCWD);
    let open_fifo = Submission::call(libc::SYS_openat).int(at_cwd).path(&path).int(libc::O_RDONLY.into());
    let open_fifo = open_fifo.value(0).user_data(1).build();
    let (reader, mut writer) = pipe();
    let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(8).value(8);
    let mut holder = open(&engine);
    push(&mut holder, &in_lane(read).build()).unwrap();
    holder.submit();
    in_thread(move || {
        let mut ring = open(&engine);
        push(&mut ring, &in_lane(getppid()).user_data(0).build()).unwrap();
        ring.submit();
        let parent = i64::from(parent_id());
        assert_pooled(&mut ring);
        until("nobody looks at the ring", || engine.stats().idle + 1 == engine.stats().workers);
        let tid = gettid().as_raw();
        let release = thread::spawn(move || {
            until("the submitter is stuck", || look::is_asleep_in(tid, libc::SYS_openat));
            // The lane is free, the waiting call has a worker, which then looks for more.
            writer.write_all(b"x").unwrap();
            holder.wait(1, None).unwrap();
            assert_eq!(drain(&mut holder)[0].result, 1);
            assert_eq!(run(&mut holder, in_lane(getpid())).result, pid());
            until("nobody works", || engine.stats().idle == engine.stats().workers);
            OpenOptions::new().write(true).open(fifo).unwrap()
        });
        forbid(&[libc::SYS_getppid]);
        push(&mut ring, &open_fifo).unwrap();
        push(&mut ring, &getppid().user_data(2).build()).unwrap();
        assert_eq!(ring.wait(3, None), Ok(3));
        let seen = drain(&mut ring);
        let result = |user_data| seen.iter().find(|done| done.user_data == user_data).unwrap().result;
        assert_eq!((result(0), result(2)), (parent, FORBIDDEN));
        release.join().unwrap();
    });
}

/// POOL-20: no_new_privs alone is enough, and noticed at once.
#[test]
fn no_new_privs_refuse_pooling() {
    let engine = Engine::start(Config::default()).unwrap();
    in_thread(|| {
        let mut ring = open(&engine);
        push(&mut ring, &pooled(getpid()).build()).unwrap();
        prctl::set_no_new_privs().unwrap();
        ring.submit_and_wait(1).unwrap();
        assert_never_run(&drain(&mut ring)[0]);
        assert_inline_only(&mut ring);
    });
}

/// POOL-20: a second filter, stacked on one that the workers have as well, is noticed at once; and so is one
/// that forbids to look at /proc.
#[test]
fn a_second_filter_refuses_pooling() {
    for forbidden in [&[libc::SYS_getppid][..], &[libc::SYS_getppid, libc::SYS_openat]] {
        in_thread(|| {
            forbid(&[libc::SYS_kcmp]);
            let engine = Engine::start(Config::default()).unwrap();
            let mut ring = open(&engine);
            assert_pooled(&mut ring);
            forbid(forbidden);
            assert_is_noticed(&mut ring);
            assert_eq!(run(&mut ring, getppid()).result, FORBIDDEN);
            assert!(is_refused(&mut open(&engine)));
        });
    }
}

/// POOL-20: capabilities that one thread gives up, and ids that it takes by a raw call, are noticed at once.
#[test]
fn capabilities_and_ids_refuse_pooling() {
    if !is_superuser("giving up capabilities and ids") {
        return;
    }
    let engine = Engine::start(Config::default()).unwrap();
    for change in [drop_capabilities, || take_ids(NOBODY)] {
        in_thread(|| {
            let mut ring = open(&engine);
            assert_pooled(&mut ring);
            change();
            assert_is_noticed(&mut ring);
        });
    }
}

/// POOL-45: a difference that is gone, and kept nothing from being made, is forgotten by a wait as well, after a while.
#[test]
fn a_wait_looks_again_after_a_while() {
    if !is_superuser("taking an id and giving it back") {
        return;
    }
    let engine = Engine::start(Config::default()).unwrap();
    in_thread(|| {
        let mut ring = open(&engine);
        take_ids(NOBODY);
        assert_is_noticed(&mut ring);
        take_ids(0);
        let high = || getpid().attribute(AttributeId::PRIORITY, AttributeFlags::NONE, &Priority::payload(7));
        let mut status = || run(&mut ring, high()).answer(AttributeId::PRIORITY).map(|(status, _)| status);
        // It is for workers, and needs none.
        until("it stands aside for workers", || status() == Some(Status::HANDLED));
    });
}

/// POOL-20: a ring that moves to a confined thread runs inline there, and is pooled again where it comes from.
#[test]
fn a_ring_is_as_confined_as_its_thread() {
    let engine = Engine::start(Config::default()).unwrap();
    let mut ring = open(&engine);
    assert_pooled(&mut ring);
    push(&mut ring, &pooled(getppid()).build()).unwrap();
    in_thread(|| {
        forbid(&[libc::SYS_getppid]);
        ring.submit();
        ring.submit_and_wait(1).unwrap();
        assert_never_run(&drain(&mut ring)[0]);
        assert_inline_only(&mut ring);
    });
    ring.submit();
    assert_pooled(&mut ring);
}

/// POOL-20: a call that its submitter has tried and would hand over is looked at before: the worker may not read what
/// the submitter may not.
#[test]
fn an_attempt_that_has_begun_is_not_handed_over() {
    let engine = Engine::start(Config::default()).unwrap();
    let (reader, mut writer) = pipe();
    in_thread(|| {
        let mut ring = open(&engine);
        assert_pooled(&mut ring);
        let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(8).value(8);
        let read = read.attribute(AttributeId::WORKER, AttributeFlags::NONE, &[]);
        forbid(&[libc::SYS_read]);
        push(&mut ring, &read.build()).unwrap();
        if ring.wait(1, Some(Duration::from_millis(100))) == Ok(0) {
            writer.write_all(b"x").unwrap();
            assert_eq!(ring.wait(1, None), Ok(1));
        }
        let done = drain(&mut ring).remove(0);
        assert_eq!(done.result, FORBIDDEN);
        let worker = WorkerValue::parse(done.answer(AttributeId::WORKER).unwrap().1).unwrap();
        assert_ne!(worker.run_by, RunBy::POOLED);
        assert_inline_only(&mut ring);
    });
}

/// POOL-20: a ring with a submitter stuck in a call is not given to workers that may more than it.
#[test]
fn a_confined_submitter_that_is_stuck_is_not_relieved() {
    let engine = Engine::start(Config::default().stall(Duration::from_micros(100))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let path = CString::new(fifo.to_str().unwrap()).unwrap();
    let at_cwd = i64::from(libc::AT_FDCWD);
    let open_fifo = Submission::call(libc::SYS_openat).int(at_cwd).path(&path).int(libc::O_RDONLY.into());
    let open_fifo = open_fifo.value(0).user_data(1).build();
    in_thread(|| {
        let mut ring = open(&engine);
        assert_pooled(&mut ring);
        let tid = gettid().as_raw();
        let release = thread::spawn(move || {
            until("the submitter is stuck", || look::is_asleep_in(tid, libc::SYS_openat));
            // Many times what it takes to be noticed.
            let mut ring = rig::pooled();
            let (reader, _writer) = pipe();
            let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(8).value(8);
            push(&mut ring, &read.build()).unwrap();
            assert_eq!(ring.wait(1, Some(Duration::from_millis(100))), Ok(0));
            OpenOptions::new().write(true).open(fifo).unwrap()
        });
        forbid(&[libc::SYS_getppid]);
        push(&mut ring, &open_fifo).unwrap();
        push(&mut ring, &getppid().user_data(2).build()).unwrap();
        assert_eq!(ring.wait(2, None), Ok(2));
        let seen = drain(&mut ring);
        let result = |user_data| seen.iter().find(|done| done.user_data == user_data).unwrap().result;
        assert!(result(1) >= 0);
        assert_eq!(result(2), FORBIDDEN);
        release.join().unwrap();
    });
}
