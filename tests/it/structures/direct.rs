//! The plain call that a submission stands for, made with memory of the test's own.
#![allow(unsafe_code, reason = "makes the plain calls to compare with")]

use std::mem::size_of;

use syslet::abi::{ArgKind, Call, Inout, Limits};
use syslet::syscalls::{ArgType, row};
use syslet::{CallFlags, Config, Params, Ring, Submission, SubmissionBuilder};

use crate::rig::{self, drain, push};

/// The result, and the out area: zero where nothing was written.
pub(super) type Got = (i64, Vec<u8>);

/// Lets a scene be played by plain calls, by a submitter alone, inline and pooled, and compares what it has seen.
#[track_caller]
pub(super) fn compare<T: PartialEq + std::fmt::Debug>(
    is_safe: bool,
    scene: impl Fn(&mut dyn FnMut(SubmissionBuilder) -> Got) -> T,
) {
    let plain = scene(&mut |call| directly(&call.build()));
    let ways = [
        (rig::alone(), CallFlags::SYNC),
        (Config::default(), CallFlags::NONE),
        (Config::default(), CallFlags::ASYNC),
    ];
    for (config, flags) in ways {
        let params = Params { submission_record_max: 32 << 10, ..Params::default() };
        let mut ring = rig::ring_with(config, &params);
        let seen = scene(&mut |call| through(&mut ring, is_safe, &call.flags(flags).build()));
        assert_eq!(seen, plain, "{flags:?}");
    }
}

fn through(ring: &mut Ring, is_safe: bool, submission: &Submission) -> Got {
    soil(ring);
    let pushed = if is_safe { ring.push_safe(submission) } else { push(ring, submission) };
    pushed.expect("accepted");
    ring.submit_and_wait(1).expect("waited");
    let done = drain(ring).remove(0);
    let mut out = done.data().to_vec();
    out.resize(view(submission).out_len(), 0);
    (done.result, out)
}

/// Leaves bytes in the engine's buffers that must not be seen again.
fn soil(ring: &mut Ring) {
    let noise = std::fs::File::open("/dev/urandom").expect("opens");
    let read = Submission::call(libc::SYS_read).int(std::os::fd::AsRawFd::as_raw_fd(&noise).into());
    assert_eq!(rig::run(ring, read.output(4096).value(4096)).result, 4096);
}

fn view(submission: &Submission) -> Call<'_> {
    let limits = Limits { record_bytes_max: 1 << 20, out_bytes_max: 1 << 20 };
    Call::check(submission.bytes(), &limits).expect("what is built is well formed")
}

/// Memory of a plain call.
struct Memory {
    data: Vec<u64>,
    out: Vec<u64>,
}

fn address(area: &mut [u64], at: u64) -> u64 {
    area.as_mut_ptr().expose_provenance() as u64 + at
}

fn copied(bytes: &[u8]) -> Vec<u64> {
    let word = |chunk: &[u8]| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_ne_bytes(word)
    };
    bytes.chunks(8).map(word).collect()
}

fn directly(submission: &Submission) -> Got {
    let call = view(submission);
    let row = row(call.nr()).expect("a call with a row");
    let mut memory = Memory { data: copied(call.data()), out: vec![0; call.out_len().div_ceil(8)] };
    let mut args = call.raw_args();
    let mut headers = Vec::new();
    for (index, arg) in args.iter_mut().enumerate().take(call.argc()) {
        let ty = row.args[index].ty;
        let Inout { out, data } = Inout::unpack(*arg);
        *arg = match call.kinds().get(index) {
            ArgKind::IN => address(&mut memory.data, *arg),
            ArgKind::OUT => address(&mut memory.out, *arg),
            ArgKind::INOUT => address(&mut memory.out, out.into()),
            _ => continue,
        };
        let count = usize::try_from(call.raw_arg(index + 1)).unwrap_or(0);
        let (count, stride) = match ty {
            ArgType::Gather | ArgType::Scatter => {
                memory.vector(*arg, if index == 5 { 1 } else { count }, ty == ArgType::Scatter);
                continue;
            }
            ArgType::SendMessage | ArgType::ReceiveMessage => (1, size_of::<libc::msghdr>()),
            ArgType::SendMessages | ArgType::ReceiveMessages => (count, size_of::<libc::mmsghdr>()),
            _ if call.kinds().get(index) == ArgKind::INOUT && !ty.has_addresses() => {
                memory.copy_in(data as usize, out as usize, call.data().len().min(call.out_len()) / 8);
                continue;
            }
            _ => continue,
        };
        if ty != ArgType::SendMessage {
            memory.copy_in(data as usize, out as usize, count * stride / 8);
        }
        for header in 0..count {
            let at = *arg + (header * stride) as u64;
            headers.push((at, memory.header(at, ty.receives())));
        }
    }
    let [a, b, c, d, e, f] = args;
    // SAFETY: every address is of memory that lives beyond the call and is as long as the call is told.
    let result = unsafe { libc::syscall(call.nr().into(), a, b, c, d, e, f) };
    let result = if result == -1 {
        -i64::from(std::io::Error::last_os_error().raw_os_error().expect("an error has a number"))
    } else {
        result
    };
    for (at, offsets) in headers {
        Memory::restore(at, offsets);
    }
    let mut out: Vec<u8> = memory.out.iter().flat_map(|word| word.to_ne_bytes()).collect();
    out.truncate(call.out_len());
    (result, out)
}

/// The word at an address.
fn word(at: u64) -> *mut u64 {
    std::ptr::with_exposed_provenance_mut(usize::try_from(at).expect("an address"))
}

impl Memory {
    /// INOUT bytes; both areas are words.
    fn copy_in(&mut self, data: usize, out: usize, words: usize) {
        let words = words.min(self.data.len() - data / 8).min(self.out.len() - out / 8);
        self.out[out / 8..][..words].copy_from_slice(&self.data[data / 8..][..words]);
    }

    /// Makes addresses of the offsets in a vector.
    fn vector(&mut self, at: u64, count: usize, receives: bool) {
        for entry in 0..count as u64 {
            self.point(at + 16 * entry, receives);
        }
    }

    /// Makes an address of the offset at `at`, and none of that of an empty range; gives the offset. The length is
    /// the next word in all of these structures.
    fn point(&mut self, at: u64, receives: bool) -> u64 {
        // SAFETY: a word of our own memory.
        let offset = unsafe { word(at).read() };
        // SAFETY: as above.
        let len = unsafe { word(at + 8).read() };
        let address = if receives { address(&mut self.out, offset) } else { address(&mut self.data, offset) };
        // SAFETY: as above.
        unsafe { word(at).write(if len == 0 { 0 } else { address }) };
        offset
    }

    /// Makes addresses of the offsets in a header; gives the offsets.
    fn header(&mut self, at: u64, receives: bool) -> [u64; 3] {
        // SAFETY: a word of our own memory.
        let count = unsafe { word(at + 24).read() };
        let offsets = [self.point(at, receives), self.point(at + 16, false), self.point(at + 32, receives)];
        let vector = address(&mut self.data, offsets[1]);
        self.vector(vector, usize::try_from(count).expect("a count"), receives);
        offsets
    }

    /// Puts the offsets back into a header that comes back.
    fn restore(at: u64, offsets: [u64; 3]) {
        for (field, offset) in [0, 16, 32].into_iter().zip(offsets) {
            // SAFETY: a word of our own memory.
            unsafe { word(at + field).write(offset) };
        }
    }
}

/// A descriptor that a call has given to the test.
pub(super) fn owned(number: i32) -> std::os::fd::OwnedFd {
    // SAFETY: it came with a message, and nobody else knows it.
    unsafe { std::os::fd::FromRawFd::from_raw_fd(number) }
}
