//! What one atom of a program came to.

use syslet_abi::{DoneFlags, RawResult};
use syslet_syscalls::Invoked;

/// What an atom came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Value {
    pub(crate) raw: u64,
    pub(crate) flags: DoneFlags,
}

impl Value {
    pub(crate) fn plain(raw: u64) -> Value {
        Value { raw, flags: DoneFlags::NONE }
    }

    /// What the kernel says of a call, or that it did not begin.
    #[inline(always)]
    pub(crate) fn made(invoked: Invoked) -> Value {
        match invoked {
            Invoked::Result(result) => Value::plain(result.cast_unsigned()),
            Invoked::NeverBegan => Value::cancelled(),
        }
    }

    /// What the engine says in place of a call.
    pub(crate) fn error(errno: i32) -> Value {
        let raw = i64::from(-errno).cast_unsigned();
        Value { raw, flags: DoneFlags::ENGINE_RESULT.with(DoneFlags::NOT_RUN) }
    }

    /// A call that did not begin because the program is to stop.
    pub(crate) fn cancelled() -> Value {
        let value = Value::error(libc::ECANCELED);
        Value { flags: value.flags.with(DoneFlags::CANCELLED), ..value }
    }

    /// Whether a signal could have cut the call short, or kept it from beginning.
    pub(crate) fn was_interrupted(self) -> bool {
        self.raw.cast_signed() == -i64::from(libc::EINTR) || self.flags.contains(DoneFlags::CANCELLED)
    }

    pub(crate) fn result(self) -> RawResult {
        RawResult(self.raw.cast_signed())
    }

    pub(crate) fn is_error(self) -> bool {
        (-4095..0).contains(&self.raw.cast_signed())
    }
}
