//! ATOMS: the result of each atom of a program. The registry holds it; the engine writes its value.

use syslet_abi::{AttributeId, DoneFlags, RawResult, Return, Returns, Status, padded};

use crate::attribute::{Attribute, Plan, Token};
use crate::bytes::{known_part, u16_at, u32_at, u64_at};
use crate::needs::Needs;
use crate::observed::{CallFacts, Observed};

/// The ATOMS attribute, for programs. It has no payload, and an [`AtomsValue`], which the engine writes itself.
#[derive(Clone, Copy, Debug)]
pub struct Atoms;

/// The head of the value of ATOMS, before the entries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AtomsHead {
    /// The number of atoms run in the main part; an atom that ran twice counts twice.
    pub steps: u32,
    /// The atom whose value is the program's result.
    pub last: u16,
    /// The first call of the way out that failed, if one did.
    pub finally_failed: Option<u16>,
}

/// The result of one atom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AtomEntry<'a> {
    /// The number of the atom.
    pub atom: u16,
    /// Flags of its value, as in a completion.
    pub flags: DoneFlags,
    /// How often it ran.
    pub runs: u32,
    /// Its value, the last time that it ran.
    pub value: RawResult,
    /// The returns of its own attributes, the last time that it ran; [`AtomEntry::returns`] reads them.
    pub returned: &'a [u8],
}

/// The value of ATOMS.
#[derive(Clone, Copy, Debug)]
pub struct AtomsValue<'a> {
    /// The head.
    pub head: AtomsHead,
    entries: &'a [u8],
}

/// In the place of an atom's number: no atom.
const NONE: u16 = u16::MAX;

impl AtomsHead {
    /// Size in bytes: a 32-bit number, two 16-bit ones and eight zeros.
    pub const BYTES: usize = 16;

    /// Writes the head to the start of `to`.
    ///
    /// # Panics
    /// When `to` is shorter than [`AtomsHead::BYTES`].
    pub fn emit(&self, to: &mut [u8]) {
        to[0..4].copy_from_slice(&self.steps.to_ne_bytes());
        to[4..6].copy_from_slice(&self.last.to_ne_bytes());
        to[6..8].copy_from_slice(&self.finally_failed.unwrap_or(NONE).to_ne_bytes());
        to[8..AtomsHead::BYTES].fill(0);
    }
}

impl<'a> AtomEntry<'a> {
    /// Size of an entry before its returns, in bytes.
    pub const HEAD_BYTES: usize = 24;

    /// Size of the entry in bytes, with its returns padded to a multiple of 8.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        AtomEntry::HEAD_BYTES + padded(self.returned.len())
    }

    /// Writes the entry to the start of `to`.
    ///
    /// # Panics
    /// When `to` is shorter than [`AtomEntry::len_bytes`].
    pub fn emit(&self, to: &mut [u8]) {
        let len = u32::try_from(self.returned.len()).unwrap_or(u32::MAX);
        to[0..2].copy_from_slice(&self.atom.to_ne_bytes());
        to[2..4].copy_from_slice(&self.flags.0.to_ne_bytes());
        to[4..8].copy_from_slice(&self.runs.to_ne_bytes());
        to[8..16].copy_from_slice(&self.value.0.to_ne_bytes());
        to[16..20].copy_from_slice(&len.to_ne_bytes());
        to[20..AtomEntry::HEAD_BYTES].fill(0);
        let (returned, padding) =
            to[AtomEntry::HEAD_BYTES..self.len_bytes()].split_at_mut(self.returned.len());
        returned.copy_from_slice(self.returned);
        padding.fill(0);
    }

    fn parse(bytes: &'a [u8]) -> Option<AtomEntry<'a>> {
        let len = u32_at(bytes, 16)? as usize;
        let end = AtomEntry::HEAD_BYTES.checked_add(len)?;
        Some(AtomEntry {
            atom: u16_at(bytes, 0)?,
            flags: DoneFlags(u16_at(bytes, 2)?),
            runs: u32_at(bytes, 4)?,
            value: RawResult(u64_at(bytes, 8)?.cast_signed()),
            returned: bytes.get(AtomEntry::HEAD_BYTES..end)?,
        })
    }

    /// The returns of the atom's own attributes; none if they cannot be read.
    pub fn returns(&self) -> impl Iterator<Item = Return<'a>> + use<'a> {
        Returns::of(self.returned).into_iter().flatten()
    }
}

impl<'a> AtomsValue<'a> {
    /// Reads a returned value; none when it is shorter than [`AtomsHead::BYTES`].
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<AtomsValue<'a>> {
        let head = AtomsHead {
            steps: u32_at(value, 0)?,
            last: u16_at(value, 4)?,
            finally_failed: Some(u16_at(value, 6)?).filter(|atom| *atom != NONE),
        };
        Some(AtomsValue { head, entries: value.get(AtomsHead::BYTES..)? })
    }

    /// The entries of the atoms that ran, by their numbers. An entry that is cut off ends them.
    pub fn entries(&self) -> impl Iterator<Item = AtomEntry<'a>> {
        let mut left = self.entries;
        std::iter::from_fn(move || {
            let entry = AtomEntry::parse(left)?;
            left = left.get(entry.len_bytes()..)?;
            Some(entry)
        })
    }
}

impl Attribute for Atoms {
    fn id(&self) -> AttributeId {
        AttributeId::ATOMS
    }

    fn name(&self) -> &'static str {
        "atoms"
    }

    fn check(&self, payload: &[u8], call: &CallFacts) -> Result<Plan, Status> {
        known_part(payload, 0)?;
        // A single call has no atoms.
        let return_bytes_max = call.atoms_bytes_max.ok_or(Status::INAPPLICABLE)?;
        Ok(Plan { return_bytes_max, may_run_inline: true, needs: Needs::NONE })
    }

    fn after(
        &self,
        _payload: &[u8],
        _token: Token,
        _observed: &Observed,
        _value: &mut [u8],
    ) -> (Status, usize) {
        (Status::INAPPLICABLE, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SYSLET-30: ATOMS can be asked of programs only, and takes no payload.
    #[test]
    fn one_call_has_no_atoms() {
        let call =
            CallFacts { nr: 0, args: [0; 6], out_len: 0, nature: crate::Nature::NONE, atoms_bytes_max: None };
        assert_eq!(Atoms.check(&[], &call), Err(Status::INAPPLICABLE));
        let program = CallFacts { atoms_bytes_max: Some(64), ..call };
        assert_eq!(Atoms.check(&[0], &program).map(|plan| plan.return_bytes_max), Ok(64));
        assert_eq!(Atoms.check(&[1], &program), Err(Status::INVALID));
    }

    /// SYSLET-30: entries are read as they were written, with the returns of single calls; a value that is cut off has
    /// its whole entries only.
    #[test]
    fn entries_are_read_as_written() {
        let returned = [2_u8, 0, 4, 0, 0, 0, 0, 0];
        let entries = [
            AtomEntry { atom: 0, flags: DoneFlags::NONE, runs: 3, value: RawResult(-2), returned: &[] },
            AtomEntry {
                atom: 7,
                flags: DoneFlags::NOT_RUN,
                runs: 1,
                value: RawResult(9),
                returned: &returned,
            },
        ];
        let head = AtomsHead { steps: 4, last: 7, finally_failed: None };
        let mut value =
            vec![0xa5; AtomsHead::BYTES + entries.iter().map(AtomEntry::len_bytes).sum::<usize>()];
        head.emit(&mut value);
        let mut at = AtomsHead::BYTES;
        for entry in &entries {
            entry.emit(&mut value[at..]);
            at += entry.len_bytes();
        }
        let read = AtomsValue::parse(&value).unwrap();
        assert_eq!(read.head, head);
        assert!(read.entries().eq(entries));
        let answers: Vec<_> = read.entries().flat_map(|entry| entry.returns()).collect();
        assert_eq!(answers.len(), 1);
        assert_eq!((answers[0].id, answers[0].status), (AttributeId::TIMING, Status::INAPPLICABLE));
        let odd = AtomEntry { returned: &returned[..3], ..entries[1] };
        let mut padded = [0xa5; AtomEntry::HEAD_BYTES + 8];
        odd.emit(&mut padded);
        assert_eq!(padded[AtomEntry::HEAD_BYTES..], [2, 0, 4, 0, 0, 0, 0, 0]);
        for end in 0..value.len() {
            let whole = AtomsValue::parse(&value[..end]).map_or(0, |value| value.entries().count());
            assert_eq!(whole, usize::from(end >= AtomsHead::BYTES + AtomEntry::HEAD_BYTES), "cut at {end}");
        }
    }
}
