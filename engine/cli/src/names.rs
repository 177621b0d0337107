//! The names scripts know: constants, error numbers.

/// The value of a constant.
pub(crate) fn constant(name: &str) -> Option<i128> {
    CONSTANTS.iter().find(|(known, _)| *known == name).map(|&(_, value)| value)
}

/// The names of all constants.
pub(crate) fn constants() -> impl Iterator<Item = &'static str> {
    CONSTANTS.iter().map(|&(name, _)| name)
}

/// The name of an error number.
pub(crate) fn errno_name(errno: i32) -> Option<&'static str> {
    (errno == 2).then_some("ENOENT").or((errno == 9).then_some("EBADF"))
}

const CONSTANTS: &[(&str, i128)] = &[
    ("AT_FDCWD", -100),
    ("O_RDONLY", 0),
    ("O_CLOEXEC", 0o2_000_000),
    ("POLLIN", 1),
    ("AT_SYMLINK_NOFOLLOW", 0x100),
    ("STATX_BASIC_STATS", 0x7ff),
    ("O_DIRECTORY", 0o200000),
];
