//! What a ring owes to calls that wait for it: the other side of a pipe, a lock, a word.

use std::fs::File;
use std::io::{PipeReader, PipeWriter, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use nix::unistd::close;

use super::bytes::Bytes;
use super::door;
use super::rescue::Rescue;

/// Something to be submitted later.
#[derive(Clone, Debug)]
pub(super) enum Debt {
    /// So many bytes for who reads.
    Write(Arc<PipeWriter>, Bytes, usize),
    /// Parts of what somebody waits for on a connection: one now, and another when that is sent.
    Send(Arc<UnixStream>, Vec<u8>, Option<Vec<u8>>),
    /// Room for who writes.
    Read(Flow),
    /// A lock given back.
    Unlock(Arc<File>),
    /// A word that changes.
    Wake(Arc<AtomicU32>),
    /// The descriptor that the last call gave.
    Close(i64),
}

/// Bytes on their way through a pipe that does not hold them all.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub(super) reader: Arc<PipeReader>,
    pub(super) writer: Arc<PipeWriter>,
    pub(super) bytes: Bytes,
    pub(super) at: usize,
    pub(super) end: usize,
}

impl Flow {
    pub(super) fn rescues(&self) -> Vec<Rescue> {
        vec![Rescue::Drain(Arc::clone(&self.reader)), Rescue::Feed(Arc::clone(&self.writer))]
    }
}

impl Debt {
    /// Pays without the engine, if that needs no waiting; says whether it was paid.
    pub(super) fn pay_by_hand(&self) -> bool {
        match self {
            Debt::Write(end, bytes, len) => (&**end).write_all(&bytes.part(0, *len)).is_ok(),
            Debt::Send(end, part, rest) => {
                let rest = rest.as_deref().unwrap_or(&[]);
                (&**end).write_all(part).is_ok() && (&**end).write_all(rest).is_ok()
            }
            Debt::Read(_) => false,
            Debt::Unlock(file) => file.unlock().is_ok(),
            Debt::Wake(word) => {
                door::wake(word);
                true
            }
            Debt::Close(fd) => i32::try_from(*fd).is_ok_and(|fd| close(fd).is_ok()),
        }
    }
}
