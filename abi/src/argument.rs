//! The kinds of arguments, and the packed offsets that stand in their place. Checks, the table of calls and the engine
//! read them.

/// The kernel passes at most six arguments.
pub const ARGS_MAX: usize = 6;
/// Registers of a program.
pub const REGISTERS_MAX: usize = 16;

/// The meaning of an argument's 64 bits. It has four bits in the record and comes from outside, so this is no closed set.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct ArgKind(pub u8);

impl ArgKind {
    /// The 64 bits as they are, raw pointers included.
    pub const VALUE: ArgKind = ArgKind(0);
    /// An offset into the submission's DATA.
    pub const IN: ArgKind = ArgKind(1);
    /// An offset into the out area, which comes back as the DATA return.
    pub const OUT: ArgKind = ArgKind(2);
    /// Both: the low 32 bits are an offset in the out area, the high 32 an offset in DATA. The bytes are copied into the out
    /// area before the call.
    pub const INOUT: ArgKind = ArgKind(3);
    /// In a program: the value of an atom.
    pub const RESULT: ArgKind = ArgKind(4);
    /// In a program: a register.
    pub const REGISTER: ArgKind = ArgKind(5);
    /// Reserved: an index into the ring's file table.
    pub const HANDLE: ArgKind = ArgKind(6);
    /// Reserved: an offset into a shared buffer region.
    pub const ARENA: ArgKind = ArgKind(7);

    /// Whether a submission of one call can have such an argument.
    #[must_use]
    #[inline]
    pub const fn is_supported(self) -> bool {
        self.0 <= ArgKind::INOUT.0
    }

    /// Whether only an atom of a program can have such an argument.
    #[must_use]
    #[inline]
    pub const fn is_of_programs(self) -> bool {
        self.0 == ArgKind::RESULT.0 || self.0 == ArgKind::REGISTER.0
    }

    /// Whether the code has a meaning reserved for a later version.
    #[must_use]
    #[inline]
    pub const fn is_reserved(self) -> bool {
        self.0 == ArgKind::HANDLE.0 || self.0 == ArgKind::ARENA.0
    }
}

/// The kinds of all arguments: 4 bits each, argument 0 in the lowest.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ArgKinds(pub u32);

impl ArgKinds {
    const BITS_FOR: usize = 8;

    /// The kind of argument `index`; VALUE beyond the eight that the field has bits for.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "masked to four bits")]
    #[inline]
    pub const fn get(self, index: usize) -> ArgKind {
        if index >= ArgKinds::BITS_FOR {
            ArgKind::VALUE
        } else {
            ArgKind((self.0 >> (4 * index)) as u8 & 0xf)
        }
    }

    /// These kinds with argument `index` set to `kind`.
    ///
    /// # Panics
    /// When the field has no bits for the argument, or four bits cannot hold the kind.
    #[must_use]
    #[inline]
    pub const fn with(self, index: usize, kind: ArgKind) -> ArgKinds {
        assert!(index < ArgKinds::BITS_FOR, "the record has bits for eight arguments");
        assert!(kind.0 < 16, "an argument kind has four bits");
        let shift = 4 * index;
        ArgKinds(self.0 & !(0xf << shift) | (kind.0 as u32) << shift)
    }

    /// Whether every argument is a plain value.
    #[must_use]
    #[inline]
    pub const fn all_values(self) -> bool {
        self.0 == 0
    }

    /// The arguments that are more than plain values, in order.
    #[inline]
    pub fn not_values(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        core::iter::from_fn(move || {
            let index = left.trailing_zeros() as usize / 4;
            (left != 0).then(|| {
                left &= !(0xf << (4 * index));
                index
            })
        })
    }

    /// Whether any argument is of this kind.
    #[must_use]
    #[inline]
    pub fn has(self, kind: ArgKind) -> bool {
        self.not_values().any(|index| self.get(index) == kind)
    }

    /// Whether bits beyond `argc` arguments are set.
    #[must_use]
    #[inline]
    pub const fn exceed(self, argc: usize) -> bool {
        argc < ArgKinds::BITS_FOR && self.0 >> (4 * argc) != 0
    }
}

/// The two offsets of an INOUT argument.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Inout {
    /// Offset in the out area: where the call reads and writes.
    pub out: u32,
    /// Offset in DATA: where the bytes come from.
    pub data: u32,
}

impl Inout {
    /// Both offsets as one argument.
    #[must_use]
    #[inline]
    pub const fn pack(self) -> u64 {
        self.out as u64 | (self.data as u64) << 32
    }

    /// The offsets of an argument.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "each offset is cut from its own half")]
    #[inline]
    pub const fn unpack(arg: u64) -> Inout {
        Inout { out: arg as u32, data: (arg >> 32) as u32 }
    }
}

/// IN and OUT in a program: a place in an area that all atoms share.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Offset {
    /// Bytes from the begin of the area.
    pub at: u32,
    /// The register that is added to it.
    pub register: Option<u8>,
    /// How many bytes from `at` belong to it, at most [`Offset::LEN_MAX`]; without a length, all up to the end of the area.
    pub len: Option<u32>,
}

impl Offset {
    /// The longest length that fits, in bytes.
    pub const LEN_MAX: u32 = (1 << Offset::LEN_BITS) - 2;
    const REGISTER_SHIFT: u32 = 32;
    const REGISTER_BITS: u32 = 5;
    const LEN_SHIFT: u32 = Offset::REGISTER_SHIFT + Offset::REGISTER_BITS;
    const LEN_BITS: u32 = u64::BITS - Offset::LEN_SHIFT;

    /// The place as one argument. A length above [`Offset::LEN_MAX`] does not fit.
    #[must_use]
    #[inline]
    pub const fn pack(self) -> u64 {
        let register = match self.register {
            Some(register) => register as u64 + 1,
            None => 0,
        };
        let len = match self.len {
            Some(len) => len as u64 + 1,
            None => 0,
        };
        self.at as u64 | register << Offset::REGISTER_SHIFT | len << Offset::LEN_SHIFT
    }

    /// The place that an argument packs.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "each part is cut to its own bits")]
    #[inline]
    pub const fn unpack(arg: u64) -> Offset {
        let register = (arg >> Offset::REGISTER_SHIFT) as u8 & ((1 << Offset::REGISTER_BITS) - 1);
        let len = (arg >> Offset::LEN_SHIFT) as u32;
        Offset { at: arg as u32, register: register.checked_sub(1), len: len.checked_sub(1) }
    }
}

const _: () =
    assert!(1 << Offset::REGISTER_BITS > REGISTERS_MAX, "there are bits for all registers, and none");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_values_are_those_that_get_tells() {
        let all = [
            ArgKinds(0),
            ArgKinds(0x0000_0201),
            ArgKinds(0x0030_0000),
            ArgKinds(u32::MAX),
            ArgKinds(0xf000_0000),
        ];
        for kinds in all {
            let told = (0..8).filter(|index| kinds.get(*index) != ArgKind::VALUE);
            assert!(kinds.not_values().eq(told), "{:#x}", kinds.0);
        }
    }
}
