//! Which twins may be used here: what the application allows, and what the probe found.

/// Which non-blocking twins the engine may use in place of a call that could block.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum NonBlocking {
    /// None: calls that may sleep go to workers, and nothing is probed.
    Off,
    /// Those that are the same system call with other arguments. A seccomp filter that knows the application's calls
    /// sees no other one in its place.
    SameNumber,
    /// All, other numbers included, as far as a probe in a forked child survived them.
    #[default]
    All,
}

/// One thing that the probe tries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub(crate) enum Ability {
    /// fstat and F_GETFL answer: what kind of file a descriptor is, and whether it makes anybody wait.
    FileQuestions,
    /// getsockopt, FIONREAD and F_GETFL answer: what kind of socket it is, and what it holds.
    SocketQuestions,
    /// rt_sigprocmask answers whether memory is there.
    MemoryQuestions,
    /// preadv2 knows RWF_NOWAIT.
    NowaitReads,
    /// pwritev2 knows RWF_NOWAIT, and RWF_NOSIGNAL keeps SIGPIPE away.
    NowaitWrites,
    /// futex answers whether a value is still there.
    FutexQuestions,
    /// SIGPIPE can be blocked, found pending and taken.
    QuietPipes,
    /// kcmp compares threads. No twin needs it: it is how submitters are compared with workers.
    Kcmp,
    /// setfsuid and setfsgid tell the ids in force. The same.
    FsIds,
}

impl Ability {
    pub(crate) const ALL: [Ability; 9] = [
        Ability::FileQuestions,
        Ability::SocketQuestions,
        Ability::MemoryQuestions,
        Ability::NowaitReads,
        Ability::NowaitWrites,
        Ability::FutexQuestions,
        Ability::QuietPipes,
        Ability::Kcmp,
        Ability::FsIds,
    ];

    pub(crate) const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// What may be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Abilities {
    pub(crate) abilities: NonBlocking,
    /// One bit for each [`Ability`].
    pub(crate) found: u32,
}

impl Abilities {
    /// No twin at all.
    pub(crate) const NONE: Abilities = Abilities { abilities: NonBlocking::Off, found: 0 };

    /// Which twins the application allows.
    pub(crate) fn abilities(self) -> NonBlocking {
        self.abilities
    }

    /// Whether the probe found this.
    pub(crate) fn has(self, ability: Ability) -> bool {
        self.found & ability.bit() != 0
    }

    /// Whether a call may be asked for under another number.
    pub(crate) fn may_change_number(self) -> bool {
        self.abilities == NonBlocking::All
    }
}
