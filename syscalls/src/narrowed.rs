//! The two sides of a call's arguments: the 64 bits each that the kernel gets, and what it takes of them.
//!
//! All that the engine does about a call it decides by what the kernel takes. So the 64 bits cannot be read: they are
//! passed on to [`invoke`](crate::invoke), or narrowed by the call's row.

use syslet_abi::{ARGS_MAX, ArgKind, Call};

use crate::row::Row;

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
    row: &'a Row,
    raw: &'a RawArgs,
}

impl<'a> Narrowed<'a> {
    /// What the kernel takes of argument `index`.
    ///
    /// # Panics
    /// Beyond the sixth.
    #[must_use]
    #[inline(always)]
    pub fn get(self, index: usize) -> u64 {
        self.row.taken(index, self.raw.0[index], |by| Some(self.raw.0[by]))
    }

    /// All six.
    #[must_use]
    #[inline]
    pub fn all(self) -> [u64; ARGS_MAX] {
        if self.row.widths.are_formed() {
            return core::array::from_fn(|index| self.get(index));
        }
        core::array::from_fn(|index| self.row.widths.narrow(index, self.raw.0[index]))
    }

    /// Other arguments of the same call.
    #[must_use]
    pub const fn like(self, raw: &'a RawArgs) -> Narrowed<'a> {
        Narrowed { raw, row: self.row }
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
    #[inline(always)]
    pub const fn narrow<'a>(&'a self, raw: &'a RawArgs) -> Narrowed<'a> {
        Narrowed { row: self, raw }
    }

    /// What the kernel takes of argument `index`; nothing where it is an offset.
    #[must_use]
    #[inline]
    pub fn value(&self, call: &Call<'_>, index: usize) -> Option<u64> {
        let raw = |index| (call.kinds().get(index) == ArgKind::VALUE).then(|| call.raw_arg(index));
        raw(index).map(|word| self.taken(index, word, raw))
    }

    /// The first descriptor among the arguments; −1 without one.
    #[must_use]
    #[inline]
    pub fn descriptor_in(&self, call: &Call<'_>) -> i32 {
        // A descriptor is none by command, and an int.
        let fd = self.descriptor.map(|index| self.widths.narrow(index.into(), call.raw_arg(index.into())));
        fd.and_then(|fd| u32::try_from(fd).ok()).map_or(-1, u32::cast_signed)
    }

    /// Whether an argument is, or may be, an address in the application's memory.
    #[must_use]
    #[inline]
    pub fn holds_address(&self, call: &Call<'_>) -> bool {
        let mut left = self.addresses;
        while left != 0 {
            let index = left.trailing_zeros() as usize;
            if self.value(call, index).is_some_and(|value| value != 0) {
                return true;
            }
            left &= left - 1;
        }
        false
    }

    /// What the kernel takes of a word that is argument `index`; `raw` gives the others, where they are values.
    #[inline(always)]
    fn taken(&self, index: usize, word: u64, raw: impl Fn(usize) -> Option<u64>) -> u64 {
        if self.widths.is_formed(index) {
            self.formed(index, word, raw)
        } else {
            self.widths.narrow(index, word)
        }
    }

    /// The same where a command decides. What decides has one width.
    #[inline(never)]
    fn formed(&self, index: usize, word: u64, raw: impl Fn(usize) -> Option<u64>) -> u64 {
        let value = |by| raw(by).map(|word| self.widths.narrow(by, word));
        word & self.args[index].formed(value).width.mask()
    }
}
