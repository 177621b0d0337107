//! From one atom to the next: each is run, and its value decides where the program goes. A slice of a program ([`run`](super::run))
//! calls it with the calls of its thread.

use std::hint::cold_path;
use std::ops::Range;

use syslet_abi::{ATOMS_MAX, ArgKind, Atom, DoneFlags, Offset, Program, StepOp, Target, Width};

use crate::exec::Step;
use crate::program::interpreter::{Ended, Interpreter, Value, members};
use crate::program::program_calls::Calls;

/// Goes on until the program is over; false when another thread has to go on.
///
/// Both parts of a program have one loop: the code that makes calls is there once, and stays in the processor's cache.
#[inline(always)]
pub(crate) fn run(interpreter: &mut Interpreter, program: &Program<'_>, calls: &mut Calls<'_, '_>) -> bool {
    if interpreter.is_leaving() {
        calls.shield();
    }
    let mut is_first = true;
    while let Some(atom) = upcoming(interpreter, program, calls) {
        if !interpreter.is_leaving() && calls.is_wanted(interpreter.steps, is_first) {
            return false;
        }
        is_first = false;
        let index = interpreter.next;
        let (came, behind) = if atom.is_call() {
            (calls.call(interpreter, &atom, index), index + 1)
        } else if atom.step() == StepOp::TOGETHER {
            let members = members(&atom);
            // Admission has checked that there are no more members than atoms.
            let cost = u32::try_from(members).unwrap_or(u32::MAX);
            if interpreter.budget - interpreter.steps <= cost {
                leave(interpreter, Ended::Exhausted, calls);
                continue;
            }
            let came = calls.run_group(interpreter, index);
            interpreter.steps += if matches!(came, Step::Done(_)) { cost } else { 0 };
            (came, index + 1 + members)
        } else {
            take_steps(interpreter, program, calls);
            continue;
        };
        let Step::Done(value) = came else { return false };
        go_on(interpreter, &atom, value, behind, calls);
        interpreter.note(&atom, value);
        calls.look_soon(interpreter.steps);
    }
    true
}

/// Takes steps, of which one is next, as long as they follow each other in the main part. A loop without calls in it, and
/// which ends where anything else is to be done, has all that it needs in registers.
#[inline(never)]
fn take_steps(interpreter: &mut Interpreter, program: &Program<'_>, calls: &mut Calls<'_, '_>) {
    let until = calls.steps_until(interpreter.budget);
    loop {
        let atom = interpreter.atom(program, interpreter.next);
        if atom.is_call() {
            return;
        }
        let Some(value) = step(interpreter, &atom, calls) else { return };
        let goes_on = go_on(interpreter, &atom, value, interpreter.next + 1, calls);
        if !goes_on || interpreter.next >= interpreter.finally || interpreter.steps >= until {
            return;
        }
    }
}

/// The atom that is to be run; none when the program is over.
#[inline(always)]
fn upcoming<'a>(
    interpreter: &mut Interpreter,
    program: &Program<'a>,
    calls: &mut Calls<'_, '_>,
) -> Option<Atom<'a>> {
    if !interpreter.is_leaving() {
        if interpreter.next >= interpreter.finally {
            leave(interpreter, Ended::Stopped, calls);
        } else if interpreter.steps == interpreter.budget {
            leave(interpreter, Ended::Exhausted, calls);
        } else {
            return Some(interpreter.atom(program, interpreter.next));
        }
    }
    while interpreter.next < interpreter.atom_count {
        let atom = interpreter.atom(program, interpreter.next);
        if !is_pointless(interpreter, &atom) {
            return Some(atom);
        }
        interpreter.next += 1;
    }
    None
}

/// An atom has come to that value: keeps it, and goes where it leads. Says whether that is in the main part.
#[inline(always)]
fn go_on(
    interpreter: &mut Interpreter,
    atom: &Atom<'_>,
    value: Value,
    behind: usize,
    calls: &mut Calls<'_, '_>,
) -> bool {
    let index = interpreter.next;
    interpreter.keep(index, value);
    interpreter.next = leads(interpreter, atom, value.raw, behind);
    if interpreter.is_leaving() {
        let has_failed = value.is_error() || value.flags.contains(DoneFlags::CANCELLED);
        if atom.is_call() && has_failed && interpreter.finally_failed.is_none() {
            interpreter.finally_failed = Some(index);
        }
        return false;
    }
    interpreter.last = index;
    interpreter.steps += 1;
    if calls.is_cancelled() && (interpreter.next < interpreter.finally || value.was_interrupted()) {
        cut(interpreter, value);
        leave(interpreter, Ended::Cancelled, calls);
        return false;
    }
    true
}

/// The main part is over: the way out is left.
fn leave(interpreter: &mut Interpreter, ended: Ended, calls: &mut Calls<'_, '_>) {
    interpreter.ended = Some(ended);
    interpreter.next = interpreter.finally;
    if interpreter.next < interpreter.atom_count {
        calls.shield();
    }
}

/// The program is to stop: the atom that would be next does not begin, unless one was kept from it already.
#[cold]
fn cut(interpreter: &mut Interpreter, value: Value) {
    if !value.was_interrupted() {
        interpreter.keep(interpreter.next, Value::cancelled());
        interpreter.last = interpreter.next;
    }
}

/// Which atom is next; none of them at the end.
#[inline(always)]
fn leads(interpreter: &Interpreter, atom: &Atom<'_>, value: u64, behind: usize) -> usize {
    let test = atom.test();
    let operand = if test.has_operand() { interpreter.number(atom.operand()) } else { 0 };
    let target = if test.holds(value, operand) { atom.then() } else { atom.otherwise() };
    if target != Target::NEXT {
        // A branch, which the processor guesses: a choice between two numbers would wait for them.
        cold_path();
        // STOP is the number of no atom.
        return usize::from(target.0);
    }
    behind
}

/// Whether an atom of the way out is given a value that is not there, or that is an error (SYSLET-12).
fn is_pointless(interpreter: &Interpreter, atom: &Atom<'_>) -> bool {
    atom.kinds().not_values().any(|at| {
        let operand = atom.value(at);
        let index = usize::try_from(operand.value).unwrap_or(usize::MAX);
        operand.kind == ArgKind::RESULT.0
            && (!interpreter.is_present(index)
                || Value::plain(interpreter.kept[index % ATOMS_MAX].value).is_error())
    })
}

/// Takes one step, of those that admission lets in; `None` when it is a group of calls.
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
