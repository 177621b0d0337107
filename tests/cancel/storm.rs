//! Many rings, many calls of all kinds, and half of them cancelled.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::thread;

use fastrand::Rng;
use syslet::{CallFlags, Config, DoneFlags, Engine, Params, Ring, Submission, SubmissionBuilder, Which};

use crate::acting::acting;
use crate::look::alone;
use crate::rig::{Seen, drain, pipe, push};

const RINGS: u64 = 8;
/// Of one ring at once.
const DEPTH: usize = 64;

/// How many calls in all; `SYSLET_STORM` asks for another number.
fn calls() -> u64 {
    std::env::var("SYSLET_STORM").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000_000)
}

/// What the calls of a ring use.
struct Scene {
    reader: std::io::PipeReader,
    writer: std::io::PipeWriter,
    word: Arc<AtomicU32>,
    file: File,
    root: File,
}

/// Something that ends by itself soon, or sleeps until it is cancelled.
fn call(scene: &Scene, rng: &mut Rng) -> (SubmissionBuilder, bool) {
    let time = |nanoseconds: u64| [0, nanoseconds].map(u64::to_ne_bytes).concat();
    let fd = |file: &dyn AsRawFd| i64::from(file.as_raw_fd());
    let read = || Submission::call(libc::SYS_read).int(fd(&scene.reader)).output(8).value(8);
    // They take a thread each.
    match rng.u16(..500) {
        0 => return (acting(read(), rng, &scene.root), true),
        1 => return (acting(Submission::call(libc::SYS_getppid), rng, &scene.root), false),
        _ => {}
    }
    match rng.u8(..12) {
        0 => (read(), true),
        1 => {
            let wait = i64::from(libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG);
            let address = scene.word.as_ptr().expose_provenance() as u64;
            let futex = Submission::call(libc::SYS_futex).value(address).int(wait).value(0);
            (futex.value(0).value(0).value(0), true)
        }
        2 => (Submission::call(libc::SYS_nanosleep).input(&time(rng.u64(..100_000))).value(0), false),
        3 | 4 => {
            let poll = [
                fd(&scene.writer).to_ne_bytes()[..4].to_vec(),
                libc::POLLOUT.to_ne_bytes().to_vec(),
                vec![0, 0],
            ];
            (Submission::call(libc::SYS_poll).inout(&poll.concat()).value(1).int(-1), false)
        }
        5 => (Submission::call(libc::SYS_getppid), false),
        _ => (Submission::call(libc::SYS_pread64).int(fd(&scene.file)).output(64).value(64).value(0), false),
    }
}

/// One ring: calls in flight, of which half are cancelled, those that sleep for sure.
fn ride(mut ring: Ring, seed: u64, count: u64) -> [u64; 3] {
    let mut rng = Rng::with_seed(seed);
    let (reader, writer) = pipe();
    let file = File::open("/proc/self/exe").expect("this program");
    let root = File::open("/").expect("it is there");
    let scene = Scene { reader, writer, word: Arc::new(AtomicU32::new(0)), file, root };
    let mut open = vec![false; usize::try_from(count).expect("a count")];
    let (mut tally, mut doomed, mut asked) = ([0; 3], Vec::new(), 0);
    let (mut pushed, mut over) = (0, 0);
    while over < count {
        while pushed < count && pushed - over < DEPTH as u64 {
            let (builder, sleeps) = call(&scene, &mut rng);
            let builder = if rng.u8(..3) == 0 { builder.flags(CallFlags::ASYNC) } else { builder };
            let builder = if rng.u8(..8) == 0 { builder.timing() } else { builder };
            let ticket = push(&mut ring, &builder.user_data(pushed).build()).expect("room");
            open[usize::try_from(pushed).expect("a count")] = true;
            pushed += 1;
            match rng.u8(..12) {
                // At once, or when workers have seen it.
                0..=2 => asked += u64::from(!ring.cancel(Which::Ticket(ticket)).is_nothing()),
                3..=5 => doomed.push(ticket),
                _ if sleeps => doomed.push(ticket),
                _ => {}
            }
        }
        if !doomed.is_empty() {
            ring.submit();
            thread::yield_now();
            for ticket in doomed.drain(..) {
                asked += u64::from(!ring.cancel(Which::Ticket(ticket)).is_nothing());
            }
        }
        ring.submit_and_wait(1).expect("waited");
        for seen in drain(&mut ring) {
            let is_open = &mut open[usize::try_from(seen.user_data).expect("ours")];
            assert!(std::mem::take(is_open), "two completions: {seen:?}");
            tally[kind(&seen)] += 1;
            over += 1;
        }
    }
    assert_eq!(ring.in_flight(), 0);
    assert!(tally[1] + tally[2] <= asked, "{tally:?} of {asked} that were asked to stop");
    tally
}

/// 0: complete, 1: interrupted, 2: never begun.
fn kind(seen: &Seen) -> usize {
    match (seen.flags, seen.result) {
        (DoneFlags::NONE, result) => {
            assert!(result >= 0, "{seen:?}");
            0
        }
        (DoneFlags::CANCELLED, result) => {
            // None of them moves a part of something.
            assert_eq!(result, -i64::from(libc::EINTR), "{seen:?}");
            1
        }
        (flags, result) => {
            assert!(flags.contains(DoneFlags::CANCELLED.with(DoneFlags::NOT_RUN)), "{seen:?}");
            assert_eq!(result, -i64::from(libc::ECANCELED));
            2
        }
    }
}

/// CANCEL-4, CANCEL-7: 8 rings, a million calls over pipes, futexes, sleeps and files, thousands of them with a thread of their
/// own, half of them cancelled: each has its one completion, and nothing hangs.
#[test]
fn cancel_storm_loses_nothing() {
    let _alone = alone();
    let engine = Engine::start(Config::default()).expect("an engine");
    let tallies: Vec<[u64; 3]> = thread::scope(|scope| {
        let riders: Vec<_> = (0..RINGS)
            .map(|index| {
                let ring = engine.ring(&Params::default()).expect("a ring");
                scope.spawn(move || ride(ring, 1000 + index, calls() / RINGS))
            })
            .collect();
        riders.into_iter().map(|rider| rider.join().expect("it has not panicked")).collect()
    });
    let sum = |kind: usize| tallies.iter().map(|tally| tally[kind]).sum::<u64>();
    println!("{} complete, {} interrupted, {} never begun", sum(0), sum(1), sum(2));
    assert_eq!(sum(0) + sum(1) + sum(2), calls() / RINGS * RINGS);
    assert!((0..3).all(|kind| sum(kind) > 0), "each of the three comes up");
    assert_eq!(engine.stats().in_flight, 0);
}
