//! What may be stopped, by its deadline or on request: calls with a thread of their own, most of which change it, and programs
//! whose calls run side by side.

use std::time::Duration;

use fastrand::Rng;
use syslet::attrs::{DeadlineAsked, Nice, Policy, RetryAsk, RetryOn, Scheduling, TimerSlack, Umask};
use syslet::program::Program;
use syslet::program::build::Call as Atom;
use syslet::{AttributeFlags, AttributeId, CallFlags, Refused};

use super::call::{Call, plain};
use super::entry::{Entry, Expected};

const NONE: AttributeFlags = AttributeFlags::NONE;

/// A deadline in the time that such a call takes, if it gets one.
fn deadline(rng: &mut Rng) -> Option<[u8; DeadlineAsked::BYTES]> {
    rng.bool().then(|| DeadlineAsked::After(rng.u64(20_000..400_000)).emit())
}

fn nap(rng: &mut Rng) -> Vec<u8> {
    [0, i64::from(rng.u32(..300_000))].map(i64::to_ne_bytes).concat()
}

/// A call that is over soon, or sleeps for a moment, in a thread of its own.
pub(super) fn apart(rng: &mut Rng) -> Call {
    let mut call = if rng.bool() {
        plain("apart", libc::SYS_getpid, Expected::Exactly(std::process::id().into()))
    } else {
        let mut call = plain("apart-nap", libc::SYS_nanosleep, Expected::Exactly(0));
        call.builder = call.builder.input(&nap(rng)).value(0);
        call
    };
    let again = RetryAsk { on: RetryOn::INTERRUPTED, attempts: 0, time_ns: 0, pause_ns: 0 };
    let kinds: [(AttributeId, Vec<u8>); 5] = [
        (AttributeId::NICE, Nice::payload(5).to_vec()),
        (AttributeId::TIMER_SLACK, TimerSlack::payload(60_000).to_vec()),
        (AttributeId::UMASK, Umask::payload(0o27).to_vec()),
        (AttributeId::SCHED, Scheduling { policy: Policy::BATCH, priority: 0 }.payload().to_vec()),
        (AttributeId::RETRY, again.payload().to_vec()),
    ];
    let count = rng.usize(..3);
    let chosen = rng.choose_multiple(kinds, count);
    let timed = deadline(rng).map(|asked| (AttributeId::DEADLINE, asked.to_vec()));
    for (id, payload) in chosen.into_iter().chain(timed) {
        call.builder = call.builder.attribute(id, NONE, &payload);
    }
    call.entry.flags = CallFlags::PRIVATE;
    call.entry.may_stop = true;
    call
}

/// A program: a group of calls of which one may be late, and a way out.
pub(super) fn group(rng: &mut Rng, user_data: u64) -> Result<(Program, Entry), Refused> {
    const MEMBERS: i64 = 3;
    let mut entry = Entry::new("group", Expected::UpTo(MEMBERS));
    entry.may_stop = true;
    entry.flags =
        *rng.choice(&[CallFlags::NONE, CallFlags::ASYNC, CallFlags::PRIVATE]).unwrap_or(&CallFlags::NONE);
    let (times, timed, is_niced) = ([nap(rng), nap(rng)], deadline(rng), rng.bool());
    let mut program = Program::build(|p| {
        p.flags(entry.flags);
        if is_niced {
            p.attribute(AttributeId::NICE, NONE, &Nice::payload(5));
        }
        timed.iter().for_each(|asked| p.attribute(AttributeId::DEADLINE, NONE, asked));
        let times = times.each_ref().map(|time| p.bytes(time));
        let sleep = |at: usize| Atom::<()>::new(libc::SYS_nanosleep).arg(times[at]).arg(0);
        p.together(|g| {
            g.call(sleep(0).within(Duration::from_micros(50)));
            g.call(sleep(1).stoppable());
            g.call(Atom::<()>::new(libc::SYS_getppid));
        });
        p.finally(Atom::<()>::new(libc::SYS_getppid));
    })?;
    program.set_user_data(user_data);
    Ok((program, entry))
}
