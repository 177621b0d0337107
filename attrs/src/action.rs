//! What an attribute has the engine do to the thread that makes its call.

use crate::cpu_mask::CpuMask;
use crate::fs_ids::Credentials;
use crate::io_priority::IoPriority;
use crate::needs::Needs;
use crate::scheduling::Scheduling;

impl Needs {
    /// A thread for this call alone: a disposable worker, which ends after it with all that was changed.
    pub const OWN_THREAD: Needs = Needs(1 << 20);
    /// That thread has a working directory and a umask of its own.
    pub const OWN_FS: Needs = Needs(1 << 21);
}

/// One change of the thread that makes the call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Action {
    /// It may run on these CPUs only.
    SetAffinity(CpuMask),
    /// Its scheduling policy, with the priority that belongs to it.
    SetScheduling(Scheduling),
    /// Its nice value.
    SetNice(i32),
    /// Its priority for storage.
    SetIoPriority(IoPriority),
    /// How late its timers may be, in nanoseconds; 0 is the default.
    SetTimerSlack(u64),
    /// Which permissions its new files do not get. Needs [`Needs::OWN_FS`].
    SetUmask(u32),
    /// Its working directory. Needs [`Needs::OWN_FS`].
    ChangeDirectory(i32),
    /// Whose files it may use.
    SetCredentials(Box<Credentials>),
}

impl Action {
    /// Where it stands in the order in which actions are performed: what needs privilege comes before what drops it.
    #[must_use]
    pub const fn rank(&self) -> u8 {
        match self {
            Action::SetAffinity(_) => 0,
            Action::SetScheduling(_) => 1,
            Action::SetNice(_) => 2,
            Action::SetIoPriority(_) => 3,
            Action::SetTimerSlack(_) => 4,
            Action::SetUmask(_) => 5,
            Action::ChangeDirectory(_) => 6,
            Action::SetCredentials(_) => 7,
        }
    }

    /// The descriptor that it uses; safe code has to lend it.
    #[must_use]
    pub const fn descriptor(&self) -> Option<i32> {
        match self {
            Action::ChangeDirectory(fd) => Some(*fd),
            Action::SetAffinity(_)
            | Action::SetScheduling(_)
            | Action::SetNice(_)
            | Action::SetIoPriority(_)
            | Action::SetTimerSlack(_)
            | Action::SetUmask(_)
            | Action::SetCredentials(_) => None,
        }
    }

    /// What a plan must need for this action to be performed.
    #[must_use]
    pub const fn needs(&self) -> Needs {
        match self {
            Action::SetUmask(_) | Action::ChangeDirectory(_) => Needs::OWN_THREAD.with(Needs::OWN_FS),
            _ => Needs::OWN_THREAD,
        }
    }
}
