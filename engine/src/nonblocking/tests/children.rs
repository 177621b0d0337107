//! Waiting for children.

use std::process::{Child, Command, Stdio};

use crate::nonblocking::Attempt;
use crate::nonblocking::tests::rig::{at_mut, error, finished, nonblocking, plain, tries};

const EXITED: u64 = libc::WEXITED as u64;

/// A child that lives until its input ends.
fn child() -> (Child, u64) {
    let child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("a child");
    let pid = child.id().into();
    (child, pid)
}

/// Ends the child, and waits until it has, without collecting it.
fn end(child: &mut Child) {
    drop(child.stdin.take());
    let args = [libc::P_PID.into(), child.id().into(), 0, EXITED | u64::from(libc::WNOWAIT.cast_unsigned())];
    assert_eq!(plain("waitid", args), 0);
}

/// TWIN-24: wait4 with nobody to collect would wait, and has written nothing.
#[test]
fn wait4_collects_or_would_wait() {
    let (mut child, pid) = child();
    let mut status = 0x5555_5555u32;
    let args = [pid, at_mut(&mut status), 0, 0];
    assert_eq!(nonblocking("wait4", args), Attempt::WouldBlock);
    assert_eq!(status, 0x5555_5555);
    end(&mut child);
    assert_eq!(nonblocking("wait4", args), Attempt::Final(pid.cast_signed()));
    assert_eq!(status, 0);
    assert_eq!(nonblocking("wait4", args), Attempt::Final(error(libc::ECHILD)));
    let hang = libc::WNOHANG.cast_unsigned().into();
    let (mut other, pid) = self::child();
    assert_eq!(nonblocking("wait4", [pid, 0, hang, 0]), Attempt::Final(0), "the caller asked not to wait");
    end(&mut other);
    assert_eq!(finished("wait4", [pid, 0, 0, 0], 0), pid.cast_signed());
    let own = u64::from(libc::__WNOTHREAD.cast_unsigned());
    assert!(!tries("wait4", [pid, 0, own, 0]) && !tries("waitid", [1, pid, 0, EXITED | own]));
}

/// TWIN-25: waitid writes the caller's siginfo only when there is a child, and then what the plain call writes.
#[test]
fn waitid_leaves_no_trace_until_there_is_a_child() {
    const FILLER: [u64; 16] = [0x5555_5555_5555_5555; 16];
    let (mut child, pid) = child();
    let (mut info, mut expected) = (FILLER, FILLER);
    let args = [libc::P_PID.into(), pid, at_mut(&mut info), EXITED, 0];
    assert_eq!(nonblocking("waitid", args), Attempt::WouldBlock);
    assert_eq!(info, FILLER);
    end(&mut child);
    let keep = EXITED | u64::from(libc::WNOWAIT.cast_unsigned());
    assert_eq!(plain("waitid", [args[0], pid, at_mut(&mut expected), keep, 0]), 0);
    assert_eq!(nonblocking("waitid", args), Attempt::Final(0));
    assert_eq!(info, expected);
    assert_eq!(nonblocking("waitid", args), Attempt::Final(error(libc::ECHILD)));
}

/// TWIN-25: without a siginfo, or with one that cannot be written, the child is collected all the same.
#[test]
fn waitid_collects_whatever_the_siginfo() {
    for (siginfo, expected) in [(0, 0), (8, error(libc::EFAULT)), (u64::MAX - 16, error(libc::EFAULT))] {
        let (mut child, pid) = child();
        let args = [libc::P_PID.into(), pid, siginfo, EXITED, 0];
        assert_eq!(nonblocking("waitid", args), Attempt::WouldBlock);
        end(&mut child);
        assert_eq!(nonblocking("waitid", args), Attempt::Final(expected));
        assert_eq!(plain("waitid", [args[0], pid, 0, EXITED, 0]), error(libc::ECHILD), "collected");
    }
}
