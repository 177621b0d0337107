//! The format of a row: everything the engine has to know of a call before it makes it.

use crate::argument::{Arg, ArgType, Direction, Form};
use crate::condition::{RestartWhen, ScopeWhen, When};
use crate::harm::Harm;
use crate::narrowed::{Narrowed, RawArgs};
use crate::nature::{Class, Scope};
use crate::nonblocking::NonBlockingForm;
use crate::restart::Restart;
use crate::width::Widths;

/// The number of a call on each architecture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Numbers {
    /// On x86_64, where the call exists.
    pub x86_64: Option<u16>,
    /// On aarch64, where the call exists.
    pub aarch64: Option<u16>,
}

impl Numbers {
    /// The number on the architecture this is built for.
    #[must_use]
    pub const fn here(self) -> Option<u16> {
        if cfg!(target_arch = "x86_64") { self.x86_64 } else { self.aarch64 }
    }
}

/// What a call does to descriptors other than using or making them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Descriptors {
    /// Nothing.
    Kept,
    /// That argument's descriptor is closed.
    Closes(u8),
    /// That argument's descriptor is closed and stands for another file afterwards.
    Replaces(u8),
    /// All descriptors between two numbers.
    ClosesRange,
}

/// What a call does to the address space.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Memory {
    /// Nothing beyond the bytes of its arguments.
    Kept,
    /// New memory appears.
    Maps,
    /// Memory disappears.
    Unmaps,
    /// Memory gets another address.
    Moves,
    /// Memory changes its protection or its contents.
    Changes,
}

/// What the result register holds on success.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Yields {
    /// Zero.
    Nothing,
    /// A new descriptor.
    Fd,
    /// A count of bytes.
    Bytes,
    /// Another count or number.
    Number,
    /// A process or thread.
    Pid,
    /// An address.
    Address,
}

/// One system call.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The name, as in the manual.
    pub name: &'static str,
    /// Its number.
    pub numbers: Numbers,
    /// Its arguments.
    pub args: &'static [Arg],
    /// What it gives back.
    pub yields: Yields,
    /// How long it may take, unless `when` says otherwise.
    pub class: Class,
    /// Exceptions from the class, the first that matches counts.
    pub when: &'static [When],
    /// What it touches, unless `scope_when` says otherwise.
    pub scope: Scope,
    /// Exceptions from the scope, the first that matches counts.
    pub scope_when: &'static [ScopeWhen],
    /// What it does to descriptors.
    pub descriptors: Descriptors,
    /// What it does to the address space.
    pub memory: Memory,
    /// Why safe code must not make it, where nothing else in the row forbids it.
    pub danger: Option<&'static str>,
    /// Whether an argument is, or can be, a structure with addresses in it.
    pub is_built: bool,
    /// How many bits of each argument the kernel takes.
    pub widths: Widths,
    /// The first argument that is a descriptor.
    pub descriptor: Option<u8>,
    /// One bit for each argument that is, or can be, an address.
    pub addresses: u8,
    /// How to ask without sleeping.
    pub nonblocking: Option<NonBlockingForm>,
    /// Why there is no such way, for calls that may sleep.
    pub blocking_only: Option<&'static str>,
    /// What to do after EINTR, unless `restart_when` says otherwise.
    pub restart: Restart,
    /// Exceptions from that, the first that matches counts.
    pub restart_when: &'static [RestartWhen],
    /// Why the answer is always ENOSYS, where the kernel has only the number left.
    pub gone: Option<&'static str>,
}

impl Row {
    /// How long this call may keep its thread, with these arguments.
    #[must_use]
    pub fn class_with(&self, args: &RawArgs) -> Class {
        self.class_given(self.narrow(args))
    }

    fn class_given(&self, args: Narrowed<'_>) -> Class {
        self.when.iter().find(|when| when.given.holds(args)).map_or(self.class, |when| when.class)
    }

    /// What this call touches, with these arguments.
    #[must_use]
    pub fn scope_with(&self, args: &RawArgs) -> Scope {
        self.scope_given(self.narrow(args))
    }

    fn scope_given(&self, args: Narrowed<'_>) -> Scope {
        self.scope_when.iter().find(|when| when.holds(args)).map_or(self.scope, |when| when.scope)
    }

    /// What to do after EINTR, with these arguments.
    #[must_use]
    pub fn restart_with(&self, args: &RawArgs) -> Restart {
        let args = self.narrow(args);
        let found = self.restart_when.iter().find(|when| when.given.holds(args));
        found.map_or(self.restart, |when| when.restart)
    }

    /// Why no thread of an engine makes this call, if so.
    #[must_use]
    pub fn harm_with(&self, args: &RawArgs) -> Option<Harm> {
        match self.scope_with(args) {
            Scope::EngineLife(harm) => Some(harm),
            _ => None,
        }
    }

    /// Class and scope of this call; the arguments are asked for only where they decide.
    #[must_use]
    #[inline]
    pub fn nature(&self, args: impl FnOnce() -> RawArgs) -> (Class, Scope) {
        if self.when.is_empty() && self.scope_when.is_empty() {
            return (self.class, self.scope);
        }
        let args = args();
        let args = self.narrow(&args);
        (self.class_given(args), self.scope_given(args))
    }

    /// Whether all that this call needs can travel in a submission: no address, and nothing that changes what addresses
    /// mean. Where one argument decides what another is, with some of its values.
    #[must_use]
    pub fn is_self_contained(&self) -> bool {
        !matches!(self.scope, Scope::EngineLife(_))
            && self.gone.is_none()
            && self.memory == Memory::Kept
            && self.args.iter().all(|arg| arg.ty.direction() != Direction::Opaque || !arg.forms.is_empty())
    }

    /// Whether safe code may make this call, given safe arguments; where one decides what another is, with some of
    /// its values.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.is_safe_otherwise() && self.is_stated()
    }

    /// The same, but for the question which of its arguments name descriptors.
    pub(crate) fn is_safe_otherwise(&self) -> bool {
        matches!(self.scope, Scope::Process | Scope::ReadsThread)
            && self.descriptors == Descriptors::Kept
            && self.memory == Memory::Kept
            && self.danger.is_none()
            && self.gone.is_none()
            && self.args.iter().all(|arg| {
                let opaque = arg.ty.direction() == Direction::Opaque && !arg.forms.iter().any(Form::is_safe);
                !opaque && arg.ty != ArgType::Descriptors
            })
    }
}
