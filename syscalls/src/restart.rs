//! What to do about a call that a signal has interrupted.

/// How a call whose result is −EINTR may be asked for once more. SA_RESTART is another question: whether the kernel
/// does it by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Restart {
    /// It never gives EINTR, unless its thread is being killed.
    Uninterrupted,
    /// Nothing has happened, or nothing that a second time would not mend: the same call again.
    Again,
    /// The same call again, with the relative time in that argument shortened by what has passed: milliseconds where
    /// it is a number, a timespec where it is an address.
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
                write!(f, "the same call again, with the time in arg {arg} shortened by what has passed")
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
