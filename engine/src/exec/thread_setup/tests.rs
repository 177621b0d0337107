use crate::exec::claim::NEVER;
use crate::exec::thread_setup::*;

const ALL: Needs = Needs::OWN_THREAD.with(Needs::OWN_FS);

/// No call of these tests is to stop.
const FREE: Actor<'_> = Actor { cancel: &NEVER };

fn perform(action: &Action, needs: Needs) -> Result<u64, Failed> {
    crate::exec::thread_setup::perform(action, needs, &NEVER)
}

/// Tells fsuid and fsgid of the calling thread.
fn ids() -> (u32, u32) {
    let ask = |nr| FREE.ask_id(nr, NO_ID).expect("it only asks");
    (ask(libc::SYS_setfsuid), ask(libc::SYS_setfsgid))
}

/// Takes capabilities away from the calling thread.
fn without(capabilities: u32) {
    let header = [0x2008_0522_u32, 0];
    let mut sets = [0_u32; 6];
    let place = sets.as_mut_ptr().expose_provenance() as u64;
    assert!(FREE.ask(libc::SYS_capget, [address(&header), place, 0, 0]).is_ok());
    sets.iter_mut().take(3).for_each(|set| *set &= !capabilities);
    assert!(FREE.ask(libc::SYS_capset, [address(&header), place, 0, 0]).is_ok());
}

const CAP_SETGID: u32 = 1 << 6;
const CAP_SETUID: u32 = 1 << 7;

/// Runs in a thread of its own, of a superuser.
fn apart(what: &str, body: impl FnOnce() + Send + 'static) {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: {what} needs the superuser");
        return;
    }
    std::thread::spawn(body).join().expect("all went well");
}

fn creds(fsuid: u32) -> Action {
    let groups = Some(vec![1]);
    Action::SetCredentials(Box::new(Credentials { fsuid: Some(fsuid), fsgid: Some(0), groups }))
}

/// ATTR-77: ids that were taken are put back when the groups are refused.
#[test]
fn ids_are_put_back() {
    apart("other ids", || {
        without(CAP_SETGID);
        assert_eq!(perform(&creds(1), ALL), Err(Failed::Refused(libc::EPERM)));
        assert_eq!(ids(), (0, 0));
    });
}

/// ATTR-77: an id that cannot be put back is told.
#[test]
fn ids_that_cannot_be_put_back() {
    apart("other ids", || {
        assert_eq!(FREE.set_id(libc::SYS_setfsuid, 1), Ok(0));
        without(CAP_SETGID | CAP_SETUID);
        // Its own user it may always be, and then not the other again.
        assert_eq!(perform(&creds(0), ALL), Err(Failed::Halfway));
        assert_eq!(ids(), (0, 0));
    });
}

/// ATTR-78: an action that would change the process is not performed by a thread that shares it.
#[test]
fn shared_settings_are_left_alone() {
    let umask = Action::SetUmask(0o111);
    let cwd = Action::ChangeDirectory(0);
    for action in [umask, cwd, Action::SetNice(1)] {
        assert_eq!(perform(&action, Needs::NONE), Err(Failed::Refused(libc::EINVAL)));
        if action.needs().contains(Needs::OWN_FS) {
            assert_eq!(perform(&action, Needs::OWN_THREAD), Err(Failed::Refused(libc::EINVAL)));
        }
    }
}

/// CANCEL-20: a change of the thread stops with the call, and says so, however much is changed by then.
#[test]
fn a_cancel_stops_what_changes_the_thread() {
    apart("other ids", || {
        let stopped = AtomicU32::new(1);
        let actions = [
            creds(1),
            Action::SetNice(1),
            Action::SetTimerSlack(1),
            Action::SetUmask(0o111),
            Action::ChangeDirectory(-1),
        ];
        for action in actions {
            assert_eq!(crate::exec::thread_setup::perform(&action, ALL, &stopped), Err(Failed::Stopped));
        }
        assert_eq!(ids(), (0, 0));
        // In the middle: nothing is put back, because no call is made here any more.
        assert_eq!(FREE.put_back(Failed::Stopped, &[(libc::SYS_setfsuid, Some(1))]), Failed::Stopped);
        assert_eq!(ids(), (0, 0));
    });
}
