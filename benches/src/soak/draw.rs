//! The calls of the soak, drawn at random.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use fastrand::Rng;
use syslet::{CallFlags, Submission};

use super::bytes::Bytes;
use super::call::{Call, plain, read_into, signed, sleepy_flags};
use super::debt::{Debt, Flow};
use super::entry::{Entry, Expected};
use super::poll;
use super::rescue::Rescue;
use super::scratch::Scratch;
use super::stopped::apart;

/// A futex call of the soak ends long before, unless a wake-up was lost.
const LONG_S: i64 = 300;

/// One call out of all kinds.
pub(super) fn draw(rng: &mut Rng, scratch: &Scratch) -> io::Result<Call> {
    let mut call = match rng.u8(..21) {
        0 => plain("getpid", libc::SYS_getpid, Expected::Exactly(std::process::id().into())),
        1 => plain("gettid", libc::SYS_gettid, Expected::Thread),
        2..=5 => pread(rng, scratch),
        6 | 7 => return pipe_read(rng),
        8 => return big_write(rng),
        9 | 10 => return receive(rng),
        11 => nanosleep(rng),
        12 => futex_timeout(rng),
        13 => return Ok(futex_wait(rng)),
        14 => return poll::ready(rng),
        15 => return poll::empty(rng),
        16 => return lock(rng, scratch),
        17 => return Ok(open(rng, scratch)),
        18 => missing(),
        19 => return Ok(apart(rng)),
        _ => plain("bad-descriptor", libc::SYS_close, Expected::Exactly(-i64::from(libc::EBADF))).arg(-1),
    };
    let choice = [CallFlags::NONE, CallFlags::NONE, CallFlags::ASYNC, CallFlags::SYNC];
    call.entry.flags = call.entry.flags.with(*rng.choice(&choice).unwrap_or(&CallFlags::NONE));
    // What a hidden success has written nobody may look at before the ring is empty.
    if call.entry.gives.is_none() && call.entry.words.is_empty() && rng.u8(..8) == 0 {
        call.entry.flags = call.entry.flags.with(CallFlags::NO_COMPLETE);
    }
    Ok(call)
}

fn pread(rng: &mut Rng, scratch: &Scratch) -> Call {
    let (from, len) = (rng.usize(..Scratch::BYTES + 100), rng.usize(1..=8 << 10));
    let got = signed(len.min(Scratch::BYTES.saturating_sub(from)));
    let mut entry = Entry::new("pread", Expected::Exactly(got));
    entry.gives = Some((scratch.bytes, from));
    if rng.bool() {
        entry.flags = CallFlags::STORAGE;
    }
    let builder = Submission::call(libc::SYS_pread64).lend(&scratch.file);
    let builder = read_into(builder, &mut entry, len, rng).value(from as u64);
    Call { builder, entry, debts: Vec::new() }
}

fn pipe_read(rng: &mut Rng) -> io::Result<Call> {
    let (reader, writer) = std::io::pipe()?;
    let (reader, writer) = (Arc::new(reader), Arc::new(writer));
    let (asked, given) = (rng.usize(1..=3000), rng.usize(1..=3000));
    let bytes = Bytes { seed: rng.u64(..) };
    let mut entry = Entry::new("pipe-read", Expected::Exactly(signed(asked.min(given))));
    entry.gives = Some((bytes, 0));
    entry.owes = true;
    entry.flags = sleepy_flags(rng);
    entry.rescues = vec![Rescue::Feed(Arc::clone(&writer))];
    let builder = read_into(Submission::call(libc::SYS_read).lend(&reader), &mut entry, asked, rng);
    Ok(Call { builder, entry, debts: vec![Debt::Write(writer, bytes, given)] })
}

/// A write of more than a pipe holds.
fn big_write(rng: &mut Rng) -> io::Result<Call> {
    let (reader, writer) = std::io::pipe()?;
    let (bytes, end) = (Bytes { seed: rng.u64(..) }, rng.usize(1..=160 << 10));
    let flow = Flow { reader: Arc::new(reader), writer: Arc::new(writer), bytes, at: 0, end };
    let mut entry = Entry::new("big-write", Expected::Exactly(signed(end)));
    entry.buffer = bytes.part(0, end);
    entry.owes = true;
    entry.flags = sleepy_flags(rng);
    entry.rescues = flow.rescues();
    let address = entry.buffer.as_ptr().expose_provenance() as u64;
    let builder = Submission::call(libc::SYS_write).lend(&flow.writer).value(address).value(end as u64);
    Ok(Call { builder, entry, debts: vec![Debt::Read(flow)] })
}

/// Bytes that are sent in two parts, received as a whole; or those of one part.
fn receive(rng: &mut Rng) -> io::Result<Call> {
    let (near, far) = UnixStream::pair()?;
    let (near, far) = (Arc::new(near), Arc::new(far));
    let (bytes, len) = (Bytes { seed: rng.u64(..) }, rng.usize(2..=3000));
    let is_whole = rng.bool();
    let first = if is_whole { rng.usize(1..len) } else { len };
    let mut entry = Entry::new("recv", Expected::Exactly(signed(len)));
    entry.gives = Some((bytes, 0));
    entry.owes = true;
    entry.flags = sleepy_flags(rng);
    entry.rescues = vec![Rescue::Shut(Arc::clone(&far))];
    let builder = read_into(Submission::call(libc::SYS_recvfrom).lend(&near), &mut entry, len, rng);
    let builder = builder.int(if is_whole { libc::MSG_WAITALL.into() } else { 0 }).value(0).value(0);
    let rest = (first < len).then(|| bytes.part(first, len - first));
    let debts = vec![Debt::Send(far, bytes.part(0, first), rest)];
    Ok(Call { builder, entry, debts })
}

fn nanosleep(rng: &mut Rng) -> Call {
    let nanoseconds = rng.u32(..3_000_000);
    let mut call = plain("nanosleep", libc::SYS_nanosleep, Expected::Exactly(0));
    call.entry.least = Duration::from_nanos(nanoseconds.into());
    let time = [0, i64::from(nanoseconds)].map(i64::to_ne_bytes).concat();
    call.builder = call.builder.input(&time).value(0);
    call
}

/// A wait on a futex whose word is as expected, or not.
fn futex(
    rng: &mut Rng,
    name: &'static str,
    time: [i64; 2],
    expected: u32,
    result: Expected,
) -> (Call, Arc<AtomicU32>) {
    let word = Arc::new(AtomicU32::new(0));
    let mut call = plain(name, libc::SYS_futex, result);
    call.entry.words = time.to_vec();
    call.entry.rescues = vec![Rescue::Wake(Arc::clone(&word))];
    call.entry.flags = sleepy_flags(rng);
    let operation = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
    let address = word.as_ptr().expose_provenance() as u64;
    let time = call.entry.words.as_ptr().expose_provenance() as u64;
    let builder = call.builder.value(address).int(operation.into()).value(expected.into());
    call.builder = builder.value(time).value(0).value(0);
    (call, word)
}

fn futex_timeout(rng: &mut Rng) -> Call {
    let (expected, time) = (u32::from(rng.u8(..4) == 0), [0, i64::from(rng.u32(..2_000_000))]);
    let errno = if expected == 0 { libc::ETIMEDOUT } else { libc::EAGAIN };
    let (mut call, _) = futex(rng, "futex-timeout", time, expected, Expected::Exactly(-i64::from(errno)));
    if expected == 0 {
        call.entry.least = Duration::from_nanos(time[1].unsigned_abs());
    }
    call.entry.flags = CallFlags::NONE;
    call
}

fn futex_wait(rng: &mut Rng) -> Call {
    let late = -i64::from(libc::EAGAIN);
    let (mut call, word) = futex(rng, "futex-wait", [LONG_S, 0], 0, Expected::Either(0, late));
    call.entry.owes = true;
    call.debts = vec![Debt::Wake(word)];
    call
}

/// A lock that all rings want; each call has a file description of its own.
fn lock(rng: &mut Rng, scratch: &Scratch) -> io::Result<Call> {
    let file = Arc::new(File::open(&scratch.lock)?);
    let mut call = plain("flock", libc::SYS_flock, Expected::Exactly(0));
    call.builder = call.builder.lend(&file).int(libc::LOCK_EX.into());
    call.entry.owes = true;
    call.entry.flags = sleepy_flags(rng);
    call.entry.rescues = vec![Rescue::Unlock(Arc::clone(&file))];
    call.entry.then = Some(Debt::Unlock(file));
    Ok(call)
}

fn open(rng: &mut Rng, scratch: &Scratch) -> Call {
    let mut call = plain("openat", libc::SYS_openat, Expected::Descriptor);
    let flags = libc::O_RDONLY | libc::O_CLOEXEC;
    call.builder = call.builder.int(libc::AT_FDCWD.into()).path(&scratch.path).int(flags.into()).value(0);
    call.entry.flags = sleepy_flags(rng);
    call.entry.owes = true;
    call.entry.then = Some(Debt::Close(-1));
    call
}

fn missing() -> Call {
    let path = CString::default();
    let mut call = plain("missing", libc::SYS_openat, Expected::Exactly(-i64::from(libc::ENOENT)));
    call.builder = call.builder.int(libc::AT_FDCWD.into()).path(&path).int(libc::O_RDONLY.into()).value(0);
    call
}
