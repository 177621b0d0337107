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
use crate::report::{Answer, Argument, Outcome, Report};
use crate::run::resolve::Known;
use crate::run::schedule::{Next, Schedule};
use crate::run::submit::Flight;
use crate::run::values::answered;
use crate::run::words::Words;

/// A run under way.
struct Run<'a> {
    plan: &'a Plan,
    printer: &'a mut dyn Printer,
    /// How steps are put into words.
    words: Words,
    schedule: Schedule,
    known: Known,
    /// The steps in the ring.
    flights: Vec<Option<Flight>>,
    in_flight: usize,
    has_workers: bool,
    all_succeeded: bool,
    report: io::Result<()>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) exit: Exit,
    /// Further messages, a line each: calls that run on although the run was ended, a trace that has gaps.
    pub(crate) remarks: Vec<String>,
    /// Whether all of the report was written; the error after which no more of it was.
    pub(crate) report: io::Result<()>,
}

/// When the run is ended from outside, calls in workers have so long to end.
const PATIENCE: Duration = Duration::from_millis(100);

/// Runs everything in `plan` and tells `printer` of each step.
pub(crate) fn run(
    plan: &Plan,
    config: Config,
    words: Words,
    printer: &mut dyn Printer,
) -> Result<Ended, String> {
    let has_workers = config.get_workers_max() > 0;
    let (engine, mut ring) = setup::ring(plan, config)?;
    if plan.steps.iter().any(|step| step.group.is_some()) {
        let canceller = ring.canceller().map_err(|error| error.to_string())?;
        let stop = move || {
            let _ = canceller.cancel(Which::All);
        };
        // Where no thread is to be had, a group ends by itself.
        let _ = interrupt::on_stop(stop);
    }
    let known = Known::new(plan).ok_or("no memory for the buffers")?;
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
        report: Ok(()),
    };
    let (exit, mut remarks) = run.until_over(&engine, &mut ring);
    let lost = engine.trace_lost();
    if lost > 0 {
        remarks.push(format!("{lost} lines of the trace could not be written"));
    }
    Ok(Ended { exit, remarks, report: run.report })
}

impl Run<'_> {
    fn exit(&self) -> Exit {
        if self.all_succeeded { Exit::Success } else { Exit::Failure }
    }

    fn until_over(&mut self, engine: &Engine, ring: &mut Ring) -> (Exit, Vec<String>) {
        loop {
            if let Some(stop) = interrupt::stopped() {
                return self.skip_the_rest(stop, engine, ring);
            }
            self.submit_ready(ring);
            self.flush();
            if self.in_flight == 0 {
                return (self.exit(), Vec::new());
            }
            // An interrupted wait is as good as any: completions are read below, and the reason is looked at above.
            let _ = ring.wait(1, None);
            self.consume(ring);
        }
    }

    /// Submits the steps that wait for nothing, as far as there is room. Without workers one at a time: so all run in the
    /// script's order, those that had to wait for a result among them.
    fn submit_ready(&mut self, ring: &mut Ring) {
        while (self.has_workers || self.in_flight == 0)
            && let Some(next) = self.schedule.next()
        {
            let id = match next {
                Next::Skip(id, by) => {
                    self.skip(id, self.because_of(by));
                    continue;
                }
                Next::Run(id) => id,
            };
            let built = Flight::build(self.plan, id, &self.known, self.has_workers, &self.words);
            let flight = match built {
                Err(why) => {
                    self.skip(id, why);
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
                    return;
                }
                Err(refused) => {
                    let why = flight.refused(&refused);
                    self.tell(id, flight.arguments(), Outcome::Skipped(why));
                }
            }
        }
    }

    /// A step that was never built is over.
    fn skip(&mut self, id: StepId, why: String) {
        let step = &self.plan.steps[id];
        let words = self.words.written(step).into_iter();
        let arguments = words.map(|words| Argument { words, value: None }).collect();
        self.tell(id, arguments, Outcome::Skipped(why));
    }

    fn because_of(&self, by: StepId) -> String {
        let step = &self.plan.steps[by];
        let outcome = if self.known.skipped[by] { "was skipped" } else { "failed" };
        match &step.name {
            Some(name) => format!("{name} {outcome}"),
            None => format!("line {} {outcome}", step.line),
        }
    }

    fn consume(&mut self, ring: &mut Ring) {
        for done in ring.completions() {
            let id = usize::try_from(done.user_data()).unwrap_or(usize::MAX);
            let Some(flight) = self.flights.get_mut(id).and_then(Option::take) else { continue };
            self.in_flight -= 1;
            let step = &self.plan.steps[id];
            let (arguments, answer) = answer(step, &flight, &done, &self.words);
            self.known.results[id] = answer.result.decode().ok();
            if let Some(group) = &step.group {
                self.known.atoms[id] = group::results(group, &answer.atoms);
            }
            if step.area_read {
                self.known.areas[id] = answer.data.first().map(|first| first.bytes.clone());
            }
            self.tell(id, arguments, Outcome::Done(answer));
        }
    }

    /// A step is over: reports it, and lets the steps go that waited for it.
    fn tell(&mut self, id: StepId, arguments: Vec<Argument>, outcome: Outcome) {
        let succeeded = outcome.succeeded();
        self.all_succeeded &= succeeded;
        self.known.skipped[id] = matches!(outcome, Outcome::Skipped(_));
        self.schedule.over(id, succeeded);
        if self.report.is_ok() {
            self.report = self.printer.report(&Report { step: &self.plan.steps[id], arguments, outcome });
        }
    }

    /// Everything told so far is visible, unless the report cannot be written: the run goes on without it.
    fn flush(&mut self) {
        if self.report.is_ok() {
            self.report = self.printer.flush();
        }
    }

    /// Ends the run before everything is over. Calls in flight are cancelled, get a moment, and are named if that is not
    /// enough.
    fn skip_the_rest(&mut self, stop: Exit, engine: &Engine, ring: &mut Ring) -> (Exit, Vec<String>) {
        let _ = ring.cancel(Which::All);
        let running = engine.close(PATIENCE).err().map_or_else(Vec::new, |unfinished| unfinished.calls);
        // Completes the calls that this thread would have run.
        let _ = ring.wait(1, Some(Duration::ZERO));
        self.consume(ring);
        let step = |call: &RunningCall| self.plan.steps.get(usize::try_from(call.user_data).ok()?);
        let line = |step: &Step| format!("line {}: {} is still running", step.line, step.call);
        let mut remarks: Vec<String> = running.iter().filter_map(step).map(line).collect();
        // Calls of a group that run side by side are one step.
        remarks.dedup();
        let why = match stop {
            Exit::TimedOut => "timed out",
            Exit::HungUp => "hung up",
            Exit::Terminated => "terminated",
            _ => "interrupted",
        };
        for id in self.schedule.left() {
            self.skip(id, why.to_owned());
        }
        self.flush();
        (stop, remarks)
    }
}

/// The answer in a completion, and the step's arguments in words.
fn answer(step: &Step, flight: &Flight, done: &Completion<'_>, words: &Words) -> (Vec<Argument>, Answer) {
    let data = flight.data(step, done);
    let (arguments, result) = flight.over(step, done, &data, words);
    let areas = words.areas(&data);
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
