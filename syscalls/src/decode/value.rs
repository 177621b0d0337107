//! Arguments without names that are plain values, in words by their type. The decoder of arguments calls it.

use crate::argument::{ArgType, Direction};
use crate::constants::events;
use crate::decode::naming::one_or_number;
use crate::decode::{descriptor, number, signals};

/// The 64 bits of an argument of this type.
pub(super) fn value(ty: ArgType, value: u64, fd_paths: bool) -> String {
    match ty {
        ArgType::Fd => descriptor::fd(value, fd_paths),
        ArgType::DirFd => descriptor::dirfd(value, fd_paths),
        ArgType::Int | ArgType::Pid => number::int(value).to_string(),
        ArgType::Id => id(value),
        ArgType::Signal => signals::signal(number::int(value)),
        ArgType::Clock => one_or_number(&[events::CLOCK]).name(value),
        ArgType::Offset => value.cast_signed().to_string(),
        ArgType::Size | ArgType::Uint => value.to_string(),
        ArgType::Mode => number::octal(number::uint(value).into()),
        _ if ty.direction() == Direction::Value => number::hex(value),
        _ => number::address(value),
    }
}

/// A user or group: only -1, which stands for no user, is negative.
fn id(value: u64) -> String {
    match number::int(value) {
        -1 => "-1".to_owned(),
        id => id.cast_unsigned().to_string(),
    }
}
