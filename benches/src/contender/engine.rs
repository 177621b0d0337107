//! The engine: with or without workers, and with calls that a waiting submitter may run or not.
#![allow(unsafe_code, reason = "pushes calls with addresses")]

use std::fs::File;
use std::num::TryFromIntError;
use std::sync::Arc;

use syslet::{CallFlags, Completion, Config, Executed, Params, Refused, Submission, WaitError};

use super::landing::Landing;
use super::sink::Sink;
use super::windows::Windows;
use crate::call::{Lent, RawCall, SleepsFor};

/// Room for the longest submission there is here: six arguments and an attribute, or an out area.
const SUBMISSION_BYTES: u32 = 128;
/// The engine's default, enough for most depths.
const RING_BYTES_MIN: u32 = 64 << 10;
/// What a ring cannot use lies below this, the longest submission by default.
const RING_BYTES_UNUSABLE: u32 = 4 << 10;
/// The engine's default, where completions have no out area.
const COMPLETION_RING_BYTES_MIN: u32 = 256 << 10;
/// Room for a completion beside the bytes of its out area.
const COMPLETION_BYTES: u32 = 128;

/// How the engine is used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Style {
    /// No workers: whoever waits runs the calls.
    Inline,
    /// As it comes, and told which calls are for regular files.
    Default,
    /// As it comes, and told nothing: a submitter attempts a call that might sleep, without blocking.
    NonBlocking,
    /// As it comes, told which calls are for regular files, and asked for the times of each call.
    Timing,
    /// As it comes, told which calls are for regular files; each call is made at once where it can be.
    Exec,
    /// The same, and told nothing.
    ExecNonBlocking,
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
    /// The arguments that stand in it.
    args: [u64; 6],
    like: Like,
}

/// Calls that are alike are the same submission with other arguments: the number of the call, and the address of the file that is
/// lent, whose owner the submission is.
type Like = (u32, Option<*const File>);

impl Engine {
    /// Starts an engine and opens a ring that takes `depth` calls like those given.
    ///
    /// # Errors
    /// When the engine refuses to start here.
    pub fn prepare(depth: usize, calls: &[RawCall<'_>], style: Style) -> Result<Engine, String> {
        let engine = syslet::Engine::start(style.config()).map_err(|error| error.to_string())?;
        let params = params(depth, calls).map_err(|error| error.to_string())?;
        let ring = engine.ring(&params).map_err(|error| error.to_string())?;
        let call = RawCall::getppid();
        let submission = style.build(&call);
        Ok(Engine { ring, depth, style, submission, args: *call.all_args(), like: like(&call) })
    }

    /// Makes the submission that of `call`.
    #[inline(always)]
    fn set(&mut self, call: &RawCall<'_>, user_data: usize) {
        if self.like != like(call) {
            (self.like, self.submission) = (like(call), self.style.build(call));
            self.args = *call.all_args();
        }
        self.submission.set_user_data(user_data as u64);
        if call.lent().is_some() {
            return self.submission.set_arg(3, call.args()[3]);
        }
        for (index, arg) in call.args().iter().enumerate() {
            // The others stand there, as they do where an application keeps a submission for a loop.
            if self.args[index] != *arg {
                self.args[index] = *arg;
                self.submission.set_arg(index, *arg);
            }
        }
    }

    #[inline(always)]
    fn push(&mut self, call: &RawCall<'_>, user_data: usize) -> Result<(), Refused> {
        self.set(call, user_data);
        if call.lent().is_some() {
            return self.ring.push_safe(&self.submission).map(|_| ());
        }
        // SAFETY: the INVARIANT of `RawCall::args`; `window` returns only after this call's completion is read.
        unsafe { self.ring.push(&self.submission) }.map(|_| ())
    }

    /// Pushes calls until one is refused. Gives how many are in flight.
    fn push_all<S: Sink>(&mut self, calls: &[RawCall<'_>], sink: &mut S) -> (usize, Result<(), Refused>) {
        for (place, call) in calls.iter().enumerate() {
            sink.submitted(place);
            if let Err(reason) = self.push(call, place) {
                return (place, Err(reason));
            }
        }
        (calls.len(), Ok(()))
    }

    /// Makes calls at once, until one is refused. Gives how many are in flight.
    fn exec_all<S: Sink>(&mut self, calls: &[RawCall<'_>], sink: &mut S) -> (usize, Result<(), Refused>) {
        let mut in_flight = 0;
        for (place, call) in calls.iter().enumerate() {
            sink.submitted(place);
            self.set(call, place);
            let executed = if call.lent().is_some() {
                self.ring.exec_safe(&self.submission)
            } else {
                // SAFETY: the INVARIANT of `RawCall::args`; `window` returns only after the completion of a call that is in
                // flight is read.
                unsafe { self.ring.exec(&self.submission) }
            };
            match executed {
                Ok(Executed::Done(done)) => sink.done(place, result(call, &done)),
                Ok(Executed::InFlight(_)) => in_flight += 1,
                Err(reason) => return (in_flight, Err(reason)),
            }
        }
        (in_flight, Ok(()))
    }

    /// Waits until as many of the calls as are in flight are over, and reads their completions.
    fn finish<S: Sink>(&mut self, calls: &[RawCall<'_>], in_flight: usize, sink: &mut S) {
        let mut over = 0;
        while over < in_flight {
            match self.ring.submit_and_wait(if S::IS_TIMED { 1 } else { in_flight - over }) {
                Ok(_) | Err(WaitError::Interrupted { .. }) => {}
                Err(error) => panic!("waiting with calls in flight: {error}"),
            }
            for done in self.ring.completions() {
                let place = usize::try_from(done.user_data()).expect("user data are places");
                assert!(
                    self.style != Style::Timing || done.timing().is_some(),
                    "every call that ran was timed"
                );
                sink.done(place, result(&calls[place], &done));
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
        let (in_flight, outcome) = match self.style {
            Style::Exec | Style::ExecNonBlocking => self.exec_all(calls, sink),
            _ => self.push_all(calls, sink),
        };
        self.finish(calls, in_flight, sink);
        landing.over();
        outcome.map_err(|reason| reason.to_string())
    }

    fn settings(&self) -> String {
        match self.style {
            Style::Inline => {
                "workers_max = 0, STORAGE on calls for regular files, SYNC on those that could sleep for ever"
                    .to_owned()
            }
            Style::Default => "default limits, STORAGE on calls for regular files".to_owned(),
            Style::NonBlocking => "default limits, no flags".to_owned(),
            Style::Exec => "exec of each call, default limits, STORAGE on calls for regular files".to_owned(),
            Style::ExecNonBlocking => "exec of each call, default limits, no flags".to_owned(),
            Style::Timing => {
                "default limits, STORAGE on calls for regular files, TIMING on every call".to_owned()
            }
            Style::Workers(count) => format!("workers_max = {count}, ASYNC on every call"),
        }
    }
}

impl Style {
    fn config(self) -> Config {
        match self {
            Style::Inline => Config::default().workers_max(0),
            Style::Workers(count) => Config::default().workers_max(count),
            _ => Config::default(),
        }
    }

    fn flags(self, call: &RawCall<'_>) -> CallFlags {
        match (self, call.sleeps_for()) {
            (Style::Default | Style::Timing | Style::Exec | Style::Inline, SleepsFor::Storage) => {
                CallFlags::STORAGE
            }
            (Style::Inline, SleepsFor::Time | SleepsFor::Another) => CallFlags::SYNC,
            (Style::Workers(_), _) => CallFlags::ASYNC,
            _ => CallFlags::NONE,
        }
    }

    /// The call as a submission: by its arguments, or with a file that is lent and room for the bytes.
    fn build(self, call: &RawCall<'_>) -> Submission {
        let built = Submission::call(call.nr());
        let built = match call.lent() {
            Some(Lent { file, buffer }) => {
                let bytes = buffer.len();
                built.lend(file).output(bytes).value(bytes as u64).value(call.args()[3])
            }
            None => call.args().iter().fold(built, |built, arg| built.value(*arg)),
        };
        let built = built.flags(self.flags(call));
        if self == Style::Timing { built.timing().build() } else { built.build() }
    }
}

#[inline(always)]
fn like(call: &RawCall<'_>) -> Like {
    (call.nr(), call.lent().map(|lent| Arc::as_ptr(&lent.file)))
}

/// A ring that takes `depth` calls like those given.
fn params(depth: usize, calls: &[RawCall<'_>]) -> Result<Params, TryFromIntError> {
    let depth = u32::try_from(depth)?;
    let out = calls.iter().filter_map(RawCall::lent).map(|lent| lent.buffer.len()).max().unwrap_or(0);
    let submission_bytes = (depth * SUBMISSION_BYTES + RING_BYTES_UNUSABLE).next_power_of_two();
    let completion_bytes = (depth * (COMPLETION_BYTES + u32::try_from(out)?)).next_power_of_two();
    let completion_bytes = if out == 0 { 0 } else { completion_bytes.max(COMPLETION_RING_BYTES_MIN) };
    let submission_bytes = submission_bytes.max(RING_BYTES_MIN);
    Ok(Params { submission_bytes, completion_bytes, ..Params::default() })
}

/// The result, once the application has looked at the bytes where they lie in the completion.
#[inline(always)]
fn result(call: &RawCall<'_>, done: &Completion<'_>) -> i64 {
    let result = done.result().0;
    if call.lent().is_some() { call.seen_in(done.data().unwrap_or_default(), result) } else { result }
}

#[cfg(test)]
const STYLES: [Style; 5] =
    [Style::Inline, Style::Default, Style::NonBlocking, Style::Timing, Style::Workers(2)];

#[test]
fn more_calls_than_fit_are_refused_and_those_accepted_are_over() {
    use super::Contender;

    for style in STYLES {
        let mut contender = Engine { depth: 2000, ..Engine::prepare(1, &[], style).unwrap() };
        let mut results = vec![-1; 2000];
        let batch = vec![RawCall::getppid(); 2000];
        let error = contender.run(&batch, &mut results).unwrap_err();
        let over = results.iter().filter(|&&result| result == batch[0].expected()).count();
        assert!(over > 0 && contender.ring.in_flight() == 0, "{style:?}: {error}: {over}");
    }
}
