//! CREDENTIALS: whose files the call may use.

use syslet_abi::AttributeId;

use crate::acting::Acts;
use crate::action::Action;
use crate::fs_ids::Credentials;

/// The CREDENTIALS attribute. It is asked with [`Credentials::payload`].
#[derive(Clone, Copy, Debug)]
pub struct CredentialsAttribute;

impl Acts for CredentialsAttribute {
    const ID: AttributeId = AttributeId::CREDENTIALS;
    const NAME: &'static str = "creds";
    const ANSWERS: bool = false;

    fn read(payload: &[u8]) -> Option<Action> {
        Credentials::read(payload).map(|credentials| Action::SetCredentials(Box::new(credentials)))
    }
}
