//! A ring to test, and completions that outlive it, for all tests of the whole.
#![allow(unsafe_code, reason = "pushes submissions; every test answers for its own")]

use syslet::attrs::AtomsValue;
use syslet::program::Program;
use syslet::{
    AttributeId, CallFlags, Completion, Config, DoneFlags, Engine, Params, Refused, Ring, Status, Submission,
    SubmissionBuilder, Ticket,
};

/// A completion, copied.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Seen {
    /// The word of the submission.
    pub user_data: u64,
    /// The raw result.
    pub result: i64,
    /// The flags.
    pub flags: DoneFlags,
    /// Id, status and value of each return.
    pub returns: Vec<(AttributeId, Status, Vec<u8>)>,
}

impl Seen {
    /// A copy of this completion.
    #[must_use]
    pub fn of(done: &Completion<'_>) -> Seen {
        Seen {
            user_data: done.user_data(),
            result: done.result().0,
            flags: done.flags(),
            returns: done.returns().map(|answer| (answer.id, answer.status, answer.value.to_vec())).collect(),
        }
    }

    /// Result and flags.
    #[must_use]
    pub fn end(&self) -> (i64, DoneFlags) {
        (self.result, self.flags)
    }

    /// The outcome of each atom: its number, its flags, the number of its runs, its value.
    #[must_use]
    pub fn atoms(&self) -> Vec<(u16, DoneFlags, u32, i64)> {
        let (_, value) = self.answer(AttributeId::ATOMS).expect("asked for");
        let value = AtomsValue::parse(value).expect("a value");
        value.entries().map(|entry| (entry.atom, entry.flags, entry.runs, entry.value.0)).collect()
    }

    /// Status and value of one attribute.
    #[must_use]
    pub fn answer(&self, id: AttributeId) -> Option<(Status, &[u8])> {
        let found = self.returns.iter().find(|(seen, ..)| *seen == id);
        found.map(|(_, status, value)| (*status, value.as_slice()))
    }

    /// The bytes that came back.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.answer(AttributeId::DATA).map_or(&[], |(_, value)| value)
    }
}

/// No workers: the submitter runs every call.
pub fn alone() -> Config {
    Config::default().workers_max(0)
}

/// A ring with workers.
pub fn pooled() -> Ring {
    ring_with(Config::default(), &Params::default())
}

/// A ring without workers.
pub fn ring() -> Ring {
    ring_with(alone(), &Params::default())
}

/// A ring of an engine of its own, which ends with the ring.
pub fn ring_with(config: Config, params: &Params) -> Ring {
    Engine::start(config).expect("an engine").ring(params).expect("a ring")
}

/// Pushes a submission that the test has made harmless.
pub fn push(ring: &mut Ring, submission: &Submission) -> Result<Ticket, Refused> {
    // SAFETY: addresses in the calls of tests are bad on purpose, or live as long as the test.
    unsafe { ring.push(submission) }
}

/// The same of a program.
pub fn push_program(ring: &mut Ring, program: &Program) -> Result<Ticket, Refused> {
    // SAFETY: programs of these tests use only descriptors that they have made themselves.
    unsafe { ring.push_program(program) }
}

/// Pushes a record that the test has made harmless.
pub fn push_bytes(ring: &mut Ring, record: &[u8]) -> Result<Ticket, Refused> {
    // SAFETY: as for `push`.
    unsafe { ring.push_bytes(record) }
}

/// All completions that are ready.
pub fn drain(ring: &mut Ring) -> Vec<Seen> {
    ring.completions().map(|done| Seen::of(&done)).collect()
}

/// Runs one submission and gives its one completion.
pub fn run(ring: &mut Ring, submission: SubmissionBuilder) -> Seen {
    push(ring, &submission.build()).expect("accepted");
    ring.submit_and_wait(1).expect("waited");
    let mut seen = drain(ring);
    assert_eq!(seen.len(), 1, "one submission, one completion");
    seen.remove(0)
}

/// getpid: harmless, instant, known.
pub fn getpid() -> SubmissionBuilder {
    Submission::call(libc::SYS_getpid)
}

/// The result of getpid.
pub fn pid() -> i64 {
    i64::from(std::process::id())
}

/// A pipe's two ends, closed on drop.
pub fn pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    std::io::pipe().expect("a pipe")
}

/// The submission may sleep here.
pub fn sync(submission: SubmissionBuilder) -> SubmissionBuilder {
    submission.flags(CallFlags::SYNC)
}
