//! Attributes with any payloads, on calls that safe code may make: each call ends once, and everything asked is answered.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use syslet::{AttributeFlags, AttributeId, CallFlags, Submission, SubmissionBuilder};
use syslet_fuzz::{Bag, Bench};

thread_local! {
    static BENCH: RefCell<Bench> = RefCell::default();
}

fuzz_target!(|bytes: &[u8]| BENCH.with(|bench| run(&mut bench.borrow_mut(), bytes)));

/// Bytes to draw from; zeros behind the last.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

fn run(bench: &mut Bench, bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    let (mut pushed, mut hidden) = (0, 0);
    // STORAGE would be a lie of most descriptors, and SYNC has the submitter sleep.
    while !bytes.0.is_empty() && pushed < 8 {
        let flags = CallFlags(u16::from(bytes.byte()) & 0x19);
        let builder = call(bytes.byte(), &bench.bag).flags(flags);
        let attributes = bytes.byte() % 20;
        let builder = (0..attributes).fold(builder, |builder, _| attribute(builder, &mut bytes));
        if bench.push_safe(&builder.build()).is_ok() {
            pushed += 1;
            hidden += usize::from(flags.contains(CallFlags::NO_COMPLETE));
        }
    }
    let completions = bench.end();
    assert!((pushed - hidden..=pushed).contains(&completions), "{completions} completions of {pushed} calls");
}

fn attribute(builder: SubmissionBuilder, bytes: &mut Bytes<'_>) -> SubmissionBuilder {
    let (id, flags, len) = (bytes.byte(), bytes.byte(), bytes.byte());
    // Those of the application begin far above the others.
    let id = if id < 0xf0 { u16::from(id) } else { u16::from(id) << 8 };
    let payload = bytes.take(usize::from(len % 72));
    builder.attribute(AttributeId(id), AttributeFlags(flags.into()), payload)
}

/// Calls that are over at once, that move bytes, and that sleep.
fn call(which: u8, bag: &Bag) -> SubmissionBuilder {
    let fd = bag.get(usize::from(which >> 4));
    match which & 0xf {
        0 => Submission::call(libc::SYS_getpid),
        1 => Submission::call(libc::SYS_read).lend(fd).output(100).value(100),
        2 => Submission::call(libc::SYS_write).lend(fd).input(b"12345678").value(8),
        3 => Submission::call(libc::SYS_pread64).lend(fd).output(64).value(64).value(0),
        4 => Submission::call(libc::SYS_readv).lend(fd).vector_room(&[3, 0, 40]).value(3),
        5 => Submission::call(libc::SYS_nanosleep).input(&[0; 16]).output(16),
        6 => Submission::call(libc::SYS_clock_nanosleep).value(1).value(0).input(&nap(3600)).output(16),
        7 => Submission::call(libc::SYS_uname).output(390),
        8 => Submission::call(libc::SYS_flock).lend(fd).value(6),
        9 => Submission::call(libc::SYS_getcwd).output(9).value(9),
        _ => Submission::call(libc::SYS_getppid),
    }
}

fn nap(seconds: i64) -> [u8; 16] {
    let mut time = [0; 16];
    time[..8].copy_from_slice(&seconds.to_ne_bytes());
    time
}
