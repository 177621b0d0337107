//! Threads that confine themselves, and what becomes of their rings.

#![allow(unsafe_code, reason = "confines single threads by raw system calls")]

use std::collections::BTreeMap;
use std::os::unix::process::parent_id;
use std::process::Command;
use std::thread;

use nix::errno::Errno;
use nix::unistd::{geteuid, gettid};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use syslet::attrs::{RunBy, WorkerValue};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, DoneFlags, Engine, Params, Refusal, Ring, Submission,
    SubmissionBuilder,
};

use crate::rig::{Seen, drain, getpid, pid, push, run};

/// What a forbidden call answers here, and nothing else does.
pub(crate) const FORBIDDEN: i64 = -(libc::ENOTNAM as i64);

/// Makes the calling thread's calls of these numbers fail; nobody else's.
pub(crate) fn forbid(numbers: &[libc::c_long]) {
    let action = SeccompAction::Errno(libc::ENOTNAM.cast_unsigned());
    let rules: BTreeMap<_, _> = numbers.iter().map(|nr| (*nr, vec![])).collect();
    let arch = TargetArch::try_from(std::env::consts::ARCH).expect("a known architecture");
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, arch).expect("a filter");
    seccompiler::apply_filter(&BpfProgram::try_from(filter).expect("a program")).expect("it is put on");
}

pub(crate) fn is_superuser(needed_for: &str) -> bool {
    if !geteuid().is_root() {
        println!("skipped: {needed_for} needs the superuser");
    }
    geteuid().is_root()
}

pub(crate) fn getppid() -> SubmissionBuilder {
    Submission::call(libc::SYS_getppid)
}

pub(crate) fn pooled(call: SubmissionBuilder) -> SubmissionBuilder {
    call.flags(CallFlags::ASYNC)
}

pub(crate) fn open(engine: &Engine) -> Ring {
    engine.ring(&Params::default()).expect("a ring")
}

/// Runs `body` in a thread of its own: what it does to itself ends with it.
pub(crate) fn in_thread(body: impl FnOnce() + Send) {
    thread::scope(|scope| scope.spawn(body).join()).expect("the thread has not panicked");
}

pub(crate) fn assert_pooled(ring: &mut Ring) {
    assert_eq!(run(ring, pooled(getppid())).result, i64::from(parent_id()));
}

pub(crate) fn assert_never_run(done: &Seen) {
    let never_ran = DoneFlags::NOT_RUN.with(DoneFlags::ENGINE_RESULT);
    assert_eq!((done.result, done.flags), (-i64::from(libc::EPERM), never_ran));
}

/// Whether a call that needs a worker is refused now. If not, it is run; it may have been found out meanwhile.
pub(crate) fn is_refused(ring: &mut Ring) -> bool {
    match push(ring, &pooled(getpid()).build()) {
        Err(refused) => {
            assert_eq!(refused.refusal(), Refusal::NEEDS_WORKER);
            return true;
        }
        Ok(_) => ring.submit_and_wait(1).expect("waited"),
    };
    let done = drain(ring).remove(0);
    if done.result != pid() {
        assert_never_run(&done);
    }
    false
}

/// The ring goes on in its submitter, and there only.
pub(crate) fn assert_inline_only(ring: &mut Ring) {
    assert!(is_refused(ring));
    let done = run(ring, getpid().attribute(AttributeId::WORKER, AttributeFlags::NONE, &[]));
    let (_, worker) = done.answer(AttributeId::WORKER).expect("an answer");
    let worker = WorkerValue::parse(worker).expect("a value");
    assert_eq!(
        (done.result, worker.run_by, worker.tid),
        (pid(), RunBy::INLINE, gettid().as_raw().cast_unsigned())
    );
}

/// What the thread has just done to itself keeps the next call from workers.
pub(crate) fn assert_is_noticed(ring: &mut Ring) {
    if push(ring, &pooled(getppid()).build()).is_ok() {
        ring.submit_and_wait(1).expect("waited");
        assert_never_run(&drain(ring)[0]);
    }
    assert_inline_only(ring);
}

/// No user of this system, as a rule.
pub(crate) const NOBODY: libc::uid_t = 65_534;

/// Changes the user ids of the calling thread alone, and no others: the C library would change those of all threads.
pub(crate) fn take_ids(effective: libc::uid_t) {
    const AS_IS: libc::uid_t = libc::uid_t::MAX;
    // SAFETY: changes the calling thread only.
    Errno::result(unsafe { libc::syscall(libc::SYS_setresuid, AS_IS, effective, AS_IS) }).expect("allowed");
}

pub(crate) fn drop_capabilities() {
    const VERSION_3: u32 = 0x2008_0522;
    let (header, none) = ([VERSION_3, 0], [0_u32; 6]);
    // SAFETY: the kernel reads both, as long as version 3 says; it changes the calling thread only.
    Errno::result(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) })
        .expect("allowed");
}

/// Runs a test of this file again, alone in a process of its own, unless this is that process.
pub(crate) fn in_own_process(name: &str, body: impl FnOnce()) {
    const INSIDE: &str = "SYSLET_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let mut command = Command::new(std::env::current_exe().expect("this test has a file"));
    let output = command.args([name, "--exact", "--nocapture"]).env(INSIDE, "1").output().expect("it starts");
    let said = [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat();
    assert!(output.status.success() && said.contains("1 passed"), "{name}: {said}");
}
