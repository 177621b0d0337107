//! Calls that change the thread which makes them. Alone in its process, because all of its threads are looked at.
#![allow(unsafe_code, reason = "asks about threads by number")]

#[path = "private/one.rs"]
mod one;
#[path = "private/state.rs"]
mod state;

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use nix::unistd::{Uid, geteuid, seteuid, setuid};
use syslet::attrs::{RunBy, WorkerValue};
use syslet::syscalls::{Scope, rows};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Engine, Params, Refusal, Ring, Submission,
    SubmissionBuilder,
};
use syslet_tests::{look, rig};

use one::{occupy_one, run_one};
use state::State;
use syslet_tests::look::{alone_with_threads, until, workers, workers_in};
use syslet_tests::rig::{Seen, drain, getpid, pid, pipe, push, run};

const NOBODY: i64 = 65_534;

/// A call, and what it gives when nothing is missing; nothing for those whose result the machine decides.
struct Change {
    name: &'static str,
    call: SubmissionBuilder,
    result: Option<i64>,
}

fn change(name: &'static str, args: &[i64], result: impl Into<Option<i64>>) -> Change {
    let row = syslet::syscalls::row_by_name(name).expect("a row");
    let nr = row.numbers.here().expect("a number here");
    let call = args.iter().fold(Submission::call(i64::from(nr)), |call, &arg| call.int(arg));
    Change { name, call, result: result.into() }
}

fn private(call: SubmissionBuilder) -> SubmissionBuilder {
    call.flags(CallFlags::PRIVATE)
}

fn asking(call: SubmissionBuilder) -> SubmissionBuilder {
    call.attribute(AttributeId::WORKER, AttributeFlags::NONE, &[])
}

fn worker(done: &Seen) -> WorkerValue {
    WorkerValue::parse(done.answer(AttributeId::WORKER).expect("an answer").1).expect("a value")
}

fn is_superuser(needed_for: &str) -> bool {
    if !geteuid().is_root() {
        println!("skipped: {needed_for} needs the superuser");
    }
    geteuid().is_root()
}

/// Memory that stays where it is, as an argument.
fn kept<const N: usize>(words: [u64; N]) -> i64 {
    Box::leak(Box::new(words)).as_ptr().expose_provenance().cast_signed() as i64
}

/// A filter that allows everything.
fn allow_all() -> i64 {
    const RETURN: u64 = 0x06;
    const ALLOW: u64 = 0x7fff_0000;
    kept([1, kept([RETURN | ALLOW << 32]).cast_unsigned()])
}

fn ids() -> Vec<Change> {
    vec![
        change("setuid", &[NOBODY], 0),
        change("setgid", &[NOBODY], 0),
        change("setreuid", &[NOBODY, NOBODY], 0),
        change("setregid", &[NOBODY, NOBODY], 0),
        change("setresuid", &[NOBODY, NOBODY, NOBODY], 0),
        change("setresgid", &[NOBODY, NOBODY, NOBODY], 0),
        change("setfsuid", &[NOBODY], 0),
        change("setfsgid", &[NOBODY], 0),
        change("setgroups", &[1, kept([NOBODY.cast_unsigned()])], 0),
        // Version 3, of the caller; and no capability at all.
        change("capset", &[kept([0x2008_0522]), kept([0, 0, 0])], 0),
    ]
}

fn confinement(ruleset: &File) -> Vec<Change> {
    vec![
        change("seccomp", &[libc::SECCOMP_SET_MODE_FILTER.into(), 0, allow_all()], 0),
        change("landlock_restrict_self", &[ruleset.as_raw_fd().into(), 0], None),
        change("lsm_set_self_attr", &[100, kept([0]), 8, 0], None),
        change("personality", &[libc::ADDR_NO_RANDOMIZE.into()], 0),
    ]
}

fn namespaces(own: &File) -> Vec<Change> {
    let mut changes: Vec<Change> = [
        libc::CLONE_NEWNS,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWNET,
        libc::CLONE_NEWCGROUP,
        libc::CLONE_NEWPID,
        libc::CLONE_FS,
        libc::CLONE_FILES,
        libc::CLONE_SYSVSEM,
    ]
    .into_iter()
    .map(|flag| change("unshare", &[flag.into()], 0))
    .collect();
    // In a process with several threads these are refused by the kernel, here as anywhere.
    let invalid = -i64::from(libc::EINVAL);
    changes.push(change("unshare", &[libc::CLONE_NEWUSER.into()], invalid));
    changes.push(change("setns", &[own.as_raw_fd().into(), libc::CLONE_NEWNET.into()], 0));
    // Descriptors that nobody has.
    let unshare = i64::from(libc::CLOSE_RANGE_UNSHARE);
    changes.push(change("close_range", &[1 << 20, (1 << 20) + 1, unshare], 0));
    changes
}

fn keyrings() -> Vec<Change> {
    const JOIN_SESSION_KEYRING: i64 = 1;
    const THREAD_KEYRING: i64 = -1;
    let name = |name: &'static std::ffi::CStr| name.as_ptr().expose_provenance().cast_signed() as i64;
    let (user, key) = (name(c"user"), name(c"syslet-test-none"));
    vec![
        change("keyctl", &[JOIN_SESSION_KEYRING, 0, 0, 0, 0], None),
        change("add_key", &[user, key, key, 4, THREAD_KEYRING], None),
        change("request_key", &[user, key, 0, 0], None),
    ]
}

fn scheduling(cpu: u64) -> Vec<Change> {
    const IDLE_CLASS: i64 = 3 << 13;
    // struct sched_attr: 48 bytes, SCHED_BATCH, nice 7.
    let batch = kept([48 | 3 << 32, 0, 7, 0, 0, 0]);
    vec![
        change("setpriority", &[0, 0, 5], 0),
        change("ioprio_set", &[1, 0, IDLE_CLASS], 0),
        change("sched_setscheduler", &[0, libc::SCHED_BATCH.into(), kept([0])], 0),
        change("sched_setparam", &[0, kept([0])], 0),
        change("sched_setattr", &[0, batch, 0], 0),
        change("sched_setaffinity", &[0, 8, kept([1 << cpu])], 0),
        change("set_mempolicy", &[libc::MPOL_PREFERRED.into(), kept([1]), 2], None),
    ]
}

fn of_this_architecture() -> Vec<Change> {
    if cfg!(target_arch = "x86_64") {
        const GET_FS: i64 = 0x1003;
        vec![
            change("arch_prctl", &[GET_FS, kept([0])], 0),
            change("ioperm", &[0x80, 1, 1], None),
            change("iopl", &[3], None),
        ]
    } else {
        Vec::new()
    }
}

fn the_rest() -> Vec<Change> {
    const ALL_RIGHTS: i64 = 0;
    let option = |option: i32, value: i64| change("prctl", &[option.into(), value, 0, 0, 0], 0);
    let stack = kept([kept([0_u64; 4096]).cast_unsigned(), 0, 32 << 10]);
    vec![
        change("rt_sigprocmask", &[libc::SIG_SETMASK.into(), kept([0x7fff_fffe_0000_0000]), 0, 8], 0),
        change("sigaltstack", &[stack, 0], 0),
        change("pkey_alloc", &[0, ALL_RIGHTS], None),
        change("prctl", &[libc::PR_SET_NAME.into(), kept([u64::from_ne_bytes(*b"renamed\0")])], 0),
        option(libc::PR_SET_TIMERSLACK, 123_456),
        option(libc::PR_SET_KEEPCAPS, 1),
        option(libc::PR_SET_NO_NEW_PRIVS, 1),
        option(libc::PR_CAPBSET_DROP, 0),
        option(libc::PR_SET_SECUREBITS, 1 << 0),
        change("prctl", &[libc::PR_SET_SECCOMP.into(), 2, allow_all(), 0, 0], 0),
    ]
}

fn landlock_ruleset() -> File {
    let rules = kept([1]);
    // SAFETY: makes a descriptor; on a kernel without Landlock an error.
    let fd = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, rules, 8, 0) };
    let path = if fd < 0 { PathBuf::from("/dev/null") } else { PathBuf::from(format!("/proc/self/fd/{fd}")) };
    File::open(path).unwrap_or_else(|_| File::open("/dev/null").expect("it is there"))
}

fn all_changes() -> Vec<Change> {
    let net = File::open("/proc/self/ns/net").expect("the kernel has network namespaces");
    let ruleset = landlock_ruleset();
    let cpu = state::first_cpu();
    let (ruleset, net) = (Box::leak(Box::new(ruleset)), Box::leak(Box::new(net)));
    [
        ids(),
        confinement(ruleset),
        namespaces(net),
        keyrings(),
        scheduling(cpu),
        of_this_architecture(),
        the_rest(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// POOL-25: there is a change for every call that changes its thread.
#[test]
fn every_thread_writing_call_is_tried() {
    let _alone = alone_with_threads();
    let tried: Vec<_> = all_changes().iter().map(|change| change.name).collect();
    let writes = |scope: Scope| scope == Scope::WritesThread;
    let rows = rows().iter().filter(|row| row.numbers.here().is_some() && row.gone.is_none());
    let writing =
        rows.filter(|row| writes(row.scope) || row.scope_when.iter().any(|when| writes(when.scope)));
    let missing: Vec<_> = writing.map(|row| row.name).filter(|name| !tried.contains(name)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

/// POOL-25, ENGINE-8: without PRIVATE a call that changes its thread is refused; with it, it runs in a thread of its own,
/// and afterwards submitter, monitor and every worker are what they were.
#[test]
fn private_calls_leave_no_trace() {
    let _alone = alone_with_threads();
    if !is_superuser("changing ids, namespaces and confinement") {
        return;
    }
    let engine = Engine::start(Config::default().workers_max(2).runnable_max(2)).unwrap();
    let mut ring = engine.ring(&Params::default()).unwrap();
    let _sleeper = occupy_one(&mut ring);
    let own = run_one(&mut ring, asking(getpid().flags(CallFlags::ASYNC)), 1);
    let threads = look::engine_threads();
    assert_eq!(threads.len(), 3, "the monitor and two workers");
    state::until_settled(&threads);
    let changes = all_changes();
    let before = State::of_all(&threads, &mut ring);
    for Change { name, call, result } in changes {
        let refused = push(&mut ring, &call.clone().build()).unwrap_err();
        assert_eq!(refused.refusal(), Refusal::THREAD_STATE, "{name}");
        let done = run_one(&mut ring, asking(private(call)), 2);
        assert_eq!(done.flags, DoneFlags::NONE, "{name}: {done:?}");
        if let Some(result) = result {
            assert_eq!(done.result, result, "{name}");
        }
        let by = worker(&done);
        assert_eq!(by.run_by, RunBy::PRIVATE, "{name}");
        assert!(!threads.contains(&by.tid.cast_signed()), "{name}: a thread of its own");
        before.assert_same(&State::of_all(&threads, &mut ring), name);
    }
    let again = run_one(&mut ring, asking(getpid().flags(CallFlags::ASYNC)), 1);
    assert_eq!((again.result, worker(&again).tid), (own.result, worker(&own).tid), "the same worker goes on");
}

/// POOL-25: a change made by a PRIVATE call is there in its own thread: the next PRIVATE call does not see it, and the
/// process's working directory is the caller's business.
#[test]
fn private_contexts_do_not_meet() {
    let _alone = alone_with_threads();
    if !is_superuser("setfsuid") {
        return;
    }
    let mut ring = Engine::start(Config::default()).unwrap().ring(&Params::default()).unwrap();
    for _ in 0..10 {
        // It gives back what was before.
        let done = run(&mut ring, private(Submission::call(libc::SYS_setfsuid).int(NOBODY)));
        assert_eq!(done.result, 0);
    }
    let umask = |mask: i64| private(Submission::call(libc::SYS_umask).int(mask));
    let own = run(&mut ring, umask(0o123)).result;
    assert_eq!(run(&mut ring, umask(own)).result, 0o123, "it is the process's");
    let done = run(&mut ring, asking(private(getpid())));
    assert_eq!((done.result, worker(&done).run_by, worker(&done).attempts), (pid(), RunBy::PRIVATE, 1));
}

/// POOL-27: a filter that the call puts on and that kills its thread takes nothing along: the call ends with
/// −EOWNERDEAD, and the same worker goes on.
#[test]
fn a_private_context_that_dies_takes_nothing_along() {
    let _alone = alone_with_threads();
    let mut ring = Engine::start(Config::default().workers_max(1)).unwrap().ring(&Params::default()).unwrap();
    let before = worker(&run(&mut ring, asking(getpid().flags(CallFlags::ASYNC)))).tid;
    const RETURN: u64 = 0x06;
    // KILL_THREAD for everything: the thread cannot even end by itself.
    let kill_all = kept([1, kept([RETURN]).cast_unsigned()]);
    let call = Submission::call(libc::SYS_seccomp).int(1).int(0).int(kill_all);
    let done = run(&mut ring, asking(private(call)));
    if is_superuser("a filter without no_new_privs") {
        assert_eq!((done.result, done.flags), (-i64::from(libc::EOWNERDEAD), DoneFlags::ENGINE_RESULT));
    } else {
        assert_eq!((done.result, done.flags), (-i64::from(libc::EACCES), DoneFlags::NONE));
    }
    let after = run(&mut ring, asking(getpid().flags(CallFlags::ASYNC)));
    assert_eq!((after.result, worker(&after).tid), (pid(), before));
}

/// POOL-26: while PRIVATE calls sleep and others change their ids, the application's seteuid and setuid return, reach all
/// workers, and never find a thread whose ids are not the process's.
#[test]
fn setuid_while_private_context_lives() {
    let _alone = alone_with_threads();
    if !is_superuser("setuid") {
        return;
    }
    let engine = Engine::start(Config::default()).unwrap();
    let mut ring = engine.ring(&Params::default()).unwrap();
    let (reader, mut writer) = pipe();
    let fd = i64::from(reader.as_raw_fd());
    push(&mut ring, &private(Submission::call(libc::SYS_read).int(fd).output(1).value(1)).build()).unwrap();
    ring.submit();
    until("a private context sleeps", || look::engine_threads_named("syslet-private").len() == 1);
    assert_eq!(run_one(&mut ring, getpid().flags(CallFlags::ASYNC), 2).result, pid());
    let known: Vec<_> = workers().into_iter().filter(|tid| look::name(*tid) != "syslet-private").collect();
    const CALLS: u64 = 200;
    for round in 0..CALLS {
        let call = Submission::call(libc::SYS_setresuid).int(NOBODY).int(NOBODY).int(NOBODY);
        push(&mut ring, &private(call).user_data(1).build()).unwrap();
        ring.submit();
        let uid = Uid::from_raw(if round % 2 == 0 { 1 } else { 0 });
        seteuid(uid).expect("it may");
        assert_eq!(geteuid(), uid);
        for tid in &known {
            let ids = look::status(*tid, "Uid").expect("it lives");
            assert_eq!(ids.split(' ').nth(1), Some(&*uid.to_string()));
        }
        while !wait_for(&mut ring, 1) {}
    }
    seteuid(Uid::from_raw(0)).unwrap();
    setuid(Uid::from_raw(0)).expect("it is root already");
    writer.write_all(b"x").unwrap();
    ring.wait(1, None).unwrap();
    assert_eq!(drain(&mut ring)[0].result, 1);
}

/// Whether the call with this user's word has ended by now; its result is a success or a refusal by the kernel.
fn wait_for(ring: &mut Ring, user_data: u64) -> bool {
    ring.wait(1, None).expect("waited");
    let done = drain(ring);
    assert!(done.iter().all(|done| [0, -i64::from(libc::EPERM)].contains(&done.result)), "{done:?}");
    done.iter().any(|done| done.user_data == user_data)
}

/// POOL-26: the same while every worker that there may be sleeps, half of them for a PRIVATE call.
#[test]
fn setuid_while_all_blocked() {
    let _alone = alone_with_threads();
    if !is_superuser("setuid") {
        return;
    }
    let engine = Engine::start(Config::default().workers_max(4)).unwrap();
    let mut ring = engine.ring(&Params::default()).unwrap();
    let (reader, mut writer) = pipe();
    let fd = i64::from(reader.as_raw_fd());
    for flags in [CallFlags::ASYNC, CallFlags::PRIVATE].into_iter().cycle().take(4) {
        let read = Submission::call(libc::SYS_read).int(fd).output(1).value(1);
        push(&mut ring, &read.flags(flags).build()).unwrap();
        ring.submit();
    }
    until("all sleep", || workers_in(libc::SYS_read).len() == 4);
    assert_eq!(engine.stats().workers, 4);
    for uid in [1, 0, 1, 0] {
        seteuid(Uid::from_raw(uid)).unwrap();
    }
    setuid(Uid::from_raw(0)).unwrap();
    writer.write_all(b"abcd").unwrap();
    ring.wait(4, None).unwrap();
    assert!(drain(&mut ring).iter().all(|done| done.result == 1));
}
