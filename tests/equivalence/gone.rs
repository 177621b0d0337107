//! Calls that are no more, or never came.

use syslet::syscalls::rows;

use crate::case::{Arg, Case, case};

/// Addresses where nothing is, should a kernel have the call.
pub(crate) fn cases() -> Vec<Case> {
    let gone = rows().iter().filter(|row| row.gone.is_some());
    gone.map(|row| case(row.name, |_| vec![Arg::Value(8)]).bad(|_| vec![Arg::Value(0)]).fails()).collect()
}
