//! What a ring owes to calls that wait for it: the other side of a pipe, a lock, a word.

use std::fs::File;
use std::io::{PipeReader, PipeWriter, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use fastrand::Rng;
use nix::unistd::close;
use syslet::{CallFlags, Submission};

use super::bytes::Bytes;
use super::call::{Call, read_into};
use super::door;
use super::entry::{Entry, Expected};
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
    /// The call that pays it. Never ASYNC: with all workers in calls that wait for it, the submitter makes it.
    pub(super) fn call(&self, rng: &mut Rng) -> Call {
        let mut call = match self {
            Debt::Write(end, bytes, len) => write(end, *bytes, *len),
            Debt::Send(end, part, rest) => send(end, part, rest.as_ref()),
            Debt::Read(flow) => return read_on(flow, rng),
            Debt::Unlock(file) => unlock(file),
            Debt::Wake(word) => wake(word),
            Debt::Close(fd) => Call {
                builder: Submission::call(libc::SYS_close).int(*fd),
                entry: Entry::new("close", Expected::Exactly(0)),
                debts: Vec::new(),
            },
        };
        if rng.u8(..4) == 0 {
            call.entry.flags = call.entry.flags.with(CallFlags::SYNC);
        }
        if call.entry.then.is_none() && rng.u8(..8) == 0 {
            call.entry.flags = call.entry.flags.with(CallFlags::NO_COMPLETE);
        }
        call
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

fn write(end: &Arc<PipeWriter>, bytes: Bytes, len: usize) -> Call {
    let builder = Submission::call(libc::SYS_write).lend(end).input(&bytes.part(0, len)).value(len as u64);
    Call { builder, entry: Entry::new("pipe-write", Expected::Exactly(signed(len))), debts: Vec::new() }
}

fn send(end: &Arc<UnixStream>, part: &[u8], rest: Option<&Vec<u8>>) -> Call {
    let len = part.len();
    let builder = Submission::call(libc::SYS_sendto).lend(end).input(part).value(len as u64);
    let builder = builder.value(0).value(0).value(0);
    let mut entry = Entry::new("send", Expected::Exactly(signed(len)));
    entry.owes = rest.is_some();
    entry.then = rest.map(|rest| Debt::Send(Arc::clone(end), rest.clone(), None));
    Call { builder, entry, debts: Vec::new() }
}

fn read_on(flow: &Flow, rng: &mut Rng) -> Call {
    let len = rng.usize(1..=32 << 10);
    let builder = Submission::call(libc::SYS_read).lend(&flow.reader);
    let left = signed((flow.end - flow.at).min(len));
    let mut entry = Entry::new("big-read", Expected::UpTo(left));
    entry.gives = Some((flow.bytes, flow.at));
    entry.owes = true;
    entry.then = Some(Debt::Read(flow.clone()));
    entry.rescues = flow.rescues();
    let builder = read_into(builder, &mut entry, len, rng);
    Call { builder, entry, debts: Vec::new() }
}

fn unlock(file: &Arc<File>) -> Call {
    let builder = Submission::call(libc::SYS_flock).lend(file).int(libc::LOCK_UN.into());
    let mut entry = Entry::new("unlock", Expected::Exactly(0));
    entry.rescues = vec![Rescue::Unlock(Arc::clone(file))];
    Call { builder, entry, debts: Vec::new() }
}

fn wake(word: &Arc<AtomicU32>) -> Call {
    word.store(1, Ordering::Release);
    let operation = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
    let address = word.as_ptr().expose_provenance() as u64;
    let builder = Submission::call(libc::SYS_futex).value(address).int(operation.into()).value(8);
    let builder = builder.value(0).value(0).value(0);
    let mut entry = Entry::new("futex-wake", Expected::Either(0, 1));
    entry.rescues = vec![Rescue::Wake(Arc::clone(word))];
    Call { builder, entry, debts: Vec::new() }
}

/// A length as a result.
pub(super) fn signed(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}
