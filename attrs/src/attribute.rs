//! The trait every attribute implements, built in or the application's own.

use core::fmt::Debug;

use syslet_abi::{AttributeId, RawResult, Status};

use crate::action::Action;
use crate::counted::Counted;
use crate::evidence::Evidence;
pub use crate::needs::{Nature, Needs};
use crate::run_by::WorkerValue;
use crate::spent::Spent;
use crate::transferred::Transferred;

/// What an attribute may know of a call before it is accepted.
#[derive(Clone, Copy, Debug)]
pub struct CallFacts {
    /// The number of the system call.
    pub nr: u32,
    /// Its arguments as the kernel takes them: the bits that it ignores are zero. Of a call that has no row, all are.
    pub args: [u64; 6],
    /// Size of the out area in bytes.
    pub out_len: usize,
    /// What kind of call it is.
    pub nature: Nature,
    /// Of a program: how long what its atoms came to can get, in bytes.
    pub atoms_bytes_max: Option<usize>,
}

/// What an attribute will take, decided at the door.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Plan {
    /// The longest value it may return, in bytes. Room for it is reserved at the door.
    pub return_bytes_max: usize,
    /// Whether a waiting submitter may run the call itself.
    pub may_help: bool,
    /// What the engine has to observe.
    pub needs: Needs,
}

/// What an attribute carries from before the call to after it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Token(pub u64);

/// What was observed of a call that ran. Times are nanoseconds of CLOCK_MONOTONIC, zero unless needed.
#[derive(Clone, Copy, Debug)]
pub struct Observed {
    /// The call, as it was accepted.
    pub call: CallFacts,
    /// Its raw result.
    pub result: RawResult,
    /// When it was accepted.
    pub queued_ns: u64,
    /// Just before the kernel was entered.
    pub started_ns: u64,
    /// Just after it was left.
    pub finished_ns: u64,
    /// Who ran it; thread and CPU are zero unless needed.
    pub worker: WorkerValue,
    /// What trying it cost, over all attempts; zero as far as not needed.
    pub spent: Spent,
    /// How it was tried; none unless needed.
    pub evidence: Evidence,
    /// The bytes it moved, if needed and known.
    pub transferred: Option<Transferred>,
    /// What performance counters counted, if needed and permitted.
    pub counted: Option<Counted>,
}

/// Something that can be asked of any submission.
///
/// The engine calls `check` in the submitting thread; `before` and `after` in the thread that runs the call, `after`
/// only behind a `before`. None of them may block, and a panic in one is caught: the attribute is then UNAVAILABLE.
/// `specs/attributes.md` has the rules.
pub trait Attribute: Debug + Send + Sync {
    /// The id it is asked by, the same at every call.
    fn id(&self) -> AttributeId;

    /// Its name in lower case, as scripts write it.
    fn name(&self) -> &'static str;

    /// Decides whether the attribute can be honoured for this call.
    ///
    /// # Errors
    /// The status that comes back instead, with no value.
    fn check(&self, payload: &[u8], call: &CallFacts) -> Result<Plan, Status>;

    /// Looks at the call just before it runs.
    fn before(&self, payload: &[u8], call: &CallFacts) -> Token {
        let _ = (payload, call);
        Token::default()
    }

    /// What the engine is to do to the thread just before the call, when all have looked. It is asked only if the plan
    /// needs [`Needs::OWN_THREAD`]; what the action leaves in force then comes to `after` as the token.
    fn action(&self, payload: &[u8]) -> Option<Action> {
        let _ = payload;
        None
    }

    /// Looks at what was observed, writes the value to the start of `value` (which has `return_bytes_max` bytes)
    /// and gives the status and the value's length.
    fn after(&self, payload: &[u8], token: Token, observed: &Observed, value: &mut [u8]) -> (Status, usize);
}
