//! The README's program, over and over: a small file in memory is opened, copied piece by piece, and closed.
//!
//! The copy goes to /dev/null, since a terminal or a pipe would take more than the program. One program is over before the
//! next one is pushed.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::sync::Arc;

use syslet::program::build::calls;
use syslet::program::{Builder, Test};

use super::files::Files;
use super::syslets::{By, Syslets};
use super::tasks::{Piece, Tasks, away};
use super::{Doer, Work, sys};

const TIMES: usize = 500;
/// Of the file, and of os-release on many systems.
const BYTES: usize = 267;
const AT_ONCE: usize = 4096;
const FLAGS: i32 = libc::O_RDONLY | libc::O_CLOEXEC;

#[derive(Debug)]
struct Ends {
    files: Files,
    null: File,
}

impl Ends {
    fn path(&self) -> &CString {
        &self.files.paths[0]
    }
}

pub(super) fn prepare() -> io::Result<Work> {
    let null = File::options().write(true).open("/dev/null")?;
    let ends = Arc::new(Ends { files: Files::make(1, BYTES)?, null });
    let syslets = |by, write: fn(&mut Builder<'_>, &Arc<Ends>, usize)| {
        // The last read finds the end of the file; an error on the way would be the result instead.
        let whole = |result| (result == 0).then_some(BYTES as u64);
        let built = Syslets::prepare(by, TIMES, Arc::clone(&ends), write, whole);
        built.map(|built| Box::new(built.one_by_one()) as Box<dyn Doer>)
    };
    let tasks = Tasks::prepare(TIMES, Arc::clone(&ends), piece).map(|tasks| Box::new(tasks) as Box<dyn Doer>);
    let no_loop = "a chain of it has no loop, and cannot write as much as was read".to_owned();
    Ok(Work {
        note: format!("{TIMES} times the README's cat of a cached file of {BYTES} bytes, to /dev/null"),
        pieces: TIMES,
        bytes: (TIMES * BYTES) as u64,
        doers: vec![
            ("plain", Ok(Box::new(Plain { ends: Arc::clone(&ends), buffer: vec![0; AT_ONCE] }))),
            ("syslet-inline", syslets(By::Inline, write)),
            ("syslet-storage", syslets(By::Both, write_marked)),
            ("syslet", syslets(By::Both, write)),
            ("tokio", tasks),
            ("io_uring-linked", Err(no_loop)),
        ],
    })
}

#[derive(Debug)]
struct Plain {
    ends: Arc<Ends>,
    buffer: Vec<u8>,
}

impl Doer for Plain {
    fn turn(&mut self) -> Result<u64, String> {
        let (path, to) = (self.ends.path(), self.ends.null.as_raw_fd());
        let mut moved = 0;
        for _ in 0..TIMES {
            let from = sys::open(path, FLAGS)?;
            loop {
                let read = sys::read(from, &mut self.buffer)?;
                if read == 0 {
                    break;
                }
                moved += sys::write(to, &self.buffer[..read])? as u64;
            }
            sys::close(from)?;
        }
        Ok(moved)
    }
}

/// As the README has it.
fn write(p: &mut Builder<'_>, ends: &Arc<Ends>, _piece: usize) {
    let (path, buffer) = (p.path(ends.path()), p.scratch(AT_ONCE));
    let to = ends.null.as_raw_fd();
    let file = p.call(calls::openat(libc::AT_FDCWD, path, FLAGS, 0)).or_stop();
    p.repeat(|p| {
        let count = p.call(calls::read(file, buffer, AT_ONCE).storage()).stop_if(Test::non_positive());
        p.call(calls::write(to, buffer, count)).or_stop();
    });
    p.finally(calls::close(file));
}

/// Every call that might go to a worker is said not to need one.
fn write_marked(p: &mut Builder<'_>, ends: &Arc<Ends>, _piece: usize) {
    let (path, buffer) = (p.path(ends.path()), p.scratch(AT_ONCE));
    let to = ends.null.as_raw_fd();
    let file = p.call(calls::openat(libc::AT_FDCWD, path, FLAGS, 0)).or_stop();
    p.repeat(|p| {
        let count = p.call(calls::read(file, buffer, AT_ONCE).storage()).stop_if(Test::non_positive());
        p.call(calls::write(to, buffer, count).storage()).or_stop();
    });
    p.finally(calls::close(file).storage());
}

/// One file, a round trip for each call.
fn piece(ends: Arc<Ends>, _piece: usize) -> Piece {
    Box::pin(async move {
        let path = ends.path().clone();
        let to = ends.null.as_raw_fd();
        let from = away(move || sys::open(&path, FLAGS)).await?;
        let (mut moved, mut buffer) = (0, vec![0; AT_ONCE]);
        loop {
            let read;
            (read, buffer) = away(move || Ok((sys::read(from, &mut buffer)?, buffer))).await?;
            if read == 0 {
                break;
            }
            let written;
            (written, buffer) = away(move || Ok((sys::write(to, &buffer[..read])?, buffer))).await?;
            moved += written as u64;
        }
        away(move || sys::close(from)).await?;
        drop(ends);
        Ok(moved)
    })
}
