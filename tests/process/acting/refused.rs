//! Attributes that cannot be honoured.
#![allow(unsafe_code, reason = "gives a thread other ids and capabilities")]

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::sys::prctl;
use syslet::attrs::{
    CpuMask, Credentials, Cwd, IoClass, IoPriority, Nice, Policy, Scheduling, TimerSlack, Umask,
};
use syslet::{AttributeId, CallFlags, Config, DoneFlags, Engine, Params, Refusal, Status};

use super::{
    Ask, NOBODY, NONE, REQUIRED, creds, engine, is_superuser, nobody, open, run_acting, status, with,
};
use crate::look;
use crate::one::run_one;
use crate::rig::{alone, getpid, pid, push, ring_with};

/// One of each that always can.
fn harmless() -> Vec<Ask> {
    let usual = Scheduling { policy: Policy::BATCH, priority: 0 };
    let idle = IoPriority { class: IoClass::IDLE, level: 0 };
    vec![
        (AttributeId::NICE, Nice::payload(19).to_vec()),
        (AttributeId::SCHED, usual.payload().to_vec()),
        (AttributeId::IOPRIO, idle.payload().to_vec()),
        (AttributeId::AFFINITY, CpuMask([u64::MAX; 16]).payload()),
        (AttributeId::UMASK, Umask::payload(0o77).to_vec()),
        (AttributeId::TIMER_SLACK, TimerSlack::payload(1).to_vec()),
    ]
}

/// ATTR-72: without workers, and with SYNC, such a submission is refused, required or not.
#[test]
fn impossible_without_workers() {
    let _alone = look::alone();
    let mut inline = ring_with(alone(), &Params::default());
    let (_engine, mut ring) = engine();
    let all = harmless().into_iter().chain([
        (AttributeId::CWD, Cwd::payload(0).to_vec()),
        creds(&Credentials { fsuid: Some(0), ..Credentials::default() }),
    ]);
    for ask in all {
        for flags in [NONE, REQUIRED] {
            let call = with(getpid(), flags, std::slice::from_ref(&ask));
            let refused = push(&mut inline, &call.clone().build()).unwrap_err();
            assert_eq!(refused.refusal(), Refusal::NEEDS_WORKER, "{ask:?}");
            let refused = push(&mut ring, &call.flags(CallFlags::SYNC).build()).unwrap_err();
            assert_eq!(refused.refusal(), Refusal::NEEDS_WORKER, "{ask:?}");
        }
    }
}

/// ATTR-74: what the kernel does not permit is UNAVAILABLE. The call runs without it; if it was required, it does not.
#[test]
fn what_is_not_permitted() {
    let _alone = look::alone();
    if !is_superuser("becoming somebody who may not") {
        return;
    }
    let real_time = Scheduling { policy: Policy::FIFO, priority: 1 };
    let storage = IoPriority { class: IoClass::REAL_TIME, level: 0 };
    let forbidden = [
        (AttributeId::NICE, Nice::payload(-20).to_vec()),
        (AttributeId::SCHED, real_time.payload().to_vec()),
        (AttributeId::IOPRIO, storage.payload().to_vec()),
        creds(&Credentials { fsuid: Some(1), ..Credentials::default() }),
        creds(&Credentials { fsgid: Some(1), ..Credentials::default() }),
        creds(&Credentials { groups: Some(Vec::new()), ..Credentials::default() }),
    ];
    let permitted = harmless();
    // The ids of a thread alone, and of those that it starts: the process stays what it is.
    let nobody = std::thread::spawn(move || {
        let id = libc::c_long::from(NOBODY);
        // SAFETY: changes this thread only, whose engine ends with it.
        assert_eq!(unsafe { libc::syscall(libc::SYS_setresgid, id, id, id) }, 0);
        // SAFETY: as above.
        assert_eq!(unsafe { libc::syscall(libc::SYS_setresuid, id, id, id) }, 0);
        prctl::set_dumpable(true).expect("we may");
        let (_engine, mut ring) = engine();
        for ask in forbidden {
            let id = ask.0;
            let asks = std::slice::from_ref(&ask);
            let done = run_one(&mut ring, with(getpid(), NONE, asks), 2);
            assert_eq!((done.result, done.flags), (pid(), DoneFlags::NONE), "{ask:?}");
            assert_eq!(done.answer(id), Some((Status::UNAVAILABLE, &[][..])), "{ask:?}");
            let done = run_one(&mut ring, with(getpid(), REQUIRED, asks), 2);
            let not_run = DoneFlags::NOT_RUN.with(DoneFlags::ENGINE_RESULT);
            assert_eq!((done.result, done.flags), (-i64::from(libc::EOPNOTSUPP), not_run), "{ask:?}");
            assert_eq!(done.answer(id), Some((Status::UNAVAILABLE, &[][..])), "{ask:?}");
        }
        for ask in permitted {
            run_acting(&mut ring, getpid(), std::slice::from_ref(&ask));
        }
        let own = Credentials { fsuid: Some(NOBODY), fsgid: Some(NOBODY), groups: None };
        run_acting(&mut ring, getpid(), &[creds(&own)]);
    });
    nobody.join().expect("all went well");
}

/// ATTR-74: of several, the one that fails is UNAVAILABLE and the others act; if it is required, the others say that
/// there was no call.
#[test]
fn one_that_fails_among_others() {
    let _alone = look::alone();
    let (_engine, mut ring) = engine();
    let bad = (AttributeId::CWD, Cwd::payload(i32::MAX).to_vec());
    let umask = (AttributeId::UMASK, Umask::payload(0o77).to_vec());
    let asked = [bad, umask, (AttributeId::WORKER, Vec::new())];
    let done = run_one(&mut ring, with(getpid(), NONE, &asked), 2);
    let seen = asked.clone().map(|(id, _)| status(&done, id));
    assert_eq!((done.result, done.flags), (pid(), DoneFlags::NONE));
    assert_eq!(seen, [Status::UNAVAILABLE, Status::HANDLED, Status::HANDLED]);
    let done = run_one(&mut ring, with(getpid(), REQUIRED, &asked), 2);
    let seen = asked.map(|(id, _)| status(&done, id));
    assert!(done.flags.contains(DoneFlags::NOT_RUN), "{done:?}");
    assert_eq!(seen, [Status::UNAVAILABLE, Status::INAPPLICABLE, Status::INAPPLICABLE]);
}

/// ATTR-74: behind a required one that fails nothing more is changed: not the credentials, which would make the whole
/// process not dumpable, as they do where it was not required.
#[test]
fn nothing_more_is_changed() {
    let _alone = look::alone();
    if !is_superuser("other credentials") {
        return;
    }
    let (_engine, mut ring) = engine();
    let bad = (AttributeId::CWD, Cwd::payload(i32::MAX).to_vec());
    let user = creds(&Credentials { fsuid: Some(NOBODY), ..Credentials::default() });
    for (flags, stays_dumpable) in [(REQUIRED, true), (NONE, false)] {
        prctl::set_dumpable(true).expect("we may");
        let call = with(getpid(), flags, std::slice::from_ref(&bad));
        let done = run_one(&mut ring, with(call, NONE, std::slice::from_ref(&user)), 2);
        assert_eq!(status(&done, AttributeId::CWD), Status::UNAVAILABLE);
        assert_eq!(done.flags.contains(DoneFlags::NOT_RUN), stays_dumpable, "{done:?}");
        // SAFETY: takes and changes nothing.
        let dumpable = unsafe { libc::prctl(libc::PR_GET_DUMPABLE) };
        // What else it is then is the machine's to say: 0, or 2.
        assert_eq!(dumpable == 1, stays_dumpable);
    }
    prctl::set_dumpable(true).expect("we may");
}

/// ATTR-8, ATTR-75: a payload that is wrong is INVALID, changes nothing, and needs no thread of its own: without
/// workers it is accepted, too.
#[test]
fn what_is_invalid_costs_nothing() {
    let _alone = look::alone();
    let mut ring = ring_with(alone(), &Params::default());
    for (id, _) in harmless() {
        let wrong = [(id, vec![0xff; 200])];
        let done = run_one(&mut ring, with(getpid(), NONE, &wrong), 2);
        assert_eq!((done.result, status(&done, id)), (pid(), Status::INVALID));
        let done = run_one(&mut ring, with(getpid(), REQUIRED, &wrong), 2);
        assert_eq!((done.result, status(&done, id)), (-i64::from(libc::EINVAL), Status::INVALID));
    }
}

/// ATTR-77: ids that the kernel takes are taken back when it does not take the groups.
#[test]
fn credentials_are_taken_whole_or_not() {
    let _alone = look::alone();
    if !is_superuser("a thread that may take any user and no groups") {
        return;
    }
    let limited = std::thread::spawn(|| {
        drop_group_capability();
        let engine = Engine::start(Config::default()).unwrap();
        let mut ring = engine.ring(&Params::default()).unwrap();
        let ask = [creds(&nobody())];
        let made = tempfile::tempdir().unwrap();
        let path = made.path().join("made");
        let done = run_one(&mut ring, with(open(&path, super::CREATE, 0o600), NONE, &ask), 2);
        assert_eq!(status(&done, AttributeId::CREDENTIALS), Status::UNAVAILABLE);
        super::close(&done);
        let made = std::fs::metadata(path).unwrap();
        assert_eq!((made.uid(), made.gid()), (0, 0), "the call ran without them");
        assert!(run_one(&mut ring, with(open(Path::new("/"), 0, 0), REQUIRED, &ask), 2).result < 0);
    });
    limited.join().expect("all went well");
}

/// CAP_SETGID of the calling thread, and of those that it starts, is gone.
fn drop_group_capability() {
    const VERSION_3: u32 = 0x2008_0522;
    const SETGID: u32 = 1 << 6;
    let header = [VERSION_3, 0];
    let mut sets = [0_u32; 6];
    // SAFETY: reads eight bytes and writes 24, which both arrays have.
    assert_eq!(unsafe { libc::syscall(libc::SYS_capget, header.as_ptr(), sets.as_mut_ptr()) }, 0);
    sets.iter_mut().take(3).for_each(|set| *set &= !SETGID);
    // SAFETY: reads the same, and changes the calling thread only.
    assert_eq!(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr()) }, 0);
}
