//! The place of a run's report: a descriptor in a table of its own, where no call of the script reaches it. `command` opens it,
//! the printers write to it.
//!
//! A script may close or replace any descriptor of the process. So the report is written by a thread that has left the
//! process's table of descriptors; where the system refuses that, through a duplicate at the far end of the table.
#![allow(unsafe_code, reason = "close_range with UNSHARE has no safe library")]

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, FromRawFd};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::SigSet;
use nix::unistd::dup;

/// A writer whose bytes the thread of the report writes; they are handed over by `flush`.
#[derive(Debug)]
pub(crate) struct Output {
    held: Vec<u8>,
    to_write: Sender<Vec<u8>>,
    written: Receiver<io::Result<()>>,
}

/// As many bytes are held at most before they are written.
const HELD_BYTES: usize = 64 << 10;

impl Output {
    /// Opens `path`, emptied, or without one the standard output.
    pub(crate) fn open(path: Option<&Path>) -> io::Result<Output> {
        let (to_write, to_thread) = channel::<Vec<u8>>();
        let (from_thread, written) = channel();
        let path = path.map(Path::to_owned);
        let serve = move || {
            // Signals are for the thread of the run, whose calls they interrupt.
            let _ = SigSet::all().thread_block();
            let opened = opened(path);
            let (file, said) = match opened {
                Ok(file) => (Some(file), Ok(())),
                Err(error) => (None, Err(error)),
            };
            let mut is_heard = from_thread.send(said).is_ok();
            let Some(mut file) = file else { return };
            while is_heard && let Ok(bytes) = to_thread.recv() {
                is_heard = from_thread.send(file.write_all(&bytes)).is_ok();
            }
        };
        thread::Builder::new().name("syslet-report".to_owned()).spawn(serve)?;
        let output = Output { held: Vec::new(), to_write, written };
        output.answer()?;
        Ok(output)
    }

    fn answer(&self) -> io::Result<()> {
        self.written.recv().unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.held.len() + bytes.len() > HELD_BYTES {
            self.flush()?;
        }
        self.held.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Returns when the bytes are written.
    fn flush(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        self.to_write.send(std::mem::take(&mut self.held)).map_err(|_| io::ErrorKind::BrokenPipe)?;
        self.answer()
    }
}

/// The file of the report, in a table of this thread's own where that can be had.
fn opened(path: Option<PathBuf>) -> io::Result<File> {
    let is_own = leave_table();
    let file = match path {
        Some(path) => File::create(path)?,
        None => File::from(dup(io::stdout())?),
    };
    if is_own {
        // Ends of pipes live in this table, too: the script's own close is to be the last.
        let _ = (nix::unistd::close(libc::STDIN_FILENO), nix::unistd::close(libc::STDERR_FILENO));
        return Ok(file);
    }
    far(&file)
}

/// A duplicate far from the numbers that scripts use.
fn far(file: &File) -> io::Result<File> {
    let (limit, _) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let number = i32::try_from(limit.saturating_sub(1)).unwrap_or(FAR).min(FAR);
    let number = fcntl(file.as_fd(), FcntlArg::F_DUPFD_CLOEXEC(number))?;
    // SAFETY: the descriptor was made just now, and is owned by the file from here on.
    Ok(unsafe { File::from_raw_fd(number) })
}

/// A table that holds this number takes half a megabyte.
const FAR: i32 = 1 << 16;

/// Gives this thread a table of descriptors of its own, with the standard ones only. Whether that succeeded.
fn leave_table() -> bool {
    let first = libc::c_uint::try_from(libc::STDERR_FILENO + 1).unwrap_or_default();
    // SAFETY: it closes descriptors in the table that the thread gets by it: no other thread uses those, and this thread has none yet.
    let result =
        unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, libc::CLOSE_RANGE_UNSHARE) };
    result == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SCRIPT-71: without a table of its own the report has a number beyond those that scripts use, and is the same file.
    #[test]
    fn far_duplicates() {
        let (mut reader, writer) = io::pipe().expect("a pipe");
        let near = File::from(std::os::fd::OwnedFd::from(writer));
        let mut duplicate = far(&near).expect("a descriptor");
        let (limit, _) = getrlimit(Resource::RLIMIT_NOFILE).expect("there is a limit");
        let number = std::os::fd::AsRawFd::as_raw_fd(&duplicate);
        assert!(i64::from(number) >= i64::from(FAR).min(limit.cast_signed() - 1), "{number} of {limit}");
        drop(near);
        duplicate.write_all(b"report").expect("it is a pipe's end");
        drop(duplicate);
        let mut all = String::new();
        io::Read::read_to_string(&mut reader, &mut all).expect("text");
        assert_eq!(all, "report");
    }
}
