//! Checks that memory is as long as the table says that the call reaches: before anything runs, and when a step is submitted.

use syslet::syscalls::{Arg, Len};

use crate::plan::{Base, Passed, Plan, Source, Step};
use crate::script::error::ScriptError;
use crate::script::lower::Position;

/// How many bytes of argument `index` the call reaches by the rule `len`; nothing when that cannot be known.
///
/// `value` gives the bits that the kernel takes of an argument, `number` the 32-bit number at an offset behind an argument's pointer.
pub(crate) fn reach(
    len: Len,
    index: usize,
    value: impl Fn(usize) -> Option<u64>,
    number: impl Fn(usize, usize) -> Option<u32>,
) -> Option<u64> {
    match len {
        Len::None | Len::Nul => None,
        Len::Const(bytes) => Some(bytes.into()),
        Len::Arg(by) => value(by.into()),
        Len::Times(by, bytes) => value(by.into()).map(|count| count.saturating_mul(bytes.into())),
        Len::Plus(by, bytes) => value(by.into()).map(|count| count.saturating_add(bytes.into())),
        Len::Bits(by) => value(by.into()).map(|count| count.div_ceil(64).saturating_mul(8)),
        Len::ArgLeast(by, bytes) => value(by.into()).map(|count| count.max(bytes.into())),
        Len::At(by) => number(by.into(), 0).map(u64::from),
        Len::AtLeast(by, bytes) => number(by.into(), 0).map(|count| count.max(bytes).into()),
        Len::AtTimes(by, bytes) => number(by.into(), 0).map(|count| u64::from(count) * u64::from(bytes)),
        Len::Counted { at, head, each } => {
            number(index, at.into()).map(|count| u64::from(count) * u64::from(each) + u64::from(head))
        }
        Len::Sized(at, default) => number(index, at.into()).map(|bytes| match bytes {
            0 => default.into(),
            bytes => u64::from(bytes).max(u64::from(at) + NUMBER_BYTES as u64),
        }),
        Len::Headed(bytes) => number(index, 0).map(|more| u64::from(more) + u64::from(bytes)),
        Len::Pages(by) => value(by.into()).map(|count| count.div_ceil(4096)),
    }
}

/// A length in memory.
const NUMBER_BYTES: usize = 4;

/// The 32-bit number at `offset` of `bytes`, if it lies inside.
pub(crate) fn number_at(bytes: &[u8], offset: usize) -> Option<u32> {
    let raw = bytes.get(offset..offset.checked_add(NUMBER_BYTES)?)?;
    raw.try_into().ok().map(u32::from_ne_bytes)
}

/// Checks every argument of `step` as far as lengths are known before anything runs.
pub(crate) fn check(step: &Step, plan: &Plan) -> Result<(), ScriptError> {
    let args = step.row.map_or(&[][..], |row| row.args);
    for (index, (operand, arg)) in step.operands.iter().zip(args).enumerate() {
        let Some(has) = size_of(&operand.passed, plan) else { continue };
        let arg = arg.formed(|by| step.operands.get(by)?.fixed());
        let position = Position { call: &step.call, index, arg: Some(arg) };
        check_given(step, arg, &position)?;
        let number = |by: usize, offset| number_in(&step.operands.get(by)?.passed, offset);
        let reached = reach(arg.len, index, |by| step.taken(by), number);
        if let Some(reached) = reached.filter(|&reached| reached > has as u64) {
            let message = format!("{} has {has} bytes, and the call reaches {reached}", position.describe());
            return Err(ScriptError::new(operand.span, message).help(because(arg)));
        }
    }
    Ok(())
}

/// Checks that the argument which gives the length is there.
fn check_given(step: &Step, arg: &Arg, position: &Position<'_>) -> Result<(), ScriptError> {
    let Some(by) = decided_by(arg.len) else { return Ok(()) };
    let Some(decides) = step.operands.get(by) else {
        let message =
            format!("argument {} of {}, which says how long this one is, is missing", by + 1, step.call);
        return Err(ScriptError::new(step.operands[position.index].span, message));
    };
    let carried = !matches!(step.operands[position.index].passed, Passed::Value(_));
    if carried
        && matches!(
            (arg.len, &decides.passed),
            (Len::At(_) | Len::AtLeast(..) | Len::AtTimes(..), Passed::Value(_))
        )
    {
        let message = format!("argument {} of {} must be pack(…) here", by + 1, step.call);
        return Err(ScriptError::new(decides.span, message)
            .help(format!("it says how long {} is, which is no buffer", position.describe())));
    }
    Ok(())
}

/// The argument that says how long one is.
pub(crate) fn decided_by(len: Len) -> Option<usize> {
    match len {
        Len::Arg(by)
        | Len::ArgLeast(by, _)
        | Len::Times(by, _)
        | Len::Plus(by, _)
        | Len::Bits(by)
        | Len::At(by)
        | Len::AtLeast(by, _)
        | Len::AtTimes(by, _)
        | Len::Pages(by) => Some(by.into()),
        Len::None | Len::Const(_) | Len::Nul | Len::Sized(..) | Len::Headed(_) | Len::Counted { .. } => None,
    }
}

fn because(arg: &Arg) -> String {
    match arg.len {
        Len::Arg(by) | Len::ArgLeast(by, _) => format!("argument {} says how many bytes", by + 1),
        Len::Times(by, each) => format!("argument {} says how many, {each} bytes each", by + 1),
        Len::Plus(by, bytes) => {
            format!("argument {} says how many bytes, and {bytes} stand before them", by + 1)
        }
        Len::Bits(by) => format!("argument {} says how many bits", by + 1),
        Len::At(by) | Len::AtLeast(by, _) => {
            format!("the number that argument {} points to says how many bytes", by + 1)
        }
        Len::AtTimes(by, each) => {
            format!("the number that argument {} points to says how many, {each} bytes each", by + 1)
        }
        Len::Pages(by) => {
            format!("argument {} says how many bytes, and each page of them has one here", by + 1)
        }
        Len::Sized(..) | Len::Headed(_) | Len::Counted { .. } => {
            "a number in it says how many bytes".to_owned()
        }
        _ => "it always reaches so many".to_owned(),
    }
}

/// How much memory is passed; nothing for a number.
pub(crate) fn size_of(passed: &Passed, plan: &Plan) -> Option<usize> {
    match passed {
        Passed::Value(Source::Address(id)) => Some(plan.buffers[*id].bytes),
        Passed::Value(Source::Plus(Base::Address(id), by)) => {
            plan.buffers[*id].bytes.checked_sub(usize::try_from(*by).ok()?)
        }
        Passed::Value(_) => None,
        Passed::Memory { bytes, .. } => Some(bytes.len()),
        Passed::Out { bytes, .. } => Some(*bytes),
    }
}

/// The 32-bit number at `offset` of the memory passed, if it is known before anything runs.
fn number_in(passed: &Passed, offset: usize) -> Option<u32> {
    match passed {
        Passed::Memory { bytes, patches, .. } if patches.is_empty() => number_at(bytes, offset),
        _ => None,
    }
}
