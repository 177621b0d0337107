//! What the attributes have in common that change the thread of their call.

use core::fmt::Debug;

use syslet_abi::{AttributeId, Status};

use crate::action::Action;
use crate::attribute::{Attribute, CallFacts, Observed, Plan, Token};

/// An attribute that is one change of the thread that makes the call.
pub trait Acts: Debug + Send + Sync {
    /// Its id.
    const ID: AttributeId;
    /// Its name in lower case.
    const NAME: &'static str;
    /// Whether it answers with what was in force, as a 64-bit number.
    const ANSWERS: bool;

    /// The change that a payload asks for; nothing when it is wrong.
    fn read(payload: &[u8]) -> Option<Action>;
}

/// Size of what was in force.
const ANSWER_BYTES: usize = 8;

impl<T: Acts> Attribute for T {
    fn id(&self) -> AttributeId {
        T::ID
    }

    fn name(&self) -> &'static str {
        T::NAME
    }

    fn check(&self, payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        let action = T::read(payload).ok_or(Status::INVALID)?;
        let return_bytes_max = if T::ANSWERS { ANSWER_BYTES } else { 0 };
        Ok(Plan { return_bytes_max, may_help: false, needs: action.needs() })
    }

    fn action(&self, payload: &[u8]) -> Option<Action> {
        T::read(payload)
    }

    fn after(&self, _payload: &[u8], token: Token, _seen: &Observed, value: &mut [u8]) -> (Status, usize) {
        if !T::ANSWERS {
            return (Status::HANDLED, 0);
        }
        value[..ANSWER_BYTES].copy_from_slice(&token.0.to_ne_bytes());
        (Status::HANDLED, ANSWER_BYTES)
    }
}
