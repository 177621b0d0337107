//! Calls that are given up while their workers leave them.

use std::os::fd::AsRawFd;
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use syslet::{CallFlags, Config, DoneFlags, Engine, Escalation, Params, Ring, Submission, Which};

use crate::look::{alone, until};
use crate::rig::{Seen, drain, pipe, push};

const RINGS: u64 = 4;
const SLOTS: u32 = 32;

/// What is still to come of a call.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Due {
    Completion,
    Release,
    Nothing,
}

/// Calls that sleep until they are cancelled, and are given up at once: gives how many were.
fn ride(mut ring: Ring, seed: u64, count: usize) -> usize {
    let mut rng = Rng::with_seed(seed);
    let (reader, _writer) = pipe();
    let mut due = vec![Due::Nothing; count];
    let (mut pushed, mut over, mut given_up) = (0, 0, 0);
    let at_once = Escalation::default().abandon_after(Duration::ZERO);
    while over < count {
        let mut tickets = Vec::new();
        while pushed < count && rng.u8(..8) != 0 {
            let flags = if rng.bool() { CallFlags::RELEASE } else { CallFlags::NONE };
            let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(8).value(8);
            let read = if rng.u8(..4) == 0 { read.timing() } else { read };
            let read = read.flags(flags.with(CallFlags::ASYNC)).user_data(pushed as u64).build();
            // Without room some of the workers are not back.
            let Ok(ticket) = push(&mut ring, &read) else { break };
            tickets.push(ticket);
            due[pushed] = Due::Completion;
            pushed += 1;
        }
        ring.submit();
        (0..rng.u8(..20)).for_each(|_| thread::yield_now());
        for ticket in tickets {
            ring.cancel_with(Which::Ticket(ticket), at_once);
        }
        // What began after it was asked, and what was asked for too early.
        ring.cancel_with(Which::All, at_once);
        ring.wait(1, Some(Duration::from_millis(1))).expect("waited");
        for seen in drain(&mut ring) {
            let due = &mut due[usize::try_from(seen.user_data).expect("ours")];
            *due = judge(*due, &seen);
            over += usize::from(*due == Due::Nothing);
            given_up += usize::from(seen.flags.contains(DoneFlags::ABANDONED.with(DoneFlags::ENGINE_RESULT)));
        }
    }
    until("every slot is back", || {
        ring.in_flight();
        let getpid = Submission::call(libc::SYS_getpid).build();
        let free = (0..SLOTS).take_while(|_| push(&mut ring, &getpid).is_ok()).count();
        ring.wait(free, None).expect("waited");
        drain(&mut ring).len() == SLOTS as usize
    });
    given_up
}

/// What is still to come behind this completion.
fn judge(due: Due, seen: &Seen) -> Due {
    let is = |flag| seen.flags.contains(flag);
    match due {
        Due::Nothing => panic!("nothing more was promised: {seen:?}"),
        Due::Release => {
            assert_eq!(seen.flags, DoneFlags::ABANDONED.with(DoneFlags::RELEASED), "{seen:?}");
            Due::Nothing
        }
        Due::Completion => {
            assert!(!is(DoneFlags::RELEASED) && is(DoneFlags::CANCELLED), "{seen:?}");
            assert!(is(DoneFlags::ABANDONED) || !is(DoneFlags::MORE), "{seen:?}");
            if is(DoneFlags::MORE) { Due::Release } else { Due::Nothing }
        }
    }
}

/// CANCEL-16, CANCEL-17, CANCEL-19: calls are given up while the signal ends them: each has its completion, and those given up
/// with RELEASE a second one behind it; every slot, all room and every worker come back.
#[test]
fn abandon_storm_loses_nothing() {
    let _alone = alone();
    let engine = Engine::start(Config::default().workers_max(64)).expect("an engine");
    let given_up: usize = thread::scope(|scope| {
        let riders: Vec<_> = (0..RINGS)
            .map(|index| {
                let ring = engine.ring(&Params { slots: SLOTS, ..Params::default() }).expect("a ring");
                scope.spawn(move || ride(ring, 77 + index, 5_000))
            })
            .collect();
        riders.into_iter().map(|rider| rider.join().expect("it has not panicked")).sum()
    });
    println!("{given_up} given up");
    until("all workers are back", || engine.stats().abandoned == 0);
    assert_eq!(engine.stats().in_flight, 0);
    engine.close(Duration::from_secs(60)).expect("all is over");
}
