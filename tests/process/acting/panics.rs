//! Panics of an application's attribute.

use std::sync::Arc;

use syslet::attrs::{Action, Attribute, CallFacts, Needs, Observed, Plan, RunBy, Token};
use syslet::{AttributeId, CallFlags, Config, DoneFlags, Engine, Params, Status};

use super::{NONE, REQUIRED, status, worker};
use crate::look;
use crate::one::run_one;
use crate::rig::{Seen, getpid, pid};

/// One that panics in one of its methods, told by its payload.
#[derive(Debug)]
struct Panics(AttributeId, Needs);

const PLAIN: Panics = Panics(AttributeId(0x8000), Needs::NONE);
const ACTING: Panics = Panics(AttributeId(0x8001), Needs::OWN_THREAD);
const METHODS: [&[u8]; 4] = [b"check", b"before", b"action", b"after"];

fn at(payload: &[u8], method: &[u8]) {
    assert!(payload != method, "on purpose");
}

impl Attribute for Panics {
    fn id(&self) -> AttributeId {
        self.0
    }

    fn name(&self) -> &'static str {
        "panics"
    }

    fn check(&self, payload: &[u8], _: &CallFacts) -> Result<Plan, Status> {
        at(payload, b"check");
        Ok(Plan { return_bytes_max: 0, may_run_inline: true, needs: self.1 })
    }

    fn before(&self, payload: &[u8], _: &CallFacts) -> Token {
        at(payload, b"before");
        Token::default()
    }

    fn action(&self, payload: &[u8]) -> Option<Action> {
        at(payload, b"action");
        None
    }

    fn after(&self, payload: &[u8], _: Token, _: &Observed, _: &mut [u8]) -> (Status, usize) {
        at(payload, b"after");
        (Status::HANDLED, 0)
    }
}

/// ATTR-20, ENGINE-27: wherever an attribute panics, in the submitter, in a worker or in a call's own thread, its call
/// has its completion, and the same threads go on.
#[test]
fn attribute_panics_are_contained() {
    let _alone = look::alone();
    let config = Config::default().workers_max(1).attribute(Arc::new(PLAIN)).attribute(Arc::new(ACTING));
    let mut ring = Engine::start(config).unwrap().ring(&Params::default()).unwrap();
    let pooled = |ring: &mut _| {
        let call = getpid().flags(CallFlags::ASYNC).attribute(AttributeId::WORKER, NONE, &[]);
        worker(&run_one(ring, call, 1)).tid
    };
    let tid = pooled(&mut ring);
    let ways = [
        (PLAIN.0, CallFlags::SYNC, RunBy::INLINE),
        (PLAIN.0, CallFlags::ASYNC, RunBy::POOLED),
        (PLAIN.0, CallFlags::PRIVATE, RunBy::PRIVATE),
        (ACTING.0, CallFlags::NONE, RunBy::PRIVATE),
    ];
    for (id, flags, run_by) in ways {
        for method in METHODS {
            // Nothing is asked to act in a thread that is not the call's own by its attribute's wish.
            let is_reached = method != b"action" || id == ACTING.0;
            let is_before = method != b"after";
            let call = |required| {
                let call = getpid().flags(flags).attribute(id, required, method);
                call.attribute(AttributeId::WORKER, NONE, &[])
            };
            let done = run_one(&mut ring, call(NONE), 2);
            assert_eq!((done.result, done.flags), (pid(), DoneFlags::NONE), "{method:?}");
            // One that is refused at the door asks for nothing.
            let at_the_door = method == b"check" && flags == CallFlags::NONE;
            assert!(at_the_door || worker(&done).run_by == run_by, "{method:?} {done:?}");
            assert_eq!(status(&done, id) == Status::UNAVAILABLE, is_reached, "{method:?}");
            let done = run_one(&mut ring, call(REQUIRED), 2);
            assert_eq!(has_run(&done), !(is_reached && is_before), "{method:?} {done:?}");
            assert_eq!(status(&done, id) == Status::UNAVAILABLE, is_reached, "{method:?}");
        }
    }
    assert_eq!(pooled(&mut ring), tid, "the same worker goes on");
}

fn has_run(done: &Seen) -> bool {
    !done.flags.contains(DoneFlags::NOT_RUN)
}
