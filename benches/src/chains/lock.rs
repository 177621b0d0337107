//! One file to which everybody appends under a lock.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::sync::Arc;

use syslet::program::Builder;
use syslet::program::build::calls;

use super::syslets::{By, Syslets};
use super::tasks::{Piece, Tasks, away};
use super::{Doer, Work, sys};
use crate::workload::scratch;

const APPENDS: usize = 500;
const LINE: &[u8; 64] = b"one line of a log, of sixty-four bytes, with the newline at end\n";

pub(super) fn prepare() -> io::Result<Work> {
    let file = || -> io::Result<Arc<File>> {
        let file = tempfile::tempfile_in(scratch::folder()?)?;
        sys_append(&file)?;
        Ok(Arc::new(file))
    };
    let syslets = |by| -> io::Result<_> {
        let written = |written| u64::try_from(written).ok();
        let built = Syslets::prepare(by, APPENDS, file()?, write, written);
        Ok(built.map(|built| Box::new(built) as Box<dyn Doer>))
    };
    let tasks = Tasks::prepare(APPENDS, file()?, piece).map(|tasks| Box::new(tasks) as Box<dyn Doer>);
    Ok(Work {
        note: format!("{APPENDS} times flock, write of {} bytes at the end, unlock", LINE.len()),
        pieces: APPENDS,
        bytes: (APPENDS * LINE.len()) as u64,
        doers: vec![
            ("plain", Ok(Box::new(Plain { file: file()? }))),
            ("syslet-inline", syslets(By::Inline)?),
            ("syslet-workers", syslets(By::Workers)?),
            ("syslet", syslets(By::Both)?),
            ("tokio", tasks),
            ("io_uring-linked", Err("it has no opcode for flock".to_owned())),
        ],
    })
}

/// Makes every write go to the end.
fn sys_append(file: &File) -> io::Result<()> {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    fcntl(file, FcntlArg::F_SETFL(OFlag::O_APPEND))?;
    Ok(())
}

#[derive(Debug)]
struct Plain {
    file: Arc<File>,
}

impl Doer for Plain {
    fn turn(&mut self) -> Result<u64, String> {
        (0..APPENDS).map(|_| append(self.file.as_raw_fd())).sum()
    }
}

fn append(fd: i32) -> Result<u64, String> {
    sys::flock(fd, libc::LOCK_EX)?;
    let written = sys::write(fd, LINE);
    sys::flock(fd, libc::LOCK_UN)?;
    Ok(written? as u64)
}

/// One line as a program.
fn write(p: &mut Builder<'_>, file: &Arc<File>, _piece: usize) {
    let (fd, line) = (file.as_raw_fd(), p.bytes(LINE));
    p.call(calls::flock(fd, libc::LOCK_EX)).or_stop();
    p.call(calls::write(fd, line, LINE.len()).storage()).or_stop();
    p.finally(calls::flock(fd, libc::LOCK_UN));
}

/// One line, three round trips. The lock is the open file's: who has it lets the others in.
fn piece(file: Arc<File>, _piece: usize) -> Piece {
    Box::pin(async move {
        let fd = file.as_raw_fd();
        away(move || sys::flock(fd, libc::LOCK_EX)).await?;
        let written = away(move || sys::write(fd, LINE)).await?;
        away(move || sys::flock(fd, libc::LOCK_UN)).await?;
        drop(file);
        Ok(written as u64)
    })
}
