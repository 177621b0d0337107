//! The few error numbers that refusals, attributes and set-ups give, so that this crate needs no dependency. They are the
//! same on x86_64 and aarch64.

/// An error number as the kernel defines it, positive.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Errno(pub i32);

impl Errno {
    /// Operation not permitted.
    pub const EPERM: Errno = Errno(1);
    /// Argument list too long.
    pub const E2BIG: Errno = Errno(7);
    /// Try again: a ring or its slots are full for now.
    pub const EAGAIN: Errno = Errno(11);
    /// Invalid argument.
    pub const EINVAL: Errno = Errno(22);
    /// Function not implemented.
    pub const ENOSYS: Errno = Errno(38);
    /// Message too long: could never fit.
    pub const EMSGSIZE: Errno = Errno(90);
    /// Operation not supported.
    pub const EOPNOTSUPP: Errno = Errno(95);
    /// The engine is closed.
    pub const ESHUTDOWN: Errno = Errno(108);
}

impl core::fmt::Display for Errno {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "errno {}", self.0)
    }
}
