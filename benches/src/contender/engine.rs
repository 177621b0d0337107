//! The engine: with or without workers, and with calls that a waiting submitter may run or not.
#![allow(unsafe_code, reason = "pushes calls with addresses")]

use syslet::{CallFlags, Config, Params, Refused, Submission, WaitError};

use super::landing::Landing;
use super::sink::Sink;
use super::windows::Windows;
use crate::call::{RawCall, SleepsFor};

/// Room for the longest submission there is here: six arguments and no attribute.
const SUBMISSION_BYTES: u32 = 80;
/// The engine's default, enough for most depths.
const RING_BYTES_MIN: u32 = 64 << 10;
/// What a ring cannot use lies below this, the longest submission by default.
const RING_BYTES_UNUSABLE: u32 = 4 << 10;

/// How the engine is used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Style {
    /// No workers: whoever waits runs the calls.
    Inline,
    /// As it comes, and told which calls are for regular files.
    Default,
    /// As it comes, and told nothing: a submitter attempts a call that might sleep, without blocking.
    NonBlocking,
    /// At most so many workers, and nobody else runs a call.
    Workers(u32),
}

/// One ring; a window's calls are pushed, waited for, and their completions read.
#[derive(Debug)]
pub struct Engine {
    ring: syslet::Ring,
    depth: usize,
    style: Style,
    /// The last call made, with its arguments changed from call to call.
    submission: Submission,
    shape: Shape,
}

/// What of a call cannot be changed in a submission that is built: number, argument count and flags.
type Shape = (u32, usize, CallFlags);

impl Engine {
    /// Starts an engine and opens a ring that takes `depth` calls.
    ///
    /// # Errors
    /// When the engine refuses to start here.
    pub fn prepare(depth: usize, style: Style) -> Result<Engine, String> {
        let engine = syslet::Engine::start(style.config()).map_err(|error| error.to_string())?;
        let calls = u32::try_from(depth).map_err(|error| error.to_string())?;
        let submission_bytes = (calls * SUBMISSION_BYTES + RING_BYTES_UNUSABLE).next_power_of_two();
        let params = Params { submission_bytes: submission_bytes.max(RING_BYTES_MIN), ..Params::default() };
        let ring = engine.ring(&params).map_err(|error| error.to_string())?;
        let shape = style.shape(&RawCall::getppid());
        Ok(Engine { ring, depth, style, submission: build(shape), shape })
    }

    fn push(&mut self, call: &RawCall<'_>, user_data: usize) -> Result<(), Refused> {
        let shape = self.style.shape(call);
        if self.shape != shape {
            (self.shape, self.submission) = (shape, build(shape));
        }
        for (index, arg) in call.args().iter().enumerate() {
            self.submission.set_arg(index, *arg);
        }
        self.submission.set_user_data(user_data as u64);
        // SAFETY: the INVARIANT of `RawCall::args`; `window` returns only after this call's completion is read.
        unsafe { self.ring.push(&self.submission) }.map(|_| ())
    }

    /// Waits until `pushed` calls are over, and reads their completions.
    fn finish<S: Sink>(&mut self, pushed: usize, sink: &mut S) {
        let mut over = 0;
        while over < pushed {
            match self.ring.submit_and_wait(if S::IS_TIMED { 1 } else { pushed - over }) {
                Ok(_) | Err(WaitError::Interrupted { .. }) => {}
                Err(error) => panic!("waiting with calls in flight: {error}"),
            }
            for done in self.ring.completions() {
                let place = usize::try_from(done.user_data()).expect("user data are places");
                sink.done(place, done.result().0);
                over += 1;
            }
        }
    }
}

impl Windows for Engine {
    fn depth(&self) -> usize {
        self.depth
    }

    /// What was accepted is over when this returns, refusal or not.
    fn window<S: Sink>(&mut self, calls: &[RawCall<'_>], sink: &mut S) -> Result<(), String> {
        let landing = Landing;
        let mut pushed = 0;
        let mut outcome = Ok(());
        for call in calls {
            sink.submitted(pushed);
            match self.push(call, pushed) {
                Ok(()) => pushed += 1,
                Err(reason) => {
                    outcome = Err(reason.to_string());
                    break;
                }
            }
        }
        self.finish(pushed, sink);
        landing.over();
        outcome
    }

    fn settings(&self) -> String {
        match self.style {
            Style::Inline => {
                "workers_max = 0, STORAGE on calls for regular files, SYNC on those that could sleep for ever"
                    .to_owned()
            }
            Style::Default => "default limits, STORAGE on calls for regular files".to_owned(),
            Style::NonBlocking => "default limits, no flags".to_owned(),
            Style::Workers(count) => format!("workers_max = {count}, ASYNC on every call"),
        }
    }
}

impl Style {
    fn config(self) -> Config {
        match self {
            Style::Inline => Config::default().workers_max(0),
            Style::Default | Style::NonBlocking => Config::default(),
            Style::Workers(count) => Config::default().workers_max(count),
        }
    }

    fn shape(self, call: &RawCall<'_>) -> Shape {
        let flags = match (self, call.sleeps_for()) {
            (Style::Default | Style::Inline, SleepsFor::Storage) => CallFlags::STORAGE,
            (Style::Inline, SleepsFor::Time | SleepsFor::Another) => CallFlags::SYNC,
            (Style::Workers(_), _) => CallFlags::ASYNC,
            (Style::Inline | Style::Default | Style::NonBlocking, _) => CallFlags::NONE,
        };
        (call.nr(), call.args().len(), flags)
    }
}

fn build((nr, argc, flags): Shape) -> Submission {
    (0..argc).fold(Submission::call(nr), |built, _| built.value(0)).flags(flags).build()
}

#[cfg(test)]
const STYLES: [Style; 4] = [Style::Inline, Style::Default, Style::NonBlocking, Style::Workers(2)];

#[test]
fn more_calls_than_fit_are_refused_and_those_accepted_are_over() {
    use super::Contender;

    for style in STYLES {
        let mut contender = Engine { depth: 2000, ..Engine::prepare(1, style).unwrap() };
        let mut results = vec![-1; 2000];
        let batch = vec![RawCall::getppid(); 2000];
        let error = contender.run(&batch, &mut results).unwrap_err();
        let over = results.iter().filter(|&&result| result == batch[0].expected()).count();
        assert!(over > 0 && contender.ring.in_flight() == 0, "{style:?}: {error}: {over}");
    }
}
