//! The names that scripts and output know: constants, error numbers.

use syslet::syscalls;

/// The value of a constant.
pub(crate) fn constant(name: &str) -> Option<i128> {
    syscalls::constant(name).map(i128::from)
}

/// The names of all constants.
pub(crate) fn constants<'a>() -> impl Iterator<Item = &'a str> {
    syscalls::constants().iter().map(|&(name, _)| name)
}

/// The name of an error number.
pub(crate) fn errno_name(errno: i32) -> Option<&'static str> {
    syscalls::errno_name(errno)
}
