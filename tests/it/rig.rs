//! A ring to test, and completions that outlive it.
#![allow(unsafe_code, reason = "pushes submissions; every test answers for its own")]

use syslet::program::Program;
use syslet::{
    AttributeId, CallFlags, Config, DoneFlags, Engine, Params, Refused, Ring, Status, Submission,
    SubmissionBuilder, Ticket,
};

/// A completion, copied.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Seen {
    pub(crate) user_data: u64,
    pub(crate) result: i64,
    pub(crate) flags: DoneFlags,
    pub(crate) returns: Vec<(AttributeId, Status, Vec<u8>)>,
}

impl Seen {
    /// Status and value of one attribute.
    pub(crate) fn answer(&self, id: AttributeId) -> Option<(Status, &[u8])> {
        let found = self.returns.iter().find(|(seen, ..)| *seen == id);
        found.map(|(_, status, value)| (*status, value.as_slice()))
    }

    /// The bytes that came back.
    pub(crate) fn data(&self) -> &[u8] {
        self.answer(AttributeId::DATA).map_or(&[], |(_, value)| value)
    }
}

/// No workers: the submitter runs everything.
pub(crate) fn alone() -> Config {
    Config::default().workers_max(0)
}

/// A ring with workers.
pub(crate) fn pooled() -> Ring {
    ring_with(Config::default(), &Params::default())
}

pub(crate) fn ring() -> Ring {
    ring_with(alone(), &Params::default())
}

pub(crate) fn ring_with(config: Config, params: &Params) -> Ring {
    Engine::start(config).expect("an engine").ring(params).expect("a ring")
}

/// Pushes a submission that the test has made harmless.
pub(crate) fn push(ring: &mut Ring, submission: &Submission) -> Result<Ticket, Refused> {
    // SAFETY: tests push calls whose addresses are bad on purpose, or live as long as the test.
    unsafe { ring.push(submission) }
}

/// The same of a program.
pub(crate) fn push_program(ring: &mut Ring, program: &Program) -> Result<Ticket, Refused> {
    // SAFETY: programs of these tests use what they have made themselves.
    unsafe { ring.push_program(program) }
}

/// Pushes a record that the test has made harmless.
pub(crate) fn push_bytes(ring: &mut Ring, record: &[u8]) -> Result<Ticket, Refused> {
    // SAFETY: as for `push`.
    unsafe { ring.push_bytes(record) }
}

/// Everything that is ready.
pub(crate) fn drain(ring: &mut Ring) -> Vec<Seen> {
    let completions = ring.completions().map(|done| Seen {
        user_data: done.user_data(),
        result: done.result().0,
        flags: done.flags(),
        returns: done.returns().map(|answer| (answer.id, answer.status, answer.value.to_vec())).collect(),
    });
    completions.collect()
}

/// Runs one submission and gives its one completion.
pub(crate) fn run(ring: &mut Ring, submission: SubmissionBuilder) -> Seen {
    push(ring, &submission.build()).expect("accepted");
    ring.submit_and_wait(1).expect("waited");
    let mut seen = drain(ring);
    assert_eq!(seen.len(), 1, "one submission, one completion");
    seen.remove(0)
}

/// getpid: harmless, instant, known.
pub(crate) fn getpid() -> SubmissionBuilder {
    Submission::call(libc::SYS_getpid)
}

/// What getpid gives.
pub(crate) fn pid() -> i64 {
    i64::from(std::process::id())
}

/// A pipe's two ends, closed on drop.
pub(crate) fn pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    std::io::pipe().expect("a pipe")
}

/// The submission may sleep here.
pub(crate) fn sync(submission: SubmissionBuilder) -> SubmissionBuilder {
    submission.flags(CallFlags::SYNC)
}
