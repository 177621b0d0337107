//! The guard of an ordinary build, which guards nothing: the areas of a call stay where they are.

use syslet_abi::{Call, RawResult};
use syslet_syscalls::{RawArgs, Row};

/// Whether calls are guarded.
pub(crate) const IS_ON: bool = false;

/// Stands for the guarded areas of a call.
#[derive(Debug)]
pub(crate) struct Guarded;

#[inline(always)]
pub(crate) fn enclose(_row: Option<&Row>, _call: &Call<'_>, _args: &mut RawArgs) -> Guarded {
    Guarded
}

impl Guarded {
    #[inline(always)]
    pub(crate) fn leave(&mut self, _result: Option<RawResult>) {}
}
