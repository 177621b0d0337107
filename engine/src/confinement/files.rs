//! What /proc tells of one thread. Directory and status file stay open: they go on telling, whatever becomes of the
//! caller's ids, root and descriptors left.

use std::cell::RefCell;
use std::ffi::CStr;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Weak};

use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::Mode;

use crate::confinement::raw::{self, Place};
use crate::confinement::status::Lines;

/// The namespaces of a thread. Not what the directory lists: a process that is not dumpable may not list it, but may
/// still follow its links.
const NAMESPACES: [&CStr; 10] = [
    c"cgroup",
    c"ipc",
    c"net",
    c"uts",
    c"mnt",
    c"pid",
    c"pid_for_children",
    c"time",
    c"time_for_children",
    c"user",
];
/// The first ones can change and matter. A namespace of mounts comes with directories of its own; all threads of a process are
/// in the same of the others, which are those of its children, and no call that makes any is accepted.
pub(crate) const CHANGEABLE: usize = 4;

/// The numbers of a thread's namespaces; `None` for one that this kernel does not have.
pub(crate) type Namespaces = [Option<u64>; NAMESPACES.len()];

/// Status files of ordinary threads are shorter.
const STATUS_BYTES: usize = 4096;
/// No kernel lets a thread have so many groups that its status were longer.
const STATUS_BYTES_MAX: usize = 4 << 20;

/// The open files of one thread.
#[derive(Debug)]
pub(crate) struct ThreadFiles {
    /// Where the links of its namespaces stand; its directories beside them.
    namespaces: OwnedFd,
    status: File,
    /// What the thread's number is there.
    number: Vec<u8>,
    /// None where no security module names threads.
    label: Option<File>,
}

/// The directory /proc, to be kept: a `chroot` takes it from nobody.
pub(crate) fn proc() -> io::Result<OwnedFd> {
    Ok(open("/proc", OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())?)
}

thread_local! {
    /// Those of this thread, while any of its rings has them.
    static OPEN: RefCell<Weak<ThreadFiles>> = const { RefCell::new(Weak::new()) };
}

/// Those of the calling thread: one set for all of its rings.
///
/// # Errors
/// As for [`ThreadFiles::of_this_thread`].
pub(crate) fn of_this_thread(proc: &OwnedFd) -> io::Result<Arc<ThreadFiles>> {
    OPEN.with_borrow_mut(|open| match open.upgrade() {
        Some(files) => Ok(files),
        None => {
            let files = Arc::new(ThreadFiles::of_this_thread(proc)?);
            *open = Arc::downgrade(&files);
            Ok(files)
        }
    })
}

/// The calling thread's are not used any more: they are not what they were.
pub(crate) fn forget() {
    OPEN.set(Weak::new());
}

impl ThreadFiles {
    /// Those of the calling thread, whichever PID namespace /proc belongs to.
    ///
    /// # Errors
    /// The system's; NotFound where /proc does not know the thread.
    pub(crate) fn of_this_thread(proc: &OwnedFd) -> io::Result<ThreadFiles> {
        let path = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = openat(proc, "thread-self", path, Mode::empty())?;
        let read = |name| openat(&directory, name, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty());
        let status = File::from(read("status")?);
        let label = match read("attr/current") {
            Err(nix::Error::ENOENT) => None,
            file => Some(File::from(file?)),
        };
        let namespaces = openat(&directory, "ns", path, Mode::empty())?;
        let mut files = ThreadFiles { namespaces, status, number: Vec::new(), label };
        let mut text = Vec::new();
        files.number =
            Lines::parse(files.status(&mut text)?).ok_or(ErrorKind::InvalidData)?.number().to_vec();
        // Without a security module that names threads the file is not there, or cannot be read.
        if let Err(error) = files.label() {
            if error.raw_os_error() != Some(libc::EINVAL) {
                return Err(error);
            }
            files.label = None;
        }
        Ok(files)
    }

    /// The text of its status file, read into memory that is kept.
    ///
    /// # Errors
    /// The system's; ESRCH when the thread has ended.
    pub(crate) fn status<'a>(&self, text: &'a mut Vec<u8>) -> io::Result<&'a [u8]> {
        text.resize(text.len().max(STATUS_BYTES), 0);
        loop {
            let len = self.status.read_at(text, 0)?;
            if len < text.len() {
                return Ok(&text[..len]);
            }
            if len > STATUS_BYTES_MAX {
                return Err(ErrorKind::InvalidData.into());
            }
            text.resize(2 * len, 0);
        }
    }

    /// The lines that matter of its status file, which is read into memory that is kept.
    ///
    /// # Errors
    /// The system's, and InvalidData for what is not this thread's file: the application may have closed it, and opened another.
    pub(crate) fn lines(&self, text: &mut Vec<u8>) -> io::Result<Lines> {
        let lines = Lines::parse(self.status(text)?).filter(|lines| lines.number() == self.number);
        lines.ok_or_else(|| ErrorKind::InvalidData.into())
    }

    /// Whether its descriptors are still its files.
    pub(crate) fn is_whole(&self) -> bool {
        let has_links = self.namespaces().is_ok_and(|found| found.iter().any(Option::is_some));
        has_links && self.places().is_ok() && self.lines(&mut Vec::new()).is_ok()
    }

    /// The numbers of its namespaces.
    ///
    /// # Errors
    /// The system's, and InvalidData for a link that is none of a namespace.
    pub(crate) fn namespaces(&self) -> io::Result<Namespaces> {
        self.first_namespaces(NAMESPACES.len())
    }

    /// The numbers of the first of them.
    ///
    /// # Errors
    /// As for [`ThreadFiles::namespaces`].
    pub(crate) fn first_namespaces(&self, count: usize) -> io::Result<Namespaces> {
        let mut found = Namespaces::default();
        for (found, name) in found.iter_mut().zip(NAMESPACES).take(count) {
            let mut text = [0; 64];
            *found = match raw::read_link(self.namespaces.as_fd(), name, &mut text) {
                Ok(link) => Some(number(link).ok_or(ErrorKind::InvalidData)?),
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            };
        }
        Ok(found)
    }

    /// What the security module (SELinux, AppArmor, …) calls the thread; empty without one.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn label(&self) -> io::Result<Vec<u8>> {
        let Some(file) = &self.label else { return Ok(Vec::new()) };
        let mut label = vec![0; STATUS_BYTES];
        let len = file.read_at(&mut label, 0)?;
        label.truncate(len);
        Ok(label)
    }

    /// Its root and working directories.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn places(&self) -> io::Result<[Place; 2]> {
        let beside = Some(self.namespaces.as_fd());
        Ok([raw::place(beside, c"../root")?, raw::place(beside, c"../cwd")?])
    }
}

/// The number in a link like `net:[4026531840]`.
fn number(link: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(link).ok()?;
    text.split_once(":[")?.1.strip_suffix(']')?.parse().ok()
}
