//! How many bits of each argument of a call the kernel takes, the commands that change it included. A row holds them;
//! `narrowed` asks them.

use syslet_abi::ARGS_MAX;

use crate::argument::Arg;

/// The widths of all arguments of a call, as the bits that are left of each: narrowing one is a single operation.
#[derive(Clone, Copy, Debug)]
pub struct Widths {
    masks: [u64; ARGS_MAX],
    /// One bit for each argument that a command can make wider or narrower.
    formed: u8,
    /// The arguments: their forms say how wide a command makes each.
    args: &'static [Arg],
}

impl Widths {
    /// The widths that a row's arguments have. No bit counts of those beyond the last.
    pub(crate) const fn of(args: &'static [Arg]) -> Widths {
        let mut widths = Widths { masks: [0; ARGS_MAX], formed: 0, args };
        let mut at = 0;
        while at < args.len() {
            widths.masks[at] = args[at].width.mask();
            widths.formed |= (has_other_width(&args[at]) as u8) << at;
            at += 1;
        }
        widths
    }

    /// Whether a command can make some argument wider or narrower.
    #[inline(always)]
    pub(crate) const fn are_formed(&self) -> bool {
        self.formed != 0
    }

    /// Whether a command can make argument `index` wider or narrower.
    #[inline(always)]
    pub(crate) const fn is_formed(&self, index: usize) -> bool {
        self.formed >> index & 1 != 0
    }

    /// The bits of argument `index` that the kernel takes where no command decides; the bits above are zero.
    #[inline(always)]
    pub(crate) const fn narrow(&self, index: usize, raw: u64) -> u64 {
        raw & self.masks[index]
    }

    /// The bits that the kernel takes of `word` as argument `index`; `raw` gives the other arguments, where they are values.
    #[inline(always)]
    pub(crate) fn taken(&self, index: usize, word: u64, raw: impl Fn(usize) -> Option<u64>) -> u64 {
        if self.is_formed(index) { self.taken_by_form(index, word, raw) } else { self.narrow(index, word) }
    }

    /// The same where a command decides. The deciding argument itself has one width.
    #[inline(never)]
    fn taken_by_form(&self, index: usize, word: u64, raw: impl Fn(usize) -> Option<u64>) -> u64 {
        let value = |by| raw(by).map(|word| self.narrow(by, word));
        word & self.args[index].formed(value).width.mask()
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
