//! The two sides of a call's arguments: the 64 bits each that the kernel gets, and the bits of them that it takes. The runner
//! passes the first on, all other code of the engine reads the second.
//!
//! Every decision of the engine about a call rests on the bits that the kernel takes. So the 64 bits cannot be read: they
//! are passed on to [`invoke`](crate::invoke), or narrowed by the call's row.

use syslet_abi::{ARGS_MAX, ArgKind, Call};

use crate::widths::Widths;

/// Six arguments of 64 bits as the kernel gets them; a [`Row`](crate::Row) says which bits it takes of each.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(transparent)]
pub struct RawArgs([u64; ARGS_MAX]);

impl RawArgs {
    /// These six words.
    #[must_use]
    #[inline(always)]
    pub const fn new(words: [u64; ARGS_MAX]) -> RawArgs {
        RawArgs(words)
    }

    /// The arguments of a call, offsets as they stand; zero beyond the last.
    #[must_use]
    #[inline]
    pub fn of(call: &Call<'_>) -> RawArgs {
        RawArgs(call.raw_args())
    }

    /// The arguments of a call as far as they are known before there are addresses. An argument that will be one has all
    /// bits set: the offset in its place may be zero, which no address is.
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

    /// Puts `word` in the place of argument `index`.
    #[inline(always)]
    pub fn set(&mut self, index: usize, word: u64) {
        self.0[index] = word;
    }

    /// The arguments with `word` in the place of argument `index`.
    #[must_use]
    #[inline]
    pub fn with(mut self, index: usize, word: u64) -> RawArgs {
        self.0[index] = word;
        self
    }

    /// The arguments with these bits set in argument `index`.
    #[must_use]
    #[inline]
    pub fn with_bits(mut self, index: usize, bits: u64) -> RawArgs {
        self.0[index] |= bits;
        self
    }

    /// The words themselves, for the instruction that enters the kernel.
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

/// The first six words; zero where there are fewer.
impl FromIterator<u64> for RawArgs {
    fn from_iter<I: IntoIterator<Item = u64>>(words: I) -> RawArgs {
        let mut args = RawArgs::default();
        args.0.iter_mut().zip(words).for_each(|(arg, word)| *arg = word);
        args
    }
}

/// A call's arguments as the kernel takes them: the bits above each one's width are zero.
#[derive(Clone, Copy, Debug)]
pub struct Narrowed<'a> {
    widths: &'a Widths,
    raw: &'a RawArgs,
}

impl<'a> Narrowed<'a> {
    /// The arguments as the kernel takes them by these widths.
    #[inline(always)]
    pub(crate) const fn new(widths: &'a Widths, raw: &'a RawArgs) -> Narrowed<'a> {
        Narrowed { widths, raw }
    }

    /// The bits that the kernel takes of argument `index`.
    ///
    /// # Panics
    /// Beyond the sixth.
    #[must_use]
    #[inline(always)]
    pub fn get(self, index: usize) -> u64 {
        self.widths.taken(index, self.raw.0[index], |by| Some(self.raw.0[by]))
    }

    /// All six arguments.
    #[must_use]
    #[inline]
    pub fn all(self) -> [u64; ARGS_MAX] {
        if self.widths.are_formed() {
            return core::array::from_fn(|index| self.get(index));
        }
        core::array::from_fn(|index| self.widths.narrow(index, self.raw.0[index]))
    }

    /// Other arguments for the same call.
    #[must_use]
    pub const fn like(self, raw: &'a RawArgs) -> Narrowed<'a> {
        Narrowed { raw, ..self }
    }

    /// The words that the kernel gets.
    #[must_use]
    #[inline(always)]
    pub const fn raw(self) -> &'a RawArgs {
        self.raw
    }
}
