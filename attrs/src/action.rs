//! The changes that the engine makes, on behalf of an attribute, to the thread that makes a call. The attributes of the
//! thread and those of an application give them, the engine performs them.

use crate::needs::Needs;

/// One change of the thread that makes the call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Action {
    /// The only CPUs on which the thread may run.
    SetAffinity(CpuMask),
    /// Its scheduling policy, with the priority that belongs to it.
    SetScheduling(Scheduling),
    /// Its nice value, from −20 to 19.
    SetNice(i32),
    /// Its priority for storage.
    SetIoPriority(IoPriority),
    /// How late its timers may be, in nanoseconds; 0 is the default of the thread.
    SetTimerSlack(u64),
    /// The permission bits that its new files do not get. Needs [`Needs::OWN_FS`].
    SetUmask(u32),
    /// The descriptor of its working directory. Needs [`Needs::OWN_FS`].
    ChangeDirectory(i32),
    /// The ids by which it uses files.
    SetCredentials(Box<Credentials>),
}

impl Action {
    /// Its place in the order in which actions are performed, from 0: an action that needs privilege comes before one
    /// that drops it.
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

    /// The descriptor that the action uses, if it uses one; safe code has to lend it.
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

    /// The needs that a plan must state for this action to be performed.
    #[must_use]
    pub const fn needs(&self) -> Needs {
        match self {
            Action::SetUmask(_) | Action::ChangeDirectory(_) => Needs::OWN_THREAD.with(Needs::OWN_FS),
            _ => Needs::OWN_THREAD,
        }
    }
}

/// A set of CPUs from 0 to 1023: CPU `n` is bit `n % 64` of word `n / 64`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CpuMask(pub [u64; CpuMask::WORDS]);

impl CpuMask {
    pub(crate) const WORDS: usize = 16;

    /// The set of these CPUs; numbers from 1024 on are left out.
    #[must_use]
    pub fn of(cpus: impl IntoIterator<Item = usize>) -> CpuMask {
        let mut mask = CpuMask::default();
        for cpu in cpus {
            if let Some(word) = mask.0.get_mut(cpu / 64) {
                *word |= 1 << (cpu % 64);
            }
        }
        mask
    }
}

/// A scheduling policy, by the kernel's number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Policy(pub u32);

impl Policy {
    /// The usual policy, which shares the processor by nice value.
    pub const OTHER: Policy = Policy(0);
    /// Real time, until the thread sleeps.
    pub const FIFO: Policy = Policy(1);
    /// Real time, in turn with other threads of the same priority.
    pub const RR: Policy = Policy(2);
    /// The usual policy, for a thread that computes rather than waits.
    pub const BATCH: Policy = Policy(3);
    /// Only when no thread of another policy wants the processor.
    pub const IDLE: Policy = Policy(5);

    /// All policies that can be asked for, with their names in lower case.
    pub const NAMED: [(&'static str, Policy); 5] = [
        ("other", Policy::OTHER),
        ("fifo", Policy::FIFO),
        ("rr", Policy::RR),
        ("batch", Policy::BATCH),
        ("idle", Policy::IDLE),
    ];
}

/// A scheduling policy and the priority that belongs to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Scheduling {
    /// The policy.
    pub policy: Policy,
    /// The priority: 1 to 99 for FIFO and RR, else 0.
    pub priority: u32,
}

/// A class of priority for storage, by the kernel's number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IoClass(pub u32);

impl IoClass {
    /// No class of its own: the class and the level follow from the nice value.
    pub const NONE: IoClass = IoClass(0);
    /// Before all other classes.
    pub const REAL_TIME: IoClass = IoClass(1);
    /// The usual class.
    pub const BEST_EFFORT: IoClass = IoClass(2);
    /// Only when no other class wants the device.
    pub const IDLE: IoClass = IoClass(3);

    /// All classes, with their names in lower case.
    pub const NAMED: [(&'static str, IoClass); 4] = [
        ("none", IoClass::NONE),
        ("real_time", IoClass::REAL_TIME),
        ("best_effort", IoClass::BEST_EFFORT),
        ("idle", IoClass::IDLE),
    ];
}

/// A class of priority for storage, and the level in it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IoPriority {
    /// The class.
    pub class: IoClass,
    /// The level: 0 (first) to 7 for REAL_TIME and BEST_EFFORT, else 0.
    pub level: u32,
}

impl IoPriority {
    pub(crate) const CLASS_SHIFT: u32 = 13;
    pub(crate) const LEVEL_MAX: u32 = 7;

    /// The kernel's number for both: the class in bits 13 to 15, the level below.
    #[must_use]
    pub const fn word(self) -> u32 {
        self.class.0 << IoPriority::CLASS_SHIFT | self.level
    }
}

/// The ids that count when a file is opened or made. An id that is not given stays as it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Credentials {
    /// The user.
    pub fsuid: Option<u32>,
    /// The group.
    pub fsgid: Option<u32>,
    /// The supplementary groups, at most [`Credentials::GROUPS_MAX`].
    pub groups: Option<Vec<u32>>,
}

impl Credentials {
    /// The most supplementary groups that can be asked for.
    pub const GROUPS_MAX: usize = 64;
}
