//! Files in memory copied in pieces of 64 KiB: each read says how much is written, until one gives nothing.

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

const FILES: usize = 16;
const BYTES: usize = 1 << 20;
const AT_ONCE: usize = 64 << 10;

/// Open files, from and to.
#[derive(Debug)]
struct Pairs {
    pairs: Vec<(File, File)>,
    _files: Files,
}

impl Pairs {
    fn fds(&self, piece: usize) -> (i32, i32) {
        let (from, to) = &self.pairs[piece];
        (from.as_raw_fd(), to.as_raw_fd())
    }
}

pub(super) fn prepare() -> io::Result<Work> {
    // Each has files of its own: everybody rewinds, and nobody waits for another's locks.
    let pairs = || -> io::Result<Arc<Pairs>> {
        let files = Files::make(2 * FILES, BYTES)?;
        let open = |path: &std::ffi::CString| {
            let path = path.to_str().map_err(io::Error::other)?;
            File::options().read(true).write(true).open(path)
        };
        let pair = |pair: &[std::ffi::CString]| Ok((open(&pair[0])?, open(&pair[1])?));
        let pairs = files.paths.chunks(2).map(pair).collect::<io::Result<_>>()?;
        Ok(Arc::new(Pairs { pairs, _files: files }))
    };
    let syslets = |by| -> io::Result<_> {
        let copied = |total| u64::try_from(total).ok();
        let built = Syslets::prepare(by, FILES, pairs()?, write, copied);
        Ok(built.map(|built| Box::new(built) as Box<dyn Doer>))
    };
    let tasks = Tasks::prepare(FILES, pairs()?, piece).map(|tasks| Box::new(tasks) as Box<dyn Doer>);
    let no_loop = "a chain of it has no loop, and cannot write as much as was read".to_owned();
    Ok(Work {
        note: format!("{FILES} cached files of {BYTES} bytes, copied {AT_ONCE} bytes at a time"),
        pieces: FILES,
        bytes: (FILES * BYTES) as u64,
        doers: vec![
            ("plain", Ok(Box::new(Plain { pairs: pairs()?, buffer: vec![0; AT_ONCE] }))),
            ("syslet-inline", syslets(By::Inline)?),
            ("syslet-workers", syslets(By::Workers)?),
            ("syslet", syslets(By::Both)?),
            ("tokio", tasks),
            ("io_uring-linked", Err(no_loop)),
        ],
    })
}

#[derive(Debug)]
struct Plain {
    pairs: Arc<Pairs>,
    buffer: Vec<u8>,
}

impl Doer for Plain {
    fn turn(&mut self) -> Result<u64, String> {
        let mut moved = 0;
        for piece in 0..FILES {
            let (from, to) = self.pairs.fds(piece);
            sys::rewind(from)?;
            sys::rewind(to)?;
            loop {
                let read = sys::read(from, &mut self.buffer)?;
                if read == 0 {
                    break;
                }
                moved += sys::write(to, &self.buffer[..read])? as u64;
            }
        }
        Ok(moved)
    }
}

/// One file as a program, whose result is how much was copied.
fn write(p: &mut Builder<'_>, pairs: &Arc<Pairs>, piece: usize) {
    let (from, to) = pairs.fds(piece);
    let (buffer, total) = (p.scratch(AT_ONCE), p.register(0));
    p.call(calls::lseek(from, 0, libc::SEEK_SET)).or_stop();
    p.call(calls::lseek(to, 0, libc::SEEK_SET)).or_stop();
    p.repeat(|p| {
        let read = p.call(calls::read(from, buffer, AT_ONCE).storage()).break_if(Test::non_positive());
        let written = p.call(calls::write(to, buffer, read).storage()).or_stop();
        p.add(total, written);
    });
    p.stop_if(total, Test::non_zero());
}

/// One file, two round trips for each piece of it.
fn piece(pairs: Arc<Pairs>, piece: usize) -> Piece {
    Box::pin(async move {
        let (from, to) = pairs.fds(piece);
        away(move || sys::rewind(from)).await?;
        away(move || sys::rewind(to)).await?;
        let (mut moved, mut buffer) = (0, vec![0; AT_ONCE]);
        loop {
            let read;
            (read, buffer) = away(move || Ok((sys::read(from, &mut buffer)?, buffer))).await?;
            if read == 0 {
                return Ok(moved);
            }
            let written;
            (written, buffer) = away(move || Ok((sys::write(to, &buffer[..read])?, buffer))).await?;
            moved += written as u64;
        }
    })
}
