//! Starts an engine and opens a ring large enough for a plan; `command` and the run call it.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use syslet::abi::RING_BYTES_MAX;
use syslet::syscalls::Class;
use syslet::{Config, Engine, Params, Ring};

use crate::plan::group::Atom;
use crate::plan::{Passed, Plan, Step, Way};

/// Room in every record beside the bytes of its arguments: words, headers, paddings, attributes and their returns.
const BESIDE_BYTES: usize = 1024;
/// A ring has at least so many slots.
const SLOTS_MIN: usize = 256;
/// No engine has more workers.
const WORKERS_LIMIT: u32 = 1 << 16;

/// The engine that is asked for: with a trace, and with so many workers at most; else with as many as the plan has calls
/// that may sleep side by side.
pub(crate) fn config(plan: &Plan, workers: Option<u32>, trace: Option<&Path>) -> Result<Config, String> {
    let config = Config::default();
    let sleepers = u32::try_from(sleepers(plan)).unwrap_or(u32::MAX).min(WORKERS_LIMIT);
    let workers = workers.unwrap_or_else(|| config.get_workers_max().max(sleepers));
    let config = config.workers_max(workers);
    let Some(path) = trace else { return Ok(config) };
    let mut options = OpenOptions::new();
    // Of a pipe without a reader, opening it says so.
    let file = options.append(true).create(true).custom_flags(libc::O_NONBLOCK).open(path);
    let file = file.map_err(|error| format!("the trace cannot be opened: {}: {error}", path.display()))?;
    Ok(config.trace(file.into()))
}

/// Opens a ring in which all steps of `plan` fit side by side, as far as a ring can be that large.
pub(crate) fn ring(plan: &Plan, config: Config) -> Result<(Engine, Ring), String> {
    let budget = plan.steps.iter().filter_map(|step| step.group.as_ref()).map(|group| group.budget).max();
    let config = budget.map_or(config.clone(), |budget| config.program_steps_max(budget));
    let engine = Engine::start(config).map_err(|error| format!("the engine cannot start here: {error}"))?;
    let params = params(plan);
    let ring = engine.ring(&params).map_err(|error| format!("no ring can be opened here: {error}"))?;
    Ok((engine, ring))
}

/// The limit on which the plan could wait for ever, in words: a call behind it is not made before one in front of it is over, and
/// that one may wait for it.
pub(crate) fn limit(plan: &Plan, workers: u32) -> Option<String> {
    let sleepers = sleepers(plan);
    let params = params(plan);
    let room = |of: fn(&Step) -> usize, bytes: u32| needed(plan, of) > bytes as usize;
    let limit = if workers > 0 && sleepers > workers as usize {
        format!("{workers} workers")
    } else if plan.steps.len() > params.slots as usize {
        format!("{} calls in flight", params.slots)
    } else if room(carried_in, params.submission_bytes) || room(carried_out, params.completion_bytes) {
        format!("{RING_BYTES_MAX} bytes of a ring")
    } else {
        return None;
    };
    Some(format!(
        "the script has {sleepers} calls that may sleep at once, and there are {limit}: one that waits for the effect of a later one \
         may wait for ever"
    ))
    .filter(|_| sleepers > 0)
}

/// How many steps may sleep: they could all do so at once.
fn sleepers(plan: &Plan) -> usize {
    let may_sleep = |step: &&Step| {
        let class = step.row.map(|row| row.class_with(&step.fixed_args()));
        step.group.is_some() || !matches!(class, Some(Class::Instant | Class::Storage))
    };
    plan.steps.iter().filter(may_sleep).count()
}

fn params(plan: &Plan) -> Params {
    let (submission_record_max, submission_bytes) = sizes(plan, carried_in, 64 << 10);
    let (completion_record_max, completion_bytes) = sizes(plan, carried_out, 1 << 20);
    let slots = plan.steps.len().clamp(SLOTS_MIN, Params::SLOTS_MAX as usize);
    Params {
        slots: u32::try_from(slots).unwrap_or(Params::SLOTS_MAX),
        submission_bytes,
        submission_record_max,
        completion_bytes,
        completion_record_max,
        ..Params::default()
    }
}

/// The longest record, and a ring of at least `ring_min` bytes that holds a few of them, and the records of all steps if it can.
fn sizes(plan: &Plan, carried: fn(&Step) -> usize, ring_min: usize) -> (u32, u32) {
    let longest = plan.steps.iter().map(carried).max().unwrap_or(0);
    let record = (longest + BESIDE_BYTES).next_multiple_of(8).max(4096);
    let all = needed(plan, carried).min(RING_BYTES_MAX as usize);
    let ring = (2 * record).max(ring_min).max(all).next_power_of_two();
    let as_u32 = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
    (as_u32(record), as_u32(ring))
}

/// The bytes that the records of all steps take at most.
fn needed(plan: &Plan, carried: fn(&Step) -> usize) -> usize {
    plan.steps.iter().map(|step| carried(step) + BESIDE_BYTES).fold(0, usize::saturating_add)
}

fn carried_in(step: &Step) -> usize {
    if let Some(group) = &step.group {
        return group.data.len() + group.atoms.iter().map(Atom::record_bytes_max).sum::<usize>();
    }
    let carried = step.operands.iter().map(|operand| match &operand.passed {
        Passed::Memory { way: Way::In | Way::InOut, bytes, .. } => bytes.len() + 8,
        _ => 0,
    });
    carried.sum()
}

fn carried_out(step: &Step) -> usize {
    if let Some(group) = &step.group {
        return group.out_bytes
            + group.scratch_bytes
            + group.atoms.iter().map(Atom::answer_bytes_max).sum::<usize>();
    }
    let carried = step.operands.iter().map(|operand| match &operand.passed {
        Passed::Memory { way: Way::InOut, bytes, .. } => bytes.len() + 8,
        Passed::Out { way: Way::Out, bytes } => bytes + 8,
        _ => 0,
    });
    carried.sum()
}
