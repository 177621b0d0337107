//! The answer to EINTR: whether and how a call that a signal has interrupted is made again. Rows have it, the runner and
//! RETRY follow it.

/// How a call may be made once more after −EINTR. This is not SA_RESTART, by which the kernel makes it again by
/// itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Restart {
    /// It never gives EINTR, unless its thread is being killed.
    Uninterrupted,
    /// The same call again: the first left nothing behind, or nothing that the second does not overwrite.
    Again,
    /// The same call again, with the relative time in that argument shortened by the time that has passed: milliseconds
    /// where it is a number, a timespec where it is an address.
    Shortened(u8),
    /// The same call again, with the time that it has left at the first argument given as the second.
    Left(u8, u8),
    /// Not at all, for this reason.
    Never(&'static str),
}

impl core::fmt::Display for Restart {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Restart::Uninterrupted => f.write_str("never interrupted"),
            Restart::Again => f.write_str("the same call again"),
            Restart::Shortened(arg) => {
                write!(
                    f,
                    "the same call again, with the time in arg {arg} shortened by the time that has passed"
                )
            }
            Restart::Left(from, to) if from == to => {
                write!(f, "the same call again: arg {to} already holds the time that remains")
            }
            Restart::Left(from, to) => {
                write!(f, "the same call again, with the time left at arg {from} as arg {to}")
            }
            Restart::Never(why) => write!(f, "not to be made again: {why}"),
        }
    }
}
