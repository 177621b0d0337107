//! The reasons of refusals: a number that is part of the format, its errno and one sentence. Every check gives one.

use crate::Errno;

/// The reason of a refusal, numbered. A refused submission has taken nothing.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Refusal(pub u16);

/// The number and its name.
impl core::fmt::Debug for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Refusal({} {})", self.0, self.name())
    }
}

/// A refusal, and the byte of the record at fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fault {
    /// The reason.
    pub refusal: Refusal,
    /// Offset in the record of the field, argument or attribute at fault.
    pub at: u32,
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $errno:ident, $text:literal;)*) => {
        impl Refusal {
            $(#[doc = $text] #[doc = concat!("\n\nAnswered with ", stringify!($errno), ".")]
              pub const $name: Refusal = Refusal($number);)*

            /// Every refusal of this version, in numerical order.
            pub const ALL: &[Refusal] = &[$(Refusal($number)),*];

            /// The constant's name, or "UNKNOWN".
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self.0 { $($number => stringify!($name),)* _ => "UNKNOWN" }
            }

            /// The error number that a caller in C, or a completion, sees.
            #[must_use]
            pub const fn errno(self) -> Errno {
                match self.0 { $($number => Errno::$errno,)* _ => Errno::EINVAL }
            }

            /// One sentence for a person.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self.0 { $($number => $text,)* _ => "a refusal this version does not know" }
            }
        }
    };
}

refusals! {
    RECORD_SHORT = 1, EINVAL, "the record is shorter than the fields it must have";
    LENGTH_UNALIGNED = 2, EINVAL, "the record's length is not a multiple of 8";
    LENGTH_MISMATCH = 3, EINVAL, "the record's length is not the number of bytes given";
    TOO_LARGE = 4, EMSGSIZE, "the record, or the completion it asks for, could never fit its ring";
    UNKNOWN_KIND = 5, EINVAL, "the record's kind is not one this version knows";
    KIND_NOT_YET = 6, EOPNOTSUPP, "the record's kind is reserved for a later version";
    RESERVED_BIT = 7, EINVAL, "a reserved bit or field is not zero";
    FLAG_NOT_YET = 8, EOPNOTSUPP, "the flag is reserved for a later version";
    FLAGS_CONTRADICT = 9, EINVAL, "SYNC excludes ASYNC and PRIVATE";
    TOO_MANY_ARGUMENTS = 10, EINVAL, "a call has at most 6 arguments";
    ARGUMENT_KIND_UNKNOWN = 11, EINVAL, "the argument kind is not one this version knows";
    ARGUMENT_KIND_NOT_YET = 12, EOPNOTSUPP, "the argument kind is reserved for a later version";
    TOO_MANY_ATTRIBUTES = 13, E2BIG, "a submission has at most 16 attributes";
    ATTRIBUTE_OVERRUN = 14, EINVAL, "an attribute runs past the end of the record, or bytes are left behind the last";
    ATTRIBUTE_DUPLICATE = 15, EINVAL, "two attributes have the same id";
    ATTRIBUTE_ID_ZERO = 16, EINVAL, "attribute id 0 is not an attribute";
    IN_OUTSIDE_DATA = 17, EINVAL, "an IN or INOUT argument points outside DATA";
    OUT_OUTSIDE_AREA = 18, EINVAL, "an OUT or INOUT argument points outside the out area";
    STRING_UNTERMINATED = 19, EINVAL, "a string has no NUL before the end of DATA";
    LENGTH_UNKNOWN = 20, EINVAL, "the table does not say how long this argument is, so it can only be passed as VALUE";
    DIRECTION = 21, EINVAL, "the argument's kind contradicts the direction in which the call uses it";
    LENGTH_UNREADABLE = 22, EINVAL, "the argument that says how long this one is cannot be read at admission";
    VALUE_ONLY = 23, EOPNOTSUPP, "the table has no row for this call, so all its arguments must be VALUE";
    WRONG_ARGUMENT_COUNT = 24, EINVAL, "more arguments than the call has";
    FOREIGN_NUMBER = 25, ENOSYS, "the number belongs to another system call interface";
    ENGINE_LIFE = 26, EPERM, "the call would end or replace the thread that makes it";
    THREAD_STATE = 27, EOPNOTSUPP, "the call changes the thread that makes it; it needs PRIVATE";
    THREAD_BOUND = 28, EOPNOTSUPP, "the call acts for the thread that makes it; it runs only SYNC";
    NEEDS_WORKER = 29, EOPNOTSUPP, "the call may sleep for ever and there is no worker to run it";
    NOT_SAFE_ROW = 30, EPERM, "the call can do things that safe code must not";
    NOT_SAFE_ADDRESS = 31, EPERM, "safe code cannot pass an address as VALUE";
    NOT_SAFE_DESCRIPTOR = 32, EPERM, "safe code must lend the descriptor this argument names";
    SUBMISSION_FULL = 33, EAGAIN, "the submission ring is full: submit, wait and try again";
    COMPLETION_FULL = 34, EAGAIN, "no room can be reserved for the completion: consume some and try again";
    SLOTS_FULL = 35, EAGAIN, "as many calls are in flight as the ring has slots: wait and try again";
    FORKED = 36, EPERM, "the ring belongs to the process that was forked";
    CLOSED = 37, ESHUTDOWN, "the engine is closed";
    ATOM_ONLY = 38, EINVAL, "only an atom of a program can have an argument of this kind";
    ATOM_COUNT = 39, EINVAL, "a program has 1 to 256 atoms, those of the way out behind all others";
    ATOM_OVERRUN = 40, EINVAL, "an atom runs past the end of the record, or bytes are left behind the last";
    ATOM_KIND = 41, EINVAL, "an atom is a call or a step";
    STEP_UNKNOWN = 42, EINVAL, "the step is not one this version knows, or has other arguments";
    TEST_UNKNOWN = 43, EINVAL, "the test is not one this version knows, or has another operand";
    TARGET = 44, EINVAL, "the atom leads to where it cannot go on";
    RESULT_UNKNOWN = 45, EINVAL, "the atom reads a result that may not be there";
    REGISTER_UNKNOWN = 46, EINVAL, "a program has 16 registers";
    GROUP = 47, EINVAL, "the atoms of a parallel group are calls that lead nowhere and share nothing";
    BUDGET = 48, EINVAL, "the program has no budget, or one beyond the engine's limit";
}

impl Refusal {
    /// Whether the same submission may be accepted later, once completions are consumed.
    #[must_use]
    pub const fn is_full(self) -> bool {
        matches!(self, Refusal::SUBMISSION_FULL | Refusal::COMPLETION_FULL | Refusal::SLOTS_FULL)
    }

    /// This refusal, found at byte `at` of the record.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "records are far shorter than 4 GiB")]
    pub const fn at(self, at: usize) -> Fault {
        Fault { refusal: self, at: at as u32 }
    }
}

impl Fault {
    /// The same fault, counted from `offset` bytes further in front.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "records are far shorter than 4 GiB")]
    pub const fn behind(self, offset: usize) -> Fault {
        Fault { at: self.at + offset as u32, ..self }
    }
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.text())
    }
}

impl core::fmt::Display for Fault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} (byte {} of the record)", self.refusal, self.at)
    }
}

impl core::error::Error for Refusal {}
impl core::error::Error for Fault {}
