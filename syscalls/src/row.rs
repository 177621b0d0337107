//! The format of a row: all that the engine knows of a call before it makes it. Admission, placement and the runner ask the
//! row about every call.

use syslet_abi::{ArgKind, Call};

use crate::argument::{Arg, ArgType, Direction, Form};
use crate::condition::{RestartWhen, ScopeWhen, When};
use crate::harm::Harm;
use crate::kick::Kick;
use crate::lent::{self, Names};
use crate::narrowed::{Narrowed, RawArgs};
use crate::nature::{Class, Scope};
use crate::nonblocking::NonBlockingForm;
use crate::restart::Restart;
use crate::widths::Widths;

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

/// The effect of a call on descriptors, other than using or making them.
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

/// The effect of a call on the address space.
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

/// The contents of the result register on success.
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
    /// The meaning of its result.
    pub yields: Yields,
    /// How long it may keep its thread, unless `when` says otherwise.
    pub class: Class,
    /// Exceptions from the class, the first that matches counts.
    pub when: &'static [When],
    /// The state that it touches, unless `scope_when` says otherwise.
    pub scope: Scope,
    /// Exceptions from the scope, the first that matches counts.
    pub scope_when: &'static [ScopeWhen],
    /// Its effect on descriptors.
    pub descriptors: Descriptors,
    /// Its effect on the address space.
    pub memory: Memory,
    /// The reason for which safe code must not make it, where nothing else in the row forbids it.
    pub danger: Option<&'static str>,
    /// Whether an argument is, or can be, a structure with addresses in it.
    pub is_built: bool,
    /// How many bits of each argument the kernel takes.
    pub widths: Widths,
    /// The first argument that is a descriptor.
    pub descriptor: Option<u8>,
    /// One bit for each argument that is, or can be, an address.
    pub addresses: u8,
    /// The non-blocking attempt.
    pub nonblocking: Option<NonBlockingForm>,
    /// The reason for which there is none, for calls that may sleep.
    pub blocking_only: Option<&'static str>,
    /// The answer to EINTR, unless `restart_when` says otherwise.
    pub restart: Restart,
    /// Exceptions from that answer, the first that matches counts.
    pub restart_when: &'static [RestartWhen],
    /// Whether a submitter that is held in it is taken out, and a worker makes it again.
    pub kick: Kick,
    /// The reason for which the answer is always ENOSYS, where the kernel has only the number left.
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

    /// The state that this call touches, with these arguments.
    #[must_use]
    pub fn scope_with(&self, args: &RawArgs) -> Scope {
        self.scope_given(self.narrow(args))
    }

    fn scope_given(&self, args: Narrowed<'_>) -> Scope {
        self.scope_when.iter().find(|when| when.holds(args)).map_or(self.scope, |when| when.scope)
    }

    /// The answer to EINTR, with these arguments.
    #[must_use]
    pub fn restart_with(&self, args: &RawArgs) -> Restart {
        let args = self.narrow(args);
        let found = self.restart_when.iter().find(|when| when.given.holds(args));
        found.map_or(self.restart, |when| when.restart)
    }

    /// The harm for which no thread of an engine makes this call; `None` for a call that one makes.
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

    /// Whether all that this call needs can travel in a submission: it takes no address, and it does not change the meaning
    /// of addresses. Where one argument decides about another, this holds for some of its values.
    #[must_use]
    pub fn is_self_contained(&self) -> bool {
        !matches!(self.scope, Scope::EngineLife(_))
            && self.gone.is_none()
            && self.memory == Memory::Kept
            && self.args.iter().all(|arg| arg.ty.direction() != Direction::Opaque || !arg.forms.is_empty())
    }

    /// Whether safe code may make this call, given safe arguments; where one argument decides about another, for some of
    /// its values.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.is_safe_otherwise() && self.args.iter().all(|arg| lent::names(self.name, arg) != Names::Unstated)
    }

    /// The same, leaving open whether every argument is known to name a descriptor or none.
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

    /// The arguments as the kernel takes them for this call.
    #[must_use]
    #[inline(always)]
    pub const fn narrow<'a>(&'a self, raw: &'a RawArgs) -> Narrowed<'a> {
        Narrowed::new(&self.widths, raw)
    }

    /// The bits that the kernel takes of argument `index`; `None` for an offset.
    #[must_use]
    #[inline]
    pub fn value(&self, call: &Call<'_>, index: usize) -> Option<u64> {
        let raw = |index| (call.kinds().get(index) == ArgKind::VALUE).then(|| call.raw_arg(index));
        raw(index).map(|word| self.widths.taken(index, word, raw))
    }

    /// The first descriptor among the arguments; −1 without one.
    #[must_use]
    #[inline]
    pub fn descriptor_in(&self, call: &Call<'_>) -> i32 {
        self.descriptor.map_or(-1, |index| Row::descriptor_at(call, index))
    }

    /// The descriptor that argument `index` is, of a call in whose row [`Row::descriptor`] says so. No command makes an argument
    /// a descriptor, and each is an int, so the row itself is not needed.
    #[allow(clippy::cast_possible_truncation, reason = "the kernel takes the low 32 bits of an int")]
    #[must_use]
    #[inline(always)]
    pub fn descriptor_at(call: &Call<'_>, index: u8) -> i32 {
        (call.raw_arg(index.into()) as u32).cast_signed()
    }

    /// Whether an argument is, or may be, an address in the application's memory.
    #[must_use]
    #[inline]
    pub fn holds_address(&self, call: &Call<'_>) -> bool {
        let mut left = self.addresses;
        while left != 0 {
            let index = left.trailing_zeros() as usize;
            if self.value(call, index).is_some_and(|value| value != 0) {
                return true;
            }
            left &= left - 1;
        }
        false
    }

    /// Whether argument `index` names a descriptor, in the forms that safe code may give it, too.
    #[must_use]
    pub fn names(&self, index: usize) -> Names {
        self.args.get(index).map_or(Names::Unstated, |arg| lent::names(self.name, arg))
    }
}
