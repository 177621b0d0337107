//! A thread as /proc shows it: its files there, and the lines of its status file that tell its rights. `submitter` reads its
//! own and the monitor's, the monitor those of a submitter that is stuck.
//!
//! Directory and status file stay open: they go on telling when the thread has lost the right or the descriptors to open them.

use std::cell::RefCell;
use std::ffi::CStr;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Weak};

use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::Mode;

use crate::confinement::calls::{self, Place};

/// The namespaces of a thread. The names are fixed because a process that is not dumpable may not list the directory, but may
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
/// So many of them can change under a thread without a trace elsewhere. A new namespace of mounts shows in the directories. The
/// others are the same for all threads of a process, or concern its children, and no call that makes children is accepted.
pub(super) const CHANGEABLE: usize = 4;

/// The numbers of a thread's namespaces; `None` for one that this kernel does not have.
pub(super) type Namespaces = [Option<u64>; NAMESPACES.len()];

/// The status file of an ordinary thread is shorter.
const STATUS_BYTES: usize = 4096;
/// A thread with the most groups that a kernel allows has a shorter one.
const STATUS_BYTES_MAX: usize = 4 << 20;

/// The open files of one thread.
#[derive(Debug)]
pub(super) struct ThreadFiles {
    /// The directory with the links of its namespaces. The links of root and working directory stand beside it.
    namespaces: OwnedFd,
    status: File,
    /// The line of the thread's number in it.
    number: Vec<u8>,
    /// None where no security module labels threads.
    label: Option<File>,
}

/// The directory /proc. It is kept open, so a `chroot` does not take it away.
pub(super) fn directory() -> io::Result<OwnedFd> {
    Ok(open("/proc", OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())?)
}

thread_local! {
    /// The files of this thread, as long as any of its rings has them.
    static OPEN: RefCell<Weak<ThreadFiles>> = const { RefCell::new(Weak::new()) };
}

/// The files of the calling thread: one set for all of its rings.
///
/// # Errors
/// As for [`ThreadFiles::of_this_thread`].
pub(super) fn of_this_thread(proc: &OwnedFd) -> io::Result<Arc<ThreadFiles>> {
    OPEN.with_borrow_mut(|open| match open.upgrade() {
        Some(files) => Ok(files),
        None => {
            let files = Arc::new(ThreadFiles::of_this_thread(proc)?);
            *open = Arc::downgrade(&files);
            Ok(files)
        }
    })
}

/// The files of the calling thread are not used again: one of them has become another file.
pub(super) fn forget() {
    OPEN.set(Weak::new());
}

impl ThreadFiles {
    /// Opens those of the calling thread, in any PID namespace that /proc belongs to.
    ///
    /// # Errors
    /// The system's; NotFound where /proc does not know the thread.
    pub(super) fn of_this_thread(proc: &OwnedFd) -> io::Result<ThreadFiles> {
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
        // Without a security module that labels threads the file is missing, or reading it is EINVAL.
        if let Err(error) = files.label() {
            if error.raw_os_error() != Some(libc::EINVAL) {
                return Err(error);
            }
            files.label = None;
        }
        Ok(files)
    }

    /// The text of its status file, read into the memory of `text`.
    ///
    /// # Errors
    /// The system's; ESRCH when the thread has ended.
    pub(super) fn status<'a>(&self, text: &'a mut Vec<u8>) -> io::Result<&'a [u8]> {
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

    /// The lines of its status file that are compared; `text` as for [`ThreadFiles::status`].
    ///
    /// # Errors
    /// The system's, and InvalidData for another file than this thread's: the application may have closed the descriptor and
    /// opened another one.
    pub(super) fn lines(&self, text: &mut Vec<u8>) -> io::Result<Lines> {
        let lines = Lines::parse(self.status(text)?).filter(|lines| lines.number() == self.number);
        lines.ok_or_else(|| ErrorKind::InvalidData.into())
    }

    /// Whether its descriptors still are the files that were opened.
    pub(super) fn is_whole(&self) -> bool {
        let has_links = self.namespaces().is_ok_and(|found| found.iter().any(Option::is_some));
        has_links && self.places().is_ok() && self.lines(&mut Vec::new()).is_ok()
    }

    /// The numbers of its namespaces.
    ///
    /// # Errors
    /// The system's, and InvalidData for a link of another form.
    pub(super) fn namespaces(&self) -> io::Result<Namespaces> {
        self.first_namespaces(NAMESPACES.len())
    }

    /// The numbers of the first of them.
    ///
    /// # Errors
    /// As for [`ThreadFiles::namespaces`].
    pub(super) fn first_namespaces(&self, count: usize) -> io::Result<Namespaces> {
        let mut found = Namespaces::default();
        for (found, name) in found.iter_mut().zip(NAMESPACES).take(count) {
            let mut text = [0; 64];
            *found = match calls::read_link(self.namespaces.as_fd(), name, &mut text) {
                Ok(link) => Some(number(link).ok_or(ErrorKind::InvalidData)?),
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            };
        }
        Ok(found)
    }

    /// The label that the security module (SELinux, AppArmor, …) has for the thread; empty without one.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn label(&self) -> io::Result<Vec<u8>> {
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
    pub(super) fn places(&self) -> io::Result<[Place; 2]> {
        let beside = Some(self.namespaces.as_fd());
        Ok([calls::place(beside, c"../root")?, calls::place(beside, c"../cwd")?])
    }
}

/// The number in a link like `net:[4026531840]`.
fn number(link: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(link).ok()?;
    text.split_once(":[")?.1.strip_suffix(']')?.parse().ok()
}

/// The lines that are compared, and whether a file without the line is no answer. A kernel may have no seccomp, not count
/// filters, or be older than the line of the umask.
const WANTED: [(&[u8], bool); 13] = [
    (PID, true),
    (b"Umask", false),
    (b"Uid", true),
    (b"Gid", true),
    (b"Groups", true),
    (b"CapInh", true),
    (b"CapPrm", true),
    (EFFECTIVE, true),
    (b"CapBnd", true),
    (b"CapAmb", true),
    (b"NoNewPrivs", true),
    (b"Seccomp", false),
    (b"Seccomp_filters", false),
];
/// The thread's number. Equal threads differ in it; a file with another number is the file of another thread.
const PID: &[u8] = b"Pid";
const EFFECTIVE: &[u8] = b"CapEff";

/// The lines of a status file that tell the rights of its thread, as they stand there.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    /// The wanted lines, one behind the other.
    kept: Vec<u8>,
    /// For each part of `kept` that is in one piece in the file: its offset there, and the part.
    spans: Vec<(usize, Range<usize>)>,
    /// The line of the thread's number in `kept`.
    pid: Range<usize>,
    is_admin: bool,
}

impl Lines {
    /// Reads a status file. `None` if a line is missing, unreadable, or there twice: the thread's name stands in the same file,
    /// and no name may pass for an answer.
    pub(super) fn parse(text: &[u8]) -> Option<Lines> {
        let (mut lines, mut seen, mut at) = (Lines::default(), [false; WANTED.len()], 0);
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let start = at;
            at += line.len();
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = line.split_at(colon);
            let Some(wanted) = WANTED.iter().position(|(wanted, _)| *wanted == name) else { continue };
            if std::mem::replace(&mut seen[wanted], true) || !line.ends_with(b"\n") {
                return None;
            }
            if name == EFFECTIVE {
                lines.is_admin = has_admin(&value[1..])?;
            }
            lines.keep(start, line, name == PID);
        }
        let is_whole = WANTED.iter().zip(seen).all(|((_, is_needed), is_seen)| is_seen || !is_needed);
        is_whole.then_some(lines)
    }

    fn keep(&mut self, start: usize, line: &[u8], is_pid: bool) {
        let place = self.kept.len()..self.kept.len() + line.len();
        self.kept.extend_from_slice(line);
        if is_pid {
            self.pid = place.clone();
        }
        match self.spans.last_mut() {
            Some((at, last)) if *at + last.len() == start => last.end = place.end,
            _ => self.spans.push((start, place)),
        }
    }

    /// Whether a later text of the same thread has the same lines. Other lines may have another length by then, so that these
    /// stand elsewhere.
    pub(super) fn still(&mut self, text: &[u8]) -> bool {
        let is_in_place = |(at, part): &(usize, Range<usize>)| {
            let is_line = *at == 0 || text.get(*at - 1) == Some(&b'\n');
            is_line && text.get(*at..*at + part.len()) == Some(&self.kept[part.clone()])
        };
        if !self.spans.is_empty() && self.spans.iter().all(is_in_place) {
            return true;
        }
        let moved = Lines::parse(text).filter(|moved| moved.kept == self.kept);
        let is_same = moved.is_some();
        moved.into_iter().for_each(|moved| *self = moved);
        is_same
    }

    /// The line of the thread's number.
    pub(super) fn number(&self) -> &[u8] {
        &self.kept[self.pid.clone()]
    }

    /// The lines before and behind the number: equal for two threads that may do the same.
    pub(super) fn essence(&self) -> [&[u8]; 2] {
        [&self.kept[..self.pid.start], &self.kept[self.pid.end..]]
    }

    /// Whether CAP_SYS_ADMIN is effective.
    pub(super) fn is_admin(&self) -> bool {
        self.is_admin
    }
}

fn has_admin(value: &[u8]) -> Option<bool> {
    const SYS_ADMIN: u32 = 21;
    let text = std::str::from_utf8(value).ok()?;
    let effective = u64::from_str_radix(text.trim(), 16).ok()?;
    Some(effective >> SYS_ADMIN & 1 == 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Lines;

    const TEXT: &str = "Name:\tsyslet-1\nUmask:\t0022\nState:\tR (running)\nPid:\t4711\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n\
        FDSize:\t64\nGroups:\t9 10 \nNSpid:\t4711\t12\nVmRSS:\t10 kB\nCapInh:\t0000000000000001\nCapPrm:\t0000000000000002\n\
        CapEff:\t0000000000000003\nCapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n\
        Seccomp_filters:\t3\nThreads:\t1\n";

    fn lines(text: &str) -> Option<Lines> {
        Lines::parse(text.as_bytes())
    }

    fn still(text: &str) -> bool {
        lines(TEXT).unwrap().still(text.as_bytes())
    }

    const WANTED: [&str; 12] = [
        "Umask",
        "Uid",
        "Gid",
        "Groups",
        "CapInh",
        "CapPrm",
        "CapEff",
        "CapBnd",
        "CapAmb",
        "NoNewPrivs",
        "Seccomp",
        "Seccomp_filters",
    ];

    fn line(name: &str) -> &'static str {
        TEXT.lines().find(|line| line.split_once(':').unwrap().0 == name).unwrap()
    }

    /// Each line that is compared makes a difference when its value changes, wherever it stands; the others make none.
    #[test]
    fn what_matters_is_compared() {
        assert!(still(TEXT));
        for name in WANTED {
            let changed =
                TEXT.replace(line(name), &line(name).replace(|digit: char| digit.is_ascii_digit(), "7"));
            assert!(!still(&changed), "{name}");
            assert_ne!(lines(&changed).unwrap().essence(), lines(TEXT).unwrap().essence(), "{name}");
            let longer = TEXT.replace(line(name), &format!("{}1", line(name)));
            assert!(!still(&longer), "{name}");
        }
        assert!(still(&TEXT.replace("VmRSS:\t10 kB", "VmRSS:\t99 kB")));
        assert!(still(&TEXT.replace("FDSize:\t64", "FDSize:\t1024")), "lines that moved");
        assert!(!still(&TEXT.replace("Pid:\t4711", "Pid:\t4712")), "the file of another thread");
        let other = lines(&TEXT.replace("Pid:\t4711", "Pid:\t815")).unwrap();
        assert_eq!(other.essence(), lines(TEXT).unwrap().essence(), "which may do the same");
    }

    #[test]
    fn where_lines_moved_to_is_remembered() {
        let mut lines = lines(TEXT).unwrap();
        let moved = TEXT.replace("FDSize:\t64", "FDSize:\t1024");
        assert!(lines.still(moved.as_bytes()));
        assert_eq!(lines.spans.len(), Lines::parse(moved.as_bytes()).unwrap().spans.len());
        assert_eq!(lines.spans, Lines::parse(moved.as_bytes()).unwrap().spans);
    }

    #[test]
    fn an_admin_has_the_capability() {
        assert!(!lines(TEXT).unwrap().is_admin());
        let admin = TEXT.replace("CapEff:\t0000000000000003", "CapEff:\t0000000000200000");
        assert!(lines(&admin).unwrap().is_admin());
        assert!(lines(&TEXT.replace("CapEff:\t0000000000000003", "CapEff:\tx")).is_none());
    }

    #[test]
    fn a_kernel_without_seccomp_has_no_such_lines() {
        let text = TEXT.replace("Seccomp:\t2\nSeccomp_filters:\t3\n", "").replace("Umask:\t0022\n", "");
        assert!(lines(&text).is_some());
    }

    /// A text without a needed line, or with a line twice, is no answer.
    #[test]
    fn what_is_missing_or_doubled_is_no_answer() {
        for name in WANTED {
            assert!(lines(&format!("{TEXT}{}\n", line(name))).is_none(), "{name} twice");
            if !name.starts_with("Seccomp") && name != "Umask" {
                assert!(
                    lines(&TEXT.replace(&format!("\n{}\n", line(name)), "\n")).is_none(),
                    "without {name}"
                );
            }
        }
        assert!(lines(TEXT.trim_end().strip_suffix("\nThreads:\t1").unwrap()).is_none(), "half a line");
    }

    /// A thread may have any name, also one that looks like a line.
    #[test]
    fn a_name_is_no_answer() {
        let named = |name: &str| TEXT.replace("syslet-1", name);
        assert!(still(&named("Seccomp:\t0")));
        assert!(!still(&named("x\nSeccomp:\t0")));
    }

    proptest! {
        /// Any text is parsed or not, without a panic; a parsed one has all its lines.
        #[test]
        fn any_text_is_bearable(text in "(?s).{0,200}", at in 0..TEXT.len(), cut in 0..TEXT.len()) {
            prop_assert!(lines(&text).is_none());
            still(&format!("{}{text}{}", &TEXT[..at], &TEXT[cut..]));
        }
    }
}
