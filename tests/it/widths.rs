//! What the engine itself makes of arguments of which the kernel takes fewer than 64 bits. That the calls are the plain
//! ones is compared for all of them in tests/equivalence/widths.rs.

use std::io::{Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex};

use syslet::attrs::{
    Attribute, CallFacts, ChecksumValue, Needs, Observed, Plan, RetryAsk, RetryEnd, RetryOn, RetryValue,
    Token,
};
use syslet::syscalls::decode::Decoder;
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Params, Status, Submission, SubmissionBuilder,
    Which,
};

use crate::rig::{self, Seen, pipe, push, run};

/// What the kernel does not take of 32 bits.
const HIGH: u64 = 0xdead_beef << 32;
const NONE: AttributeFlags = AttributeFlags::NONE;

fn fd(file: &impl AsRawFd) -> u64 {
    u64::from(file.as_raw_fd().cast_unsigned())
}

fn address<T>(of: &mut [T]) -> u64 {
    of.as_mut_ptr().expose_provenance() as u64
}

fn file_of(bytes: &[u8]) -> std::fs::File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("written");
    file.seek(SeekFrom::Start(0)).expect("sought");
    file
}

#[track_caller]
fn handled(seen: &Seen, id: AttributeId) -> &[u8] {
    let (status, value) = seen.answer(id).expect("it was asked");
    assert_eq!(status, Status::HANDLED, "{id:?}");
    value
}

/// Runs a call without workers, in the submitter and in a worker.
fn everywhere(mut look: impl FnMut(&mut syslet::Ring, CallFlags)) {
    for (config, flags) in [
        (rig::alone(), CallFlags::SYNC),
        (Config::default(), CallFlags::NONE),
        (Config::default(), CallFlags::ASYNC),
    ] {
        look(&mut rig::ring_with(config, &Params::default()), flags);
    }
}

/// ENGINE-32: a checksum covers the buffers that the kernel counts, and reads no others: behind the last one is nothing
/// that could be one.
#[test]
fn a_checksum_counts_buffers_as_the_kernel_does() {
    let file = file_of(b"sixteen bytes are");
    let mut buffer = [0_u8; 16];
    let mut vector = [address(&mut buffer), 16, 0x7fff_0000_0000, u64::MAX];
    everywhere(|ring, flags| {
        let mut sum = |count: u64, nr: libc::c_long| {
            let read = Submission::call(nr).flags(flags).value(fd(&file) | HIGH);
            let read = read.value(address(&mut vector)).value(count).value(0);
            let seen = run(ring, read.attribute(AttributeId::CHECKSUM, NONE, &[]));
            (seen.result, ChecksumValue::parse(handled(&seen, AttributeId::CHECKSUM)).expect("a value").0)
        };
        let (result, plain) = sum(1, libc::SYS_preadv);
        assert_eq!((result, plain.bytes), (16, 16));
        assert_eq!(sum(1 << 32 | 1, libc::SYS_preadv), (16, plain));
        assert_eq!(sum(HIGH | 1, libc::SYS_preadv), (16, plain));
        assert_eq!(sum(1 << 32, libc::SYS_preadv).0, 0, "none are counted");
    });
}

/// ENGINE-32: a transfer that goes on behind its first part counts buffers as the kernel does.
#[test]
fn a_repetition_counts_buffers_as_the_kernel_does() {
    let (reader, mut writer) = pipe();
    let (mut first, mut second) = ([0_u8; 4], [0_u8; 6]);
    let mut vector = [address(&mut first), 4, address(&mut second), 6, 0x7fff_0000_0000, u64::MAX];
    let ask = RetryAsk { on: RetryOn::SHORT, ..RetryAsk::default() };
    let mut ring = rig::pooled();
    writer.write_all(b"abc").expect("room");
    let read = Submission::call(libc::SYS_readv).flags(CallFlags::ASYNC).value(fd(&reader) | HIGH);
    let read = read.value(address(&mut vector)).value(HIGH | 2);
    push(&mut ring, &read.attribute(AttributeId::RETRY, NONE, &ask.payload()).build()).expect("accepted");
    ring.submit();
    // The rest may come before the first attempt: then there is one attempt, and as many bytes.
    writer.write_all(b"defghijklm").expect("room");
    ring.wait(1, None).expect("waited");
    let seen = rig::drain(&mut ring).remove(0);
    assert_eq!((seen.result, &first, &second), (10, b"abcd", b"efghij"));
    let retried = RetryValue::parse(handled(&seen, AttributeId::RETRY)).expect("a value");
    assert_eq!(retried.ended, RetryEnd::DONE);
}

/// ENGINE-32: a call sleeps in the descriptor that the kernel takes, and is found by it.
#[test]
fn a_descriptor_is_what_the_kernel_takes() {
    let (reader, _writer) = pipe();
    let mut ring = rig::pooled();
    let read = Submission::call(libc::SYS_read).flags(CallFlags::ASYNC).value(fd(&reader) | HIGH);
    push(&mut ring, &read.output(8).value(8).build()).expect("accepted");
    assert!(ring.cancel(Which::Fd(reader.as_raw_fd() + 1)).is_nothing());
    let found = ring.cancel(Which::Fd(reader.as_raw_fd()));
    assert_eq!(found.removed + found.signalled, 1, "{found:?}");
    ring.wait(1, None).expect("waited");
    assert!(rig::drain(&mut ring)[0].flags.contains(DoneFlags::CANCELLED));
}

const WITNESS: AttributeId = AttributeId(AttributeId::APPLICATION.0 + 5);

/// Writes down what it is told of a call.
#[derive(Debug)]
struct Witness(Arc<Mutex<Vec<[u64; 6]>>>);

impl Attribute for Witness {
    fn id(&self) -> AttributeId {
        WITNESS
    }

    fn name(&self) -> &'static str {
        "witness"
    }

    fn check(&self, _: &[u8], call: &CallFacts) -> Result<Plan, Status> {
        self.0.lock().expect("nobody panics with the lock").push(call.args);
        Ok(Plan { return_bytes_max: 0, may_run_inline: true, needs: Needs::NONE })
    }

    fn after(&self, _: &[u8], _: Token, observed: &Observed, _: &mut [u8]) -> (Status, usize) {
        self.0.lock().expect("nobody panics with the lock").push(observed.call.args);
        (Status::HANDLED, 0)
    }
}

/// ENGINE-32: attributes and words are told of arguments as the kernel takes them.
#[test]
fn attributes_and_words_have_what_the_kernel_takes() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let config = rig::alone().attribute(Arc::new(Witness(Arc::clone(&told))));
    let mut ring = rig::ring_with(config, &Params::default());
    let seek =
        |high: u64| Submission::call(libc::SYS_lseek).value(high | 7777).value(1 << 40).value(high | 2);
    let asked = |call: SubmissionBuilder| call.attribute(WITNESS, NONE, &[]);
    assert_eq!(run(&mut ring, asked(seek(HIGH))).result, -i64::from(libc::EBADF));
    let told = told.lock().expect("nobody panics with the lock").clone();
    assert!(!told.is_empty() && told.iter().all(|args| *args == [7777, 1 << 40, 2, 0, 0, 0]), "{told:x?}");
    let [plain, junk] = [0, HIGH].map(|high| Decoder::default().record(seek(high).build().bytes()));
    assert_eq!((junk.as_str(), plain), ("lseek(7777, 1099511627776, SEEK_END)", junk.clone()));
}
