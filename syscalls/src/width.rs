//! How many bits of an argument the kernel takes.

use syslet_abi::ARGS_MAX;

use crate::argument::Arg;

/// How many of an argument's 64 bits the kernel takes. The others may be anything: they change nothing about the call,
/// and they are passed on as they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Width {
    /// All of them: a long, a size, an address.
    Bits64,
    /// The low 32: an int.
    Bits32,
    /// The low 16: the bits of a file's mode.
    Bits16,
    /// None of them.
    Ignored,
}

impl Width {
    /// By their number in [`Widths`].
    const ALL: [Width; 4] = [Width::Bits64, Width::Bits32, Width::Bits16, Width::Ignored];

    /// How many bits they are.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Width::Bits64 => 64,
            Width::Bits32 => 32,
            Width::Bits16 => 16,
            Width::Ignored => 0,
        }
    }

    /// The bits that count.
    #[must_use]
    pub const fn mask(self) -> u64 {
        match self {
            Width::Bits64 => u64::MAX,
            Width::Bits32 => 0xffff_ffff,
            Width::Bits16 => 0xffff,
            Width::Ignored => 0,
        }
    }
}

/// The widths of all arguments of a call, so small that a row gives them away at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Widths(u16);

impl Widths {
    const EACH_BITS: usize = 2;
    /// Set where a command decides about the width of one of them.
    const FORMED: u16 = 1 << 15;
    const MASKS: [u64; 4] =
        [Width::ALL[0].mask(), Width::ALL[1].mask(), Width::ALL[2].mask(), Width::ALL[3].mask()];

    /// Those that a row's arguments have; what a command decides is as wide as without one. Behind the last, none counts.
    pub(crate) const fn of(args: &[Arg]) -> Widths {
        let (mut widths, mut at) = (Widths(0), 0);
        while at < ARGS_MAX {
            let width = if at < args.len() { args[at].width } else { Width::Ignored };
            widths = widths.with(at, width);
            if at < args.len() && is_formed(&args[at]) {
                widths.0 |= Widths::FORMED;
            }
            at += 1;
        }
        widths
    }

    /// These, and that one for argument `index`.
    pub(crate) const fn with(self, index: usize, width: Width) -> Widths {
        let at = Widths::EACH_BITS * index;
        Widths(self.0 & !(0b11 << at) | (width as u16) << at)
    }

    /// Whether a command decides about the width of one of them.
    #[inline(always)]
    pub(crate) const fn are_formed(self) -> bool {
        self.0 & Widths::FORMED != 0
    }

    /// What the kernel takes of argument `index`, the bits above zero.
    #[inline(always)]
    pub(crate) const fn narrow(self, index: usize, raw: u64) -> u64 {
        raw & Widths::MASKS[(self.0 >> (Widths::EACH_BITS * index)) as usize & 0b11]
    }
}

/// Whether a form has another width than the argument has otherwise.
const fn is_formed(arg: &Arg) -> bool {
    let mut form = 0;
    while form < arg.forms.len() {
        if arg.forms[form].arg.width as u8 != arg.width as u8 {
            return true;
        }
        form += 1;
    }
    false
}
