//! Polls: of a pipe that gets something to read, and of one that does not.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use syslet::{Submission, SubmissionBuilder};

use super::bytes::Bytes;
use super::call::{Call, sleepy_flags};
use super::debt::Debt;
use super::entry::{Entry, Expected};
use super::rescue::Rescue;

fn poll(reader: &impl AsRawFd, timeout_ms: i64) -> SubmissionBuilder {
    let asked = [
        reader.as_raw_fd().to_ne_bytes(),
        [libc::POLLIN, 0].map(i16::to_ne_bytes).concat().try_into().unwrap_or_default(),
    ];
    Submission::call(libc::SYS_poll).inout(&asked.concat()).value(1).int(timeout_ms)
}

/// Ends when the ring writes.
pub(super) fn ready(rng: &mut Rng) -> io::Result<Call> {
    let (reader, writer) = io::pipe()?;
    let (reader, writer) = (Arc::new(reader), Arc::new(writer));
    let mut entry = Entry::new("poll-ready", Expected::Exactly(1));
    entry.owes = true;
    entry.flags = sleepy_flags(rng);
    entry.rescues = vec![Rescue::Drain(Arc::clone(&reader)), Rescue::Feed(Arc::clone(&writer))];
    let builder = poll(&*reader, -1);
    Ok(Call { builder, entry, debts: vec![Debt::Write(writer, Bytes { seed: 0 }, 1)] })
}

/// Ends when its time is up.
pub(super) fn empty(rng: &mut Rng) -> io::Result<Call> {
    let (reader, writer) = io::pipe()?;
    let (reader, writer) = (Arc::new(reader), Arc::new(writer));
    let timeout_ms = rng.u8(..4);
    let mut entry = Entry::new("poll-timeout", Expected::Exactly(0));
    entry.least = Duration::from_millis(timeout_ms.into());
    entry.flags = sleepy_flags(rng);
    let builder = poll(&*reader, timeout_ms.into());
    entry.rescues = vec![Rescue::Drain(reader), Rescue::Feed(writer)];
    Ok(Call { builder, entry, debts: Vec::new() })
}
