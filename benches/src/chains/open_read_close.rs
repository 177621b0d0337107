//! Two thousand small files in memory: each is opened, asked for its size, read and closed.

use std::ffi::CString;
use std::io;
use std::sync::Arc;

use syslet::program::Builder;
use syslet::program::build::calls;

use super::files::Files;
use super::syslets::{By, Syslets};
use super::tasks::{Piece, Tasks, away};
use super::{Doer, Work, sys, uring};

const FILES: usize = 2_000;
/// Of one file.
const BYTES: usize = 4096;
const FLAGS: i32 = libc::O_RDONLY | libc::O_CLOEXEC;

pub(super) fn prepare() -> io::Result<Work> {
    let files = Arc::new(Files::make(FILES, BYTES)?);
    let syslets = |by| {
        let built = Syslets::prepare(by, FILES, Arc::clone(&files), write, |read| u64::try_from(read).ok());
        built.map(|built| Box::new(built) as Box<dyn Doer>)
    };
    let tasks =
        Tasks::prepare(FILES, Arc::clone(&files), piece).map(|tasks| Box::new(tasks) as Box<dyn Doer>);
    let uring = uring::Linked::prepare(Arc::clone(&files)).map(|linked| Box::new(linked) as Box<dyn Doer>);
    Ok(Work {
        note: format!("{FILES} cached files of {BYTES} bytes: openat, statx, read, close"),
        pieces: FILES,
        bytes: (FILES * BYTES) as u64,
        doers: vec![
            ("plain", Ok(Box::new(Plain { files: Arc::clone(&files), buffer: vec![0; BYTES] }))),
            ("plain-threads", Ok(Box::new(Threads { files: Arc::clone(&files) }))),
            ("syslet-inline", syslets(By::Inline)),
            ("syslet-workers", syslets(By::Workers)),
            ("syslet", syslets(By::Both)),
            ("tokio", tasks),
            ("io_uring-linked", uring),
        ],
    })
}

#[derive(Debug)]
struct Plain {
    files: Arc<Files>,
    buffer: Vec<u8>,
}

impl Doer for Plain {
    fn turn(&mut self) -> Result<u64, String> {
        plain(&self.files.paths, &mut self.buffer)
    }
}

fn plain(paths: &[CString], buffer: &mut [u8]) -> Result<u64, String> {
    let mut moved = 0;
    for path in paths {
        let fd = sys::open(path, FLAGS)?;
        sys::size(fd)?;
        moved += sys::read(fd, buffer)? as u64;
        sys::close(fd)?;
    }
    Ok(moved)
}

/// A thread for each processor, each with its share: how far the kernel lets the same calls run side by side.
#[derive(Debug)]
struct Threads {
    files: Arc<Files>,
}

impl Doer for Threads {
    fn turn(&mut self) -> Result<u64, String> {
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        let shares = self.files.paths.chunks(FILES.div_ceil(count));
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                shares.map(|share| scope.spawn(move || plain(share, &mut vec![0; BYTES]))).collect();
            threads.into_iter().map(|thread| thread.join().map_err(|_| "a thread died".to_owned())?).sum()
        })
    }

    fn settings(&self) -> String {
        "plain calls, a thread for each processor, each with its share".to_owned()
    }
}

/// One file as a program.
fn write(p: &mut Builder<'_>, files: &Arc<Files>, piece: usize) {
    let (path, empty) = (p.path(&files.paths[piece]), p.path(c""));
    let (about, buffer) = (p.scratch(size_of::<libc::statx>()), p.scratch(BYTES));
    let file = p.call(calls::openat(libc::AT_FDCWD, path, FLAGS, 0)).or_stop();
    p.call(calls::statx(file, empty, libc::AT_EMPTY_PATH, libc::STATX_SIZE, about)).or_stop();
    p.call(calls::read(file, buffer, BYTES).storage()).or_stop();
    p.finally(calls::close(file));
}

/// One file, four round trips.
fn piece(files: Arc<Files>, piece: usize) -> Piece {
    Box::pin(async move {
        let fd = away(move || sys::open(&files.paths[piece], FLAGS)).await?;
        away(move || sys::size(fd)).await?;
        let read = away(move || sys::read(fd, &mut [0; BYTES])).await?;
        away(move || sys::close(fd)).await?;
        Ok(read as u64)
    })
}
