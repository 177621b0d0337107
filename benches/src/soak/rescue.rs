//! Ends calls whose ring is gone: nobody will submit what they wait for.

use std::fs::File;
use std::io::{PipeReader, PipeWriter};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::{read, write};

use super::door;

/// What ends one call, whether it runs already or begins any moment. It is done again and again.
#[derive(Clone, Debug)]
pub(super) enum Rescue {
    /// Something to read.
    Feed(Arc<PipeWriter>),
    /// Room to write.
    Drain(Arc<PipeReader>),
    /// Locks that its descriptor got meanwhile are given back.
    Unlock(Arc<File>),
    /// A word that changes.
    Wake(Arc<AtomicU32>),
    /// The end of a connection.
    Shut(Arc<UnixStream>),
}

/// More than a pipe holds by default, read so much at once.
const GULP_BYTES: usize = 1 << 16;

impl Rescue {
    /// Never waits, and fails only where there is nothing left to do.
    pub(super) fn perform(&self) {
        match self {
            Rescue::Feed(end) => {
                make_non_blocking(end);
                let _ = write(end, &[0; 4096]);
            }
            Rescue::Drain(end) => {
                make_non_blocking(end);
                let _ = read(end, &mut [0; GULP_BYTES]);
            }
            Rescue::Unlock(file) => drop(file.unlock()),
            Rescue::Wake(word) => door::wake(word),
            Rescue::Shut(end) => drop(end.shutdown(Shutdown::Both)),
        }
    }
}

fn make_non_blocking(end: &impl AsFd) {
    let _ = fcntl(end.as_fd(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK));
}
