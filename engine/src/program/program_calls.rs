//! The calls of one program, made by the thread that has it: from an atom to arguments, from arguments to a value, one after the other
//! or side by side. [`course`](super::course) asks for each.
#![allow(unsafe_code, reason = "makes the calls that `push` was asked for")]

use std::ops::Range;

use syslet_abi::{ArgKind, Atom, AtomFlags, CallFlags, DoneFlags, Program};
use syslet_syscalls::{RawArgs, Row, copy_in, row, settle};

use crate::exec::attempt::{Way, first, held, kicked, plain};
use crate::exec::claim::{Claim, NEVER, reason};
use crate::exec::usage::Unwatched;
use crate::exec::{Progress, Step, Until, resolve};
use crate::guard::{self, Guarded};
use crate::nonblocking::Abilities;
use crate::program::arguments::{Areas, Effective, Entangled, direct};
use crate::program::interpreter::{Interpreter, Value, members};
use crate::program::member::Name;
use crate::program::one_call::{Ready, Tools};
use crate::program::parallel::{ParallelGroup, Place, Team};
use crate::program::validate::{here, may_touch};
use crate::sys::clock::now_ns;
use crate::sys::hold::Hold;
use crate::sys::sync::{Arc, AtomicU32, Ordering};

/// Steps between two looks at the end of the wait: some microseconds.
const LOOK_EVERY: u32 = 1024;

/// The means of a thread that makes the calls of one program.
#[derive(Debug)]
pub(crate) struct Calls<'a, 'c> {
    pub(crate) program: Program<'a>,
    pub(crate) data: &'a [u8],
    pub(crate) out: &'a mut [u8],
    pub(crate) claim: Claim<'c>,
    /// The word that keeps the next call from beginning.
    pub(crate) cancel: &'c AtomicU32,
    /// When the program is late, where no other thread looks at the clock for it.
    pub(crate) deadline_ns: Option<u64>,
    /// The end of the wait that runs the program, where another thread may go on with it.
    pub(crate) until: Option<&'a Until>,
    /// The number of steps at which the next look at that end is due.
    pub(crate) look_at: u32,
    pub(crate) effective: &'a mut Effective,
    pub(crate) built: &'a mut Vec<u64>,
    pub(crate) tools: Tools<'a>,
    /// The progress of the call that is next, if a first attempt was made.
    pub(crate) begun: Option<&'a Progress>,
    /// The progress with which another thread goes on.
    pub(crate) later: Option<Progress>,
}

impl<'a> Calls<'a, '_> {
    /// Makes the call of atom `index`.
    #[inline(always)]
    pub(crate) fn call(
        &mut self,
        interpreter: &mut Interpreter,
        atom: &Atom<'_>,
        index: usize,
    ) -> Step<Value, ()> {
        let (row, mut args) = (row(atom.nr()), RawArgs::default());
        if self.is_straight(atom)
            && direct(atom, row, interpreter, Areas::of(self.data, self.out), &mut args)
            && !self.tools.is_hurried(row, &args)
        {
            match self.way(interpreter, atom, row, &args) {
                Ok(Way::Plain(_)) => {
                    // SAFETY: the submitter answers for the call; each argument that is no value points into the record or
                    // the out area, as far as the row says, which admission has checked.
                    let invoked = unsafe { plain(self.cancel, atom.nr(), &args, self.tools.by.is_pooled) };
                    return Step::Done(Value::made(invoked));
                }
                Ok(Way::Held(hold)) => {
                    // SAFETY: as in the other branch.
                    let held = unsafe { held(hold, row, (atom.nr(), &args), self.cancel) };
                    return held
                        .map_or_else(|| self.leave_to_another(), |made| Step::Done(Value::made(made)));
                }
                Ok(Way::Attempt(abilities, hold)) if let Some(row) = row => {
                    return self.attempt((abilities, hold), row, (atom.nr(), &args));
                }
                _ => {}
            }
        }
        self.call_with_care(interpreter, index)
    }

    /// Makes the non-blocking attempt at a call of which nothing else is asked.
    #[inline(never)]
    fn attempt(
        &mut self,
        how: (Abilities, Option<&Hold>),
        row: &Row,
        (nr, args): (u32, &RawArgs),
    ) -> Step<Value, ()> {
        // SAFETY: the submitter answers for the call, as in `call`.
        let made =
            unsafe { first(how, row, (nr, args), self.cancel, self.tools.by.is_pooled, &mut Unwatched) };
        match made {
            Step::Done((invoked, ..)) => Step::Done(Value::made(invoked)),
            Step::Suspended(progress) => {
                self.later = Some(progress);
                Step::Suspended(())
            }
        }
    }

    /// Runs the members of the group that begins behind atom `index`; gives how many have succeeded.
    #[inline(never)]
    pub(crate) fn run_group(&mut self, interpreter: &mut Interpreter, index: usize) -> Step<Value, ()> {
        let atom = &interpreter.atom(&self.program, index);
        let (members, enough) = (index + 1..index + 1 + members(atom), atom.raw_arg(1));
        if self.tools.by.abilities.is_some() {
            // A thread that may not sleep cannot wait for other workers.
            self.later = Some(Progress::default());
            return Step::Suspended(());
        }
        let entangled = Entangled::of(&self.program, self.out, self.effective, interpreter, members.clone());
        match self.tools.team.filter(|team| team.may_share) {
            Some(team) => Step::Done(self.in_parallel(interpreter, members, enough, &entangled, team)),
            None => self.one_by_one(interpreter, members, enough, &entangled),
        }
    }

    /// The DATA of the submission.
    pub(crate) fn data(&self) -> &[u8] {
        self.data
    }

    /// The out area.
    pub(crate) fn out(&mut self) -> &mut [u8] {
        self.out
    }

    /// Whether another thread has to go on, because this one is wanted by its wait. The first look is due behind `LOOK_EVERY`
    /// steps or one call, so that each thread that has the program brings it forward.
    #[inline(always)]
    pub(crate) fn is_wanted(&mut self, steps: u32, is_first: bool) -> bool {
        if steps < self.look_at || self.until.is_none() {
            return false;
        }
        self.look_at = steps.saturating_add(LOOK_EVERY);
        !is_first && self.begun.is_none() && self.until.is_some_and(Until::is_due)
    }

    /// A call was made, which may have taken long: the next look is due.
    #[inline(always)]
    pub(crate) fn look_soon(&mut self, steps: u32) {
        self.look_at = steps;
    }

    /// The number of steps, taken one behind the other, after which something else is to be looked at.
    #[inline(always)]
    pub(crate) fn steps_until(&self, budget: u32) -> u32 {
        if self.until.is_some() { budget.min(self.look_at) } else { budget }
    }

    /// Whether the program is to stop.
    #[inline(always)]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed) != 0
            || self.claim.is_asked() && self.is_asked()
            || self.deadline_ns.is_some_and(|at_ns| self.is_late(at_ns))
    }

    /// No cancel reaches the program from here on.
    pub(crate) fn shield(&mut self) {
        self.claim = self.claim.shield();
        (self.cancel, self.deadline_ns) = (&NEVER, None);
        self.tools.by.is_leaving = true;
    }
}

impl<'a> Calls<'a, '_> {
    /// A cancel was asked for: that is why the program is to stop.
    #[cold]
    fn is_asked(&self) -> bool {
        self.claim.slot().cancel().store(reason::ASKED, Ordering::Relaxed);
        true
    }

    /// Whether the deadline has passed; if so, that is why the program is to stop.
    #[cold]
    fn is_late(&self, deadline_ns: u64) -> bool {
        let is_late = deadline_ns <= now_ns();
        if is_late {
            self.claim.slot().cancel().store(reason::LATE, Ordering::Relaxed);
        }
        is_late
    }

    /// The name by which a call of this program is found.
    fn name(&self, atom: usize) -> Name {
        Name { program: self.program.user_data(), atom }
    }

    /// Whether nothing is asked of the call but that it is made, from its beginning.
    #[inline(always)]
    fn is_straight(&self, atom: &Atom<'_>) -> bool {
        let is_bare = atom.attribute_count() == 0 && !atom.flags().contains(AtomFlags::STOPPABLE);
        is_bare && self.begun.is_none() && !guard::IS_ON
    }

    /// This thread was taken out of a call, of which nothing is done.
    #[cold]
    fn leave_to_another(&mut self) -> Step<Value, ()> {
        self.later = Some(kicked());
        Step::Suspended(())
    }

    /// How this thread makes a call from its beginning; or that it cannot, and whether the call is one that sleeps.
    #[inline(always)]
    fn way(
        &self,
        interpreter: &Interpreter,
        atom: &Atom<'_>,
        row: Option<&Row>,
        args: &RawArgs,
    ) -> Result<Way<'a>, bool> {
        let Some(abilities) = self.tools.by.abilities else { return Ok(Way::Plain(self.tools.by.run_by)) };
        let flags = CallFlags(atom.flags().0);
        // What the program knows of the descriptor counts as if the atom had said it.
        let is_storage =
            !flags.contains(CallFlags::STORAGE) && interpreter.closes_at_once(&self.program, atom);
        let flags = if is_storage { flags.with(CallFlags::STORAGE) } else { flags };
        let way = here(abilities, row, flags, args)?;
        Ok(match (way, self.tools.hold) {
            (Way::Plain(_), Some(hold)) => Way::Held(hold),
            (Way::Attempt(abilities, _), hold) => Way::Attempt(abilities, hold),
            (way, _) => way,
        })
    }

    /// Makes a call that is to be checked, observed, or stopped alone.
    #[inline(never)]
    fn call_with_care(&mut self, interpreter: &mut Interpreter, index: usize) -> Step<Value, ()> {
        let atom = &interpreter.atom(&self.program, index);
        let (begun, row) = (self.begun.take(), row(atom.nr()));
        let (data, out_len) = (self.data, self.out.len());
        let call = if atom.kinds().all_values() {
            atom.call(data, out_len)
        } else {
            self.effective.fill(atom, row, Some(interpreter));
            let call = self.effective.call(data, out_len);
            let flags = self.program.flags();
            let may = |scope| may_touch(scope, flags);
            if let Some(value) = self.effective.refusal(row, &call, self.out, may) {
                return Step::Done(value);
            }
            let is_fresh = begun.is_none_or(|begun| begun.bytes == 0);
            if is_fresh && call.kinds().has(ArgKind::INOUT) {
                row.inspect(|row| copy_in(row, &call, self.out));
            }
            call
        };
        let mut args = resolve(row, &call, self.out, self.built);
        let way = match begun
            .map_or_else(|| self.way(interpreter, atom, row, &args), |begun| Ok(Way::Rest(begun)))
        {
            Ok(way) => way,
            Err(sleeps) => {
                self.later = Some(Progress { sleeps, ..Progress::default() });
                return Step::Suspended(());
            }
        };
        let mut guarded = guard::enclose(row, &call, &mut args);
        let ready = Ready {
            call: &call,
            row,
            args: &args,
            way,
            cancel: self.cancel,
            name: self.name(index),
            member: None,
        };
        // SAFETY: the submitter answers for the call; each argument that is no value points into the record or the out area,
        // as far as the row says, which admission has checked, or `refusal` where the number was not known before.
        let made = unsafe { self.tools.make(ready) };
        guarded.leave(if let Step::Done((value, _)) = &made { Some(value.result()) } else { None });
        match made {
            Step::Done((value, returned)) => {
                if returned > 0 {
                    interpreter.keep_returns(index, self.tools.returned(returned));
                }
                if let Some(row) = row.filter(|row| row.is_built) {
                    settle(row, &call, value.result(), self.built, self.out);
                }
                Step::Done(value)
            }
            Step::Suspended(progress) => {
                self.later = Some(progress);
                Step::Suspended(())
            }
        }
    }

    /// One call of a group after the other.
    fn one_by_one(
        &mut self,
        interpreter: &mut Interpreter,
        members: Range<usize>,
        enough: u64,
        entangled: &Entangled,
    ) -> Step<Value, ()> {
        let (mut succeeded, count) = (0, members.len());
        for at in members {
            let is_wanted = (enough == 0 || succeeded < enough) && !self.is_cancelled();
            let member = interpreter.atom(&self.program, at);
            let value = match (is_wanted, entangled.contains(at)) {
                (true, true) => Value::error(libc::EFAULT),
                (true, false) => match self.call(interpreter, &member, at) {
                    Step::Done(value) => value,
                    Step::Suspended(()) => return Step::Suspended(()),
                },
                (false, _) => Value::cancelled(),
            };
            succeeded += u64::from(!value.is_error());
            interpreter.keep(at, value);
            interpreter.note(&member, value);
        }
        Step::Done(self.of_group(succeeded, enough, count))
    }

    /// Makes all calls of a group, with as many workers as come.
    fn in_parallel(
        &mut self,
        interpreter: &mut Interpreter,
        members: Range<usize>,
        enough: u64,
        entangled: &Entangled,
        team: Team<'_>,
    ) -> Value {
        let count = members.len();
        let mut built: Vec<Vec<u64>> = members.clone().map(|_| Vec::new()).collect();
        let places = members.clone().zip(&mut built);
        let places = places.map(|(at, built)| self.place(interpreter, at, entangled.contains(at), built));
        let (places, mut guarded): (Vec<Place>, Vec<Guarded>) = places.unzip();
        let group = Arc::new(ParallelGroup::new(places, enough));
        team.programs.groups.add(&group);
        team.host.share();
        // SAFETY: the submitter answers for the calls; the addresses among their arguments are those of the record,
        // the out area and `built`, which stay until all are over.
        unsafe { self.tools.join(&group, team, self.cancel) };
        team.programs.groups.remove(&group);
        for ((at, built), index) in members.zip(&built).zip(0..) {
            let (value, returned) = group.came(index);
            guarded[index].leave(Some(value.result()));
            if !returned.is_empty() {
                interpreter.keep_returns(at, &returned);
            }
            let atom = interpreter.atom(&self.program, at);
            if let Some(row) = row(atom.nr()).filter(|row| row.is_built) {
                self.effective.fill(&atom, Some(row), Some(interpreter));
                let call = self.effective.call(self.data, self.out.len());
                settle(row, &call, value.result(), built, self.out);
            }
            interpreter.keep(at, value);
            interpreter.note(&atom, value);
        }
        self.of_group(group.succeeded(), enough, count)
    }

    /// The value of a group with so many members. One that the program's end has cut short says so, as a call does.
    fn of_group(&self, succeeded: u64, enough: u64, count: usize) -> Value {
        let wanted = if enough == 0 { count as u64 } else { enough };
        let is_cut = succeeded < wanted && self.is_cancelled();
        Value {
            flags: if is_cut { DoneFlags::CANCELLED } else { DoneFlags::NONE },
            ..Value::plain(succeeded)
        }
    }

    /// A call of a group, with all that other threads need to make it.
    fn place(
        &mut self,
        interpreter: &Interpreter,
        at: usize,
        is_entangled: bool,
        built: &mut Vec<u64>,
    ) -> (Place, Guarded) {
        let atom = interpreter.atom(&self.program, at);
        let (row, flags, out_len) = (row(atom.nr()), self.program.flags(), self.out.len());
        self.effective.fill(&atom, row, Some(interpreter));
        let call = self.effective.call(self.data, out_len);
        let may = |scope| may_touch(scope, flags);
        let refused = self.effective.refusal(row, &call, self.out, may);
        let refused = refused.or(is_entangled.then(|| Value::error(libc::EFAULT)));
        if let (Some(row), None) = (row, refused) {
            copy_in(row, &call, self.out);
        }
        let mut args =
            if refused.is_none() { resolve(row, &call, self.out, built) } else { RawArgs::default() };
        let guarded = guard::enclose(row.filter(|_| refused.is_none()), &call, &mut args);
        let place = Place::new(self.effective.words().to_vec(), args, (self.name(at), out_len), refused);
        (place, guarded)
    }
}
