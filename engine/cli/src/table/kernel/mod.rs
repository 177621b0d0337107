//! Finds whether the running kernel knows a call, for the explanation of one. The only way is to make it: a child makes it with
//! arguments that cannot succeed, and its end tells. Where no such arguments are known, the call is not made.

mod child;

use syslet::syscalls::{ArgType, Class, Direction, Memory, Row, Scope};

use crate::names;
use child::Ended;

/// The relation of the running kernel to a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Known {
    /// It knows the call, which gave this error number, or none.
    Yes(Option<i32>),
    /// It does not know the call.
    No,
    /// The answer was ENOSYS, and a seccomp filter may have given it.
    NoOrFiltered,
    /// A process that makes the call is killed.
    Killed,
    /// The call did not come back, or no child could be made.
    Silent,
    /// The call was not made, for this reason.
    NotAsked(&'static str),
}

impl Known {
    /// The word for it in JSON.
    pub(super) fn word(self) -> &'static str {
        match self {
            Known::Yes(_) => "known",
            Known::No => "unknown",
            Known::NoOrFiltered => "unknown-or-filtered",
            Known::Killed => "killed",
            Known::Silent => "silent",
            Known::NotAsked(_) => "not-asked",
        }
    }
}

impl std::fmt::Display for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Known::Yes(None) => f.write_str("knows it: it was made"),
            Known::Yes(Some(errno)) => {
                let error = names::errno_name(*errno).unwrap_or("an error");
                write!(f, "knows it: made with arguments that cannot succeed, it says {error}")
            }
            Known::No => f.write_str("does not know it: ENOSYS"),
            Known::NoOrFiltered => {
                f.write_str("says ENOSYS: it does not know it, or a seccomp filter says so")
            }
            Known::Killed => f.write_str("kills the process that makes it: a seccomp filter, as a rule"),
            Known::Silent => f.write_str("did not answer"),
            Known::NotAsked(why) => write!(f, "not asked: {why}"),
        }
    }
}

/// Makes the call in a child, if that is harmless, and gives the answer.
pub(super) fn knows(row: &Row) -> Known {
    let Some(nr) = row.numbers.here() else { return Known::NotAsked("it has no number here") };
    let args = match arguments(row) {
        Ok(args) => args,
        Err(why) => return Known::NotAsked(why),
    };
    judge(child::call(nr, args), is_filtered)
}

fn judge(ended: Ended, is_filtered: impl FnOnce() -> bool) -> Known {
    match ended {
        Ended::Returned(0) => Known::Yes(None),
        Ended::Returned(libc::ENOSYS) if is_filtered() => Known::NoOrFiltered,
        Ended::Returned(libc::ENOSYS) => Known::No,
        Ended::Returned(errno) => Known::Yes(Some(errno)),
        Ended::Killed(libc::SIGSYS | libc::SIGKILL) => Known::Killed,
        Ended::Killed(_) | Ended::NotStarted => Known::Silent,
    }
}

/// Whether a seccomp filter stands between this process and the kernel.
fn is_filtered() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("Seccomp:").is_some_and(|mode| mode.trim() == "2"))
}

/// No page lies there: a pointer to it gives EFAULT.
const NOWHERE: u64 = 8;
/// No process, clock or command has this number.
const NO_SUCH: u64 = 1 << 30;
const MINUS_ONE: u64 = u64::MAX;

/// Calls left out although their arguments look harmless.
const LEFT_OUT: &[(&str, &str)] = &[
    ("reboot", "it is not tried on a machine in use"),
    ("modify_ldt", "it says ENOSYS to a function that it does not know"),
];

/// Arguments with which the call cannot do anything: no descriptor is open, no pointer leads anywhere, no process,
/// clock or command has the number given. A call with plain values only may be made by a child that ends behind it, if it
/// is instant.
fn arguments(row: &Row) -> Result<[u64; 6], &'static str> {
    if let Some((_, why)) = LEFT_OUT.iter().find(|(name, _)| *name == row.name) {
        return Err(why);
    }
    if let Scope::EngineLife(harm) = row.scope {
        return Err(harm.why());
    }
    if row.memory != Memory::Kept {
        return Err("it acts on memory");
    }
    let is_stopped = row.args.iter().any(|arg| stops(arg.ty));
    let is_plain = row.args.iter().all(|arg| arg.ty.direction() == Direction::Value);
    let is_harmless = is_stopped || is_plain && row.class == Class::Instant;
    if !is_harmless {
        return Err("no arguments are known with which it has no effect");
    }
    let mut args = [0; 6];
    for (slot, arg) in args.iter_mut().zip(row.args) {
        *slot = filler(arg.ty).ok_or("it acts on memory")?;
    }
    Ok(args)
}

/// Whether a call with a filler for such an argument fails before it does anything.
fn stops(ty: ArgType) -> bool {
    let is_memory = matches!(ty.direction(), Direction::In | Direction::Out | Direction::InOut);
    let names_none =
        matches!(ty, ArgType::Fd | ArgType::Pid | ArgType::Clock | ArgType::Command | ArgType::Int);
    is_memory || names_none
}

fn filler(ty: ArgType) -> Option<u64> {
    Some(match ty {
        ArgType::Address => return None,
        ArgType::Fd | ArgType::DirFd | ArgType::Int | ArgType::Id => MINUS_ONE,
        ArgType::Pid | ArgType::Clock | ArgType::Command => NO_SUCH,
        ArgType::Flags | ArgType::Mode | ArgType::Offset | ArgType::Signal => 0,
        ArgType::Uint => 1,
        // A length of zero would keep the call from looking at the pointer beside it.
        ArgType::Size => NOWHERE,
        _ => NOWHERE,
    })
}

#[cfg(test)]
mod tests;
