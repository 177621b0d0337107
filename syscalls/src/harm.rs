//! The harms for which no thread of an engine makes a call. A row's scope names one, and admission refuses by it.

/// The harm for which a call is refused, from safe and unsafe code alike.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Harm {
    /// It ends the thread.
    EndsThread,
    /// It ends the process.
    EndsProcess,
    /// It puts another program into the process.
    Replaces,
    /// It makes a child.
    Child,
    /// It returns from a signal handler.
    SignalReturn,
    /// It goes on with an interrupted call.
    GoesOn,
    /// It changes a registration of the C library.
    Library,
    /// It allows four calls only.
    Strict,
    /// It confines every thread.
    FiltersAll,
    /// It turns calls into signals.
    Dispatch,
    /// It moves the thread's local storage.
    LocalStorage,
    /// It makes returns from functions checked ones.
    Returns,
    /// It forbids reading the clock.
    Clock,
    /// It belongs to the kernel's trampolines.
    Trampoline,
}

impl Harm {
    /// All of them, in the order in which the documents list them.
    pub const ALL: &'static [Harm] = &[
        Harm::EndsThread,
        Harm::EndsProcess,
        Harm::Replaces,
        Harm::Child,
        Harm::SignalReturn,
        Harm::GoesOn,
        Harm::Library,
        Harm::Strict,
        Harm::FiltersAll,
        Harm::Dispatch,
        Harm::LocalStorage,
        Harm::Returns,
        Harm::Clock,
        Harm::Trampoline,
    ];

    /// The sentence that a refusal carries.
    #[must_use]
    pub const fn why(self) -> &'static str {
        match self {
            Harm::EndsThread => "it ends the engine's thread, not the call",
            Harm::EndsProcess => "it ends the process, and no completion comes",
            Harm::Replaces => "it replaces the whole process, with every call in flight",
            Harm::Child => "it makes a child that would run on in the engine's code",
            Harm::SignalReturn => "it returns to where a signal interrupted the thread, and no signal did",
            Harm::GoesOn => "it goes on with a call that a signal interrupted, and none was",
            Harm::Library => "it takes from the C library a registration for this thread",
            Harm::Strict => "afterwards the thread is killed by any call but read, write and exit",
            Harm::FiltersAll => "the confinement of its thread would bind every thread of the process",
            Harm::Dispatch => "afterwards a call of this thread may raise a signal instead of being made",
            Harm::LocalStorage => "it moves the thread's local storage away under the running code",
            Harm::Returns => "afterwards the return from a function kills the thread",
            Harm::Clock => "afterwards reading the clock kills the thread",
            Harm::Trampoline => {
                "the kernel takes it from its own trampolines only, and kills the thread otherwise"
            }
        }
    }
}
