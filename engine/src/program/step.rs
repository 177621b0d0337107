//! Steps: what a program does without a call.

use std::ops::Range;

use syslet_abi::{ArgKind, Atom, Offset, StepOp, Width};

use crate::program::interpreter::Interpreter;
use crate::program::making::Calls;
use crate::program::value::Value;

/// Takes one step, of those that the door lets in; nothing when it is a group of calls.
#[inline(always)]
pub(crate) fn step(
    interpreter: &mut Interpreter,
    atom: &Atom<'_>,
    calls: &mut Calls<'_, '_>,
) -> Option<Value> {
    let register = |interpreter: &mut Interpreter, change: fn(u64, u64) -> u64| {
        let number = interpreter.number(atom.given(1));
        let register = interpreter.register(atom.given(0).value);
        *register = change(*register, number);
        Value::plain(*register)
    };
    Some(match atom.step() {
        StepOp::SET => register(interpreter, |_, number| number),
        StepOp::ADD => register(interpreter, u64::wrapping_add),
        StepOp::SUBTRACT => register(interpreter, u64::wrapping_sub),
        StepOp::COMPARE => Value::plain(interpreter.number(atom.given(0))),
        StepOp::LOAD => load(interpreter, *atom, calls),
        StepOp::STORE => store(interpreter, *atom, calls.out()),
        StepOp::TOGETHER => return None,
        _ => Value::plain(0),
    })
}

fn load(interpreter: &mut Interpreter, atom: Atom<'_>, calls: &mut Calls<'_, '_>) -> Value {
    let from = atom.given(1);
    let width = Width(atom.given(2).value);
    let place = interpreter.range(Offset::unpack(from.value));
    let number = if from.kind == ArgKind::IN.0 {
        read(calls.data(), place, width)
    } else {
        read(calls.out(), place, width)
    };
    let Some(number) = number else { return Value::error(libc::EFAULT) };
    *interpreter.register(atom.given(0).value) = number;
    Value::plain(number)
}

fn store(interpreter: &Interpreter, atom: Atom<'_>, out: &mut [u8]) -> Value {
    let place = interpreter.range(Offset::unpack(atom.given(0).value));
    let (width, number) = (Width(atom.given(1).value), interpreter.number(atom.given(2)));
    let bytes = width.bytes().unwrap_or(1);
    let Some(place) = first(place, bytes).and_then(|place| out.get_mut(place)) else {
        return Value::error(libc::EFAULT);
    };
    place.copy_from_slice(&number.to_le_bytes()[..bytes]);
    Value::plain(number)
}

/// The first `len` bytes of a place, if it has so many.
fn first(place: Option<Range<usize>>, len: usize) -> Option<Range<usize>> {
    let Range { start, end } = place?;
    let behind = start.checked_add(len)?;
    (behind <= end).then_some(start..behind)
}

/// The number at that place, if it lies inside.
fn read(bytes: &[u8], place: Option<Range<usize>>, width: Width) -> Option<u64> {
    let len = width.bytes()?;
    let mut raw = [0; 8];
    raw[..len].copy_from_slice(bytes.get(first(place, len)?)?);
    let number = u64::from_le_bytes(raw);
    let unused = 64 - 8 * len;
    Some(if width.is_signed() {
        (number << unused).cast_signed().wrapping_shr(u32::try_from(unused).unwrap_or(0)).cast_unsigned()
    } else {
        number
    })
}

const _: () = assert!(cfg!(target_endian = "little"), "the low bytes of a number come first");
