//! Calls that wait for input of a pipe or a socket without a thread.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use nix::fcntl::{FcntlArg, fcntl};
use syslet::attrs::{BlockedValue, DeadlineAsked, LaneAsk, RunBy};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Engine, NonBlocking, Params, Ring, Submission,
    SubmissionBuilder, Which,
};

use crate::rig::{Seen, drain, getpid, pid, pipe, push, run};
use syslet_tests::pool::{PATIENCE, ask_worker, is_readable, start, timing, until, worker};

const GONE: DoneFlags = DoneFlags::CANCELLED.with(DoneFlags::NOT_RUN).with(DoneFlags::ENGINE_RESULT);
const CANCELLED: (i64, DoneFlags) = (-(libc::ECANCELED as i64), GONE);
const WAYS: [CallFlags; 2] = [CallFlags::NONE, CallFlags::ASYNC];

fn parking() -> Config {
    Config::default().parking(true).idle(Duration::from_millis(1))
}

fn read(file: &impl AsRawFd) -> SubmissionBuilder {
    Submission::call(libc::SYS_read).int(file.as_raw_fd().into()).output(8).value(8)
}

fn recv(file: &impl AsRawFd, flags: i32) -> SubmissionBuilder {
    let call = Submission::call(libc::SYS_recvfrom).int(file.as_raw_fd().into()).output(8).value(8);
    call.int(flags.into()).value(0).value(0)
}

fn with(call: SubmissionBuilder, id: AttributeId, payload: &[u8]) -> SubmissionBuilder {
    call.attribute(id, AttributeFlags::NONE, payload)
}

/// Pushes a call, and has the engine find that it would sleep.
fn hand_in(ring: &mut Ring, call: SubmissionBuilder) {
    push(ring, &call.build()).expect("room");
    assert_eq!(ring.wait(1, Some(Duration::from_millis(1))), Ok(0), "it waits");
}

fn parked(engine: &Engine, calls: u32) {
    until("they are parked", || engine.stats().parked == calls);
}

fn next(ring: &mut Ring, calls: usize) -> Vec<Seen> {
    assert_eq!(ring.wait(calls, Some(PATIENCE)), Ok(calls));
    drain(ring)
}

/// PARK-1, PARK-5, PARK-7: by any way in, from pipes and sockets, a call waits without a worker, and has its bytes when they come.
#[test]
fn calls_wait_for_input_without_a_worker() {
    let (engine, mut ring) = start(parking());
    let (from, mut to) = pipe();
    let (near, mut far) = UnixStream::pair().unwrap();
    for flags in WAYS {
        for (number, call) in [recv(&near, 0), recv(&near, libc::MSG_NOSIGNAL), read(&near), read(&from)]
            .into_iter()
            .enumerate()
        {
            hand_in(&mut ring, ask_worker(with(call, AttributeId::BLOCKED, &[])).flags(flags).timing());
            parked(&engine, 1);
            until("no worker waits", || engine.stats().blocked == 0);
            if number == 3 {
                to.write_all(b"ab").unwrap();
            } else {
                far.write_all(b"ab").unwrap();
            }
            let done = next(&mut ring, 1).remove(0);
            assert_eq!((done.end(), done.data()), ((2, DoneFlags::NONE), &b"ab"[..]));
            let by = worker(&done);
            assert_eq!(by.run_by, RunBy::PARKED);
            assert!(by.attempts >= 2, "{by:?}");
            let blocked = BlockedValue::parse(done.answer(AttributeId::BLOCKED).unwrap().1).unwrap();
            let times = timing(&done);
            assert!(blocked.sleeps >= 1 && blocked.off_cpu_ns > 0, "{blocked:?}");
            assert!(times.queued_ns <= times.started_ns && times.started_ns < times.finished_ns);
            assert_eq!(engine.stats().parked, 0);
        }
    }
}

/// PARK-1, PARK-2: without the option, without attempts, and for other calls, workers wait as ever.
#[test]
fn other_calls_wait_in_workers() {
    let (near, _far) = UnixStream::pair().unwrap();
    let (timed, _other) = UnixStream::pair().unwrap();
    timed.set_read_timeout(Some(PATIENCE)).unwrap();
    for config in [Config::default(), parking().nonblocking(NonBlocking::Off)] {
        let (engine, mut ring) = start(config);
        hand_in(&mut ring, recv(&near, 0));
        until("a worker waits", || engine.stats().blocked == 1);
        assert_eq!(engine.stats().parked, 0);
    }
    let (engine, mut ring) = start(parking());
    let lane = LaneAsk { id: 5, limit: 1 }.payload();
    for call in [
        recv(&near, libc::MSG_PEEK),
        recv(&near, libc::MSG_WAITALL),
        recv(&timed, 0),
        recv(&near, 0).flags(CallFlags::PRIVATE),
        with(recv(&near, 0), AttributeId::LANE, &lane),
    ] {
        hand_in(&mut ring, call);
        until("a worker waits", || engine.stats().blocked == 1);
        assert_eq!(engine.stats().parked, 0);
        ring.cancel(Which::All);
        next(&mut ring, 1);
    }
}

/// PARK-3, PARK-6: the file is the call's until it is over: the application closes its number, gives it to another file, and the call
/// has the bytes of the first. When the call is over, nothing keeps the file.
#[test]
fn the_file_lives_as_long_as_the_call() {
    let (engine, mut ring) = start(parking());
    for is_cancelled in [false, true] {
        let (from, mut to) = pipe();
        let (other, mut wrong) = pipe();
        hand_in(&mut ring, read(&from));
        parked(&engine, 1);
        let copy = from.try_clone().unwrap();
        let mut number = OwnedFd::from(from);
        nix::unistd::dup2(&other, &mut number).unwrap();
        wrong.write_all(b"no").unwrap();
        if is_cancelled {
            assert_eq!(ring.cancel(Which::All).removed, 1);
            assert_eq!(next(&mut ring, 1)[0].end(), CANCELLED);
        } else {
            to.write_all(b"yes").unwrap();
            assert_eq!(next(&mut ring, 1)[0].data(), b"yes");
        }
        drop((copy, number));
        until("the pipe has no reader", || to.write_all(b"x").is_err());
    }
}

/// PARK-3: the application's table has no descriptor of the poller's, and nothing of the application's is kept in that.
#[test]
fn the_tables_of_descriptors_are_apart() {
    let (engine, mut ring) = start(parking());
    let (early, mut early_writer) = pipe();
    let (near, mut far) = UnixStream::pair().unwrap();
    hand_in(&mut ring, recv(&near, 0));
    parked(&engine, 1);
    drop(early);
    until("no table keeps the pipe", || early_writer.write_all(b"x").is_err());
    let lowest = || fcntl(&far, FcntlArg::F_DUPFD_CLOEXEC(0)).unwrap();
    let (first, second) = (lowest(), lowest());
    assert!(second > first, "the lowest numbers are the application's");
    for fd in [first, second] {
        nix::unistd::close(fd).unwrap();
    }
    far.write_all(b"z").unwrap();
    assert_eq!(next(&mut ring, 1)[0].data(), b"z");
}

/// PARK-4: calls that wait for one file are made in the order in which they were parked; each byte is had once.
#[test]
fn calls_of_one_file_are_made_in_order() {
    const CALLS: u64 = 200;
    let (engine, mut ring) = start(parking());
    let (near, mut far) = UnixStream::pair().unwrap();
    for number in 0..CALLS {
        hand_in(&mut ring, recv(&near, 0).user_data(number));
    }
    parked(&engine, u32::try_from(CALLS).unwrap());
    let bytes: Vec<u8> = (0..CALLS * 8).map(|at| u8::try_from(at % 251).unwrap()).collect();
    far.write_all(&bytes).unwrap();
    let mut seen = Vec::new();
    while seen.len() < usize::try_from(CALLS).unwrap() {
        ring.wait(1, Some(PATIENCE)).unwrap();
        seen.append(&mut drain(&mut ring));
    }
    assert!(seen.iter().map(|done| done.user_data).eq(0..CALLS));
    let had: Vec<u8> = seen.iter().flat_map(|done| done.data().to_vec()).collect();
    assert_eq!(had, bytes);
}

/// PARK-6: cancels, from this thread and others, and deadlines end a parked call at once, without a signal.
#[test]
fn cancels_and_deadlines_end_parked_calls() {
    let (engine, mut ring) = start(parking());
    let canceller = ring.canceller().unwrap();
    let (near, _far) = UnixStream::pair().unwrap();
    for flags in WAYS {
        hand_in(&mut ring, recv(&near, 0).flags(flags).user_data(3));
        parked(&engine, 1);
        let found =
            thread::scope(|scope| scope.spawn(|| canceller.cancel(Which::UserData(3))).join().unwrap());
        assert_eq!((found.removed, found.signalled), (1, 0), "{found:?}");
        assert_eq!(next(&mut ring, 1)[0].end(), CANCELLED);
        let soon = DeadlineAsked::After(5_000_000).emit();
        let done = run(&mut ring, with(recv(&near, 0).flags(flags), AttributeId::DEADLINE, &soon));
        assert_eq!(done.end(), (-i64::from(libc::ETIME), GONE));
    }
}

/// PARK-8: a thread that polls the ring's descriptor is told.
#[test]
fn the_completion_event_tells_of_parked_calls() {
    let (engine, mut ring) = start(parking());
    let event = ring.event().unwrap();
    let (near, mut far) = UnixStream::pair().unwrap();
    for _ in 0..20 {
        hand_in(&mut ring, recv(&near, 0));
        parked(&engine, 1);
        assert!(drain(&mut ring).is_empty());
        assert!(!is_readable(&event, Duration::ZERO));
        far.write_all(b"x").unwrap();
        assert!(is_readable(&event, PATIENCE));
        until("it is there", || drain(&mut ring).len() == 1);
    }
}

/// PARK-9: a close and the drop of a ring end parked calls; the files go.
#[test]
fn parked_calls_end_with_engine_and_ring() {
    let (engine, mut ring) = start(parking());
    let mut other = engine.ring(&Params::default()).unwrap();
    let (from, mut to) = pipe();
    for number in 0..10 {
        hand_in(&mut ring, read(&from).flags(WAYS[number % 2]));
        hand_in(&mut other, read(&from).flags(WAYS[number % 2]));
    }
    parked(&engine, 20);
    drop(other);
    assert_eq!((engine.stats().parked, engine.stats().in_flight), (10, 10));
    assert!(engine.close(PATIENCE).is_ok(), "no call runs");
    let ends: Vec<_> = next(&mut ring, 10)
        .iter()
        .map(|done| (done.result, done.flags.contains(DoneFlags::NOT_RUN)))
        .collect();
    assert_eq!(ends, [(CANCELLED.0, true); 10]);
    drop(from);
    assert!(to.write_all(b"x").is_err(), "no thread of the engine has the pipe");
}

/// PARK-10: a thousand TCP connections, with a receive in flight in each, take no more workers than none do, and all have their byte.
#[test]
fn a_thousand_connections_need_no_threads() {
    const CONNECTIONS: u64 = 1000;
    let engine = Engine::start(parking()).unwrap();
    let params = Params { slots: 1024, ..Params::default() };
    let mut ring = engine.ring(&params).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let pairs: Vec<(TcpStream, TcpStream)> = (0..CONNECTIONS)
        .map(|_| (TcpStream::connect(address).unwrap(), listener.accept().unwrap().0))
        .collect();
    // So many at once that the poller's socket has room for them, however late the poller is.
    for (number, (near, _)) in (0..).zip(&pairs) {
        let call = recv(near, 0).flags(WAYS[usize::from(number % 2 == 0)]);
        push(&mut ring, &call.user_data(number).build()).unwrap();
        if number % 100 == 99 {
            assert_eq!(ring.wait(1, Some(Duration::from_millis(1))), Ok(0), "they wait");
            ring.submit();
            parked(&engine, u32::try_from(number + 1).unwrap());
        }
    }
    until("one worker is left, in none", || {
        let stats = engine.stats();
        stats.workers == 1 && stats.blocked == 0
    });
    assert_eq!(run(&mut ring, getpid()).result, pid(), "the engine is free");
    for (_, far) in &pairs {
        (&mut &*far).write_all(b"x").unwrap();
    }
    let mut numbers = Vec::new();
    while numbers.len() < pairs.len() {
        ring.wait(1, Some(PATIENCE)).unwrap();
        for done in drain(&mut ring) {
            assert_eq!((done.result, done.data()), (1, &b"x"[..]));
            numbers.push(done.user_data);
        }
    }
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..CONNECTIONS));
}
