//! The trace: a line when a call with TRACE begins, and one when it ends, in a descriptor of the application's. The runner and programs
//! write it.

use std::fmt::{Display, Write as _};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::stat::{SFlag, fstat};
use nix::unistd::write;
use syslet_abi::RawResult;

use crate::exec::signals;
use crate::sys::thread::own_tid;

/// Where the lines go.
#[derive(Debug)]
pub(crate) struct Trace {
    fd: Arc<OwnedFd>,
    lost: AtomicU64,
}

impl Trace {
    /// Lines into this descriptor. EINVAL, when it can keep a writer waiting for ever: a pipe, socket or terminal that is
    /// not non-blocking.
    pub(crate) fn new(fd: Arc<OwnedFd>) -> nix::Result<Trace> {
        let kind = SFlag::from_bits_truncate(fstat(&fd)?.st_mode) & SFlag::S_IFMT;
        let flags = OFlag::from_bits_truncate(fcntl(&fd, FcntlArg::F_GETFL)?);
        if kind != SFlag::S_IFREG && !flags.contains(OFlag::O_NONBLOCK) {
            return Err(Errno::EINVAL);
        }
        Ok(Trace { fd, lost: AtomicU64::new(0) })
    }

    /// Lines that could not be written whole.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// The calling thread is about to make this call: a number, or `program`.
    pub(crate) fn begin(&self, id: u64, nr: impl Display, is_pooled: bool) {
        self.line(format_args!("syslet begin id={id} nr={nr} tid={}", own_tid()), is_pooled);
    }

    /// The calling thread has brought it to its end.
    pub(crate) fn end(&self, id: u64, result: RawResult, is_pooled: bool) {
        self.line(format_args!("syslet end id={id} result={} tid={}", result.0, own_tid()), is_pooled);
    }

    /// One line by one write, so that those of several threads do not mix.
    fn line(&self, line: std::fmt::Arguments<'_>, is_pooled: bool) {
        let mut text = String::with_capacity(LINE_BYTES);
        // A String takes everything.
        let _ = writeln!(text, "{line}");
        let written = if is_pooled { self.write(&text) } else { quietly(|| self.write(&text)) };
        if written != Ok(text.len()) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Where SIGPIPE and SIGXFSZ are blocked.
    fn write(&self, text: &str) -> nix::Result<usize> {
        let written = write(&self.fd, text.as_bytes());
        if let Err(errno) = written {
            signals::after(-i64::from(errno as i32));
        }
        written
    }
}

/// Writes in a thread of the application's: a line that cannot be written sends that thread no signal (ENGINE-34).
fn quietly(write: impl FnOnce() -> nix::Result<usize>) -> nix::Result<usize> {
    let set = SigSet::from_iter([Signal::SIGPIPE, Signal::SIGXFSZ]);
    let before = set.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let written = write();
    let restored = before.thread_set_mask();
    debug_assert_eq!(restored, Ok(()), "it was this thread's mask before");
    written
}

/// No line is longer.
const LINE_BYTES: usize = 96;
