//! What threads share rather than have: the descriptor table, and root, working directory and umask.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

use crate::confinement::raw::{Shared, shares};

/// How it is found out whether the calling thread shares them with the workers.
#[derive(Debug)]
pub(crate) enum Tables {
    /// The kernel compares the calling thread with this one.
    Kcmp(i32),
    /// Where it refuses that: a file of which the workers' descriptor table holds a record lock. Such a lock belongs to the
    /// table it was taken with, so who shares it meets no lock. Directories are compared by what they are.
    Lock(File),
}

impl Tables {
    /// Called by a thread that has what the workers have.
    ///
    /// # Errors
    /// The system's, when there is no way.
    pub(crate) fn of_this_thread(tid: i32, may_kcmp: bool) -> io::Result<Tables> {
        if may_kcmp {
            return Ok(Tables::Kcmp(tid));
        }
        let file = File::from(memfd_create(c"syslet-table", MFdFlags::MFD_CLOEXEC)?);
        fcntl(&file, FcntlArg::F_SETLK(&lock(libc::F_WRLCK)))?;
        Ok(Tables::Lock(file))
    }

    /// Whether the calling thread's descriptors are the workers'.
    ///
    /// # Errors
    /// The system's, and when the file is not what it was.
    pub(crate) fn has_same_files(&self, tid: i32) -> io::Result<bool> {
        let file = match self {
            Tables::Kcmp(workers) => return shares(tid, *workers, Shared::Files),
            Tables::Lock(file) => file,
        };
        // Locks of an open file meet those of all tables. Were the lock gone, or another file behind the number, the
        // question below would be answered without one.
        let mut held = lock(libc::F_WRLCK);
        fcntl(file.as_fd(), FcntlArg::F_OFD_GETLK(&mut held))?;
        if !is_locked(&held) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let mut met = lock(libc::F_WRLCK);
        fcntl(file.as_fd(), FcntlArg::F_GETLK(&mut met))?;
        Ok(!is_locked(&met))
    }

    /// Whether root, working directory and umask of the calling thread are the workers'; `None` where that is seen only
    /// by what they are.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn has_same_fs(&self, tid: i32) -> io::Result<Option<bool>> {
        match self {
            Tables::Kcmp(workers) => shares(tid, *workers, Shared::Fs).map(Some),
            Tables::Lock(_) => Ok(None),
        }
    }

    pub(crate) fn is_by_kcmp(&self) -> bool {
        matches!(self, Tables::Kcmp(_))
    }
}

/// Of the first byte.
fn lock(kind: i32) -> libc::flock {
    libc::flock {
        l_type: libc::c_short::try_from(kind).unwrap_or_default(),
        l_whence: libc::c_short::try_from(libc::SEEK_SET).unwrap_or_default(),
        l_start: 0,
        l_len: 1,
        l_pid: 0,
    }
}

fn is_locked(met: &libc::flock) -> bool {
    i32::from(met.l_type) != libc::F_UNLCK
}
