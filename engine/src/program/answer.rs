//! What each atom came to, as the completion says it.

use syslet_abi::{DoneFlags, RawResult};
use syslet_attrs::{AtomEntry, AtomsHead};

use crate::program::interpreter::Interpreter;

impl Interpreter {
    /// Writes the value of ATOMS; gives its length in bytes.
    pub(crate) fn atoms(&self, value: &mut [u8]) -> usize {
        let number = |index: usize| u16::try_from(index).unwrap_or(u16::MAX);
        let finally_failed = self.finally_failed.map(number);
        AtomsHead { steps: self.steps, last: number(self.last), finally_failed }.emit(value);
        let ran = || (0..self.atom_count).filter(|index| self.kept[*index].runs > 0);
        let (mut at, mut left) = (AtomsHead::BYTES, ran().count());
        for index in ran() {
            let kept = &self.kept[index];
            let entry = AtomEntry {
                atom: number(index),
                flags: DoneFlags(kept.flags),
                runs: kept.runs,
                value: RawResult(kept.value.cast_signed()),
                returned: self.returned(index),
            };
            left -= 1;
            // What an attribute of the application's returns may have grown since the door.
            let fits = at + entry.len_bytes() + left * AtomEntry::HEAD_BYTES <= value.len();
            let entry = if fits { entry } else { AtomEntry { returned: &[], ..entry } };
            entry.emit(&mut value[at..]);
            at += entry.len_bytes();
        }
        at
    }
}
