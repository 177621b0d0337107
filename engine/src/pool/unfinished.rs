//! Calls that still run when a pool is closed.

use syslet_syscalls::row;

/// A call that still runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RunningCall {
    /// The number of the call.
    pub nr: u32,
    /// The word given with its submission.
    pub user_data: u64,
    /// The thread that makes it; 0 while that is being started.
    pub tid: u32,
}

/// The deadline has passed, and calls still run. Their rings' memory stays until they are over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unfinished {
    /// Which.
    pub calls: Vec<RunningCall>,
}

impl std::fmt::Display for Unfinished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let still = if self.calls.len() == 1 { "call still runs" } else { "calls still run" };
        write!(f, "{} {still}", self.calls.len())?;
        self.calls.iter().enumerate().try_for_each(|(index, RunningCall { nr, user_data, tid })| {
            let between = if index == 0 { ':' } else { ';' };
            match row(*nr) {
                Some(row) => write!(f, "{between} {}", row.name)?,
                None => write!(f, "{between} call {nr}")?,
            }
            write!(f, " (user_data {user_data}) in thread {tid}")
        })
    }
}

impl std::error::Error for Unfinished {}
