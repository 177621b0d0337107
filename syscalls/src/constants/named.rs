//! The macro by which each list of names here is made from the names alone, and the type of the lists.

/// Names with their values, in the order in which a value is taken apart.
pub(crate) type List = &'static [(&'static str, i64)];

/// Gives a file its lists, each with the names that can stand in the same place.
macro_rules! named {
    ($($(#[$doc:meta])* $list:ident: $($name:ident)*;)*) => {
        $(
            $(#[$doc])*
            #[allow(deprecated, reason = "a constant that a call accepts has a name, deprecated or not")]
            #[allow(clippy::cast_possible_wrap, reason = "a constant stands for 64 bits of argument")]
            #[allow(clippy::unnecessary_cast, trivial_numeric_casts, reason = "constants have many types")]
            pub(crate) const $list: super::named::List =
                &[$((stringify!($name), super::named::bits(libc::$name as i64))),*];
        )*

        pub(super) const LISTS: &[super::named::List] = &[$($list),*];
    };
}
pub(super) use named;

/// The value as bits: the C library makes a negative int of a constant that is the top bit of 32.
pub(super) const fn bits(value: i64) -> i64 {
    if value == i32::MIN as i64 { 1 << 31 } else { value }
}
