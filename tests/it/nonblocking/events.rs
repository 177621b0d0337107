//! io_getevents and io_pgetevents.

use std::io::{PipeReader, Write};

use syslet::{Submission, SubmissionBuilder};

use super::rig::{Bench, at, at_mut, blocked, error, fd, look, plain, same};
use crate::rig::pipe;

const GET: i64 = libc::SYS_io_getevents;
const PGET: i64 = if cfg!(target_arch = "x86_64") { 333 } else { 292 };
const POLL: u64 = 5;
const HOUR: [u64; 2] = [3600, 0];

/// A context, destroyed with this.
#[derive(Debug)]
struct Context(u64);

impl Context {
    fn new() -> Context {
        let mut context = 0u64;
        assert_eq!(plain(libc::SYS_io_setup, &[8, at_mut(&mut context)]), 0);
        Context(context)
    }

    /// An event for when the pipe can be read.
    fn ask(&self, data: u64, reader: &PipeReader) {
        // Operation and descriptor lie in one word.
        let request = [data, 0, POLL | fd(reader) << 32, u64::from(libc::POLLIN.cast_unsigned()), 0, 0, 0, 0];
        assert_eq!(plain(libc::SYS_io_submit, &[self.0, 1, at(&[at(&request)])]), 1);
    }

    /// A call for some of four events.
    fn get(&self, nr: i64, min: u64, events: u64, time: Option<&[u64; 2]>) -> SubmissionBuilder {
        let call = Submission::call(nr).value(self.0).value(min).value(4).value(events);
        let call = call.value(time.map_or(0, at));
        if nr == PGET { call.value(0) } else { call }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        plain(libc::SYS_io_destroy, &[self.0]);
    }
}

/// The data of the first events.
fn data(events: u64, count: u64) -> Vec<u64> {
    (0..count).map(|index| look(events + 32 * index)).collect()
}

fn readable() -> (PipeReader, std::io::PipeWriter) {
    let (reader, mut writer) = pipe();
    writer.write_all(b"x").expect("room");
    (reader, writer)
}

/// TWIN-41: as many as are asked for are the answer, and more.
#[test]
fn events_that_are_there_are_taken() {
    let (context, mut bench, mut room) = (Context::new(), Bench::new(), [[0u64; 4]; 4]);
    let (events, (reader, _writer)) = (at_mut(&mut room), readable());
    for nr in [GET, PGET] {
        for (min, time) in [(1, None), (2, Some(&HOUR)), (3, Some(&[0, 0]))] {
            context.ask(7, &reader);
            context.ask(8, &reader);
            let (done, _) = bench.here(context.get(nr, min, events, time));
            assert_eq!((done.result, data(events, 2)), (2, vec![7, 8]));
        }
    }
}

/// TWIN-41: none is a wait, and fewer than were asked for are a part of it: a worker waits for the rest, behind them.
#[test]
fn events_that_are_missing_are_waited_for() {
    for nr in [GET, PGET] {
        for ready in [vec![], vec![1], vec![1, 2]] {
            for time in [None, Some(&HOUR)] {
                let (context, mut room) = (Context::new(), [[0u64; 4]; 4]);
                let (events, (there, _kept), (missing, mut writer)) = (at_mut(&mut room), readable(), pipe());
                ready.iter().for_each(|data| context.ask(*data, &there));
                let more = 3 - ready.len() as u64;
                (0..more).for_each(|index| context.ask(10 + index, &missing));
                let call = context.get(nr, 3, events, time);
                let done = blocked(call, || writer.write_all(b"x").expect("room"));
                let mut seen = data(events, 3);
                seen[ready.len()..].sort_unstable();
                let late: Vec<u64> = (10..10 + more).collect();
                assert_eq!((done.result, seen), (3, [ready.clone(), late].concat()));
            }
        }
    }
}

/// TWIN-41: when the time runs out, the events taken are the answer.
#[test]
fn what_was_taken_is_not_lost() {
    let (context, mut room, (reader, _writer)) = (Context::new(), [[0u64; 4]; 4], readable());
    let events = at_mut(&mut room);
    context.ask(7, &reader);
    let mut bench = Bench::new();
    bench.begin(context.get(GET, 3, events, Some(&[0, 1000])));
    bench.let_go();
    let (done, by) = bench.end();
    assert_eq!((done.result, by.attempts, data(events, 1)), (1, 2, vec![7]));
}

/// TWIN-41, TWIN-47: a fault is refused as the plain call refuses it.
#[test]
fn wrong_gets_are_refused() {
    let (context, mut room, nowhere) = (Context::new(), [[0u64; 4]; 4], 8);
    let events = at_mut(&mut room);
    assert_eq!(same(GET, &[context.0, 2, 1, events, 0]), error(libc::EINVAL));
    assert_eq!(same(GET, &[context.0, u64::MAX, 1, events, 0]), error(libc::EINVAL));
    assert_eq!(same(GET, &[nowhere, 1, 1, events, 0]), error(libc::EINVAL));
    assert_eq!(same(GET, &[context.0, 1, 1, events, nowhere]), error(libc::EFAULT));
    assert_eq!(same(GET, &[context.0, 0, 1, events, 0]), 0, "nothing has to be there");
    let (reader, _writer) = readable();
    context.ask(7, &reader);
    assert_eq!(same(GET, &[context.0, 1, 1, nowhere, 0]), error(libc::EFAULT));
    assert_eq!(same(GET, &[context.0, 1, 1, events, nowhere]), error(libc::EFAULT));
}
