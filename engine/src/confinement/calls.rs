//! What a thread finds out about itself without /proc.

use std::io;

use nix::sys::prctl;
use nix::unistd::{getresgid, getresuid};

use crate::confinement::raw;

/// What these calls tell. Two threads whose answers are equal may do the same, but for what no call tells: a second
/// filter, the bounding and ambient sets, namespaces, a label, the umask.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Answers {
    /// Real, effective, saved; of user and group.
    ids: [u32; 6],
    fs_ids: [u32; 2],
    groups: Vec<libc::gid_t>,
    capabilities: [u32; 6],
    no_new_privs: bool,
    seccomp: i64,
}

/// Own answers, and memory for the next.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    last: Answers,
    next: Answers,
}

impl Answers {
    /// Asks the calling thread, with the memory of earlier answers.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn ask(&mut self) -> io::Result<()> {
        let (users, groups) = (getresuid()?, getresgid()?);
        let users = [users.real, users.effective, users.saved].map(nix::unistd::Uid::as_raw);
        let [a, b, c] = [groups.real, groups.effective, groups.saved].map(nix::unistd::Gid::as_raw);
        let [d, e, f] = users;
        self.ids = [a, b, c, d, e, f];
        self.fs_ids = raw::fs_ids();
        raw::groups(&mut self.groups)?;
        self.capabilities = raw::capabilities()?;
        self.no_new_privs = prctl::get_no_new_privs()?;
        self.seccomp = raw::seccomp_mode()?;
        Ok(())
    }
}

impl Remembered {
    /// Asks again; what was answered before is forgotten.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn ask(&mut self) -> io::Result<&Answers> {
        self.last.ask()?;
        Ok(&self.last)
    }

    /// Whether the answers are the same.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn are_still(&mut self) -> io::Result<bool> {
        self.next.ask()?;
        Ok(self.next == self.last)
    }
}
