//! An engine that runs what a target pushes, and has nothing left over when an input ends.
#![allow(unsafe_code, reason = "pushes records that were made harmless")]

use std::time::{Duration, Instant};

use syslet::abi::{Limits, RecordWord};
use syslet::{Config, Engine, Params, Refused, Ring, Submission, WaitError, Which};

use crate::bag::Bag;
use crate::tame::{Tamed, tame};

/// What sleeps longer is stopped.
const MOMENT: Duration = Duration::from_micros(200);
/// What has not ended then hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// An engine with a pool, one of its rings, and descriptors.
#[derive(Debug)]
pub struct Bench {
    pub ring: Ring,
    pub bag: Bag,
    _engine: Engine,
}

impl Default for Bench {
    fn default() -> Bench {
        Bench::new()
    }
}

impl Bench {
    #[must_use]
    pub fn new() -> Bench {
        // SAFETY: no handler is installed. A program whose main function is Rust's ignores it as well.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
        let engine = Engine::start(Config::default().workers_max(8)).expect("an engine");
        let ring = engine.ring(&Params::default()).expect("a ring");
        Bench { ring, bag: Bag::new(), _engine: engine }
    }

    /// What the ring takes.
    fn limits(&self) -> Limits {
        let Params { submission_record_max, completion_record_max, .. } = *self.ring.params();
        Limits {
            record_bytes_max: submission_record_max as usize,
            out_bytes_max: completion_record_max as usize,
        }
    }

    /// Runs the records that stand one behind the other in `bytes`, each as long as its first word says.
    pub fn run(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let said =
                if bytes.len() < RecordWord::BYTES { usize::MAX } else { RecordWord::at(bytes).len as usize };
            let (record, rest) = bytes.split_at(said.clamp(1, bytes.len()));
            self.push_bytes(record);
            bytes = rest;
        }
        self.end();
    }

    fn push_bytes(&mut self, record: &[u8]) {
        let mut words = vec![0_u64; record.len().div_ceil(8)];
        // A copy that is aligned, as a ring's memory is.
        // SAFETY: as many bytes as the words have, which live as long as this reference.
        let copy = unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast::<u8>(), record.len()) };
        copy.copy_from_slice(record);
        let tamed = tame(copy, &self.limits(), &self.bag);
        if tamed == Tamed::Wild {
            return;
        }
        // SAFETY: its call leaves nothing behind, and nothing of this process is at its addresses.
        let pushed = unsafe { self.ring.push_bytes(copy) };
        assert!(pushed.is_err() || tamed == Tamed::Sound, "accepted although its structure is not right");
    }

    /// Pushes a submission that safe code may push.
    ///
    /// # Errors
    /// As for [`Ring::push_safe`].
    pub fn push_safe(&mut self, submission: &Submission) -> Result<(), Refused> {
        self.ring.push_safe(submission).map(|_ticket| ())
    }

    /// Gives calls a moment, stops what is left of them, and waits for all; gives how many completions there were.
    pub fn end(&mut self) -> usize {
        let began = Instant::now();
        let mut completions = 0;
        self.ring.submit();
        self.wait(usize::MAX, MOMENT);
        while self.ring.in_flight() > 0 {
            completions += self.ring.completions().count();
            self.ring.cancel(Which::All);
            assert!(began.elapsed() < PATIENCE, "{} calls hang", self.ring.in_flight());
            self.wait(1, Duration::from_millis(100));
        }
        completions += self.ring.completions().count();
        completions
    }

    /// libFuzzer has a timer, whose signal may end a wait before its time.
    fn wait(&mut self, min: usize, time: Duration) {
        let waited = self.ring.wait(min, Some(time));
        assert!(waited.is_ok() || matches!(waited, Err(WaitError::Interrupted { .. })), "{waited:?}");
    }
}
