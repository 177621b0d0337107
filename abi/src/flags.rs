//! Sets of named bits: the macro by which every crate here declares them, and the two ways to print one.

use core::fmt::{Formatter, Result};

/// Declares a set of flags: a number of named bits.
///
/// ```
/// syslet_abi::flags! {
///     /// The state of a lamp.
///     pub struct Lamp(pub u16) {
///         /// Dark.
///         NONE;
///         /// It is lit.
///         LIT = 1, "lit";
///         /// It does not light any more.
///         BROKEN = 1 << 3, "broken";
///     }
/// }
///
/// const LEFT: Lamp = Lamp::LIT.with(Lamp(1 << 7));
/// assert_eq!(format!("{LEFT:?} {LEFT}"), "Lamp(LIT|0x80) lit");
/// assert_eq!(LEFT.unknown(), Lamp(1 << 7));
/// assert!(LEFT.contains(Lamp::LIT) && !LEFT.intersects(Lamp::BROKEN) && Lamp::NONE.is_empty());
/// ```
///
/// The first line names the value without a bit (`NONE`, or a name that says more); each further line gives a constant
/// its bits. Visibility stands where a struct has it: `pub(crate) struct DispatchFlags(u16)` is a private number, and its
/// constants and methods are as visible as the struct. The type has `Clone`, `Copy`, `Default`, `Eq`, `PartialEq`; further
/// derives, and an `impl` with more methods beside the macro, are written as usual.
///
/// Every type has, all `const`:
///
/// | | |
/// |---|---|
/// | `KNOWN` | every bit with a name |
/// | `with`, `without` | both sets; this set but the bits of the other |
/// | `contains`, `intersects` | whether all bits of the other are set; whether any is |
/// | `unknown`, `is_empty` | the bits without a name; whether no bit is set |
///
/// `Debug` writes `Lamp(LIT|BROKEN)`: the constants' names in the order of their lines, then the bits without a name in
/// hexadecimal, or 0 if no bit is set. If the lines of a type end with words, as those above do, it has `Display` too: the words
/// of the constants that are set, with commas between them.
#[macro_export]
macro_rules! flags {
    (
        $(#[$type_meta:meta])*
        $vis:vis struct $Flags:ident($bits_vis:vis $Bits:ty) {
            $(#[$zero_meta:meta])*
            $ZERO:ident;
            $($(#[$meta:meta])* $NAME:ident = $value:expr $(, $word:literal)?;)+
        }
    ) => {
        $(#[$type_meta])*
        #[derive(Clone, Copy, Default, Eq, PartialEq)]
        $vis struct $Flags($bits_vis $Bits);

        impl $Flags {
            $($(#[$meta])* $vis const $NAME: $Flags = $Flags($value);)+
        }

        #[allow(dead_code, reason = "every set of flags has the same methods; a private one may not need all")]
        impl $Flags {
            $(#[$zero_meta])*
            $vis const $ZERO: $Flags = $Flags(0);

            /// Every bit with a name.
            $vis const KNOWN: $Flags = $Flags(0 $(| $Flags::$NAME.0)+);

            /// The bits of both.
            #[must_use]
            #[inline]
            $vis const fn with(self, other: $Flags) -> $Flags {
                $Flags(self.0 | other.0)
            }

            /// These bits but those of `other`.
            #[must_use]
            #[inline]
            $vis const fn without(self, other: $Flags) -> $Flags {
                $Flags(self.0 & !other.0)
            }

            /// Whether all bits of `other` are set.
            #[must_use]
            #[inline]
            $vis const fn contains(self, other: $Flags) -> bool {
                self.0 & other.0 == other.0
            }

            /// Whether any bit of `other` is set.
            #[must_use]
            #[inline]
            $vis const fn intersects(self, other: $Flags) -> bool {
                self.0 & other.0 != 0
            }

            /// The bits without a name.
            #[must_use]
            #[inline]
            $vis const fn unknown(self) -> $Flags {
                self.without($Flags::KNOWN)
            }

            /// Whether no bit is set.
            #[must_use]
            #[inline]
            $vis const fn is_empty(self) -> bool {
                self.0 == 0
            }
        }

        /// The bits by name.
        impl ::core::fmt::Debug for $Flags {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let names = [$((stringify!($NAME), $Flags::$NAME.0.into())),+];
                $crate::flags::write_names(f, stringify!($Flags), self.0.into(), &names)
            }
        }

        $crate::flags! { @words $Flags $($($NAME $word)?)+ }
    };
    (@words $Flags:ident) => {};
    (@words $Flags:ident $($NAME:ident $word:literal)+) => {
        /// The words of the bits.
        impl ::core::fmt::Display for $Flags {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let words = [$(($word, self.contains($Flags::$NAME))),+];
                $crate::flags::write_words(f, &words)
            }
        }
    };
}

/// Writes `DoneFlags(NOT_RUN|CANCELLED)`: each name with all its bits set, 0 if no bit is, and the bits that no name covers
/// as a number. Called by the `Debug` that [`flags!`](crate::flags!) writes.
///
/// # Errors
/// Those of `f`.
#[doc(hidden)]
pub fn write_names(f: &mut Formatter<'_>, flags: &str, bits: u64, names: &[(&str, u64)]) -> Result {
    write!(f, "{flags}(")?;
    let mut left = bits;
    for (name, named) in names {
        if left & named == *named {
            left &= !named;
            write!(f, "{name}{}", if left == 0 { "" } else { "|" })?;
        }
    }
    match (bits, left) {
        (0, _) => f.write_str("0)"),
        (_, 0) => f.write_str(")"),
        _ => write!(f, "{left:#x})"),
    }
}

/// Writes the words of the bits that are set, with commas between them. Called by the `Display` that
/// [`flags!`](crate::flags!) writes.
///
/// # Errors
/// Those of `f`.
#[doc(hidden)]
pub fn write_words(f: &mut Formatter<'_>, words: &[(&str, bool)]) -> Result {
    let set = words.iter().filter(|(_, is_set)| *is_set);
    for (at, (word, _)) in set.enumerate() {
        write!(f, "{}{word}", if at == 0 { "" } else { ", " })?;
    }
    Ok(())
}
