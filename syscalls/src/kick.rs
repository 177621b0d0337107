//! Whether a call that its submitter makes may be taken out of the kernel by a signal and made again by another thread. Rows have it;
//! the runner and the monitor of an engine go by it.

/// The effect of a signal with SA_RESTART on a call that sleeps, and whether another thread may make the call again then.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kick {
    /// It leaves the kernel with nothing done, or with nothing that the same call does not do again: a worker makes it.
    Again,
    /// The same where the call's descriptor is a pipe: elsewhere a signal cuts it short.
    OnPipes,
    /// Not at all, for this reason.
    Never(&'static str),
}

impl Kick {
    /// Whether it may ever be.
    #[must_use]
    #[inline(always)]
    pub const fn is_possible(self) -> bool {
        !matches!(self, Kick::Never(_))
    }
}

impl core::fmt::Display for Kick {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Kick::Again => f.write_str("a worker makes it again"),
            Kick::OnPipes => {
                f.write_str("on a pipe a worker makes it again; elsewhere a signal cuts it short")
            }
            Kick::Never(why) => write!(f, "never: {why}"),
        }
    }
}
