//! After warm-up no call allocates: an allocator that counts, in a process of its own.
#![allow(unsafe_code, reason = "an allocator, and pushes")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs::File;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use syslet::attrs::Priority;
use syslet::program::Program;
use syslet::program::build::calls::{close, openat, pread};
use syslet::{AttributeFlags, AttributeId, Config, Engine, Params, Ring, Submission};

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

struct Counting;

// SAFETY: the system's allocator, with a counter beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// A program that opens, reads and closes, asked for what its atoms came to.
fn reading() -> Program {
    let build = Program::build(|p| {
        p.atoms();
        let (path, buffer, offset) = (p.path(c"/etc/os-release"), p.scratch(64), p.input());
        let file = p.call(openat(libc::AT_FDCWD, path, libc::O_RDONLY, 0)).or_stop();
        p.call(pread(file, buffer, 64, offset).timing()).or_stop();
        p.finally(close(file));
    });
    build.expect("a program")
}

/// A program is a value, pushed again and again with other inputs, and none of it allocates.
fn no_program_allocates(ring: &mut Ring) {
    let mut program = reading();
    let mut before = 0;
    for round in 0..2_000 {
        if round == 2 {
            before = ALLOCATIONS.load(Ordering::Relaxed);
        }
        program.set_user_data(round);
        program.set_input(0, round % 32);
        if round % 2 == 0 {
            program.data_mut()[1] = b'e';
        }
        // SAFETY: it uses what it opens.
        unsafe { ring.push_program(&program) }.expect("accepted");
        ring.submit_and_wait(1).expect("waited");
        let result = ring.completions().map(|done| done.result().0).sum::<i64>();
        assert_eq!(result, 64);
    }
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed), before, "allocations in 2,000 programs");
}

/// One round: every kind of submission, pushed safely and otherwise, run and read.
fn round(ring: &mut Ring, submissions: &[Submission], safe: &Submission) -> usize {
    for submission in submissions {
        // SAFETY: none of them has an address.
        unsafe { ring.push(submission) }.expect("accepted");
    }
    ring.push_safe(safe).expect("accepted");
    ring.submit_and_wait(submissions.len() + 1).expect("waited");
    let read = |done: syslet::Completion<'_>| done.returns().count() + done.data().map_or(0, <[u8]>::len);
    ring.completions().map(read).sum()
}

fn sorted(priority: i32) -> Submission {
    let payload = Priority::payload(priority);
    let call = Submission::call(libc::SYS_getpid);
    call.attribute(AttributeId::PRIORITY, AttributeFlags::NONE, &payload).build()
}

/// ENGINE-23, SYSLET-34: values, bytes both ways, attributes and lent descriptors cost no allocation once a ring is warm; and
/// the counter counts.
#[test]
fn no_call_allocates() {
    let engine = Engine::start(Config::default().workers_max(0)).unwrap();
    let mut ring = engine.ring(&Params::default()).unwrap();
    let file = Arc::new(File::open("/etc/os-release").unwrap());
    let safe = Submission::call(libc::SYS_pread64).lend(&file).output(64).value(64).value(0).timing().build();
    let refused = Submission::call(libc::SYS_exit).value(0).build();
    let submissions = [
        Submission::call(libc::SYS_getpid).build(),
        Submission::call(libc::SYS_getpid).timing().build(),
        Submission::call(libc::SYS_access).path(c"/etc/os-release").value(0).build(),
        Submission::call(libc::SYS_close).int(-1).build(),
        sorted(5),
        sorted(-5),
        sorted(6),
    ];
    // Often: records that are set aside change places, and which do depends on the time that passes.
    for _ in 0..200 {
        black_box(round(&mut ring, &submissions, &safe));
    }
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for _ in 0..10_000 {
        black_box(round(&mut ring, &submissions, &safe));
        // SAFETY: it is refused.
        black_box(unsafe { ring.push(&refused) }.is_err());
    }
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed), before, "allocations in 80,000 calls");
    drop(black_box(Box::new(1)));
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed), before + 1, "the counter counts");
    no_program_allocates(&mut ring);
}
