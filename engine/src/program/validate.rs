//! Checks a program before it is accepted: each call as if it were alone, that each value is there when an atom reads it, and that its
//! flags allow its scope. A push calls [`admit`]; a program that is built is checked by [`Flow`]; calls whose numbers are
//! known late ask again when they are made.

use std::sync::OnceLock;

use syslet_abi::{
    ATOMS_MAX, ArgKind, Atom, AtomFlags, AttributeId, CALL_ARGS_OFFSET, Call, CallFlags, Fault, Limits,
    NR_OFFSET, Program, Refusal, Status, Target, Test, USER_DATA_OFFSET,
};
use syslet_attrs::{AtomEntry, AtomsHead, Needs, Registry, RunBy};
use syslet_syscalls::{Class, RawArgs, Row, Scope, check_arguments, is_foreign, row};

use crate::admission::{Terms, admit_answering, check_survives, place, placement, plan, value_bytes};
use crate::exec::attempt::Way;
use crate::exec::attributes::facts;
use crate::nonblocking::{self, Abilities};
use crate::program::arguments::Effective;
use crate::program::interpreter::{closes, members};
use crate::refused::Refused;
use crate::slots::admission::{AbandonPolicy, Answers, Constraints, VALUE_BYTES_MAX, Verdict};
use crate::slots::dispatch::DispatchFlags;
use crate::slots::kept::Circumstances;

/// Offset of a program's budget.
const BUDGET_OFFSET: usize = 24;

/// The memory of the checks, kept from one program to the next.
#[derive(Debug, Default)]
pub(crate) struct Validator {
    flow: Flow,
    effective: Effective,
}

/// The findings of admission about a program whose bytes are still the same, but for its word and its registers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    by: Circumstances,
    sum: Sum,
    /// The verdict, where a later one would not differ: none of the application's own attributes is asked for.
    verdict: Option<Verdict>,
}

/// The findings about all atoms, added up.
#[derive(Clone, Copy, Debug)]
struct Sum {
    /// Longest value of ATOMS.
    atoms_bytes: usize,
    sleeps: bool,
    /// An atom is given the value of another.
    reads_values: bool,
    /// The first atom needs a worker.
    begins_away: bool,
}

/// Checks a program, and decides which thread runs it. The verdict is the one that was kept, or stands in `fresh`, which is the
/// default one before.
pub(crate) fn admit<'v>(
    record: &[u8],
    limits: &Limits,
    terms: &Terms,
    by: Circumstances,
    (validator, fresh): (&mut Validator, &'v mut Verdict),
    seen: Option<&'v OnceLock<Seen>>,
) -> Result<&'v Verdict, Refused> {
    let found = seen.and_then(OnceLock::get).filter(|seen| seen.by == by);
    if let Some(Seen { verdict: Some(verdict), .. }) = found {
        return Ok(verdict);
    }
    let (program, sum) = match found {
        Some(seen) => (Program::admitted(record), seen.sum),
        None => {
            let looked = look(record, limits, terms, by.has_pool, validator);
            looked.map_err(|refused| refused.in_program(record))?
        }
    };
    decide(&program, &sum, by, terms, fresh)?;
    if let Some(seen) = seen {
        let is_steady = program.head().asks().all(|ask| !ask.id.is_application());
        // Another ring may have been first: it keeps its own.
        let _ = seen.set(Seen { by, sum, verdict: is_steady.then_some(*fresh) });
    }
    Ok(fresh)
}

/// Decides about a program that has been checked, as admission decides about a call.
fn decide(
    program: &Program<'_>,
    sum: &Sum,
    by: Circumstances,
    terms: &Terms,
    verdict: &mut Verdict,
) -> Result<(), Refused> {
    let flags = program.flags();
    // The state between its calls is lost with the worker that has it.
    verdict.abandon_policy = AbandonPolicy::Refused;
    verdict.may_run_inline = true;
    verdict.answering = true;
    let may_pool = by.has_pool && !flags.contains(CallFlags::SYNC);
    verdict.atoms_bytes_max = Some(sum.atoms_bytes);
    admit_answering(&program.head(), by.completion_max(), terms, may_pool, verdict)?;
    verdict.dispatch = program_marks(flags, verdict, sum, by.has_pool);
    verdict.placement = place(verdict, terms, may_pool);
    verdict.is_private = false;
    Ok(())
}

/// Checks all that does not depend on how the program is asked for.
fn look<'a>(
    record: &'a [u8],
    limits: &Limits,
    terms: &Terms,
    has_pool: bool,
    validator: &mut Validator,
) -> Result<(Program<'a>, Sum), Refused> {
    let program = Program::check(record, limits)?;
    if program.budget() > terms.program_steps_max {
        return Err(Refusal::BUDGET.at(BUDGET_OFFSET).into());
    }
    let flags = program.flags();
    placement::check(placement::Facts {
        flags,
        class: Class::Instant,
        scope: Scope::Process,
        signals: false,
        waits_for_device: false,
        has_pool,
    })?;
    let sum = check_atoms(&program, terms, has_pool, &mut validator.effective)?;
    if sum.reads_values {
        validator.flow.check(&program)?;
    }
    Ok((program, sum))
}

/// Which threads may run it.
fn program_marks(flags: CallFlags, verdict: &Verdict, sum: &Sum, has_pool: bool) -> DispatchFlags {
    let timed = if verdict.deadline.is_some() { DispatchFlags::TIMED } else { DispatchFlags::PLAIN };
    if !has_pool || flags.contains(CallFlags::SYNC) {
        return timed;
    }
    let sleeps = if sum.sleeps { DispatchFlags::SLEEPS } else { DispatchFlags::PLAIN };
    let away = flags.contains(CallFlags::ASYNC) || !verdict.may_run_inline || sum.begins_away;
    timed.with(if flags.contains(CallFlags::PRIVATE) || verdict.needs.contains(Needs::OWN_THREAD) {
        DispatchFlags::PRIVATE.with(DispatchFlags::WORKER).with(sleeps)
    } else if away {
        DispatchFlags::WORKER.with(sleeps)
    } else {
        DispatchFlags::NONBLOCKING
    })
}

/// Checks every atom as admission checks a call.
fn check_atoms(
    program: &Program<'_>,
    terms: &Terms,
    has_pool: bool,
    effective: &mut Effective,
) -> Result<Sum, Refused> {
    let (data, out_len) = (program.head().data(), program.area_len());
    let mut sum =
        Sum { atoms_bytes: AtomsHead::BYTES, sleeps: false, reads_values: false, begins_away: false };
    for (index, atom) in program.atoms().enumerate() {
        sum.atoms_bytes += AtomEntry::HEAD_BYTES;
        sum.reads_values |= reads_value(&atom);
        if !atom.is_call() {
            continue;
        }
        let is_static = atom.kinds().all_values();
        let call = if is_static {
            atom.call(data, out_len)
        } else {
            effective.fill(&atom, row(atom.nr()), None);
            effective.call(data, out_len)
        };
        let fault = |fault: Fault| Refused::from(fault.behind(atom.offset()));
        if is_foreign(call.nr()) {
            return Err(fault(Refusal::FOREIGN_NUMBER.at(NR_OFFSET)));
        }
        let mut class = Class::Descriptor;
        let row = row(call.nr());
        if let Some(row) = row {
            let scope;
            (class, scope) = row.nature(|| RawArgs::known(&call));
            if is_static { check_arguments(row, &call) } else { effective.check(row, &call) }
                .map_err(fault)?;
            // A scope that depends on a late number is checked when the number is known.
            if row.scope_when.is_empty() || is_static || !effective.is_dynamic {
                check_survives(scope).map_err(|refused| refused.behind(atom.offset()))?;
                check_scope(scope, program.flags()).map_err(fault)?;
            }
        } else if !call.kinds().all_values() {
            return Err(fault(Refusal::VALUE_ONLY.at(NR_OFFSET)));
        }
        if class == Class::Sleeps && !has_pool && !program.flags().contains(CallFlags::SYNC) {
            return Err(fault(Refusal::NEEDS_WORKER.at(NR_OFFSET)));
        }
        sum.sleeps |= class == Class::Sleeps;
        if call.attribute_count() > 0 {
            sum.atoms_bytes += Wanted::of(&call, &terms.context).bytes;
        }
        sum.begins_away |= index == 0
            && dispatch(terms.abilities, row, call.flags(), &RawArgs::known(&call))
                .contains(DispatchFlags::WORKER);
    }
    Ok(sum)
}

/// Whether an atom is given the value of another.
fn reads_value(atom: &Atom<'_>) -> bool {
    let mut kinds = atom.kinds().not_values().map(|index| atom.kinds().get(index));
    kinds.any(|kind| kind == ArgKind::RESULT) || atom.operand().kind == ArgKind::RESULT.0
}

/// Whether a program with these flags may touch that, and why not.
fn check_scope(scope: Scope, flags: CallFlags) -> Result<(), Fault> {
    if may_touch(scope, flags) {
        return Ok(());
    }
    let bound = scope == Scope::BoundToThread;
    Err(if bound { Refusal::THREAD_BOUND } else { Refusal::THREAD_STATE }.at(NR_OFFSET))
}

/// One bit for each atom.
type AtomSet = [u64; ATOMS_MAX / 64];

/// The values that are there before each atom.
#[derive(Debug)]
pub(crate) struct Flow {
    before: Box<[AtomSet; ATOMS_MAX]>,
}

const ALL: AtomSet = [u64::MAX; ATOMS_MAX / 64];

impl Default for Flow {
    fn default() -> Flow {
        Flow { before: Box::new([ALL; ATOMS_MAX]) }
    }
}

impl Flow {
    /// Refuses a program that reads a value which may not be there (SYSLET-16).
    pub(crate) fn check(&mut self, program: &Program<'_>) -> Result<(), Refused> {
        let count = program.atom_count();
        self.before[..count].fill(ALL);
        self.before[0] = [0; ATOMS_MAX / 64];
        while self.pass(program) {}
        let mut group_end = 0;
        let mut before = self.before[0];
        for (index, atom) in program.atoms().enumerate() {
            if atom.flags().contains(AtomFlags::FINALLY) {
                break;
            }
            // Members of a group see the values that were there before it.
            if index >= group_end {
                before = self.before[index];
            }
            group_end = group_end.max(index + 1 + members(&atom));
            read(&atom, &before).map_err(|(refusal, at)| refusal.at(atom.offset() + at))?;
        }
        Ok(())
    }

    /// Follows every atom to those it leads to; says whether that has changed anything behind.
    fn pass(&mut self, program: &Program<'_>) -> bool {
        let mut again = false;
        let mut atoms = program.atoms().enumerate();
        while let Some((index, atom)) = atoms.next() {
            if atom.flags().contains(AtomFlags::FINALLY) {
                break;
            }
            let (mut after, mut next) = (after_atom(&atom, index, self.before[index]), index + 1);
            // Members have run wherever their group leads.
            for (index, member) in atoms.by_ref().take(members(&atom)) {
                (after, next) = (after_atom(&member, index, after), index + 1);
            }
            // A test that always holds leads one way only.
            let otherwise = if atom.test() == Test::ALWAYS { Target::STOP } else { atom.otherwise() };
            for target in [atom.then(), otherwise] {
                let to = match target {
                    Target::STOP => continue,
                    Target::NEXT => next,
                    Target(to) => usize::from(to),
                };
                let Some(before) = self.before.get_mut(to) else { continue };
                let both: AtomSet = std::array::from_fn(|word| before[word] & after[word]);
                again |= both != *before && to <= index;
                *before = both;
            }
        }
        again
    }
}

/// The values that are there behind an atom.
fn after_atom(atom: &Atom<'_>, index: usize, mut set: AtomSet) -> AtomSet {
    if let Some(closed) = closes(atom) {
        set[closed / 64 % set.len()] &= !(1 << (closed % 64));
    }
    set[index / 64] |= 1 << (index % 64);
    set
}

/// Whether all that an atom reads is there; where not, why and at which of its bytes.
fn read(atom: &Atom<'_>, before: &AtomSet) -> Result<(), (Refusal, usize)> {
    let is_there = |value: u64| {
        let index = usize::try_from(value).unwrap_or(usize::MAX);
        before[index / 64 % before.len()] & 1 << (index % 64) != 0
    };
    for at in atom.kinds().not_values() {
        let operand = atom.value(at);
        if operand.kind == ArgKind::RESULT.0 && !is_there(operand.value) {
            return Err((Refusal::RESULT_UNKNOWN, CALL_ARGS_OFFSET + 8 * at));
        }
    }
    let operand = atom.operand();
    if operand.kind == ArgKind::RESULT.0 && !is_there(operand.value) {
        return Err((Refusal::RESULT_UNKNOWN, USER_DATA_OFFSET));
    }
    Ok(())
}

/// The attributes of one call of a program, and the needs of those that can be honoured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) answers: Answers,
    /// Longest returns, in bytes.
    pub(crate) bytes: usize,
    pub(crate) needs: Needs,
    pub(crate) may_run_inline: bool,
}

impl Wanted {
    /// The plans of the attributes. Attributes that change the thread or the order of calls are the program's only (SYSLET-24).
    pub(crate) fn of(call: &Call<'_>, registry: &Registry) -> Wanted {
        let facts = facts(call);
        let mut wanted =
            Wanted { answers: Answers::default(), bytes: 0, needs: Needs::NONE, may_run_inline: true };
        for (index, ask) in call.asks().enumerate() {
            let plan = plan(&ask, &facts, registry).and_then(|plan| {
                let is_own = plan.needs.intersects(Needs::OWN_THREAD.with(Needs::LANE))
                    || ask.id == AttributeId::PRIORITY;
                let fits = plan.return_bytes_max <= VALUE_BYTES_MAX;
                if is_own {
                    Err(Status::INAPPLICABLE)
                } else {
                    fits.then_some(plan).ok_or(Status::UNAVAILABLE)
                }
            });
            match plan {
                Ok(plan) => {
                    wanted.answers.allow(index, plan.return_bytes_max.next_multiple_of(8));
                    wanted.bytes += value_bytes(plan.return_bytes_max);
                    wanted.needs = wanted.needs.with(plan.needs);
                    wanted.may_run_inline &= plan.may_run_inline;
                }
                Err(status) => {
                    wanted.answers.refuse(index, status);
                    wanted.bytes += value_bytes(0);
                }
            }
        }
        wanted
    }
}

/// Whether a program with these flags may touch that.
pub(crate) fn may_touch(scope: Scope, flags: CallFlags) -> bool {
    match scope {
        Scope::Process | Scope::ReadsThread => true,
        Scope::WritesThread => flags.contains(CallFlags::PRIVATE),
        Scope::BoundToThread => flags.contains(CallFlags::SYNC),
        Scope::EngineLife(_) => false,
    }
}

/// How a submitter makes the call; or that it cannot, and whether the call is one that sleeps.
pub(crate) fn here<'a>(
    abilities: Abilities,
    row: Option<&Row>,
    flags: CallFlags,
    args: &RawArgs,
) -> Result<Way<'a>, bool> {
    let dispatch = dispatch(abilities, row, flags, args);
    if dispatch.contains(DispatchFlags::WORKER) {
        Err(dispatch.contains(DispatchFlags::SLEEPS))
    } else if dispatch.contains(DispatchFlags::NONBLOCKING) {
        Ok(Way::Attempt(abilities, None))
    } else {
        Ok(Way::Plain(RunBy::INLINE))
    }
}

/// How a call of a program would be marked if it were submitted alone.
pub(crate) fn dispatch(
    abilities: Abilities,
    row: Option<&Row>,
    flags: CallFlags,
    args: &RawArgs,
) -> DispatchFlags {
    let (class, scope) = row.map_or((Class::Descriptor, Scope::Process), |row| row.nature(|| *args));
    let signals = row.is_some_and(|row| {
        class == Class::Instant && row.class != Class::Instant && nonblocking::may_signal(row)
    });
    let waits_for_device = row.is_some_and(placement::waits_for_device);
    let facts = placement::Facts { flags, class, scope, signals, waits_for_device, has_pool: true };
    placement::dispatch(facts, Constraints::NONE, || {
        row.is_some_and(|row| nonblocking::may_try(abilities, row, args))
    })
}
