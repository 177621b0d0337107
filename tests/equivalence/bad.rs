//! Bad arguments that the types in a row tell: no descriptor, no address, no such flag.

use syslet::syscalls::{ArgType, Direction, Row};

use crate::case::{Arg, Case};
use crate::world::World;

/// One argument exchanged for a bad one.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) index: usize,
    pub(crate) arg: Arg,
}

/// An address at which nothing ever is.
const NOWHERE: u64 = 8;
/// Bits that no call knows.
const NO_FLAGS: u64 = 0x4800_0000;
/// Larger than any process number.
const NO_PID: u64 = 0x7fff_fff0;

/// All of them.
pub(crate) fn changes(case: &Case, row: &Row) -> Vec<Change> {
    let args = (case.good)(&mut World::default());
    assert!(args.len() <= row.args.len(), "{}: too many arguments", row.name);
    let mut changes = Vec::new();
    for (index, given) in args.iter().enumerate().filter(|(index, _)| !case.allowed.kept.contains(index)) {
        let ty = row.args[index].ty;
        let mut to = |arg| changes.push(Change { index, arg });
        let is_memory = !matches!(given, Arg::Value(_));
        match (ty, given) {
            (ArgType::Fd, Arg::Value(_)) => to(Arg::from(-1)),
            (ArgType::DirFd, Arg::Value(value)) if *value != Arg::HERE => to(Arg::from(-1)),
            (ArgType::Flags | ArgType::Command, Arg::Value(value)) => to(Arg::Value(value ^ NO_FLAGS)),
            (ArgType::Pid, Arg::Value(_)) => to(Arg::Value(NO_PID)),
            (ArgType::Clock, Arg::Value(_)) => to(Arg::Value(99)),
            (ArgType::Signal, Arg::Value(_)) => to(Arg::Value(999)),
            (ArgType::Path, Arg::In(_)) => {
                to(Arg::In(vec![0]));
                to(Arg::Value(NOWHERE));
            }
            _ if is_memory && ty.direction() != Direction::Value => to(Arg::Value(NOWHERE)),
            _ => {}
        }
    }
    changes
}

impl Arg {
    /// AT_FDCWD, in 64 bits.
    pub(crate) const HERE: u64 = (libc::AT_FDCWD as i64).cast_unsigned();
}
