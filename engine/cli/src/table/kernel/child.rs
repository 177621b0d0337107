//! A child process that makes one call and ends, for the question whether the kernel knows the call.
#![allow(unsafe_code, reason = "fork, and a call by its number")]

/// How long the call may take, in seconds. None of those that are asked sleeps.
const SECONDS_MAX: libc::c_uint = 5;

/// The end of the child.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ended {
    /// The call came back with this error number, 0 for none.
    Returned(i32),
    /// The child was killed by this signal.
    Killed(i32),
    /// There was no child.
    NotStarted,
}

/// Has a child make the call. The caller answers for arguments with which the call has no effect outside of the
/// child.
pub(super) fn call(nr: u16, args: [u64; 6]) -> Ended {
    // SAFETY: the child makes nothing but system calls, and ends without running anything of the parent's.
    let child = unsafe { libc::fork() };
    match child {
        0 => in_child(nr, args),
        child if child > 0 => wait(child),
        _ => Ended::NotStarted,
    }
}

fn in_child(nr: u16, [a, b, c, d, e, f]: [u64; 6]) -> ! {
    // SAFETY: it takes no address. A child that is killed leaves no core behind.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) };
    // SAFETY: the default action is no function of ours.
    unsafe { libc::signal(libc::SIGALRM, libc::SIG_DFL) };
    // SAFETY: it takes no address.
    unsafe { libc::alarm(SECONDS_MAX) };
    // SAFETY: the arguments name no memory, no descriptor and no other process.
    let result = unsafe { libc::syscall(libc::c_long::from(nr), a, b, c, d, e, f) };
    let errno = if result == -1 { std::io::Error::last_os_error().raw_os_error() } else { None };
    // SAFETY: it ends the child, and runs nothing before.
    unsafe { libc::_exit(errno.unwrap_or(0)) }
}

fn wait(child: libc::pid_t) -> Ended {
    let mut status = 0;
    loop {
        // SAFETY: the status outlives the call.
        let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
        if waited == child {
            break;
        }
        if std::io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            return Ended::NotStarted;
        }
    }
    if libc::WIFEXITED(status) {
        Ended::Returned(libc::WEXITSTATUS(status))
    } else {
        Ended::Killed(libc::WTERMSIG(status))
    }
}
