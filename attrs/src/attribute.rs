//! The trait of an attribute, built in or an application's, and its short form for an attribute that changes the thread
//! of its call. The registry holds attributes, the engine calls them.

use core::fmt::Debug;

use syslet_abi::{AttributeId, Status};

use crate::action::Action;
use crate::needs::Needs;
use crate::observed::{CallFacts, Observed};

/// The decision about an attribute that is honoured, made before the call is accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Plan {
    /// The longest value that the attribute may return, in bytes. Admission reserves room for it.
    pub return_bytes_max: usize,
    /// Whether a waiting submitter may run the call inline.
    pub may_run_inline: bool,
    /// The observations that the engine has to make, and the things that it has to provide.
    pub needs: Needs,
}

/// The 64 bits that an attribute carries from before the call to after it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Token(pub u64);

/// An attribute, which can be asked of any submission.
///
/// The engine calls `check` in the submitting thread, and `before`, `action` and `after` in the thread that runs the
/// call; `after` only behind a `before`. None of them may block. A panic in one of them is caught, and the attribute is
/// then UNAVAILABLE. `specs/attributes.md` has the rules.
pub trait Attribute: Debug + Send + Sync {
    /// The id by which it is asked, the same at every call of this method.
    fn id(&self) -> AttributeId;

    /// Its name in lower case, as in scripts.
    fn name(&self) -> &'static str;

    /// Decides whether the attribute can be honoured for this call.
    ///
    /// # Errors
    /// The status that is returned instead, with no value: UNSUPPORTED, UNAVAILABLE, INAPPLICABLE, INVALID or DENIED.
    /// Any other status counts as UNAVAILABLE.
    fn check(&self, payload: &[u8], call: &CallFacts) -> Result<Plan, Status>;

    /// Looks at the call just before it runs. The token comes back in `after`.
    fn before(&self, payload: &[u8], call: &CallFacts) -> Token {
        let _ = (payload, call);
        Token::default()
    }

    /// The change to the thread that the engine is to make just before the call, behind the `before` of all
    /// attributes. The engine asks for it only if the plan needs [`Needs::OWN_THREAD`]. The value that the change
    /// leaves in force then comes to `after` as the token.
    fn action(&self, payload: &[u8]) -> Option<Action> {
        let _ = payload;
        None
    }

    /// Looks at the observations of a call that ran, and writes the value to the start of `value`, which has
    /// `return_bytes_max` bytes. Returns the status and the length of the value in bytes.
    fn after(&self, payload: &[u8], token: Token, observed: &Observed, value: &mut [u8]) -> (Status, usize);
}

/// An attribute that is one change of the thread that makes the call.
pub trait ChangesThread: Debug + Send + Sync {
    /// Its id.
    const ID: AttributeId;
    /// Its name in lower case.
    const NAME: &'static str;
    /// Whether it returns the value in force, as a 64-bit number.
    const ANSWERS: bool;

    /// The change that a payload asks for; none when the payload is INVALID.
    fn read(payload: &[u8]) -> Option<Action>;
}

/// Size of the value in force, in bytes.
const IN_FORCE_BYTES: usize = 8;

impl<T: ChangesThread> Attribute for T {
    fn id(&self) -> AttributeId {
        T::ID
    }

    fn name(&self) -> &'static str {
        T::NAME
    }

    fn check(&self, payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        let action = T::read(payload).ok_or(Status::INVALID)?;
        let return_bytes_max = if T::ANSWERS { IN_FORCE_BYTES } else { 0 };
        Ok(Plan { return_bytes_max, may_run_inline: false, needs: action.needs() })
    }

    fn action(&self, payload: &[u8]) -> Option<Action> {
        T::read(payload)
    }

    fn after(&self, _payload: &[u8], token: Token, _seen: &Observed, value: &mut [u8]) -> (Status, usize) {
        if !T::ANSWERS {
            return (Status::HANDLED, 0);
        }
        value[..IN_FORCE_BYTES].copy_from_slice(&token.0.to_ne_bytes());
        (Status::HANDLED, IN_FORCE_BYTES)
    }
}
