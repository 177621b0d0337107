//! One program: as far as this thread may run it, then its completion.
#![allow(unsafe_code, reason = "makes the calls that `push` was asked for")]

use syslet_abi::{CallFlags, DoneFlags, DoneWriter, Errno, Program, RawResult, Status};
use syslet_attrs::{Needs, RetryValue, RunBy, WorkerValue};

use super::machine::{Ended, Machine};
use super::making::Calls;
use super::one::{By, Team, Tools};
use super::together::Together;
use crate::asked::{Asked, Sight};
use crate::claim::{Claim, reason};
use crate::clock::now_ns;
use crate::handed::Begun;
use crate::outcome::Outcome;
use crate::run::enter::{Way, here};
use crate::run::observe::{Watch, Watched};
use crate::run::{First, Runner, hide, traced};
use crate::sync::Ordering;

impl Runner {
    /// Runs a program, or as much of it as may be run here.
    ///
    /// # Safety
    /// As for [`Runner::run`].
    #[inline(never)]
    pub(crate) unsafe fn run_program(
        &mut self,
        way: Way<'_>,
        record: &[u64],
        claim: &Claim<'_>,
        at: usize,
        team: Option<Team<'_>>,
    ) -> First {
        let program = Program::admitted(bytemuck::cast_slice(record));
        let (head, slot) = (program.head(), claim.slot());
        let needs = slot.needs();
        self.grow_by(slot, at, program.scratch_len());
        let mut machine = self.machine.take().unwrap_or_else(Machine::new);
        let mut writer = DoneWriter::new(bytemuck::cast_slice_mut(&mut self.done[at..]));
        let out = writer.out_area(program.area_len());
        if std::mem::take(&mut self.resumes) {
            way.restore(out);
        } else {
            machine.begin(&program);
            out.fill(0);
        }
        let mut asked = Asked::new(&head, slot, &self.known);
        let mut spoilt = asked.required_refusal();
        if spoilt.is_none() {
            asked.look_before();
            spoilt = asked.required_refusal().filter(|_| !machine.has_begun());
        }
        if spoilt.is_none() && needs.contains(Needs::OWN_THREAD) {
            spoilt = asked.act(needs).or(asked.required_refusal());
        }
        let mut sight = Sight::default();
        let outcome = if let Some(errno) = spoilt {
            claim.end(Outcome::not_run(errno), &head)
        } else if !machine.has_begun() && asked.is_late(slot) {
            claim.end(Outcome::late(), &head)
        } else if !machine.has_begun() && claim.cancel().load(Ordering::Relaxed) != 0 {
            claim.end(Outcome::cancelled(), &head)
        } else {
            let run_by = run_by(self.is_pooled, &program, needs);
            let begun = if let Way::Rest(begun) = way { Some(begun) } else { None };
            if machine.started_ns == 0 && needs.contains(Needs::CLOCK) {
                machine.started_ns = now_ns();
            }
            let traced = if needs.contains(Needs::TRACE) { traced(&self.known, &head) } else { None };
            if let Some((trace, id)) = traced.filter(|_| machine.threads == 0) {
                trace.begin(id, "program", self.is_pooled);
            }
            machine.threads += 1;
            let before = machine.seen.take();
            let mut watch = Watched::new(needs, &mut self.counters, before.as_deref(), &mut sight.seen);
            watch.begin(false);
            let mut calls = Calls {
                program,
                data: head.data(),
                out,
                claim: *claim,
                cancel: claim.cancel(),
                effective: &mut self.effective,
                built: &mut self.built,
                tools: Tools {
                    known: &self.known,
                    counters: &mut self.atom_counters,
                    returns: &mut self.returns,
                    by: By { is_pooled: self.is_pooled, run_by, twins: way.twins() },
                    team,
                },
                begun: begun.filter(|begun| begun.attempts > 0),
                later: None,
            };
            let is_over = machine.run(&program, &mut calls);
            let (claim, later) = (calls.claim, calls.later.take());
            watch.end();
            if !is_over {
                machine.seen = watch.hand_on();
                let begun = Begun { out: out.to_vec(), ..later.unwrap_or_default() };
                claim.pause(machine.has_begun() || begun.progress > 0);
                return First::Later(Begun { program: Some(machine), ..begun });
            }
            let was_signalled = claim.over();
            let worker = worker(run_by, machine.threads, needs);
            let finished_ns = if needs.contains(Needs::CLOCK) { now_ns() } else { 0 };
            let is_late = slot.cancel().load(Ordering::Relaxed) == reason::LATE;
            let (result, flags) = machine.result(was_signalled, is_late);
            if let Some((trace, id)) = traced {
                trace.end(id, result, self.is_pooled);
            }
            Outcome {
                result,
                flags,
                started_ns: machine.started_ns,
                finished_ns,
                worker,
                retry: RetryValue::default(),
                is_seen: true,
            }
        };
        let returned = program.out_len();
        if slot.returns_data() {
            match outcome.status_of_attributes() {
                Some(status) => writer.data(status, 0),
                None => writer.data(Status::HANDLED, returned),
            }
        }
        sight.atoms = Some(&machine);
        let all_handled = asked.look_after((&outcome, &sight), &mut writer);
        self.machine = Some(machine);
        if all_handled && outcome.is_hidden(&head) {
            return First::Built(hide(&mut self.done[at..], &head));
        }
        First::Built(writer.finish(head.user_data(), outcome.result, outcome.flags) / 8)
    }
}

impl Runner {
    /// Makes one call of a group.
    ///
    /// # Safety
    /// As for [`Runner::run`].
    pub(crate) unsafe fn run_member(&mut self, group: &Together, index: usize, team: Team<'_>) {
        let mut tools = Tools {
            known: &self.known,
            counters: &mut self.atom_counters,
            returns: &mut self.returns,
            by: By { is_pooled: true, run_by: RunBy::POOLED, twins: None },
            team: Some(team),
        };
        // SAFETY: the caller's promise, passed on.
        unsafe { group.make(index, &mut tools, team) };
    }
}

/// Who this thread is to the program.
fn run_by(is_pooled: bool, program: &Program<'_>, needs: Needs) -> RunBy {
    let is_private = program.flags().contains(CallFlags::PRIVATE) || needs.contains(Needs::OWN_THREAD);
    match (is_pooled, is_private) {
        (false, _) => RunBy::HELPED,
        (true, true) => RunBy::PRIVATE,
        (true, false) => RunBy::POOLED,
    }
}

fn worker(run_by: RunBy, attempts: u32, needs: Needs) -> WorkerValue {
    let (tid, cpu) = if needs.contains(Needs::WORKER) { here(run_by) } else { (0, 0) };
    WorkerValue { tid, cpu, run_by, attempts }
}

impl Machine {
    /// The program's result, and what is special about it.
    fn result(&self, was_signalled: bool, is_late: bool) -> (RawResult, DoneFlags) {
        let failed = match self.finally_failed {
            Some(_) => DoneFlags::FINALLY_FAILED,
            None => DoneFlags::NONE,
        };
        if self.ended == Some(Ended::Exhausted) {
            let result = RawResult::error(Errno(libc::ELOOP));
            return (result, failed.with(DoneFlags::ENGINE_RESULT));
        }
        let value = RawResult(self.kept[self.last].value.cast_signed());
        // That one atom did not run does not mean that the program has not.
        let own = DoneFlags(self.kept[self.last].flags & !DoneFlags::NOT_RUN.0).with(failed);
        let is_cut = self.ended == Some(Ended::Cancelled)
            || was_signalled && value == RawResult::error(Errno(libc::EINTR));
        if !is_cut {
            return (value, own);
        }
        let was_kept = own.contains(DoneFlags::CANCELLED) || value == RawResult::error(Errno(libc::EINTR));
        let own = own.with(DoneFlags::CANCELLED);
        if is_late && was_kept {
            return (RawResult::error(Errno(libc::ETIME)), own.with(DoneFlags::ENGINE_RESULT));
        }
        (value, own)
    }
}
