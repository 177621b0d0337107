//! What the door asks of a program beyond its structure: every call as if it were alone, and that all it reads is there.

use std::sync::OnceLock;

use syslet_abi::{ArgKind, Atom, AttributeId, CallFlags, Fault, Limits, NR_OFFSET, Program, Refusal};
use syslet_attrs::{AtomEntry, AtomsHead, Needs};
use syslet_syscalls::{Class, RawArgs, Scope, check_arguments, is_foreign, row};

use crate::admission::placement;
use crate::admission::{Terms, admit_answering, check_survives, place};
use crate::program::allowed::{dispatch, may_touch};
use crate::program::effective::Effective;
use crate::program::flow::Flow;
use crate::program::wanted::Wanted;
use crate::refused::Refused;
use crate::slots::admission::{AbandonPolicy, Admission};
use crate::slots::dispatch::DispatchFlags;

/// Offset of a program's budget.
const BUDGET_OFFSET: usize = 24;

/// What the door needs besides the program.
#[derive(Debug, Default)]
pub(crate) struct Validator {
    flow: Flow,
    effective: Effective,
}

/// What a door has found of a program whose bytes are still the same, but for its word and its registers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    by: Looker,
    sum: Sum,
    /// What was decided, where another time would not decide otherwise: nothing is asked but DATA.
    decided: Option<Admission>,
}

/// Who has looked: another might find something else.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Looker {
    engine: u64,
    has_pool: bool,
    limits: Limits,
    completion_max: usize,
}

/// What all atoms together come to.
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

/// Checks what a program means, and decides who runs it.
pub(crate) fn admit<'a>(
    record: &'a [u8],
    (limits, completion_max): (&Limits, usize),
    terms: &Terms,
    has_pool: bool,
    (validator, admission): (&mut Validator, &mut Admission),
    seen: Option<&OnceLock<Seen>>,
) -> Result<Program<'a>, Refused> {
    let by = Looker { engine: terms.number, has_pool, limits: *limits, completion_max };
    let found = seen.and_then(OnceLock::get).filter(|seen| seen.by == by);
    if let Some(Seen { decided: Some(decided), .. }) = found {
        *admission = *decided;
        return Ok(Program::admitted(record));
    }
    let (program, sum) = match found {
        Some(seen) => (Program::admitted(record), seen.sum),
        None => {
            let looked = look(record, limits, terms, has_pool, validator);
            looked.map_err(|refused| refused.in_program(record))?
        }
    };
    decide(&program, &sum, by, terms, admission)?;
    if let Some(seen) = seen {
        let is_steady = program.head().asks().all(|ask| ask.id == AttributeId::DATA);
        // Another ring may have been first: it keeps its own.
        let _ = seen.set(Seen { by, sum, decided: is_steady.then_some(*admission) });
    }
    Ok(program)
}

/// Decides about a program that has been looked at, as the door decides about a call.
fn decide(
    program: &Program<'_>,
    sum: &Sum,
    by: Looker,
    terms: &Terms,
    admission: &mut Admission,
) -> Result<(), Refused> {
    let flags = program.flags();
    admission.fd = -1;
    // What its other calls would need is with the worker that has it.
    admission.abandon_policy = AbandonPolicy::Refused;
    admission.may_run_inline = true;
    admission.answering = true;
    let may_pool = by.has_pool && !flags.contains(CallFlags::SYNC);
    admission.atoms_bytes_max = Some(sum.atoms_bytes);
    admit_answering(&program.head(), by.completion_max, terms, may_pool, admission)?;
    admission.dispatch = program_marks(flags, admission, sum, by.has_pool);
    admission.placement = place(admission, terms, may_pool);
    Ok(())
}

/// Checks what does not depend on how the program is asked for.
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
        has_pool,
    })?;
    let sum = check_atoms(&program, terms, has_pool, &mut validator.effective)?;
    if sum.reads_values {
        validator.flow.check(&program)?;
    }
    Ok((program, sum))
}

/// Who may run it.
fn program_marks(flags: CallFlags, admission: &Admission, sum: &Sum, has_pool: bool) -> DispatchFlags {
    let timed = if admission.deadline_ns.is_some() { DispatchFlags::TIMED } else { DispatchFlags::PLAIN };
    if !has_pool || flags.contains(CallFlags::SYNC) {
        return timed;
    }
    let sleeps = if sum.sleeps { DispatchFlags::SLEEPS } else { DispatchFlags::PLAIN };
    let away = flags.contains(CallFlags::ASYNC) || !admission.may_run_inline || sum.begins_away;
    timed.with(if flags.contains(CallFlags::PRIVATE) || admission.needs.contains(Needs::OWN_THREAD) {
        DispatchFlags::PRIVATE.with(DispatchFlags::WORKER).with(sleeps)
    } else if away {
        DispatchFlags::WORKER.with(sleeps)
    } else {
        DispatchFlags::NONBLOCKING
    })
}

/// Checks every atom as the door checks a call.
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
            // What a late number decides is decided when it is there.
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
