//! The calls that pay what a ring owes.

use std::fs::File;
use std::io::PipeWriter;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use fastrand::Rng;
use syslet::{CallFlags, Submission};

use super::bytes::Bytes;
use super::call::{Call, read_into, signed};
use super::debt::{Debt, Flow};
use super::entry::{Entry, Expected};
use super::rescue::Rescue;

/// The call that pays a debt. Never ASYNC: with all workers in calls that wait for it, the submitter makes it.
pub(super) fn pay(debt: &Debt, rng: &mut Rng) -> Call {
    let mut call = match debt {
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
