//! Calls with a thread of their own, stopped in each of its phases: while it is started, while attributes change it, in
//! the call, behind it.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::thread;

use fastrand::Rng;
use nix::unistd::{getegid, geteuid};
use syslet::attrs::{
    CpuMask, Credentials, Cwd, DeadlineAsked, IoClass, IoPriority, Nice, Policy, Scheduling, TimerSlack,
    Umask,
};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Engine, Params, Submission, SubmissionBuilder,
    Which,
};

use crate::look::alone;
use crate::rig::{Seen, drain, push};

const NONE: AttributeFlags = AttributeFlags::NONE;

/// The call with one to three attributes that change its thread, of all kinds, none of which needs privilege; or with a
/// thread of its own and nothing else.
pub(crate) fn acting(call: SubmissionBuilder, rng: &mut Rng, root: &File) -> SubmissionBuilder {
    let kinds: [(AttributeId, Vec<u8>); 8] = [
        (AttributeId::NICE, Nice::payload(5).to_vec()),
        (AttributeId::TIMER_SLACK, TimerSlack::payload(60_000).to_vec()),
        (AttributeId::UMASK, Umask::payload(0o027).to_vec()),
        (AttributeId::CWD, Cwd::payload(root.as_raw_fd()).to_vec()),
        (AttributeId::SCHED, Scheduling { policy: Policy::BATCH, priority: 0 }.payload().to_vec()),
        (AttributeId::IOPRIO, IoPriority { class: IoClass::BEST_EFFORT, level: 6 }.payload().to_vec()),
        (AttributeId::AFFINITY, CpuMask::of(0..1024).payload()),
        (AttributeId::CREDENTIALS, own_credentials().payload()),
    ];
    let count = rng.usize(..4);
    if count == 0 {
        return call.flags(CallFlags::PRIVATE);
    }
    let chosen = rng.choose_multiple(kinds, count);
    chosen.into_iter().fold(call, |call, (id, payload)| call.attribute(id, NONE, &payload))
}

/// Those that the thread has already.
fn own_credentials() -> Credentials {
    Credentials { fsuid: Some(geteuid().as_raw()), fsgid: Some(getegid().as_raw()), groups: None }
}

/// A deadline in the time that such a call takes.
pub(crate) fn soon(rng: &mut Rng) -> Vec<u8> {
    DeadlineAsked::After(rng.u64(20_000..200_000)).emit().to_vec()
}

/// How such a call ends that may be stopped by request and by a deadline.
fn assert_legal(seen: &Seen) {
    let stopped = DoneFlags::CANCELLED.with(DoneFlags::ENGINE_RESULT);
    let legal = match -seen.result {
        ..=0 => seen.flags == DoneFlags::NONE,
        errno if errno == libc::EINTR.into() => seen.flags == DoneFlags::CANCELLED,
        errno if errno == libc::ECANCELED.into() => seen.flags == stopped.with(DoneFlags::NOT_RUN),
        errno if errno == libc::ETIME.into() => {
            [stopped, stopped.with(DoneFlags::NOT_RUN)].contains(&seen.flags)
        }
        _ => false,
    };
    assert!(legal, "{seen:?}");
}

/// CANCEL-10, CANCEL-20: a request and a deadline meet such a call wherever it is, among the calls that change its thread
/// too: the process goes on, and the call has one completion, which says what came of it.
#[test]
fn acting_calls_are_stopped_anywhere() {
    let _alone = alone();
    let engine = Engine::start(Config::default().workers_max(8)).expect("an engine");
    let mut ring = engine.ring(&Params::default()).expect("a ring");
    let (mut rng, root) = (Rng::with_seed(14), File::open("/").expect("it is there"));
    let nap = [0_u64, 100_000].map(u64::to_ne_bytes).concat();
    let mut kinds = [0; 3];
    for _ in 0..1500 {
        let mut tickets = Vec::new();
        for user_data in 0..2 {
            let call = if rng.bool() {
                Submission::call(libc::SYS_getpid)
            } else {
                Submission::call(libc::SYS_nanosleep).input(&nap).value(0)
            };
            let call = acting(call, &mut rng, &root).user_data(user_data);
            let call = if rng.u8(..4) > 0 {
                call.attribute(AttributeId::DEADLINE, NONE, &soon(&mut rng))
            } else {
                call
            };
            tickets.push(push(&mut ring, &call.build()).expect("room"));
        }
        ring.submit();
        for ticket in tickets {
            if rng.u8(..4) == 0 {
                (0..rng.u8(..8)).for_each(|_| thread::yield_now());
                let _found = ring.cancel(Which::Ticket(ticket));
            }
        }
        ring.submit_and_wait(2).expect("waited");
        let seen = drain(&mut ring);
        assert_eq!(seen.len(), 2);
        for seen in &seen {
            assert_legal(seen);
            let kind = match seen.flags {
                DoneFlags::NONE => 0,
                flags if flags.contains(DoneFlags::NOT_RUN) => 1,
                _ => 2,
            };
            kinds[kind] += 1;
        }
    }
    println!("{} complete, {} never begun, {} interrupted", kinds[0], kinds[1], kinds[2]);
    assert!(kinds.iter().all(|kind| *kind > 0), "each of the three comes up: {kinds:?}");
    assert_eq!(engine.stats().in_flight, 0);
}
