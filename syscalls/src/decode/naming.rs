//! The names of a number: a choice, bits joined with `|`, or both. The lists in `names` say which of these an argument has.

use crate::constants::List;
use crate::decode::number;

/// The names of a number, and the form of the bits without a name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Naming {
    /// The bits that are a choice: one name for all of them together.
    mask: u64,
    choices: &'static [List],
    /// The others: a name for each. Lists begin with names of several bits.
    bits: &'static [List],
    rest: Rest,
}

/// How the bits without a name are written.
#[derive(Clone, Copy, Debug)]
enum Rest {
    Hex,
    Octal,
    Signed,
}

/// The bits that the kernel takes of an int.
const INT: u64 = 0xffff_ffff;

/// An int that is one of these.
pub(super) const fn one(choices: &'static [List]) -> Naming {
    Naming { mask: INT, choices, bits: &[], rest: Rest::Hex }
}

/// An int that is one of these, or another number.
pub(super) const fn one_or_number(choices: &'static [List]) -> Naming {
    Naming { rest: Rest::Signed, ..one(choices) }
}

/// Any of these bits.
pub(super) const fn any(bits: &'static [List]) -> Naming {
    Naming { mask: 0, choices: &[], bits, rest: Rest::Hex }
}

/// One of these in the bits of the mask, and any of those.
pub(super) const fn one_and_any(mask: u64, choices: &'static [List], bits: &'static [List]) -> Naming {
    Naming { mask, choices, bits, rest: Rest::Hex }
}

impl Naming {
    /// The other bits are a mode, which is written even if it is zero.
    pub(super) const fn and_mode(self) -> Naming {
        Naming { rest: Rest::Octal, ..self }
    }

    /// The number in words.
    pub(super) fn name(&self, value: u64) -> String {
        let mut parts: Vec<String> = Vec::new();
        let is_int = self.mask == INT;
        let chosen = value & self.mask;
        let mut left = if is_int { 0 } else { value & !self.mask };
        match find(self.choices, chosen, self.mask) {
            Some(name) => parts.push(name.to_owned()),
            None => left |= chosen,
        }
        for &(name, bits) in self.bits.iter().copied().flatten() {
            let bits = bits.cast_unsigned();
            if bits != 0 && left & bits == bits {
                parts.push(name.to_owned());
                left &= !bits;
            }
        }
        if left != 0 || matches!(self.rest, Rest::Octal) {
            parts.push(self.rest(left));
        }
        if parts.is_empty() {
            let zero = find(self.bits, 0, u64::MAX);
            return zero.unwrap_or("0").to_owned();
        }
        parts.join("|")
    }

    fn rest(&self, left: u64) -> String {
        match self.rest {
            Rest::Hex => number::hex(left),
            Rest::Octal => number::octal(left),
            Rest::Signed => number::int(left).to_string(),
        }
    }
}

/// The first of these names that has the value in the bits of the mask.
fn find(lists: &[List], value: u64, mask: u64) -> Option<&'static str> {
    let all = lists.iter().copied().flatten();
    let found = all.into_iter().find(|&&(_, known)| known.cast_unsigned() & mask == value);
    found.map(|&(name, _)| name)
}
