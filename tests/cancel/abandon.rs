//! Calls that nothing interrupts: shut down, and given up.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use syslet::abi::{Cancel, CancelBy, CancelSteps};
use syslet::attrs::TimingValue;
use syslet::{
    AttributeId, CallFlags, Config, DoneFlags, Engine, Escalation, Params, Ring, Status, Submission,
    SubmissionBuilder, Which,
};

use crate::look::{alone, until, workers_in};
use crate::rig::{Seen, drain, pid, pipe, push, push_bytes, run};
use crate::stuck::Page;

const ECANCELED: i64 = -(libc::ECANCELED as i64);
const GIVEN_UP: DoneFlags = DoneFlags::ABANDONED.with(DoneFlags::CANCELLED).with(DoneFlags::ENGINE_RESULT);
const RELEASED: DoneFlags = DoneFlags::ABANDONED.with(DoneFlags::RELEASED);

fn at_once() -> Escalation {
    Escalation::default().abandon_after(Duration::ZERO)
}

/// A page that faults; nothing where there is none.
fn page() -> Option<Arc<Page>> {
    match Page::new() {
        Ok(page) => Some(Arc::new(page)),
        Err(error) => {
            println!("skipped: userfaultfd: {error}");
            None
        }
    }
}

fn start(config: Config) -> (Engine, Ring) {
    let engine = Engine::start(config).expect("an engine");
    let ring = engine.ring(&Params::default()).expect("a ring");
    (engine, ring)
}

fn one(ring: &mut Ring) -> Seen {
    ring.wait(1, None).expect("waited");
    let mut seen = drain(ring);
    assert_eq!(seen.len(), 1, "{seen:?}");
    seen.remove(0)
}

/// A call of a worker that reads into the page, where it is stuck.
fn read_into(page: &Page, reader: &impl AsRawFd) -> SubmissionBuilder {
    let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into());
    read.value(page.address).value(8).user_data(5).flags(CallFlags::ASYNC)
}

fn getpid() -> SubmissionBuilder {
    Submission::call(libc::SYS_getpid).flags(CallFlags::ASYNC)
}

/// A file whose position somebody holds who is stuck: who wants it waits where no signal reaches. No call of the engine
/// has memory of the application's then.
struct HeldFile {
    file: File,
    holder: thread::JoinHandle<()>,
    page: Arc<Page>,
}

impl HeldFile {
    fn new(page: &Arc<Page>) -> HeldFile {
        let file = File::open("/proc/self/exe").expect("this program");
        let (send, receive) = std::sync::mpsc::channel();
        let (own, stuck) = (file.try_clone().expect("a descriptor"), Arc::clone(page));
        let holder = thread::spawn(move || {
            send.send(nix::unistd::gettid().as_raw()).expect("somebody waits");
            let fd = own.as_raw_fd();
            crate::stuck::read_stuck(fd, &stuck);
        });
        let tid = receive.recv().expect("it has sent");
        let path = format!("/proc/self/task/{tid}/syscall");
        until("it is stuck", || {
            let line = std::fs::read_to_string(&path).unwrap_or_default();
            line.starts_with(&format!("{} ", libc::SYS_read))
        });
        HeldFile { file, holder, page: Arc::clone(page) }
    }

    fn fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }

    /// A call that waits for the position.
    fn seek(&self) -> SubmissionBuilder {
        let seek = Submission::call(libc::SYS_lseek).int(self.fd().into()).int(0);
        seek.int(libc::SEEK_CUR.into()).user_data(6).flags(CallFlags::ASYNC).timing()
    }

    fn let_go(self) {
        self.page.provide();
        self.holder.join().expect("no panic");
    }
}

/// CANCEL-16, CANCEL-17: a call with memory of the application's is given up if RELEASE was asked: its completion comes while it
/// still runs, another worker has the place of the only one there may be, and a second record tells of its end.
#[test]
fn what_is_abandoned_is_released() {
    let _alone = alone();
    let Some(page) = page() else { return };
    let (engine, mut ring) = start(Config::default().workers_max(1).runnable_max(1));
    let (reader, mut writer) = pipe();
    writer.write_all(b"12345678").expect("room");
    push(&mut ring, &read_into(&page, &reader).flags(CallFlags::RELEASE).timing().build()).expect("accepted");
    ring.submit();
    until("the worker waits for the page", || workers_in(libc::SYS_read).len() == 1);
    let found = ring.cancel_with(Which::All, at_once());
    assert_eq!((found.signalled, found.kept), (1, 0));
    let first = one(&mut ring);
    assert_eq!((first.user_data, first.result), (5, ECANCELED));
    assert_eq!(first.flags, GIVEN_UP.with(DoneFlags::MORE));
    assert_eq!(first.answer(AttributeId::TIMING), Some((Status::UNAVAILABLE, &[][..])));
    let stats = engine.stats();
    assert_eq!((stats.abandoned, stats.in_flight, ring.in_flight()), (1, 0, 1), "{stats:?}");
    assert_eq!(ring.cancel(Which::All).over, 1);
    for _ in 0..3 {
        assert_eq!(run(&mut ring, getpid()).result, pid());
    }
    assert_eq!((engine.stats().abandoned, ring.in_flight()), (1, 1), "it is still there");
    page.provide();
    let second = one(&mut ring);
    assert_eq!((second.user_data, second.flags, second.returns.len()), (5, RELEASED, 0));
    assert!([8, -i64::from(libc::EINTR)].contains(&second.result), "{second:?}");
    assert_eq!((ring.in_flight(), engine.stats().abandoned), (0, 0));
    assert_eq!(run(&mut ring, getpid()).result, pid());
    engine.close(Duration::from_secs(60)).expect("all is over");
}

/// CANCEL-18: without RELEASE it is kept, however often it is asked; what it writes to stays its own.
#[test]
fn application_memory_is_not_abandoned() {
    let _alone = alone();
    let Some(page) = page() else { return };
    let (engine, mut ring) = start(Config::default());
    let (reader, mut writer) = pipe();
    writer.write_all(b"12345678").expect("room");
    push(&mut ring, &read_into(&page, &reader).build()).expect("accepted");
    ring.submit();
    until("the worker waits for the page", || workers_in(libc::SYS_read).len() == 1);
    assert_eq!(ring.cancel_with(Which::All, at_once()).kept, 1);
    until("many signals were sent", || {
        let found = ring.cancel_with(Which::All, at_once());
        assert_eq!(found.kept, 1);
        found.uninterruptible == 1
    });
    assert_eq!((engine.stats().abandoned, ring.in_flight()), (0, 1));
    page.provide();
    assert!(!one(&mut ring).flags.contains(DoneFlags::ABANDONED));
    assert_eq!(ring.in_flight(), 0);
}

/// CANCEL-19: a call without memory of the application's is given up without ado. Its slot is free when its worker is back,
/// and nobody hears of that; until then the ring has one less. At most so many are given up as may be, the others when
/// those are back.
#[test]
fn as_many_are_abandoned_as_may_be() {
    let _alone = alone();
    let Some(page) = page() else { return };
    let held = HeldFile::new(&page);
    let engine = Engine::start(Config::default().workers_max(2).abandoned_max(1)).expect("an engine");
    let mut ring = engine.ring(&Params { slots: 2, ..Params::default() }).expect("a ring");
    for _ in 0..2 {
        push(&mut ring, &held.seek().build()).expect("accepted");
    }
    ring.submit();
    until("both wait", || workers_in(libc::SYS_lseek).len() == 2);
    // The first may be given up before the second is asked.
    assert!(ring.cancel_with(Which::Fd(held.fd()), at_once()).kept < 2, "there was room for one");
    let first = one(&mut ring);
    assert_eq!((first.user_data, first.result, first.flags), (6, ECANCELED, GIVEN_UP));
    assert_eq!(ring.cancel_with(Which::Fd(held.fd()), at_once()).kept, 1, "there is no room for the other");
    assert_eq!((ring.in_flight(), engine.stats().abandoned), (1, 1));
    assert!(push(&mut ring, &getpid().build()).expect_err("two slots are taken").is_full());
    let mut other = engine.ring(&Params::default()).expect("a ring");
    assert_eq!(run(&mut other, getpid()).result, pid(), "one worker may be there beside the other");
    held.let_go();
    let second = one(&mut ring);
    assert_eq!((second.user_data, ring.in_flight()), (6, 0));
    push(&mut ring, &getpid().user_data(7).build()).expect("the slot of the second");
    until("the slot of the first is back", || {
        ring.in_flight();
        push(&mut ring, &getpid().user_data(7).build()).is_ok()
    });
    assert_eq!(engine.stats().abandoned, 0);
    ring.wait(2, None).expect("waited");
    assert!(drain(&mut ring).iter().all(|seen| (seen.user_data, seen.result) == (7, pid())));
    engine.close(Duration::from_secs(60)).expect("all is over");
}

/// CANCEL-16: a limit of none means never. CANCEL-12: a request as a record asks for the same.
#[test]
fn none_may_be_abandoned() {
    let _alone = alone();
    let Some(page) = page() else { return };
    let held = HeldFile::new(&page);
    for abandoned_max in [0, 1] {
        let (engine, mut ring) = start(Config::default().abandoned_max(abandoned_max));
        push(&mut ring, &held.seek().flags(CallFlags::PRIVATE).build()).expect("accepted");
        ring.submit();
        // Those of the rounds before are still there.
        until("it waits", || {
            workers_in(libc::SYS_lseek).len() > usize::try_from(abandoned_max).expect("a count")
        });
        let request = Cancel { steps: CancelSteps::ABANDON, ..Cancel::by(9, CancelBy::ALL, 0) };
        push_bytes(&mut ring, &request.emit()).expect("accepted");
        ring.wait(1 + usize::from(abandoned_max > 0), None).expect("waited");
        let mut seen = drain(&mut ring);
        seen.sort_unstable_by_key(|seen| seen.user_data);
        let answer = seen.pop().expect("its own");
        assert_eq!((answer.user_data, answer.result), (9, 1));
        if abandoned_max == 0 {
            assert_eq!(ring.cancel_with(Which::All, at_once()).kept, 1);
            until("many signals were sent", || ring.cancel(Which::UserData(6)).uninterruptible == 1);
            assert_eq!(engine.stats().abandoned, 0);
        } else {
            assert_eq!((seen[0].user_data, seen[0].flags), (6, GIVEN_UP));
        }
        assert_eq!(ring.in_flight(), 1 - usize::try_from(abandoned_max).expect("a count"));
        // Ring and engine go; what still runs has its memory.
    }
    held.let_go();
    until("the workers are gone", || workers_in(libc::SYS_lseek).is_empty());
}

/// CANCEL-19, POOL-22: ring and engine are dropped while a call that was given up still runs: what it writes to is there until it is
/// over, and its lent descriptors are open.
#[test]
fn nothing_is_freed_under_an_abandoned_call() {
    let _alone = alone();
    let Some(page) = page() else { return };
    let held = HeldFile::new(&page);
    let (engine, mut ring) = start(Config::default());
    let lent = Arc::new(held.file.try_clone().expect("a descriptor"));
    let read = Submission::call(libc::SYS_read).lend(&lent).output(64).value(64);
    ring.push_safe(&read.flags(CallFlags::ASYNC).build()).expect("accepted");
    ring.submit();
    until("it waits", || !workers_in(libc::SYS_read).is_empty());
    assert_eq!(ring.cancel_with(Which::All, at_once()).kept, 0);
    assert_eq!(one(&mut ring).flags, GIVEN_UP);
    let running = engine.close(Duration::from_millis(1)).expect_err("it still runs").calls;
    assert_eq!(running.len(), 1);
    drop((ring, engine));
    assert_eq!(Arc::strong_count(&lent), 2, "the engine has its share");
    held.let_go();
    until("it is given back", || Arc::strong_count(&lent) == 1);
}

/// CANCEL-15: the socket of a call that was signalled in vain is shut down, which whoever else has it sees; not one whose
/// call the signal ends, and not before its time.
#[test]
fn the_socket_is_shut_down() {
    let _alone = alone();
    let Some(page) = page() else { return };
    let (engine, mut ring) = start(Config::default());
    let (near, mut far) = UnixStream::pair().expect("sockets");
    let receive = |flags| {
        let call =
            Submission::call(libc::SYS_recvfrom).int(near.as_raw_fd().into()).value(page.address).value(8);
        call.value(0).value(0).value(0).flags(flags).build()
    };
    let escalation = Escalation::default().shutdown_after(Duration::ZERO);
    // The signal ends this one.
    push(&mut ring, &receive(CallFlags::ASYNC)).expect("accepted");
    ring.submit();
    until("it waits", || workers_in(libc::SYS_recvfrom).len() == 1);
    let later = Escalation::default().shutdown_after(Duration::from_secs(3600));
    assert_eq!(ring.cancel_with(Which::All, later).signalled, 1);
    assert!(one(&mut ring).flags.contains(DoneFlags::CANCELLED));
    far.write_all(b"12345678").expect("it is open");
    // This one is stuck where it copies.
    push(&mut ring, &receive(CallFlags::ASYNC)).expect("accepted");
    ring.submit();
    until("it is stuck", || workers_in(libc::SYS_recvfrom).len() == 1);
    assert_eq!(ring.cancel_with(Which::All, escalation).signalled, 1);
    assert_eq!(far.read(&mut [0; 8]).expect("the end"), 0, "the other end sees it");
    until("the call is looked after", || ring.cancel(Which::All).uninterruptible == 1);
    page.provide();
    assert!(!one(&mut ring).flags.contains(DoneFlags::ABANDONED));
    engine.close(Duration::from_secs(60)).expect("all is over");
}

/// CANCEL-17: whoever asks for RELEASE and is not given up has one completion, and all of the room back.
#[test]
fn release_without_need() {
    let (_engine, mut ring) = start(Config::default());
    let [flags, timed] = [CallFlags::RELEASE, CallFlags::RELEASE.with(CallFlags::NO_COMPLETE)];
    for round in 0..20_000_u64 {
        let flags = if round % 3 == 0 { timed } else { flags };
        let call = Submission::call(libc::SYS_getppid).flags(flags).user_data(round);
        let call = if round % 2 == 0 { call.flags(CallFlags::ASYNC) } else { call.timing() };
        push(&mut ring, &call.build()).expect("there is room");
        if round % 16 == 15 {
            while ring.in_flight() > 0 {
                ring.wait(1, None).expect("waited");
                let seen = drain(&mut ring);
                assert!(seen.iter().all(|seen| seen.flags == DoneFlags::NONE && seen.user_data <= round));
                let is_timed = |seen: &Seen| {
                    seen.answer(AttributeId::TIMING)
                        .is_some_and(|(_, value)| TimingValue::parse(value).is_some())
                };
                assert!(seen.iter().all(|seen| seen.user_data % 2 == 0 || is_timed(seen)));
            }
        }
    }
}
