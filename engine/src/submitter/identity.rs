//! What a thread is and may do. Sandboxes are per thread: a filter, a lost capability or a new namespace binds the
//! thread that asked for it and those it starts later, not workers that run already. Before a call is handed to
//! another thread the two are compared.
//!
//! What is not compared:
//! - *Landlock*. No file tells of it. Whoever restricts itself needs no_new_privs, which is compared, or CAP_SYS_ADMIN,
//!   which nobody in a sandbox should have. A thread that had no_new_privs before the workers started, and restricts
//!   itself after, is not noticed.
//! - *Which* seccomp filters there are: only how many. Filters cannot be removed, so a thread that adds one to those it
//!   shares with the workers is noticed; two threads that each add a different one are not.
//! - Root and working directory of a thread that has unshared them without a new mount namespace.
#![allow(unsafe_code, reason = "nix does not ask for the seccomp mode")]

mod status;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use nix::sys::prctl;

use self::status::Status;

/// The namespaces of a thread. Not what the directory lists: a process that is not dumpable may not list it, but may
/// still follow its links.
const NAMESPACES: [&str; 10] =
    ["cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "time_for_children", "user", "uts"];

/// What a sandbox of one thread is made of. Two threads with equal identities may make each other's calls.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Identity {
    status: Status,
    /// In the order of [`NAMESPACES`]; `None` for one that this kernel does not have.
    namespaces: [Option<PathBuf>; NAMESPACES.len()],
    /// What the security module (SELinux, AppArmor, …) calls the thread, when there is one.
    label: Option<Vec<u8>>,
}

impl Identity {
    /// The identity of a thread of this process, by its number in this process's own PID namespace. Nearly
    /// a hundred microseconds: a dozen files of /proc. To be kept, not asked for with every call.
    ///
    /// # Errors
    /// When it cannot be known: /proc is not there, hides the thread, belongs to another PID namespace, or says
    /// something unexpected. NotFound may also mean that the thread has ended. The caller decides what to do without;
    /// nothing may be taken for equal.
    pub(crate) fn of(tid: i32) -> io::Result<Identity> {
        let thread = PathBuf::from(format!("/proc/self/task/{tid}"));
        let text = status_of(&thread)?;
        // Were /proc another namespace's, the same number would be another thread's, or nobody's.
        if status::own_tid(&text) != Some(tid) {
            return Err(ErrorKind::NotFound.into());
        }
        Identity::read(&thread, &text)
    }

    /// The identity of the calling thread, whichever PID namespace /proc belongs to. As costly as [`Identity::of`].
    ///
    /// # Errors
    /// When it cannot be known, as for [`Identity::of`].
    pub(crate) fn of_this_thread() -> io::Result<Identity> {
        let thread = Path::new("/proc/thread-self");
        Identity::read(thread, &status_of(thread)?)
    }

    fn read(thread: &Path, text: &str) -> io::Result<Identity> {
        let status = Status::parse(text).ok_or(ErrorKind::InvalidData)?;
        let mut namespaces = [const { None }; NAMESPACES.len()];
        for (found, name) in namespaces.iter_mut().zip(NAMESPACES) {
            *found = unless_absent(fs::read_link(thread.join("ns").join(name)))?;
        }
        // Without a security module the file is not there, or cannot be read.
        let label = match fs::read(thread.join("attr/current")) {
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => None,
            read => unless_absent(read)?,
        };
        Ok(Identity { status, namespaces, label })
    }
}

/// A thread's name need not be UTF-8; the rest is.
fn status_of(thread: &Path) -> io::Result<String> {
    let bytes = fs::read(thread.join("status"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn unless_absent<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// The part of an identity that two fast system calls tell (0.4 µs together), so that a hand-over can
/// afford to look: the usual
/// sandboxes, seccomp and Landlock, change one of the two when they are first put on. A second filter, dropped
/// capabilities, ids and namespaces need an [`Identity`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Quick {
    seccomp: i32,
    no_new_privs: bool,
}

impl Quick {
    pub(crate) fn of_this_thread() -> Quick {
        // SAFETY: takes no arguments and touches no memory. Under strict mode it kills, as anything else would.
        let seccomp = unsafe { libc::prctl(libc::PR_GET_SECCOMP) };
        // Every kernel has this one; an answer that is none is taken for a sandbox.
        Quick { seccomp, no_new_privs: prctl::get_no_new_privs().unwrap_or(true) }
    }
}
