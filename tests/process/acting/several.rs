//! Several attributes on one call.

use std::fs::{self, File, Permissions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use syslet::attrs::{
    Action, Attribute, CallFacts, Credentials, Cwd, Needs, Nice, Observed, Plan, Policy, Sched, Scheduling,
    Token, Umask,
};
use syslet::{AttributeId, CallFlags, Config, Engine, Params, Refusal, Status, Submission};

use super::{CREATE, NOBODY, close, creds, engine, is_superuser, nicer, nobody, open, run_acting, value};
use crate::look;

/// ATTR-73: whatever the order asked, the directory is entered before the credentials change: with these alone it could
/// not be. All of it is in force in the call.
#[test]
fn credentials_come_last() {
    let _alone = look::alone();
    if !is_superuser("other credentials") {
        return;
    }
    let (_engine, mut ring) = engine();
    let dir = tempfile::tempdir().expect("room for a directory");
    fs::set_permissions(dir.path(), Permissions::from_mode(0o700)).expect("it is ours");
    let open_to_all = dir.path().join("open");
    fs::create_dir(&open_to_all).expect("room for a directory");
    fs::set_permissions(&open_to_all, Permissions::from_mode(0o707)).expect("it is ours");
    let file = File::open(&open_to_all).expect("it is there");
    let cwd = (AttributeId::CWD, Cwd::payload(file.as_raw_fd()).to_vec());
    let shut = File::open(dir.path()).expect("it is there");
    let into_shut = (AttributeId::CWD, Cwd::payload(shut.as_raw_fd()).to_vec());
    let umask = (AttributeId::UMASK, Umask::payload(0o007).to_vec());
    let user = creds(&Credentials { groups: None, ..nobody() });
    for (name, asks) in [
        ("first", vec![user.clone(), cwd.clone(), umask.clone()]),
        ("last", vec![umask.clone(), cwd, user.clone()]),
    ] {
        close(&run_acting(&mut ring, open(Path::new(name), CREATE, 0o666), &asks));
        let made = fs::metadata(open_to_all.join(name)).unwrap();
        assert_eq!((made.uid(), made.gid(), made.mode() & 0o777), (NOBODY, NOBODY, 0o660));
    }
    // It is entered, and then not even a name in it can be looked up.
    for asks in [[user.clone(), into_shut.clone()], [into_shut, user]] {
        let done = run_acting(&mut ring, open(Path::new("open"), libc::O_RDONLY, 0), &asks);
        assert_eq!(done.result, -i64::from(libc::EACCES));
    }
}

/// ATTR-73: a policy and a nice value are both in force, and so with PRIVATE.
#[test]
fn policy_and_nice() {
    let _alone = look::alone();
    let (_engine, mut ring) = engine();
    let batch = Scheduling { policy: Policy::BATCH, priority: 0 };
    let asked = nicer(3);
    let nice = (AttributeId::NICE, Nice::payload(asked).to_vec());
    let sched = (AttributeId::SCHED, batch.payload().to_vec());
    for flags in [CallFlags::NONE, CallFlags::PRIVATE, CallFlags::ASYNC] {
        let call = Submission::call(libc::SYS_getpriority).int(0).int(0).flags(flags);
        let done = run_acting(&mut ring, call, &[nice.clone(), sched.clone()]);
        assert_eq!(done.result, (20 - asked).into());
        assert_eq!(Nice::parse(value(&done, AttributeId::NICE)), Some(asked.into()));
        assert_eq!(Sched::parse(value(&done, AttributeId::SCHED)), Some(Policy::BATCH));
    }
}

/// An application's own, which acts.
#[derive(Debug)]
struct Own(AttributeId, Action, Needs);

impl Attribute for Own {
    fn id(&self) -> AttributeId {
        self.0
    }

    fn name(&self) -> &'static str {
        "own"
    }

    fn check(&self, _: &[u8], _: &CallFacts) -> Result<Plan, Status> {
        Ok(Plan { return_bytes_max: 8, may_run_inline: true, needs: self.2 })
    }

    fn action(&self, _: &[u8]) -> Option<Action> {
        Some(self.1.clone())
    }

    fn after(&self, _: &[u8], token: Token, _: &Observed, value: &mut [u8]) -> (Status, usize) {
        value.copy_from_slice(&token.0.to_ne_bytes());
        (Status::HANDLED, 8)
    }
}

/// ATTR-72, ATTR-76, ATTR-78: an application's attribute acts like a built-in one; of several that set the same, the one asked
/// last counts, and each tells what was in force behind it.
#[test]
fn the_last_one_counts() {
    let _alone = look::alone();
    let ids = [AttributeId(0x8000), AttributeId(0x8001)];
    let own = |id, nice| Arc::new(Own(id, Action::SetNice(nice), Needs::OWN_THREAD));
    let asked = [nicer(1), nicer(2)];
    let config = Config::default().attribute(own(ids[0], asked[0])).attribute(own(ids[1], asked[1]));
    let mut ring = Engine::start(config).unwrap().ring(&Params::default()).unwrap();
    let here = Submission::call(libc::SYS_getpid).flags(CallFlags::SYNC).attribute(ids[0], super::NONE, &[]);
    let refused = crate::rig::push(&mut ring, &here.build()).unwrap_err();
    assert_eq!(refused.refusal(), Refusal::NEEDS_WORKER, "though it may run inline");
    for [first, last] in [[0, 1], [1, 0]] {
        if last < first && !is_superuser("a higher priority than just before") {
            continue;
        }
        let order = [ids[first], ids[last]];
        let call = Submission::call(libc::SYS_getpriority).int(0).int(0);
        let done = run_acting(&mut ring, call, &order.map(|id| (id, Vec::new())));
        let told = order.map(|id| value(&done, id)[0]);
        assert_eq!(done.result, i64::from(20 - asked[last]));
        assert_eq!(told.map(i32::from), [asked[first], asked[last]], "the first one tells of its own");
    }
}

/// ATTR-78: an action that would reach beyond the call's thread, because its plan did not ask for enough, is not performed.
#[test]
fn a_plan_that_needs_too_little() {
    let _alone = look::alone();
    let id = AttributeId(0x8000);
    // Less than umask and directory need.
    let own = Own(id, Action::SetUmask(0o111), Needs::OWN_THREAD);
    let config = Config::default().attribute(Arc::new(own));
    let mut ring = Engine::start(config).unwrap().ring(&Params::default()).unwrap();
    let umask = || Submission::call(libc::SYS_umask).int(0o22);
    crate::one::run_one(&mut ring, umask(), 1);
    let done = crate::one::run_one(&mut ring, umask().attribute(id, super::NONE, &[]), 1);
    assert_eq!((done.result, super::status(&done, id)), (0o22, Status::UNAVAILABLE));
    assert_eq!(crate::one::run_one(&mut ring, umask(), 1).result, 0o22);
}

/// ENGINE-12: safe code asks for no attribute of the application's that could act on a directory: which one it would be, it says
/// only when the call is made.
#[test]
fn an_own_attribute_names_no_directory() {
    let _alone = look::alone();
    let root = File::open("/").expect("it is there");
    let id = AttributeId(0x8000);
    let with_needs = Needs::OWN_THREAD.with(Needs::OWN_FS);
    for (action, needs, accepted) in [
        (Action::ChangeDirectory(root.as_raw_fd()), with_needs, false),
        (Action::SetUmask(0o22), with_needs, false),
        (Action::ChangeDirectory(root.as_raw_fd()), Needs::OWN_THREAD, true),
        (Action::SetNice(nicer(3)), Needs::OWN_THREAD, true),
    ] {
        let shown = format!("{action:?}");
        let config = Config::default().attribute(Arc::new(Own(id, action, needs)));
        let mut ring = Engine::start(config).unwrap().ring(&Params::default()).unwrap();
        let call = Submission::call(libc::SYS_getppid).attribute(id, super::NONE, &[]).build();
        let pushed = ring.push_safe(&call).map_err(|refused| refused.refusal());
        let expected = if accepted { Ok(()) } else { Err(Refusal::NOT_SAFE_DESCRIPTOR) };
        assert_eq!(pushed.map(drop), expected, "{shown}");
        if accepted {
            assert_eq!(ring.wait(1, None), Ok(1));
            let status = ring.completions().next().and_then(|done| Some(done.attribute(id)?.status));
            let nice = shown.contains("Nice");
            assert_eq!(status, Some(if nice { Status::HANDLED } else { Status::UNAVAILABLE }), "{shown}");
        }
    }
}
