//! From a step to a submission in the ring, and from its completion to the bytes that came back. The run calls it.
#![allow(unsafe_code, reason = "pushes calls with addresses that only the script can answer for")]

use syslet::abi::{AttributeFlags, AttributeId, Call, CallFlags};
use syslet::program::Program;
use syslet::syscalls::decode::Answer;
use syslet::syscalls::{Class, RawArgs, Row, Scope, written_for};
use syslet::{Completion, Refused, Ring, Submission};

use crate::plan::{Passed, Plan, Step, StepId, Way};
use crate::report::{Argument, Data};
use crate::run::group;
use crate::run::memory::Block;
use crate::run::resolve::Known;
use crate::run::words::Words;

/// A step that was built, and the memory that must live until it is over.
#[derive(Debug)]
pub(crate) struct Flight {
    packet: Packet,
    /// The arguments in words.
    words: Vec<String>,
    /// The number passed for each argument that is one.
    numbers: Vec<Option<u64>>,
    /// Memory passed by address, by argument.
    held: Vec<(usize, Block)>,
}

/// The record to push.
#[derive(Debug)]
enum Packet {
    Call(Submission),
    Group(Program),
}

/// The flags a step is submitted with (SCRIPT-24, SCRIPT-41): SYNC for calls that are bound to their thread, and without workers
/// for calls that may sleep for ever.
pub(crate) fn flags(step: &Step, args: &RawArgs, has_workers: bool) -> CallFlags {
    if let Some(group) = &step.group {
        return group::flags(step, group, has_workers);
    }
    let is_bound = step.row.is_some_and(|row| row.scope_with(args) == Scope::BoundToThread);
    let may_sleep = step.row.is_none_or(|row| row.class_with(args) == Class::Sleeps);
    let here = is_bound || may_sleep && !has_workers;
    if step.is_private {
        return CallFlags::PRIVATE;
    }
    if here { CallFlags::SYNC } else { CallFlags::NONE }
}

impl Flight {
    /// Builds the submission of a step, or gives the reason for which it cannot be built.
    pub(crate) fn build(
        plan: &Plan,
        id: StepId,
        known: &Known,
        has_workers: bool,
        words: &Words,
    ) -> Result<Flight, String> {
        let step = &plan.steps[id];
        if let Some(group) = &step.group {
            let program = group::build(step, group, id, known, has_workers)?;
            let packet = Packet::Group(program);
            return Ok(Flight { packet, words: Vec::new(), numbers: Vec::new(), held: Vec::new() });
        }
        let mut builder = Submission::call(step.nr).user_data(id as u64);
        let (mut numbers, mut held) = (Vec::new(), Vec::new());
        for (index, operand) in step.operands.iter().enumerate() {
            let mut hold = |block: Option<Block>| {
                let block = block.ok_or("there is no memory for it")?;
                let address = block.address();
                held.push((index, block));
                Ok::<u64, String>(address)
            };
            let mut number = None;
            builder = match &operand.passed {
                Passed::Value(source) => {
                    let value = known.number(*source)?;
                    number = Some(value);
                    builder.value(value)
                }
                Passed::Memory { way, bytes, patches } => {
                    let bytes = known.filled(bytes, patches)?;
                    match way {
                        Way::InOut => builder.inout(&bytes),
                        Way::In | Way::Out => builder.input(&bytes),
                        Way::Held => {
                            let address = hold(Block::holding(&bytes))?;
                            number = Some(address);
                            builder.value(address)
                        }
                    }
                }
                Passed::Out { bytes, way: Way::Held } => {
                    let address = hold(Block::zeroed(*bytes))?;
                    number = Some(address);
                    builder.value(address)
                }
                Passed::Out { bytes, .. } => builder.output(*bytes),
            };
            numbers.push(number);
        }
        let values: Vec<u64> = numbers.iter().map(|number| number.unwrap_or(0)).collect();
        known.check_lengths(plan, step, &values)?;
        for ask in &step.asks {
            let patch = ask.patch.map(|(patch, _)| patch);
            builder = builder.attribute(ask.id, ask.flags, &known.filled(&ask.payload, patch.as_slice())?);
        }
        // Asked or not: the output has the thread that ran it.
        if !step.asks.iter().any(|ask| ask.id == AttributeId::WORKER) {
            builder = builder.attribute(AttributeId::WORKER, AttributeFlags::NONE, &[]);
        }
        let submission = builder.flags(flags(step, &values.iter().copied().collect(), has_workers)).build();
        let words = words.before(step, &Call::admitted(submission.bytes()));
        Ok(Flight { packet: Packet::Call(submission), words, numbers, held })
    }

    /// Pushes the submission.
    pub(crate) fn push(&self, ring: &mut Ring) -> Result<(), Refused> {
        let pushed = match &self.packet {
            // SAFETY: the addresses passed are those of buffers and of held memory, which live until the call is over,
            // and of memory that the script itself mapped. The further effects of the calls on the process are those
            // that the user's script asks for; specs/scripts.md says so.
            Packet::Call(submission) => unsafe { ring.push(submission) },
            // SAFETY: the same: addresses in a group are those of buffers, and of memory that the script has mapped.
            Packet::Group(program) => unsafe { ring.push_program(program) },
        };
        pushed.map(|_ticket| ())
    }

    /// The reason for which the submission was refused.
    pub(crate) fn refused(&self, refused: &Refused) -> String {
        match &self.packet {
            Packet::Call(submission) => format!("refused: {}", refused.why(submission)),
            Packet::Group(program) => format!("refused: {}", refused.why_program(program)),
        }
    }

    /// The call that was submitted; of a group its head, which has no arguments.
    fn call(&self) -> Call<'_> {
        Call::admitted(match &self.packet {
            Packet::Call(submission) => submission.bytes(),
            Packet::Group(program) => program.bytes(),
        })
    }

    /// The arguments as they were submitted.
    pub(crate) fn arguments(&self) -> Vec<Argument> {
        self.with_words(self.words.clone())
    }

    fn with_words(&self, words: Vec<String>) -> Vec<Argument> {
        let numbered = words.into_iter().zip(&self.numbers);
        numbered.map(|(words, number)| Argument { words, value: *number }).collect()
    }

    /// The arguments, and the result in words, now that the step is over.
    pub(crate) fn over(
        &self,
        step: &Step,
        done: &Completion<'_>,
        data: &[Data],
        words: &Words,
    ) -> (Vec<Argument>, String) {
        let answer = Answer { result: done.result(), flags: done.flags(), data: done.data() };
        if step.group.is_some() {
            return (Vec::new(), words.value(done.result(), done.flags()));
        }
        let call = self.call();
        let arguments = words.after(step, &call, self.words.clone(), &answer, data);
        (self.with_words(arguments), words.result(&call, &answer))
    }

    /// The bytes that came back, by argument; a failed call that left nothing in an area has none for it.
    pub(crate) fn data(&self, step: &Step, done: &Completion<'_>) -> Vec<Data> {
        if let Some(group) = &step.group {
            return group::data(group, done);
        }
        let failed = done.result().decode().is_err();
        let call = self.call();
        let came = |argument: usize| {
            let carried = || carried(step.row?, &call, argument, done);
            let bytes = self.held_area(step, argument, done).or_else(carried)?;
            (!failed || !bytes.is_empty()).then_some(Data { argument, name: None, bytes })
        };
        (0..step.operands.len()).filter_map(came).collect()
    }

    /// An area that the table does not describe: all of it, as the length that the call wrote is not known.
    fn held_area(&self, step: &Step, argument: usize, done: &Completion<'_>) -> Option<Vec<u8>> {
        let written =
            matches!(step.operands[argument].passed, Passed::Out { .. }) && done.result().decode().is_ok();
        let (_, block) = self.held.iter().find(|(held, _)| *held == argument && written)?;
        block.read(0, block.len())
    }
}

/// An area that the completion carries, as far as the call wrote it.
fn carried(row: &Row, call: &Call<'_>, argument: usize, done: &Completion<'_>) -> Option<Vec<u8>> {
    let came = done.data()?;
    let (at, len) = written_for(row, call, argument, done.result(), came)?;
    Some(came.get(at..came.len().min(at + len)).unwrap_or_default().to_vec())
}
