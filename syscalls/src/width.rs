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

/// The widths of all arguments of a call, as what is left of each: narrowing one is a single operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Widths {
    masks: [u64; ARGS_MAX],
    /// One bit for each argument that a command can make wider or narrower.
    formed: u8,
}

impl Widths {
    /// Those that a row's arguments have. Behind the last, none counts.
    pub(crate) const fn of(args: &[Arg]) -> Widths {
        let mut widths = Widths { masks: [0; ARGS_MAX], formed: 0 };
        let mut at = 0;
        while at < args.len() {
            widths.masks[at] = args[at].width.mask();
            widths.formed |= (has_other_width(&args[at]) as u8) << at;
            at += 1;
        }
        widths
    }

    /// Whether a command can make argument `index` wider or narrower.
    #[inline(always)]
    pub(crate) const fn is_formed(&self, index: usize) -> bool {
        self.formed >> index & 1 != 0
    }

    /// Whether it can do so with any.
    #[inline(always)]
    pub(crate) const fn are_formed(&self) -> bool {
        self.formed != 0
    }

    /// What the kernel takes of argument `index`, if no command says otherwise; the bits above are zero.
    #[inline(always)]
    pub(crate) const fn narrow(&self, index: usize, raw: u64) -> u64 {
        raw & self.masks[index]
    }
}

/// Whether a form has another width than the argument has otherwise.
const fn has_other_width(arg: &Arg) -> bool {
    let mut form = 0;
    while form < arg.forms.len() {
        if arg.forms[form].arg.width as u8 != arg.width as u8 {
            return true;
        }
        form += 1;
    }
    false
}
