//! ATOMS: what each atom came to.

use super::machine::Machine;

/// What stands before the entries.
pub(super) const HEAD_BYTES: usize = 16;
/// What stands before an atom's own returns.
pub(super) const ENTRY_BYTES: usize = 24;
/// No atom.
const NONE: u16 = u16::MAX;

impl Machine {
    /// Writes the value of ATOMS; gives its length in bytes.
    pub(crate) fn atoms(&self, value: &mut [u8]) -> usize {
        let number = |index: usize| u16::try_from(index).unwrap_or(NONE);
        put(value, 0, &self.steps.to_ne_bytes());
        put(value, 4, &number(self.last).to_ne_bytes());
        put(value, 6, &self.finally_failed.map_or(NONE, number).to_ne_bytes());
        put(value, 8, &[0; 8]);
        let mut at = HEAD_BYTES;
        for index in (0..self.atom_count).filter(|index| self.kept[*index].runs > 0) {
            put(value, at, &number(index).to_ne_bytes());
            put(value, at + 2, &self.kept[index].flags.to_ne_bytes());
            put(value, at + 4, &self.kept[index].runs.to_ne_bytes());
            put(value, at + 8, &self.kept[index].value.to_ne_bytes());
            let returned = self.returned(index);
            // What an attribute of the application's returns may have grown since the door.
            let end = at + ENTRY_BYTES + returned.len();
            let later = ENTRY_BYTES
                * self.kept[index + 1..self.atom_count].iter().filter(|kept| kept.runs > 0).count();
            let returned = if end + later <= value.len() { returned } else { &[] };
            let len = u32::try_from(returned.len()).unwrap_or(0);
            put(value, at + 16, &u64::from(len).to_ne_bytes());
            put(value, at + ENTRY_BYTES, returned);
            at += ENTRY_BYTES + returned.len();
        }
        at
    }
}

fn put(value: &mut [u8], at: usize, bytes: &[u8]) {
    value[at..at + bytes.len()].copy_from_slice(bytes);
}
