//! The numbers of a step at the moment it is submitted, out of the results so far. `submit` and `group` ask for them.

use syslet::syscalls::RawArgs;

use crate::plan::{Area, Base, Passed, Patch, Plan, Source, Step};
use crate::run::memory::Block;
use crate::script::syntax::Width;
use crate::script::{length, number};

/// The outcomes of the steps so far.
#[derive(Debug)]
pub(crate) struct Known {
    /// The result of each step that succeeded.
    pub(crate) results: Vec<Option<u64>>,
    /// Of each group the results of calls that succeeded, by atom, but for those that it closed itself.
    pub(crate) atoms: Vec<Vec<(u16, u64)>>,
    /// The bytes that came back in the first area, of each step with an area that is read.
    pub(crate) areas: Vec<Option<Vec<u8>>>,
    /// The steps that were skipped.
    pub(crate) skipped: Vec<bool>,
    pub(crate) buffers: Vec<Block>,
}

impl Known {
    /// The state before anything has run; `None` when there is no memory for the buffers.
    pub(crate) fn new(plan: &Plan) -> Option<Known> {
        let mut known = Known {
            results: vec![None; plan.steps.len()],
            atoms: vec![Vec::new(); plan.steps.len()],
            areas: vec![None; plan.steps.len()],
            skipped: vec![false; plan.steps.len()],
            buffers: Vec::with_capacity(plan.buffers.len()),
        };
        for buffer in &plan.buffers {
            // Only addresses of buffers above it stand there.
            let mut bytes = known.filled(&buffer.holds.0, &buffer.holds.1).ok()?;
            let block = if bytes.is_empty() {
                Block::zeroed(buffer.bytes)
            } else {
                bytes.resize(buffer.bytes, 0);
                Block::holding(&bytes)
            };
            known.buffers.push(block?);
        }
        Some(known)
    }

    /// The number that `source` is now, or the reason for which there is none.
    pub(crate) fn number(&self, source: Source) -> Result<u64, String> {
        match source {
            Source::Fixed(value) => Ok(value),
            Source::Address(id) => Ok(self.buffers[id].address()),
            Source::Result(step) => {
                self.results[step].ok_or_else(|| "a result it needs is missing".to_owned())
            }
            Source::Atom(step, atom) => {
                let made = self.atoms[step].iter().find(|(made, _)| *made == atom);
                made.map(|&(_, value)| value)
                    .ok_or_else(|| "a result of a group that it needs was not made, or is closed".to_owned())
            }
            Source::Plus(base, by) => Ok(self.number(base.source())?.wrapping_add_signed(by)),
            Source::Bit(base) => {
                let number = self.number(base.source())?;
                let bit = u32::try_from(number).ok().and_then(|number| 1u64.checked_shl(number));
                bit.ok_or_else(|| format!("64 bits have none with the number {number}"))
            }
            Source::View { width, of: Area::Buffer(id), offset } => {
                let bytes = self.buffers[id].read(offset, width.bytes);
                Ok(bits(width, &bytes.unwrap_or_default()))
            }
            Source::View { width, of: Area::Step(step), offset } => {
                let area = self.areas[step].as_deref().unwrap_or_default();
                match area.get(offset..offset + width.bytes) {
                    Some(bytes) => Ok(bits(width, bytes)),
                    None => Err(format!(
                        "it reads {} at offset {offset}, and {} bytes came back",
                        width.name(),
                        area.len()
                    )),
                }
            }
        }
    }

    /// The bytes of memory, with the numbers put in that are known only now.
    pub(crate) fn filled(&self, bytes: &[u8], patches: &[Patch]) -> Result<Vec<u8>, String> {
        let mut bytes = bytes.to_vec();
        for patch in patches {
            let number = self.number(patch.from)?;
            if !patch.width.holds(number.into()) && !patch.width.holds(number.cast_signed().into()) {
                return Err(format!("{number} does not fit {}", patch.width.name()));
            }
            let end = patch.at + patch.width.bytes;
            bytes[patch.at..end].copy_from_slice(&number.to_ne_bytes()[..patch.width.bytes]);
        }
        Ok(bytes)
    }

    /// Checks that no memory is shorter than the call reaches, now that every number is known.
    pub(crate) fn check_lengths(&self, plan: &Plan, step: &Step, numbers: &[u64]) -> Result<(), String> {
        let Some(row) = step.row else { return Ok(()) };
        let raw: RawArgs = numbers.iter().copied().collect();
        for (index, (operand, arg)) in step.operands.iter().zip(row.args).enumerate() {
            let Some(has) = length::size_of(&operand.passed, plan) else { continue };
            let arg = arg.formed(|by| step.operands.get(by)?.fixed());
            let value = |by: usize| numbers.get(by).map(|_| row.narrow(&raw).get(by));
            let number = |by: usize, offset| self.pointed_to(&step.operands.get(by)?.passed, offset);
            let reached = length::reach(arg.len, index, value, number);
            if let Some(reached) = reached.filter(|&reached| reached > has as u64) {
                let index = index + 1;
                return Err(format!("argument {index} has {has} bytes, and the call reaches {reached}"));
            }
        }
        Ok(())
    }

    /// The 32-bit number at `offset` of memory that is passed.
    fn pointed_to(&self, passed: &Passed, offset: usize) -> Option<u32> {
        match passed {
            Passed::Value(Source::Address(id)) => length::number_at(&self.buffers[*id].read(offset, 4)?, 0),
            Passed::Value(Source::Plus(Base::Address(id), by)) => {
                let offset = usize::try_from(*by).ok()?.checked_add(offset)?;
                length::number_at(&self.buffers[*id].read(offset, 4)?, 0)
            }
            Passed::Memory { bytes, patches, .. } => {
                length::number_at(&self.filled(bytes, patches).ok()?, offset)
            }
            _ => None,
        }
    }
}

fn bits(width: Width, bytes: &[u8]) -> u64 {
    width.read(bytes).map_or(0, number::bits)
}
