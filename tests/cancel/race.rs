//! Cancels that race with the calls they are meant for, beside calls that nobody cancels.

use std::os::fd::AsRawFd;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use fastrand::Rng;
use syslet::{
    CallFlags, Canceller, Config, DoneFlags, Engine, Found, Params, Ring, Submission, Ticket, Which,
};

use crate::look::alone;
use crate::rig::{Seen, drain, pipe, push};

/// How many cancels; `SYSLET_CANCELS` asks for more.
fn attempts() -> u64 {
    std::env::var("SYSLET_CANCELS").ok().and_then(|count| count.parse().ok()).unwrap_or(100_000)
}

/// Calls in flight at once.
const DEPTH: usize = 16;
/// Set in the word of a call that somebody is going to cancel.
const VICTIM: u64 = 1 << 32;

/// A call that ends after a moment: a poll for nothing, of so many nanoseconds.
fn moment(nanoseconds: u64, user_data: u64) -> Submission {
    let time = [0, nanoseconds].map(u64::to_ne_bytes).concat();
    let poll = Submission::call(libc::SYS_ppoll).value(0).value(0).inout(&time).value(0).value(8);
    poll.flags(CallFlags::ASYNC).user_data(user_data).build()
}

/// A call that is there at once, in a worker.
fn quick(reader: &impl AsRawFd, user_data: u64) -> Submission {
    let asked = [reader.as_raw_fd().to_ne_bytes().as_slice(), &libc::POLLOUT.to_ne_bytes(), &[0, 0]].concat();
    let poll = Submission::call(libc::SYS_poll).inout(&asked).value(1).int(-1);
    poll.flags(CallFlags::ASYNC).user_data(user_data).build()
}

#[derive(Default)]
struct Outcomes {
    complete: u64,
    interrupted: u64,
    removed: u64,
}

impl Outcomes {
    fn note(&mut self, seen: &Seen) {
        let is_victim = seen.user_data & VICTIM != 0;
        let expected = i64::try_from(seen.user_data & 1).expect("one bit");
        let gone = DoneFlags::CANCELLED.with(DoneFlags::NOT_RUN).with(DoneFlags::ENGINE_RESULT);
        match (seen.result, seen.flags) {
            (result, DoneFlags::NONE) if result == expected => self.complete += 1,
            (result, DoneFlags::CANCELLED) if is_victim && result == -i64::from(libc::EINTR) => {
                self.interrupted += 1;
            }
            (result, flags) if is_victim && result == -i64::from(libc::ECANCELED) && flags == gone => {
                self.removed += 1;
            }
            _ => panic!("a wrong hit: {seen:?}"),
        }
    }
}

/// CANCEL-5: of 100,000 cancels that race with the calls they are meant for, none meets another call, and each call has
/// one completion.
#[test]
fn cancel_hits_only_its_own_call() {
    let _alone = alone();
    let engine = Engine::start(Config::default().workers_max(4)).expect("an engine");
    race(&engine, attempts());
}

/// So many cancels that race with their calls, from two threads.
pub(crate) fn race(engine: &Engine, attempts: u64) {
    let mut ring = engine.ring(&Params::default()).expect("a ring");
    let canceller = ring.canceller().expect("at home");
    let (send, receive) = sync_channel::<Ticket>(4 * DEPTH);
    let other = thread::spawn(move || cancel_all(&canceller, &receive));
    let (_reader, writer) = pipe();
    let mut rng = Rng::with_seed(7);
    let (mut cancels, mut in_flight, mut outcomes) = (0, 0, Outcomes::default());
    let mut pushed = 0;
    while cancels < attempts {
        while in_flight < DEPTH {
            let is_victim = rng.bool();
            let word = if is_victim { VICTIM } else { 0 };
            let call =
                if rng.u8(..4) == 0 { moment(rng.u64(..60_000), word) } else { quick(&writer, word | 1) };
            let ticket = push(&mut ring, &call).expect("room");
            (in_flight, pushed) = (in_flight + 1, pushed + 1);
            if is_victim {
                cancels += 1;
                ring.submit();
                if rng.bool() {
                    send.send(ticket).expect("somebody listens");
                } else {
                    ring.cancel(Which::Ticket(ticket));
                }
            }
        }
        in_flight -= take(&mut ring, &mut outcomes);
    }
    while in_flight > 0 {
        in_flight -= take(&mut ring, &mut outcomes);
    }
    drop(send);
    let found = other.join().expect("it has not panicked");
    let Outcomes { complete, interrupted, removed } = outcomes;
    println!(
        "{pushed} calls, {cancels} cancels: {complete} complete, {interrupted} interrupted, {removed} removed"
    );
    println!("the other thread found {found:?}");
    assert_eq!(complete + interrupted + removed, pushed);
    assert!(complete > 0 && interrupted > 0 && removed > 0, "the race has been lost and won");
    assert_eq!(engine.stats().in_flight, 0);
}

fn take(ring: &mut Ring, outcomes: &mut Outcomes) -> usize {
    ring.submit_and_wait(1).expect("waited");
    let seen = drain(ring);
    seen.iter().for_each(|seen| outcomes.note(seen));
    seen.len()
}

fn cancel_all(canceller: &Canceller, tickets: &Receiver<Ticket>) -> Found {
    let mut all = Found::default();
    for ticket in tickets {
        let found = canceller.cancel(Which::Ticket(ticket));
        all.removed += found.removed;
        all.signalled += found.signalled;
        all.over += found.over;
        all.pending += found.pending;
        all.uninterruptible += found.uninterruptible;
    }
    all
}
