//! Starts an engine and opens a ring large enough for a plan; `command` and the run call it.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use syslet::{Config, Engine, Params, Ring};

use crate::plan::group::Atom;
use crate::plan::{Passed, Plan, Step, Way};

/// Room in every record beside the bytes of its arguments: words, headers, paddings, attributes and their returns.
const BESIDE_BYTES: usize = 1024;
/// At most this many calls are in flight.
const SLOTS: u32 = 256;

/// The engine that is asked for: with so many workers at most, and with a trace.
pub(crate) fn config(workers: Option<u32>, trace: Option<&Path>) -> Result<Config, String> {
    let config = workers.map_or_else(Config::default, |workers| Config::default().workers_max(workers));
    let Some(path) = trace else { return Ok(config) };
    let mut options = OpenOptions::new();
    // Of a pipe without a reader, opening it says so.
    let file = options.append(true).create(true).custom_flags(libc::O_NONBLOCK).open(path);
    let file = file.map_err(|error| format!("the trace cannot be opened: {}: {error}", path.display()))?;
    Ok(config.trace(file.into()))
}

/// Opens a ring in which every step of `plan` fits.
pub(crate) fn ring(plan: &Plan, config: Config) -> Result<(Engine, Ring), String> {
    let budget = plan.steps.iter().filter_map(|step| step.group.as_ref()).map(|group| group.budget).max();
    let config = budget.map_or(config.clone(), |budget| config.program_steps_max(budget));
    let engine = Engine::start(config).map_err(|error| format!("the engine cannot start here: {error}"))?;
    let largest = |carried: fn(&Step) -> usize| plan.steps.iter().map(carried).max().unwrap_or(0);
    let (submission_record_max, submission_bytes) = sizes(largest(carried_in), 64 << 10);
    let (completion_record_max, completion_bytes) = sizes(largest(carried_out), 1 << 20);
    let params = Params {
        slots: SLOTS,
        submission_bytes,
        submission_record_max,
        completion_bytes,
        completion_record_max,
        ..Params::default()
    };
    let ring = engine.ring(&params).map_err(|error| format!("no ring can be opened here: {error}"))?;
    Ok((engine, ring))
}

/// The longest record, and a ring of at least `ring_min` bytes that holds a few of them.
fn sizes(carried: usize, ring_min: usize) -> (u32, u32) {
    let record = (carried + BESIDE_BYTES).next_multiple_of(8).max(4096);
    let ring = (2 * record).max(ring_min).next_power_of_two();
    let as_u32 = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
    (as_u32(record), as_u32(ring))
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
