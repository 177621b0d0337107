//! The two sides of a call's arguments: the 64 bits each that the kernel gets, and what it takes of them.
//!
//! All that the engine does about a call it decides by what the kernel takes. So the 64 bits cannot be read: they are
//! passed on to [`invoke`](crate::invoke), or narrowed by the call's row.

use syslet_abi::{ARGS_MAX, ArgKind, Call};

use crate::row::Row;
use crate::width::Widths;

/// Six arguments of 64 bits as the kernel gets them; what it takes of each is for a [`Row`] to say.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(transparent)]
pub struct RawArgs([u64; ARGS_MAX]);

impl RawArgs {
    /// These six.
    #[must_use]
    #[inline(always)]
    pub const fn new(words: [u64; ARGS_MAX]) -> RawArgs {
        RawArgs(words)
    }

    /// Those of a call, offsets as they stand; zero beyond its last.
    #[must_use]
    #[inline]
    pub fn of(call: &Call<'_>) -> RawArgs {
        RawArgs(call.raw_args())
    }

    /// Those of a call as far as they are known before there are addresses: an offset, which may be zero, is none. All
    /// its bits are set.
    #[must_use]
    #[inline]
    pub fn known(call: &Call<'_>) -> RawArgs {
        let (kinds, mut args) = (call.kinds(), RawArgs::of(call));
        if !kinds.all_values() {
            let pointers = (0..call.argc()).filter(|index| kinds.get(*index) != ArgKind::VALUE);
            pointers.for_each(|index| args.set(index, u64::MAX));
        }
        args
    }

    /// Puts another one in the place of argument `index`.
    #[inline(always)]
    pub fn set(&mut self, index: usize, word: u64) {
        self.0[index] = word;
    }

    /// With another one in the place of argument `index`.
    #[must_use]
    #[inline]
    pub fn with(mut self, index: usize, word: u64) -> RawArgs {
        self.0[index] = word;
        self
    }

    /// With these bits set in argument `index`, and all others as they are.
    #[must_use]
    #[inline]
    pub fn with_bits(mut self, index: usize, bits: u64) -> RawArgs {
        self.0[index] |= bits;
        self
    }

    /// The words themselves: for the instruction that enters the kernel.
    #[inline(always)]
    pub(crate) const fn words(&self) -> &[u64; ARGS_MAX] {
        &self.0
    }
}

impl From<[u64; ARGS_MAX]> for RawArgs {
    fn from(words: [u64; ARGS_MAX]) -> RawArgs {
        RawArgs(words)
    }
}

/// The first six; zero where there are fewer.
impl FromIterator<u64> for RawArgs {
    fn from_iter<I: IntoIterator<Item = u64>>(words: I) -> RawArgs {
        let mut args = RawArgs::default();
        args.0.iter_mut().zip(words).for_each(|(arg, word)| *arg = word);
        args
    }
}

/// A call's arguments as the kernel takes them: what is above each one's width is zero.
#[derive(Clone, Copy, Debug)]
pub struct Narrowed<'a> {
    raw: &'a RawArgs,
    widths: Widths,
}

impl<'a> Narrowed<'a> {
    /// What the kernel takes of argument `index`.
    ///
    /// # Panics
    /// Beyond the sixth.
    #[must_use]
    #[inline(always)]
    pub const fn get(self, index: usize) -> u64 {
        self.widths.narrow(index, self.raw.0[index])
    }

    /// All six.
    #[must_use]
    pub fn all(self) -> [u64; ARGS_MAX] {
        core::array::from_fn(|index| self.get(index))
    }

    /// Other arguments of the same call.
    #[must_use]
    pub const fn like(self, raw: &RawArgs) -> Narrowed<'_> {
        Narrowed { raw, widths: self.widths }
    }

    /// What the kernel gets.
    #[must_use]
    #[inline(always)]
    pub const fn raw(self) -> &'a RawArgs {
        self.raw
    }
}

impl Row {
    /// The arguments as the kernel takes them for this call.
    #[must_use]
    #[inline]
    pub fn narrow<'a>(&self, raw: &'a RawArgs) -> Narrowed<'a> {
        let widths = if self.widths.are_formed() {
            self.formed_widths(|index| raw.0.get(index).copied())
        } else {
            self.widths
        };
        Narrowed { raw, widths }
    }

    /// What the kernel takes of argument `index`; nothing where it is an offset.
    #[must_use]
    #[inline]
    pub fn value(&self, call: &Call<'_>, index: usize) -> Option<u64> {
        let raw = |index| (call.kinds().get(index) == ArgKind::VALUE).then(|| call.raw_arg(index));
        let widths = if self.widths.are_formed() { self.formed_widths(raw) } else { self.widths };
        raw(index).map(|word| widths.narrow(index, word))
    }

    /// The widths where a command decides about some; `raw` gives the arguments that are values.
    fn formed_widths(&self, raw: impl Fn(usize) -> Option<u64>) -> Widths {
        let value = |by| raw(by).map(|word| self.widths.narrow(by, word));
        self.args.iter().enumerate().fold(self.widths, |widths, (index, arg)| match arg.form(value) {
            Some(form) => widths.with(index, form.arg.width),
            None => widths,
        })
    }
}
