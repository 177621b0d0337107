//! Runs a plan, for `command`: submits the steps that are ready, reads completions, and so makes more steps ready.

pub(crate) mod group;
pub(crate) mod interrupt;
mod memory;
mod resolve;
mod schedule;
pub(crate) mod setup;
pub(crate) mod submit;
pub(crate) mod values;
pub(crate) mod words;

use std::io;
use std::time::Duration;

use syslet::attrs::{RunBy, WorkerValue};
use syslet::{AttributeId, Completion, Config, Engine, Ring, RunningCall, Status, Which};

use crate::exit::Exit;
use crate::plan::{Plan, Step, StepId};
use crate::print::Printer;
use crate::report::{Answer, Outcome, Report};
use crate::run::resolve::Known;
use crate::run::schedule::{Next, Schedule};
use crate::run::submit::Flight;
use crate::run::values::answered;
use crate::run::words::Words;

/// A run under way.
struct Run<'a> {
    plan: &'a Plan,
    printer: &'a mut dyn Printer,
    /// How the printer wants steps, if it shows them in words.
    words: Option<Words>,
    schedule: Schedule,
    known: Known,
    /// The steps in the ring.
    flights: Vec<Option<Flight>>,
    in_flight: usize,
    has_workers: bool,
    all_succeeded: bool,
}

/// The reasons for which a run cannot go on.
#[derive(Debug)]
pub(crate) enum RunError {
    /// The engine cannot start here.
    Engine(String),
    /// The output cannot be written; and how the run stood then.
    Output(io::Error, Exit),
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) exit: Exit,
    /// Further messages, a line each: calls that run on although the run was ended, a trace that has gaps.
    pub(crate) remarks: Vec<String>,
}

/// When the run is ended from outside, calls in workers have so long to end.
const PATIENCE: Duration = Duration::from_millis(100);

/// Runs everything in `plan` and tells `printer` of each step.
pub(crate) fn run(
    plan: &Plan,
    config: Config,
    words: Option<Words>,
    printer: &mut dyn Printer,
) -> Result<Ended, RunError> {
    let has_workers = config.get_workers_max() > 0;
    let (engine, mut ring) = setup::ring(plan, config).map_err(RunError::Engine)?;
    if plan.steps.iter().any(|step| step.group.is_some()) {
        let canceller = ring.canceller().map_err(|error| RunError::Engine(error.to_string()))?;
        let stop = move || {
            let _ = canceller.cancel(Which::All);
        };
        // Where no thread is to be had, a group ends by itself.
        let _ = interrupt::on_stop(stop);
    }
    let known = Known::new(plan).ok_or_else(|| RunError::Engine("no memory for the buffers".to_owned()))?;
    let mut run = Run {
        plan,
        printer,
        words,
        schedule: Schedule::new(plan),
        known,
        flights: (0..plan.steps.len()).map(|_| None).collect(),
        in_flight: 0,
        has_workers,
        all_succeeded: true,
    };
    let ended = run.until_over(&engine, &mut ring);
    let mut ended = ended.map_err(|error| RunError::Output(error, run.exit()))?;
    let lost = engine.trace_lost();
    if lost > 0 {
        ended.remarks.push(format!("{lost} lines of the trace could not be written"));
    }
    Ok(ended)
}

impl Run<'_> {
    fn exit(&self) -> Exit {
        if self.all_succeeded { Exit::Success } else { Exit::Failure }
    }

    fn until_over(&mut self, engine: &Engine, ring: &mut Ring) -> io::Result<Ended> {
        loop {
            if let Some(stop) = interrupt::stopped() {
                return self.skip_the_rest(stop, engine, ring);
            }
            self.submit_ready(ring)?;
            self.printer.flush()?;
            if self.in_flight == 0 {
                return Ok(Ended { exit: self.exit(), remarks: Vec::new() });
            }
            // An interrupted wait is as good as any: completions are read below, and the reason is looked at above.
            let _ = ring.wait(1, None);
            self.consume(ring)?;
        }
    }

    /// Submits the steps that wait for nothing, as far as there is room.
    fn submit_ready(&mut self, ring: &mut Ring) -> io::Result<()> {
        while let Some(next) = self.schedule.next() {
            let id = match next {
                Next::Skip(id, by) => {
                    self.skip(id, self.because_of(by))?;
                    continue;
                }
                Next::Run(id) => id,
            };
            let built = Flight::build(self.plan, id, &self.known, self.has_workers, self.words.as_ref());
            let flight = match built {
                Err(why) => {
                    self.skip(id, why)?;
                    continue;
                }
                Ok(flight) => flight,
            };
            match flight.push(ring) {
                Ok(()) => {
                    self.flights[id] = Some(flight);
                    self.in_flight += 1;
                }
                Err(refused) if refused.is_full() && self.in_flight > 0 => {
                    self.schedule.again(id);
                    return Ok(());
                }
                Err(refused) => {
                    let why = flight.refused(&refused);
                    self.tell(id, flight.arguments, Outcome::Skipped(why))?;
                }
            }
        }
        Ok(())
    }

    /// A step that was never built is over.
    fn skip(&mut self, id: StepId, why: String) -> io::Result<()> {
        let step = &self.plan.steps[id];
        let arguments = self.words.map_or_else(Vec::new, |words| words.written(step));
        self.tell(id, arguments, Outcome::Skipped(why))
    }

    fn because_of(&self, by: StepId) -> String {
        let step = &self.plan.steps[by];
        let outcome = if self.known.skipped[by] { "was skipped" } else { "failed" };
        match &step.name {
            Some(name) => format!("{name} {outcome}"),
            None => format!("line {} {outcome}", step.line),
        }
    }

    fn consume(&mut self, ring: &mut Ring) -> io::Result<()> {
        for done in ring.completions() {
            let id = usize::try_from(done.user_data()).unwrap_or(usize::MAX);
            let Some(flight) = self.flights.get_mut(id).and_then(Option::take) else { continue };
            self.in_flight -= 1;
            let step = &self.plan.steps[id];
            let (arguments, answer) = answer(step, flight, &done, self.words.as_ref());
            self.known.results[id] = answer.result.decode().ok();
            if step.area_read {
                self.known.areas[id] = answer.data.first().map(|first| first.bytes.clone());
            }
            self.tell(id, arguments, Outcome::Done(answer))?;
        }
        Ok(())
    }

    /// A step is over: reports it, and lets the steps go that waited for it.
    fn tell(&mut self, id: StepId, arguments: Vec<String>, outcome: Outcome) -> io::Result<()> {
        let succeeded = outcome.succeeded();
        self.all_succeeded &= succeeded;
        self.known.skipped[id] = matches!(outcome, Outcome::Skipped(_));
        self.schedule.over(id, succeeded);
        self.printer.report(&Report { step: &self.plan.steps[id], arguments, outcome })
    }

    /// Ends the run before everything is over. Calls in flight are cancelled, get a moment, and are named if that is not
    /// enough.
    fn skip_the_rest(&mut self, stop: Exit, engine: &Engine, ring: &mut Ring) -> io::Result<Ended> {
        let _ = ring.cancel(Which::All);
        let running = engine.close(PATIENCE).err().map_or_else(Vec::new, |unfinished| unfinished.calls);
        // Completes the calls that this thread would have run.
        let _ = ring.wait(1, Some(Duration::ZERO));
        self.consume(ring)?;
        let step = |call: &RunningCall| self.plan.steps.get(usize::try_from(call.user_data).ok()?);
        let line = |step: &Step| format!("line {}: {} is still running", step.line, step.call);
        let mut remarks: Vec<String> = running.iter().filter_map(step).map(line).collect();
        // Calls of a group that run side by side are one step.
        remarks.dedup();
        let why = if stop == Exit::TimedOut { "timed out" } else { "interrupted" };
        for id in self.schedule.left() {
            self.skip(id, why.to_owned())?;
        }
        self.printer.flush()?;
        Ok(Ended { exit: stop, remarks })
    }
}

/// The answer in a completion, and the step's arguments in words.
fn answer(
    step: &Step,
    flight: Flight,
    done: &Completion<'_>,
    words: Option<&Words>,
) -> (Vec<String>, Answer) {
    let data = flight.data(step, done);
    let (arguments, result) = flight.into_words(step, done, &data, words);
    let areas = words.map_or_else(Vec::new, |words| words.areas(&data));
    let answer = Answer {
        result: done.result(),
        words: result,
        flags: done.flags(),
        ran_by: ran_by(done),
        data,
        attributes: answered(&step.asks, |id| done.attribute(id)),
        areas,
        atoms: step.group.as_ref().map_or_else(Vec::new, |group| group::atoms(group, done, words)),
    };
    (arguments, answer)
}

/// The thread that made the call; `None` if it never began.
fn ran_by(done: &Completion<'_>) -> Option<RunBy> {
    let returned = done.attribute(AttributeId::WORKER)?;
    WorkerValue::parse(returned.value)
        .filter(|_| returned.status == Status::HANDLED)
        .map(|worker| worker.run_by)
}
