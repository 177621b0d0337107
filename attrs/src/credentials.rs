//! CREDENTIALS: whose files the call may use.

use syslet_abi::{AttributeId, Status};

use crate::acting;
use crate::action::Action;
use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use crate::fs_ids::Credentials;

/// The CREDENTIALS attribute. It is asked with [`Credentials::payload`].
#[derive(Clone, Copy, Debug)]
pub struct CredentialsAttribute;

impl Attribute for CredentialsAttribute {
    fn id(&self) -> AttributeId {
        AttributeId::CREDENTIALS
    }

    fn name(&self) -> &'static str {
        "creds"
    }

    fn check(&self, payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        Credentials::read(payload).ok_or(Status::INVALID)?;
        Ok(acting::plan(Needs::OWN_THREAD, 0))
    }

    fn action(&self, payload: &[u8]) -> Option<Action> {
        Credentials::read(payload).map(|credentials| Action::SetCredentials(Box::new(credentials)))
    }

    fn after(
        &self,
        _payload: &[u8],
        _token: Token,
        _observed: &Observed,
        _value: &mut [u8],
    ) -> (Status, usize) {
        (Status::HANDLED, 0)
    }
}
