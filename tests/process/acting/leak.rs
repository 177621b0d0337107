//! What was changed for one call is seen by no other.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;

use syslet::attrs::{
    CpuMask, Credentials, Cwd, IoClass, IoPriority, Nice, Policy, Scheduling, TimerSlack, Umask,
};
use syslet::{AttributeId, CallFlags, Submission};

use super::{Ask, NOBODY, REQUIRED, creds, engine, is_superuser, nice_of, nicer, nobody, run_acting, with};
use crate::look::{self, until, workers_in};
use crate::one::{occupy_one, run_one};
use crate::rig::{drain, getpid, pid, pipe, push};
use crate::state::{self, State};

/// Makes a call with each of these, and looks at submitter, monitor and every worker before and after.
fn leaves_no_trace(asks: &[(&str, Vec<Ask>)]) {
    let (_engine, mut ring) = engine();
    let _sleeper = occupy_one(&mut ring);
    run_one(&mut ring, getpid().flags(CallFlags::ASYNC), 1);
    let threads = look::engine_threads();
    assert_eq!(threads.len(), 3, "the monitor and two workers");
    state::until_settled(&threads);
    let before = State::of_all(&threads, &mut ring);
    for (name, asks) in asks {
        assert_eq!(run_acting(&mut ring, getpid(), asks).result, pid());
        before.assert_same(&State::of_all(&threads, &mut ring), name);
        // Neither does the next call that has a thread of its own.
        let umask = Submission::call(libc::SYS_umask).int(0o22).flags(CallFlags::PRIVATE);
        let cwd = Submission::call(libc::SYS_getcwd).output(4096).value(4096).flags(CallFlags::PRIVATE);
        let ids = Submission::call(libc::SYS_setfsuid).int(-1).flags(CallFlags::PRIVATE);
        assert_eq!(run_one(&mut ring, umask, 3).result, 0o22, "{name}");
        assert_eq!(run_one(&mut ring, ids, 3).result, nix::unistd::geteuid().as_raw().into(), "{name}");
        let own = std::env::current_dir().expect("there is one");
        let seen = run_one(&mut ring, cwd, 3);
        assert_eq!(seen.data().strip_suffix(b"\0"), Some(own.as_os_str().as_encoded_bytes()), "{name}");
    }
}

/// Sets the mask that the tests reckon with.
fn usual_umask() {
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o22));
}

/// ATTR-71, POOL-25: ids and groups of a call are those of no other: not of a worker, the monitor, the submitter, or the
/// next call with a thread of its own.
#[test]
fn creds_do_not_leak() {
    let _alone = look::alone_with_threads();
    if !is_superuser("other credentials") {
        return;
    }
    usual_umask();
    leaves_no_trace(&[
        ("all", vec![creds(&nobody())]),
        ("user", vec![creds(&Credentials { fsuid: Some(NOBODY), ..Credentials::default() })]),
        ("group", vec![creds(&Credentials { fsgid: Some(NOBODY), ..Credentials::default() })]),
        ("groups", vec![creds(&Credentials { groups: Some(vec![1, 2, 3]), ..Credentials::default() })]),
    ]);
}

/// ATTR-71, POOL-28: neither the process nor any thread of it sees a call's own working directory and umask.
#[test]
fn cwd_and_umask_do_not_leak() {
    let _alone = look::alone_with_threads();
    usual_umask();
    let proc = File::open("/proc").expect("it is mounted");
    let cwd = (AttributeId::CWD, Cwd::payload(proc.as_raw_fd()).to_vec());
    let umask = (AttributeId::UMASK, Umask::payload(0o123).to_vec());
    leaves_no_trace(&[
        ("cwd", vec![cwd.clone()]),
        ("umask", vec![umask.clone()]),
        ("both", vec![umask, cwd]),
    ]);
}

/// ATTR-71: the CPUs of a call are those of no other.
#[test]
fn affinity_does_not_leak() {
    let _alone = look::alone_with_threads();
    usual_umask();
    let cpu = usize::try_from(state::first_cpu()).expect("a small number");
    leaves_no_trace(&[("affinity", vec![(AttributeId::AFFINITY, CpuMask::of([cpu]).payload())])]);
}

/// ATTR-71: nor do the others.
#[test]
fn scheduling_does_not_leak() {
    let _alone = look::alone_with_threads();
    usual_umask();
    let batch = Scheduling { policy: Policy::BATCH, priority: 0 };
    let idle = IoPriority { class: IoClass::IDLE, level: 0 };
    leaves_no_trace(&[
        ("nice", vec![(AttributeId::NICE, Nice::payload(nicer(7)).to_vec())]),
        ("sched", vec![(AttributeId::SCHED, batch.payload().to_vec())]),
        ("ioprio", vec![(AttributeId::IOPRIO, idle.payload().to_vec())]),
        ("timer_slack", vec![(AttributeId::TIMER_SLACK, TimerSlack::payload(123_456).to_vec())]),
    ]);
}

/// ATTR-32: while a call sleeps at a changed priority, the worker that will post its completion is at its own.
#[test]
fn who_posts_is_not_changed() {
    let _alone = look::alone_with_threads();
    let (_engine, mut ring) = engine();
    let tids = look::workers();
    let (reader, mut writer) = pipe();
    let asked = nicer(7);
    let nice = (AttributeId::NICE, Nice::payload(asked).to_vec());
    let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(1).value(1);
    push(&mut ring, &with(read, REQUIRED, &[nice]).build()).expect("accepted");
    ring.submit();
    until("the call sleeps", || workers_in(libc::SYS_read).len() == 1);
    let own = nice_of(nix::unistd::gettid().as_raw());
    assert_eq!(
        look::engine_threads_named("syslet-private").into_iter().map(nice_of).collect::<Vec<_>>(),
        [asked]
    );
    assert!(tids.iter().all(|tid| nice_of(*tid) == own), "the one that waits for it, too");
    writer.write_all(b"x").expect("somebody reads");
    ring.wait(1, None).expect("waited");
    assert_eq!(drain(&mut ring)[0].result, 1);
}
