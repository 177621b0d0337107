//! Each attribute has its effect in its own call.

use std::fs::{self, File, Permissions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use syslet::attrs::{
    Affinity, CpuMask, Credentials, Cwd, IoClass, IoPriority, Ioprio, Nice, Policy, Sched, Scheduling,
    TimerSlack, Umask,
};
use syslet::{AttributeId, CallFlags, Submission};

use super::{
    CREATE, NOBODY, close, creds, engine, is_superuser, nicer, nobody, open, run_acting, value, worker,
};
use crate::{look, state};

/// ATTR-70: NICE, SCHED, IOPRIO and TIMER_SLACK are in force in the call, and answer with what is.
#[test]
fn scheduling_is_in_force() {
    let _alone = look::alone();
    let (_engine, mut ring) = engine();
    let asked = nicer(5);
    let ask = (AttributeId::NICE, Nice::payload(asked).to_vec());
    let done = run_acting(&mut ring, Submission::call(libc::SYS_getpriority).int(0).int(0), &[ask]);
    let found = Nice::parse(value(&done, AttributeId::NICE));
    assert_eq!((done.result, found), ((20 - asked).into(), Some(asked.into())));

    for (policy, priority) in [(Policy::BATCH, 0), (Policy::IDLE, 0), (Policy::FIFO, 7), (Policy::RR, 99)] {
        if priority > 0 && !is_superuser("a real-time policy") {
            continue;
        }
        let ask = (AttributeId::SCHED, Scheduling { policy, priority }.payload().to_vec());
        let call = Submission::call(libc::SYS_sched_getscheduler).int(0);
        let done = run_acting(&mut ring, call, std::slice::from_ref(&ask));
        let found = Sched::parse(value(&done, AttributeId::SCHED));
        assert_eq!((done.result, found), (policy.0.into(), Some(policy)));
        let call = Submission::call(libc::SYS_sched_getparam).int(0).output(4);
        assert_eq!(run_acting(&mut ring, call, &[ask]).data(), priority.to_ne_bytes());
    }

    for (class, level) in [(IoClass::IDLE, 0), (IoClass::BEST_EFFORT, 6)] {
        let asked = IoPriority { class, level };
        let call = Submission::call(libc::SYS_ioprio_get).int(1).int(0);
        let done = run_acting(&mut ring, call, &[(AttributeId::IOPRIO, asked.payload().to_vec())]);
        let found = Ioprio::parse(value(&done, AttributeId::IOPRIO));
        assert_eq!((done.result, found), (i64::from(class.0 << 13 | level), Some(asked)));
    }

    let slack = Submission::call(libc::SYS_prctl).int(libc::PR_GET_TIMERSLACK.into());
    let slack = slack.value(0).value(0).value(0).value(0);
    let own = run_acting(&mut ring, slack.clone().flags(CallFlags::PRIVATE), &[]).result;
    for (ns, expected) in [(123_456, 123_456), (0, own)] {
        let ask = (AttributeId::TIMER_SLACK, TimerSlack::payload(ns).to_vec());
        let done = run_acting(&mut ring, slack.clone(), &[ask]);
        let found = TimerSlack::parse(value(&done, AttributeId::TIMER_SLACK));
        assert_eq!((done.result, found), (expected, Some(expected.cast_unsigned())));
    }
}

/// ATTR-70: AFFINITY binds the call, and answers with how many of its CPUs there are.
#[test]
fn affinity_is_in_force() {
    let _alone = look::alone();
    let (_engine, mut ring) = engine();
    let cpu = usize::try_from(state::first_cpu()).expect("a small number");
    let call = || Submission::call(libc::SYS_sched_getaffinity).int(0).int(128).output(128);
    for cpus in [vec![cpu], vec![cpu, 1023]] {
        let mask = CpuMask::of(cpus);
        let done = run_acting(&mut ring, call(), &[(AttributeId::AFFINITY, mask.payload())]);
        assert_eq!(Affinity::parse(value(&done, AttributeId::AFFINITY)), Some(1));
        assert_eq!(worker(&done).cpu as usize, cpu);
        let data: Vec<usize> = (0..1024).filter(|cpu| bit(done.data(), *cpu)).collect();
        assert_eq!(data, [cpu], "CPU 1023 is not there");
    }
}

fn bit(bytes: &[u8], at: usize) -> bool {
    bytes.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1)
}

/// ATTR-70: UMASK is what a new file's mode lacks, and CWD is where a relative path begins.
#[test]
fn cwd_and_umask_are_in_force() {
    let _alone = look::alone();
    let (_engine, mut ring) = engine();
    let dir = tempfile::tempdir().expect("room for a directory");
    let ask = (AttributeId::UMASK, Umask::payload(0o027).to_vec());
    close(&run_acting(&mut ring, open(&dir.path().join("masked"), CREATE, 0o666), &[ask]));
    assert_eq!(fs::metadata(dir.path().join("masked")).unwrap().mode() & 0o777, 0o640);

    let file = File::open(dir.path()).expect("it is there");
    let ask = (AttributeId::CWD, Cwd::payload(file.as_raw_fd()).to_vec());
    close(&run_acting(&mut ring, open(Path::new("relative"), CREATE, 0o600), &[ask]));
    assert!(dir.path().join("relative").exists());
}

/// ATTR-70: with CREDENTIALS a call opens what those may, and what it makes is theirs.
#[test]
fn credentials_are_in_force() {
    let _alone = look::alone();
    if !is_superuser("other credentials") {
        return;
    }
    let (_engine, mut ring) = engine();
    let dir = tempfile::tempdir().expect("room for a directory");
    fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).expect("it is ours");
    let (secret, made) = (dir.path().join("secret"), dir.path().join("made"));
    fs::write(&secret, "x").expect("room for a file");
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).expect("it is ours");
    let read = open(&secret, libc::O_RDONLY, 0);
    let done = run_acting(&mut ring, read.clone(), &[creds(&nobody())]);
    assert_eq!(done.result, -i64::from(libc::EACCES));
    close(&run_acting(&mut ring, open(&made, CREATE, 0o600), &[creds(&nobody())]));
    let made = fs::metadata(made).unwrap();
    assert_eq!((made.uid(), made.gid()), (NOBODY, NOBODY));

    // A file of group 7: the groups count, and those that are not given stay.
    std::os::unix::fs::chown(&secret, None, Some(7)).expect("we may");
    fs::set_permissions(&secret, Permissions::from_mode(0o640)).expect("it is ours");
    close(&run_acting(&mut ring, read.clone(), &[creds(&nobody())]));
    let alone = Credentials { groups: Some(Vec::new()), ..nobody() };
    let done = run_acting(&mut ring, read.clone(), &[creds(&alone)]);
    assert_eq!(done.result, -i64::from(libc::EACCES));
    let by_group = Credentials { fsuid: Some(NOBODY), fsgid: Some(7), groups: None };
    close(&run_acting(&mut ring, read, &[creds(&by_group)]));
}
