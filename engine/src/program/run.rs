//! One program: as far as this thread may run it, then its completion. The pool's executor calls [`Buffers`], inline and in workers.
#![allow(unsafe_code, reason = "makes the calls that `push` was asked for")]

use syslet_abi::{CallFlags, DoneWriter, Program, Status};
use syslet_attrs::{Needs, RetryValue, RunBy, WorkerValue};

use crate::exec::attempt::{Way, here};
use crate::exec::attributes::{Asked, AttributeContext, Sight};
use crate::exec::claim::{Claim, reason};
use crate::exec::outcome::Outcome;
use crate::exec::usage::{Counters, Seen, Watch, Watched};
use crate::exec::{Progress, Runner, Step, Until, hide};
use crate::program::arguments::Effective;
use crate::program::course;
use crate::program::interpreter::{Interpreter, OwnedInterpreter};
use crate::program::one_call::{By, Tools};
use crate::program::parallel::{ParallelGroup, Team};
use crate::program::program_calls::Calls;
use crate::slots::state::State;
use crate::sys::clock::now_ns;
use crate::sys::sync::Ordering;

/// The memory of a thread for programs, kept from one to the next.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    /// Memory of the last program that was over, for the next.
    spare: Option<OwnedInterpreter>,
    /// The call that is being made.
    effective: Effective,
    /// Performance counters, once a single call has asked for them.
    counters: Counters,
    /// The returns of the attributes of a call.
    returns: Vec<u64>,
}

/// A program between two threads: how far it is, and how far its next call is. The out area travels with that call.
#[derive(Debug)]
pub(crate) struct Suspended {
    pub(crate) interpreter: OwnedInterpreter,
    pub(crate) call: Progress,
}

impl Suspended {
    /// Whether the program is on its way out, where no cancel reaches it.
    pub(crate) fn is_leaving(&self) -> bool {
        self.interpreter.is_leaving()
    }

    /// Whether atoms have run or bytes were moved, so that the program cannot end as if it had not begun.
    pub(crate) fn has_begun(&self) -> bool {
        self.interpreter.has_begun()
    }
}

impl Buffers {
    /// Runs a program, or as much of it as may be run here: from its beginning, or from where it was suspended. The length of the
    /// completion is in words of the runner's buffer, from `at`.
    ///
    /// # Safety
    /// As for [`Runner::run`].
    #[inline(never)]
    pub(crate) unsafe fn run(
        &mut self,
        runner: &mut Runner,
        (way, resumed): (Way<'_>, Option<OwnedInterpreter>),
        record: &[u64],
        (claim, at): (&Claim<'_>, usize),
        team: Option<Team<'_>>,
    ) -> Step<usize, Suspended> {
        let program = Program::admitted(bytemuck::cast_slice(record));
        let (head, slot) = (program.head(), claim.slot());
        let is_resumed = resumed.is_some();
        let interpreter = resumed.or_else(|| self.spare.take().or_else(OwnedInterpreter::new));
        let has_room = runner.grow_by(slot, at, program.scratch_len()).is_ok();
        let Some(mut interpreter) = interpreter.filter(|_| has_room) else {
            return Step::Done(runner.starve(&head, claim, at, is_resumed));
        };
        let mut writer = DoneWriter::new(bytemuck::cast_slice_mut(&mut runner.done[at..]));
        let out = writer.out_area(program.area_len());
        if is_resumed {
            way.restore(out);
        } else {
            interpreter.begin(&program);
            out[..program.out_len()].fill(0);
        }
        let mut asked = Asked::new(&head, slot, &runner.context);
        let mut sight = Sight::default();
        let outcome = match not_run(&mut asked, &interpreter, claim) {
            Some(outcome) => claim.end(outcome, || None),
            None => {
                let slice = Slice {
                    program,
                    way,
                    claim,
                    context: &runner.context,
                    counters: &mut runner.counters,
                    built: &mut runner.built,
                    is_pooled: runner.is_pooled,
                    until: runner.until.as_ref(),
                    team,
                    // In a worker the monitor interrupts it.
                    deadline_ns: asked.deadline_ns(slot).filter(|_| !runner.is_pooled),
                };
                match slice.take(&mut interpreter, self, out, &mut sight.seen) {
                    Step::Done(outcome) => outcome,
                    Step::Suspended(call) => return Step::Suspended(Suspended { interpreter, call }),
                }
            }
        };
        if slot.returns_data() {
            match outcome.status_of_attributes() {
                Some(status) => writer.data(status, 0),
                None => writer.data(Status::HANDLED, program.out_len()),
            }
        }
        let atoms = |value: &mut [u8]| interpreter.atoms(value);
        sight.atoms = Some(&atoms);
        let all_handled = asked.look_after((&outcome, &sight), &mut writer);
        self.spare = Some(interpreter);
        if all_handled && outcome.is_hidden(&head) {
            return Step::Done(hide(&mut runner.done[at..], &head));
        }
        Step::Done(writer.finish(head.user_data(), outcome.result, outcome.flags) / 8)
    }

    /// Makes one call of a group.
    ///
    /// # Safety
    /// As for [`Tools::make_member`].
    pub(crate) unsafe fn run_member(
        &mut self,
        context: &AttributeContext,
        group: &ParallelGroup,
        index: usize,
        team: Team<'_>,
    ) {
        let mut tools = Tools {
            context,
            counters: &mut self.counters,
            returns: &mut self.returns,
            by: By { is_pooled: true, run_by: RunBy::POOLED, abilities: None, is_leaving: false },
            hold: None,
            team: Some(team),
        };
        // SAFETY: the caller promises that the submitter of the program answers for its calls; the thread that has the program
        // waits until all calls of the group are over.
        unsafe { tools.make_member(group, index, team) };
    }
}

/// Shows the program to its attributes, and performs the actions that they ask for; gives its outcome if it is not to begin.
fn not_run(asked: &mut Asked<'_>, interpreter: &Interpreter, claim: &Claim<'_>) -> Option<Outcome> {
    let slot = claim.slot();
    let mut refused = asked.required_refusal();
    if refused.is_none() {
        asked.look_before();
        refused = asked.required_refusal();
    }
    if interpreter.has_begun() {
        return None;
    }
    if refused.is_none() && slot.needs().contains(Needs::OWN_THREAD) {
        refused = asked.act(slot.needs(), claim.cancel()).or(asked.required_refusal());
    }
    if let Some(errno) = refused {
        Some(Outcome::not_run(errno))
    } else if asked.is_late(slot) {
        Some(Outcome::late())
    } else {
        let is_stopped = claim.cancel().load(Ordering::Relaxed) != 0;
        is_stopped.then(Outcome::cancelled)
    }
}

/// The part of a program that one thread runs.
struct Slice<'a> {
    program: Program<'a>,
    way: Way<'a>,
    claim: &'a Claim<'a>,
    context: &'a AttributeContext,
    counters: &'a mut Counters,
    built: &'a mut Vec<u64>,
    is_pooled: bool,
    until: Option<&'a Until>,
    team: Option<Team<'a>>,
    /// When the program is late, where no other thread looks at the clock for it.
    deadline_ns: Option<u64>,
}

impl Slice<'_> {
    /// Runs as much of the program as may be run here. Suspended when another thread has to go on.
    fn take(
        self,
        interpreter: &mut Interpreter,
        buffers: &mut Buffers,
        out: &mut [u8],
        seen: &mut Seen,
    ) -> Step<Outcome> {
        let (head, slot) = (self.program.head(), self.claim.slot());
        let needs = slot.needs();
        let run_by = run_by(self.is_pooled, &self.program, needs);
        let traced = self.context.traced(&head, needs);
        if interpreter.threads == 0 {
            interpreter.started_ns = if needs.contains(Needs::CLOCK) { now_ns() } else { 0 };
            traced.inspect(|(trace, id)| trace.begin(*id, "program", self.is_pooled));
        }
        interpreter.threads += 1;
        let before = interpreter.seen.take();
        let mut watch = Watched::new(needs, self.counters, before.as_deref(), seen);
        watch.begin(false);
        let begun = if let Way::Rest(begun) = self.way { Some(begun) } else { None };
        let mut calls = Calls {
            program: self.program,
            data: head.data(),
            out: &mut *out,
            claim: if interpreter.is_leaving() { *self.claim } else { self.claim.stepping() },
            cancel: self.claim.cancel(),
            deadline_ns: self.deadline_ns,
            until: self.until,
            look_at: interpreter.steps,
            effective: &mut buffers.effective,
            built: self.built,
            tools: Tools {
                context: self.context,
                counters: &mut buffers.counters,
                returns: &mut buffers.returns,
                by: By {
                    is_pooled: self.is_pooled,
                    run_by,
                    abilities: self.way.abilities(),
                    is_leaving: false,
                },
                hold: self.way.hold(),
                team: self.team,
            },
            begun: begun.filter(|begun| begun.attempts > 0),
            later: None,
        };
        let is_over = course::run(interpreter, &self.program, &mut calls);
        let (claim, later) = (calls.claim, calls.later.take());
        watch.end();
        if !is_over {
            interpreter.seen = watch.hand_on();
            let call = Progress { out: out.to_vec(), ..later.unwrap_or_default() };
            if interpreter.is_leaving() {
                claim.pause_in(State::EXIT_QUEUED);
            } else {
                claim.pause(interpreter.has_begun() || call.bytes > 0);
            }
            return Step::Suspended(call);
        }
        let was_signalled = claim.over();
        let is_late = slot.cancel().load(Ordering::Relaxed) == reason::LATE;
        let (result, flags) = interpreter.result(was_signalled, is_late);
        traced.inspect(|(trace, id)| trace.end(*id, result, self.is_pooled));
        Step::Done(Outcome {
            result,
            flags,
            started_ns: interpreter.started_ns,
            finished_ns: if needs.contains(Needs::CLOCK) { now_ns() } else { 0 },
            worker: worker(run_by, interpreter.threads, needs),
            retry: RetryValue::default(),
            is_seen: true,
        })
    }
}

/// As which kind of thread this one runs the program.
fn run_by(is_pooled: bool, program: &Program<'_>, needs: Needs) -> RunBy {
    let is_private = program.flags().contains(CallFlags::PRIVATE) || needs.contains(Needs::OWN_THREAD);
    match (is_pooled, is_private) {
        (false, _) => RunBy::INLINE,
        (true, true) => RunBy::PRIVATE,
        (true, false) => RunBy::POOLED,
    }
}

fn worker(run_by: RunBy, attempts: u32, needs: Needs) -> WorkerValue {
    let (tid, cpu) = if needs.contains(Needs::WORKER) { here(run_by) } else { (0, 0) };
    WorkerValue { tid, cpu, run_by, attempts }
}
