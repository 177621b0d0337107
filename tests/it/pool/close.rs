//! Closing an engine while its rings are at work.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use syslet::attrs::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use syslet::{AttributeFlags, AttributeId, Config, DoneFlags, Engine, Params, Refusal, Status, Submission};

use crate::rig::{drain, getpid, pid, pipe, push};
use syslet_tests::pool;

const CANCELLED: i64 = -(libc::ECANCELED as i64);

/// Closes the engine while it is shown a call.
#[derive(Debug, Default)]
struct Closing(OnceLock<Engine>);

const CLOSING: AttributeId = AttributeId(AttributeId::APPLICATION.0 + 1);

impl Attribute for Closing {
    fn id(&self) -> AttributeId {
        CLOSING
    }

    fn name(&self) -> &'static str {
        "closing"
    }

    fn check(&self, _: &[u8], _: &CallFacts) -> Result<Plan, Status> {
        Ok(Plan { return_bytes_max: 0, may_run_inline: true, needs: Needs::NONE })
    }

    fn before(&self, _: &[u8], _: &CallFacts) -> Token {
        let engine = self.0.get().expect("the test has put it there");
        assert!(engine.close(Duration::from_secs(60)).is_ok(), "no worker runs anything");
        Token::default()
    }

    fn after(&self, _: &[u8], _: Token, _: &Observed, _: &mut [u8]) -> (Status, usize) {
        (Status::HANDLED, 0)
    }
}

/// POOL-21: a call that its submitter hands over just after the engine was closed ends all the same.
#[test]
fn a_call_handed_over_too_late_ends() {
    let closing = Arc::new(Closing::default());
    let engine = Engine::start(Config::default().attribute(Arc::<Closing>::clone(&closing))).unwrap();
    closing.0.set(engine.clone()).unwrap();
    let mut ring = engine.ring(&Params::default()).unwrap();
    let (reader, _writer) = pipe();
    let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(8).value(8);
    push(&mut ring, &read.attribute(CLOSING, AttributeFlags::NONE, &[]).build()).unwrap();
    assert_eq!(ring.wait(1, None), Ok(1));
    let done = drain(&mut ring).remove(0);
    assert_eq!((done.result, done.flags.contains(DoneFlags::NOT_RUN)), (CANCELLED, true));
}

/// POOL-21, ENGINE-20: what was moved before the engine was closed is told, as an interrupted call tells it.
#[test]
fn a_call_half_done_says_how_far_it_came() {
    let engine = Engine::start(Config::default().workers_max(1)).unwrap();
    let mut ring = engine.ring(&Params::default()).unwrap();
    let (held, mut release) = pipe();
    push(&mut ring, &pool::hold(&held).build()).unwrap();
    ring.submit();
    pool::until("the only worker sleeps", || engine.stats().blocked == 1);
    let (mut reader, writer) = pipe();
    let bytes = vec![7; 1 << 20];
    let address = bytes.as_ptr().expose_provenance() as u64;
    let fd = writer.as_raw_fd().into();
    let write = Submission::call(libc::SYS_write).int(fd).value(address).value(bytes.len() as u64);
    push(&mut ring, &write.user_data(1).build()).unwrap();
    assert_eq!(ring.wait(1, Some(Duration::from_millis(1))), Ok(0));
    assert_eq!(engine.close(Duration::ZERO).unwrap_err().calls.len(), 1, "the worker's");
    assert_eq!(ring.wait(1, None), Ok(1));
    let done = drain(&mut ring).remove(0);
    drop(writer);
    let mut moved = Vec::new();
    reader.read_to_end(&mut moved).unwrap();
    let moved = i64::try_from(moved.len()).unwrap();
    if moved > 0 {
        assert_eq!((done.user_data, done.result, done.flags), (1, moved, DoneFlags::NONE));
    } else {
        assert_eq!(
            (done.result, done.flags.contains(DoneFlags::NOT_RUN)),
            (CANCELLED, true),
            "no attempt here"
        );
    }
    release.write_all(b"x").unwrap();
    assert_eq!(ring.wait(1, None), Ok(1));
}

/// POOL-21: a submitter that only submits and never helps sees every call it was not refused end, however its pushes
/// and the close meet.
#[test]
fn every_call_accepted_while_closing_ends() {
    for round in 0..200 {
        let engine = Engine::start(Config::default().workers_max(2)).unwrap();
        let mut ring = engine.ring(&Params::default()).unwrap();
        let submitter = thread::spawn(move || {
            let mut accepted = 0;
            loop {
                match push(&mut ring, &getpid().build()) {
                    Ok(_) => accepted += 1,
                    Err(refused) if refused.refusal() == Refusal::CLOSED => break,
                    Err(refused) => assert!(refused.is_full(), "{refused}"),
                }
                ring.submit();
                accepted -= drain(&mut ring).len();
            }
            // Nothing is run here: what is not over by itself would never be.
            while accepted > 0 {
                let seen = drain(&mut ring);
                assert!(seen.iter().all(|done| done.result == CANCELLED || done.result == pid()));
                accepted -= seen.len();
            }
        });
        for _ in 0..round {
            thread::yield_now();
        }
        assert_eq!(engine.close(Duration::from_secs(60)), Ok(()));
        submitter.join().unwrap();
    }
}
