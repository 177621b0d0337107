//! Every kind of call, stopped in every way at once: calls that change their thread, with one of their own, made again,
//! programs, groups and ways out; by request of two threads, by deadlines, by giving up, by the end of their ring.

use std::fs::File;
use std::io::PipeReader;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use syslet::attrs::{Nice, RetryAsk, RetryOn};
use syslet::program::Program;
use syslet::program::build::{Call, calls};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Canceller, Config, DoneFlags, Engine, Escalation, Params, Ring,
    Submission, SubmissionBuilder, Ticket, Which,
};

use crate::acting::{acting, soon};
use crate::look::{alone, until};
use crate::rig::{drain, pipe, push, push_program};

const RIDERS: u64 = 3;
/// Of one ring.
const CALLS: u64 = 12;
const NONE: AttributeFlags = AttributeFlags::NONE;

/// How many rings in all; `SYSLET_MIXED` asks for another number.
fn rings() -> u64 {
    std::env::var("SYSLET_MIXED").ok().and_then(|count| count.parse().ok()).unwrap_or(450)
}

/// What the calls use.
struct Scene {
    never: PipeReader,
    root: File,
}

fn nap(nanoseconds: u64) -> Vec<u8> {
    [0, nanoseconds].map(u64::to_ne_bytes).concat()
}

fn read(scene: &Scene) -> SubmissionBuilder {
    Submission::call(libc::SYS_read).int(scene.never.as_raw_fd().into()).output(8).value(8)
}

/// One call, of a kind that ends by itself, or sleeps.
fn call(scene: &Scene, rng: &mut Rng) -> SubmissionBuilder {
    let flags = [CallFlags::NONE, CallFlags::ASYNC];
    let flags = *rng.choice(&flags).expect("one of them");
    let again = RetryAsk { on: RetryOn::INTERRUPTED, attempts: 0, time_ns: 0, pause_ns: 0 };
    let retry = |call: SubmissionBuilder| call.attribute(AttributeId::RETRY, NONE, &again.payload());
    match rng.u8(..9) {
        0 | 1 => acting(Submission::call(libc::SYS_getpid), rng, &scene.root),
        2 => acting(Submission::call(libc::SYS_nanosleep).input(&nap(50_000)).value(0), rng, &scene.root),
        3 | 4 => acting(read(scene), rng, &scene.root),
        5 => retry(acting(read(scene), rng, &scene.root)),
        6 => retry(read(scene)).flags(flags),
        7 => Submission::call(libc::SYS_nanosleep).input(&nap(rng.u64(..100_000))).value(0).flags(flags),
        _ => read(scene).flags(flags),
    }
}

/// One program: a group some of whose members sleep, one of them with a deadline, then a call that sleeps; its way out sleeps
/// for a moment.
fn program(scene: &Scene, rng: &mut Rng, user_data: u64) -> Program {
    let (fd, flags) = (scene.never.as_raw_fd(), [CallFlags::NONE, CallFlags::ASYNC, CallFlags::PRIVATE]);
    let (flags, is_niced, is_late) = (*rng.choice(&flags).expect("one of them"), rng.bool(), rng.bool());
    let (enough, late) = (rng.usize(1..=2), soon(rng));
    let program = Program::build(|p| {
        p.flags(flags);
        if is_niced {
            p.attribute(AttributeId::NICE, NONE, &Nice::payload(5));
        }
        if is_late {
            p.attribute(AttributeId::DEADLINE, NONE, &late);
        }
        let (time, [one, other, third]) = (p.bytes(&nap(20_000)), [(); 3].map(|()| p.area(8)));
        let sleep = || Call::new(libc::SYS_nanosleep).arg(time).arg(0);
        p.first(enough, |g| {
            g.call(calls::read(fd, one, 8).stoppable());
            g.call(calls::read(fd, other, 8).within(Duration::from_micros(50)));
            g.call(sleep());
        });
        p.call(calls::read(fd, third, 8).stoppable()).value();
        p.finally::<()>(sleep());
    });
    let mut program = program.expect("a program");
    program.set_user_data(user_data);
    program
}

/// Stops that call of the ring, in some way.
fn stop(ring: &mut Ring, canceller: &Canceller, ticket: Ticket, rng: &mut Rng) {
    let given_up = Escalation::default().abandon_after(Duration::from_micros(rng.u64(..300)));
    let _found = match rng.u8(..6) {
        0 => ring.cancel_with(Which::Ticket(ticket), given_up),
        1 => canceller.cancel(Which::Ticket(ticket)),
        2 => ring.cancel(Which::Atom(ticket, rng.u16(..6))),
        3 => ring.cancel(Which::Number(u32::try_from(libc::SYS_read).expect("a number"))),
        _ => ring.cancel(Which::Ticket(ticket)),
    };
}

/// One ring with its calls. It is dropped with what is in flight, or each has its one completion. Gives how many of them were
/// cut short.
fn ride(engine: &Engine, scene: &Scene, rng: &mut Rng) -> u64 {
    let (ring, accepted) = load(engine, scene, rng).expect("a ring");
    assert_eq!(accepted, CALLS, "there is room");
    if rng.u8(..3) == 0 { 0 } else { unload(ring, accepted) }
}

/// A ring with its calls in flight, some of which are stopped, and how many it has taken; none if the engine is closed.
fn load(engine: &Engine, scene: &Scene, rng: &mut Rng) -> Option<(Ring, u64)> {
    let mut ring = engine.ring(&Params::default()).ok()?;
    let canceller = ring.canceller().expect("at home");
    let mut tickets = Vec::new();
    for user_data in 0..CALLS {
        let ticket = if rng.u8(..4) == 0 {
            push_program(&mut ring, &program(scene, rng, user_data))
        } else {
            let call = call(scene, rng).user_data(user_data);
            let is_late = rng.u8(..3) == 0;
            let late = if is_late { soon(rng) } else { Vec::new() };
            let timed = call.clone().attribute(AttributeId::DEADLINE, NONE, &late);
            push(&mut ring, &if is_late { timed } else { call }.build())
        };
        let Ok(ticket) = ticket else { break };
        tickets.push(ticket);
        if rng.bool() {
            ring.submit();
        }
        if rng.u8(..3) == 0 {
            stop(&mut ring, &canceller, *rng.choice(&tickets).expect("one of them"), rng);
        }
    }
    ring.submit();
    for ticket in &tickets {
        if rng.u8(..4) > 0 {
            thread::yield_now();
            stop(&mut ring, &canceller, *ticket, rng);
        }
    }
    Some((ring, tickets.len() as u64))
}

/// Waits for all of them.
fn unload(mut ring: Ring, accepted: u64) -> u64 {
    let (mut open, mut cut) = (vec![true; usize::try_from(accepted).expect("a count")], 0);
    while open.contains(&true) {
        ring.wait(1, Some(Duration::from_millis(1))).expect("waited");
        for seen in drain(&mut ring) {
            let is_open = &mut open[usize::try_from(seen.user_data).expect("ours")];
            assert!(std::mem::take(is_open), "two completions: {seen:?}");
            cut += u64::from(seen.flags.contains(DoneFlags::CANCELLED));
        }
        // What nobody has stopped yet sleeps.
        let _found = ring.cancel(Which::All);
    }
    cut
}

/// CANCEL-20, CANCEL-21, POOL-22: whatever call is stopped in whatever way, wherever that meets it, has its one completion,
/// nothing of the engine panics, and nothing stays in flight.
#[test]
fn mixed_storm_loses_nothing() {
    let _alone = alone();
    let engine = Engine::start(Config::default().workers_max(32).abandoned_max(4)).expect("an engine");
    let (canceller, is_over) = (engine.canceller().expect("at home"), AtomicBool::new(false));
    let (never, _writer) = pipe();
    let scene = Scene { never, root: File::open("/").expect("it is there") };
    let ride_all = |rider| {
        let mut rng = Rng::with_seed(rider);
        (0..rings() / RIDERS).map(|_| ride(&engine, &scene, &mut rng)).sum::<u64>()
    };
    let ride_all = &ride_all;
    let cut: u64 = thread::scope(|scope| {
        scope.spawn(|| {
            let mut rng = Rng::with_seed(3);
            while !is_over.load(Ordering::Relaxed) {
                let _found = canceller.cancel(Which::UserData(rng.u64(..CALLS)));
                thread::yield_now();
            }
        });
        let riders: Vec<_> = (0..RIDERS).map(|rider| scope.spawn(move || ride_all(rider))).collect();
        let cut = riders.into_iter().map(|rider| rider.join().expect("it has not panicked")).sum();
        is_over.store(true, Ordering::Relaxed);
        cut
    });
    println!("{cut} were cut short");
    assert!(cut > 0);
    until("nothing is in flight", || engine.stats().in_flight == 0);
    engine.close(Duration::from_secs(60)).expect("all is over");
}

/// CANCEL-20, POOL-21: so when the engine is closed meanwhile.
#[test]
fn a_close_meets_whatever_is_in_flight() {
    let _alone = alone();
    let (never, _writer) = pipe();
    let scene = Scene { never, root: File::open("/").expect("it is there") };
    let mut rng = Rng::with_seed(21);
    for round in 0..rings() / 6 {
        let engine = Engine::start(Config::default().workers_max(8).abandoned_max(4)).expect("an engine");
        let patience = Duration::from_micros(rng.u64(..2_000));
        let closer = {
            let engine = engine.clone();
            let wait = Duration::from_micros(rng.u64(..500));
            thread::spawn(move || {
                let begun = Instant::now();
                while begun.elapsed() < wait {
                    thread::yield_now();
                }
                engine.close(patience)
            })
        };
        if let Some((ring, accepted)) = load(&engine, &scene, &mut rng)
            && round % 2 == 0
        {
            unload(ring, accepted);
        }
        let _unfinished = closer.join().expect("it has not panicked");
        engine.close(Duration::from_secs(60)).expect("all is over");
        assert_eq!(engine.stats().in_flight, 0);
    }
}
