//! Attributes that change the thread of their call. Alone in its process, because all of its threads are looked at.

#[path = "private/one.rs"]
mod one;
#[path = "private/state.rs"]
mod state;

#[path = "acting/effect.rs"]
mod effect;
#[path = "acting/leak.rs"]
mod leak;
#[path = "acting/panics.rs"]
mod panics;
#[path = "acting/refused.rs"]
mod refused;
#[path = "acting/retry.rs"]
mod retry;
#[path = "acting/several.rs"]
mod several;

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::unistd::geteuid;
use syslet::attrs::{Credentials, RunBy, WorkerValue};
use syslet::{
    AttributeFlags, AttributeId, Config, DoneFlags, Engine, Params, Ring, Status, Submission,
    SubmissionBuilder,
};
use syslet_tests::{look, rig};

use syslet_tests::rig::Seen;

const NOBODY: u32 = 65_534;
const NONE: AttributeFlags = AttributeFlags::NONE;
const REQUIRED: AttributeFlags = AttributeFlags::REQUIRED;

/// What is asked of a call: an attribute and its payload.
type Ask = (AttributeId, Vec<u8>);

fn engine() -> (Engine, Ring) {
    let engine = Engine::start(Config::default().workers_max(2).runnable_max(2)).expect("an engine");
    let ring = engine.ring(&Params::default()).expect("a ring");
    (engine, ring)
}

fn with(call: SubmissionBuilder, flags: AttributeFlags, asks: &[Ask]) -> SubmissionBuilder {
    asks.iter().fold(call, |call, (id, payload)| call.attribute(*id, flags, payload))
}

/// The call as asked, and who has made it, which is a disposable worker.
fn run_acting(ring: &mut Ring, call: SubmissionBuilder, asks: &[Ask]) -> Seen {
    let call = with(call, REQUIRED, asks).attribute(AttributeId::WORKER, REQUIRED, &[]);
    let done = one::run_one(ring, call, 2);
    assert_eq!(done.flags, DoneFlags::NONE, "{done:?}");
    let worker = worker(&done);
    assert_eq!((worker.run_by, worker.attempts), (RunBy::PRIVATE, 1));
    // The kernel says that it has ended a moment before it is gone.
    look::until("it has ended", || !look::engine_threads().contains(&worker.tid.cast_signed()));
    done
}

fn worker(done: &Seen) -> WorkerValue {
    WorkerValue::parse(value(done, AttributeId::WORKER)).expect("a value")
}

/// The value of an attribute that was handled.
fn value(done: &Seen, id: AttributeId) -> &[u8] {
    let (status, value) = done.answer(id).expect("an answer");
    assert_eq!(status, Status::HANDLED, "{id:?}");
    value
}

fn status(done: &Seen, id: AttributeId) -> Status {
    done.answer(id).expect("an answer").0
}

fn is_superuser(needed_for: &str) -> bool {
    if !geteuid().is_root() {
        println!("skipped: {needed_for} needs the superuser");
    }
    geteuid().is_root()
}

/// A nice value that everybody may ask for, however nice they are: so much more than this thread's, up to the most.
fn nicer(by: i32) -> i32 {
    (nice_of(nix::unistd::gettid().as_raw()) + by).min(19)
}

/// A thread's nice value: field 19 of its stat, which begins behind the name.
fn nice_of(tid: i32) -> i32 {
    let stat = std::fs::read_to_string(format!("/proc/self/task/{tid}/stat")).expect("it lives");
    let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
    fields.split_whitespace().nth(19 - 3).and_then(|nice| nice.parse().ok()).expect("a number")
}

fn nobody() -> Credentials {
    Credentials { fsuid: Some(NOBODY), fsgid: Some(NOBODY), groups: Some(vec![NOBODY, 7]) }
}

fn creds(credentials: &Credentials) -> Ask {
    (AttributeId::CREDENTIALS, credentials.payload())
}

/// openat, of a path that outlives the test.
fn open(path: &Path, flags: i32, mode: i64) -> SubmissionBuilder {
    let path = CString::new(path.as_os_str().as_bytes()).expect("no NUL");
    let path = Box::leak(path.into_boxed_c_str()).as_ptr().expose_provenance().cast_signed() as i64;
    Submission::call(libc::SYS_openat).int(libc::AT_FDCWD.into()).int(path).int(flags.into()).int(mode)
}

const CREATE: i32 = libc::O_CREAT | libc::O_WRONLY | libc::O_EXCL;

/// Gives a descriptor back that a call has opened.
fn close(done: &Seen) {
    let fd = i32::try_from(done.result).expect("a descriptor");
    nix::unistd::close(fd).expect("it was open");
}
