//! DATA: the bytes that IN arguments point into, and on the way back what the call wrote into the out area.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};

/// The DATA attribute. The engine writes its return, in place and before all others: the call has already left the
/// value where it stands, so `after` only confirms what it is shown.
#[derive(Clone, Copy, Debug)]
pub struct Data;

impl Attribute for Data {
    fn id(&self) -> AttributeId {
        AttributeId::DATA
    }

    fn name(&self) -> &'static str {
        "data"
    }

    fn check(&self, _payload: &[u8], call: &CallFacts) -> Result<Plan, Status> {
        Ok(Plan { return_bytes_max: call.out_len, may_help: true, needs: Needs::NONE })
    }

    fn after(
        &self,
        _payload: &[u8],
        _token: Token,
        _observed: &Observed,
        value: &mut [u8],
    ) -> (Status, usize) {
        (Status::HANDLED, value.len())
    }
}
