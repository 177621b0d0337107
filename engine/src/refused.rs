//! A refusal as the application sees it. Admission makes it, `Ring::push` returns it.

use syslet_abi::{Errno, Fault, Glance, Refusal};
use syslet_syscalls::decode::Decoder;

use crate::submission::Submission;

/// A submission that was not accepted. Nothing has been taken, and the submission is still the caller's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Refused {
    fault: Fault,
    reason: Option<&'static str>,
    /// The number of the atom at fault, if a program was refused for one.
    atom: Option<u16>,
}

impl Refused {
    pub(crate) fn because(refusal: Refusal, at: usize, reason: &'static str) -> Refused {
        Refused { fault: refusal.at(at), reason: Some(reason), atom: None }
    }

    /// The same refusal of a record in which `offset` bytes stand before the part that it was counted in.
    pub(crate) fn behind(self, offset: usize) -> Refused {
        Refused { fault: self.fault.behind(offset), ..self }
    }

    /// The same refusal of a program: names the atom that the fault lies in.
    pub(crate) fn in_program(self, record: &[u8]) -> Refused {
        let atom = Glance::of(record).and_then(|glance| glance.atom_at(self.fault.at as usize));
        Refused { atom: atom.and_then(|(number, _)| u16::try_from(number).ok()), ..self }
    }

    /// Why, as a number of the format.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        self.fault.refusal
    }

    /// The offset of the fault in the record, in bytes.
    #[must_use]
    pub fn at(&self) -> u32 {
        self.fault.at
    }

    /// The atom that the fault lies in, from 0, if a program was refused for one.
    #[must_use]
    pub fn atom(&self) -> Option<usize> {
        self.atom.map(usize::from)
    }

    /// The reason in words, where the call's number alone explains the refusal.
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        self.reason
    }

    /// The error number that a caller in C would see.
    #[must_use]
    pub fn errno(&self) -> Errno {
        self.refusal().errno()
    }

    /// The call and why it was refused, in one line, the argument at fault by its name:
    /// `read(7, "x", 1) refused: the argument's kind contradicts … (argument 2, buf)`.
    #[must_use]
    pub fn explain(&self, submission: &Submission) -> String {
        self.explain_record(submission.bytes())
    }

    pub(crate) fn explain_record(&self, record: &[u8]) -> String {
        format!("{} refused: {}", Decoder::default().record(record), self.why_record(record))
    }

    /// The second half of [`Refused::explain`].
    #[must_use]
    pub fn why(&self, submission: &Submission) -> String {
        self.why_record(submission.bytes())
    }

    pub(crate) fn why_record(&self, record: &[u8]) -> String {
        match (self.reason, Decoder::default().place_of(record, &self.fault)) {
            (_, None) => self.to_string(),
            _ if self.is_full() => self.to_string(),
            (None, Some(place)) => format!("{} ({place})", self.refusal()),
            (Some(reason), Some(place)) => format!("{}: {reason} ({place})", self.refusal()),
        }
    }

    /// Whether the same submission may be accepted later: wait, consume completions, and push it again.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.refusal().is_full()
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Refused {
        Refused { fault, reason: None, atom: None }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Refused {
        refusal.at(0).into()
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.reason, self.atom) {
            (Some(reason), None) => write!(f, "{}: {reason}", self.fault.refusal),
            (Some(reason), Some(atom)) => write!(f, "{}: {reason} (atom {atom})", self.fault.refusal),
            (None, Some(atom)) => {
                write!(f, "{} (atom {atom}, byte {} of the record)", self.fault.refusal, self.fault.at)
            }
            (None, None) if self.is_full() || self.fault.at == 0 => self.fault.refusal.fmt(f),
            (None, None) => self.fault.fmt(f),
        }
    }
}

impl std::error::Error for Refused {}
