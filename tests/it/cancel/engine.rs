//! Cancelling calls of all rings of an engine.

use std::thread;
use std::time::Duration;

use nix::unistd::gettid;
use syslet::{CallFlags, Config, DoneFlags, Engine, Found, Params, Submission, Which};

use super::{ECANCELED, GONE, assert_stopped, counts, found, one, read, read_here};
use crate::rig::{alone, drain, getpid, pid, pipe, push, run};
use syslet_tests::pool;

fn stopped(found: Found) -> u32 {
    found.removed + found.signalled
}

/// CANCEL-13: calls of all rings stop, by each name but a ticket's, queued ones and running ones, in rings of other threads,
/// and in one whose application's end is gone. The rings go on.
#[test]
fn cancel_engine_stops_all_rings() {
    let (engine, first) = pool::start(Config::default().workers_max(2).stall(Duration::from_secs(10)));
    let (held, _keeps) = pipe();
    let canceller = engine.canceller().expect("at home");
    let (reader, _writer) = pipe();
    let mut rings = vec![first];
    rings.extend((0..2).map(|_| engine.ring(&Params::default()).expect("a ring")));
    let mut ticket = None;
    for ring in &mut rings {
        let hold = read(&held).flags(CallFlags::ASYNC).user_data(1);
        ticket = Some(push(ring, &hold.build()).expect("accepted"));
        ring.submit();
        push(ring, &read(&reader).user_data(2).build()).expect("accepted");
        ring.submit();
    }
    pool::until("both workers sleep", || pool::readers(&held) + pool::readers(&reader) == 2);
    assert!(canceller.cancel(Which::Ticket(ticket.expect("one"))).is_nothing(), "of which ring?");
    assert!(canceller.cancel(Which::UserData(9)).is_nothing());
    drop(rings.remove(0));
    let removed = canceller.cancel(Which::Fd(std::os::fd::AsRawFd::as_raw_fd(&reader)));
    assert!(removed.removed >= 2 && removed.uninterruptible == 0, "{removed:?}");
    let handle = canceller.clone();
    thread::spawn(move || {
        pool::until("nothing is left", || {
            let _ = handle.cancel(Which::All);
            engine.stats().in_flight == 0
        });
    })
    .join()
    .expect("no panic");
    for ring in &mut rings {
        ring.wait(2, None).expect("waited");
        let seen = drain(ring);
        assert_eq!(seen.len(), 2);
        seen.iter().for_each(|seen| assert_stopped(seen.result, seen.flags));
        assert_eq!(run(ring, getpid().flags(CallFlags::ASYNC)).result, pid());
        assert_eq!(stopped(canceller.cancel(Which::All)), 0);
    }
}

/// CANCEL-14, CANCEL-21: what its submitter may begin without asking anybody is not removed by others while it is queued; but
/// the request stays with it, and it never begins. It is removed once the ring has its own canceller, or is pushed to again, and
/// always by the submitter. Without workers, too.
#[test]
fn what_was_queued_before_anybody_could_stop_it() {
    let (reader, mut writer) = pipe();
    for config in [alone(), Config::default()] {
        let engine = Engine::start(config).expect("an engine");
        let open = || engine.ring(&Params::default()).expect("a ring");
        let [mut first, mut second, mut third, mut fourth] = std::array::from_fn(|_| open());
        for ring in [&mut first, &mut second, &mut third, &mut fourth] {
            push(ring, &read_here(&reader).user_data(1).build()).expect("accepted");
        }
        let canceller = engine.canceller().expect("at home");
        let asked = canceller.cancel(Which::UserData(1));
        assert_eq!((counts(asked), asked.pending), (found(0, 0, 0, 0), 4));
        push(&mut first, &read_here(&reader).user_data(2).build()).expect("accepted");
        let own = second.canceller().expect("at home");
        assert_eq!(counts(own.cancel(Which::All)), found(1, 0, 0, 0));
        let again = canceller.cancel(Which::Number(u32::try_from(libc::SYS_read).expect("a number")));
        assert_eq!((counts(again), again.pending), (found(1, 0, 2, 0), 2));
        assert_eq!(counts(third.cancel(Which::All)), found(1, 0, 0, 0));
        for (ring, count) in [(&mut first, 2), (&mut second, 1), (&mut third, 1), (&mut fourth, 1)] {
            ring.submit_and_wait(count).expect("waited");
            let seen = drain(ring);
            assert_eq!(seen.len(), count);
            assert!(seen.iter().all(|seen| (seen.result, seen.flags) == (ECANCELED, GONE)));
            assert_eq!(run(ring, getpid()).result, pid());
        }
    }
    // What a submitter is in is not interrupted.
    let engine = Engine::start(alone()).expect("an engine");
    let (mut ring, canceller) = (engine.ring(&Params::default()).expect("a ring"), engine.canceller());
    let (canceller, own) = (canceller.expect("at home"), gettid().as_raw());
    push(&mut ring, &read_here(&reader).build()).expect("accepted");
    let other = thread::spawn(move || {
        pool::until("it sleeps there", || pool::is_asleep_in(own, libc::SYS_read));
        let found = canceller.cancel(Which::All);
        std::io::Write::write_all(&mut writer, b"x").expect("room");
        found
    });
    let seen = one(&mut ring);
    assert_eq!((seen.result, seen.flags), (1, DoneFlags::NONE));
    let asked = other.join().expect("no panic");
    assert_eq!((stopped(asked), asked.pending), (0, 1));
    assert_eq!(run(&mut ring, Submission::call(libc::SYS_getppid)).flags, DoneFlags::NONE);
}

/// CANCEL-21: calls that are on their way from their submitter to workers are stopped by one request of another thread, wherever
/// it meets them: each ends, although nobody asks again. So when nobody could have asked before.
#[test]
fn not_yet_is_not_never() {
    let (reader, _writer) = pipe();
    let mut pending = 0;
    for round in 0..150 {
        let engine = Engine::start(Config::default()).expect("an engine");
        let mut ring = engine.ring(&Params::default()).expect("a ring");
        for _ in 0..4 {
            push(&mut ring, &read_here(&reader).build()).expect("accepted");
        }
        let ready = Submission::call(libc::SYS_getppid).flags(CallFlags::ASYNC).user_data(1);
        push(&mut ring, &ready.build()).expect("accepted");
        ring.submit();
        let cancel = || {
            let read = u32::try_from(libc::SYS_read).expect("a number");
            let found = engine.canceller().expect("at home").cancel(Which::Number(read));
            assert_eq!(found.uninterruptible, 0, "{found:?}");
            found.pending
        };
        if round % 2 == 0 {
            ring.wait(1, None).expect("waited");
            pending += cancel();
            ring.wait(5, None).expect("waited");
        } else {
            pending += thread::scope(|scope| {
                let other = scope.spawn(cancel);
                ring.wait(5, None).expect("waited");
                other.join().expect("no panic")
            });
        }
        let seen = drain(&mut ring);
        for seen in seen.iter().filter(|seen| seen.user_data == 0) {
            assert_stopped(seen.result, seen.flags);
        }
        assert_eq!((seen.len(), ring.in_flight()), (5, 0));
    }
    println!("{pending} of 600 were asked while they could not be stopped");
    assert!(pending > 0, "nobody has come too early");
}
