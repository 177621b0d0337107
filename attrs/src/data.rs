//! DATA: the bytes that IN and INOUT arguments point into, and on the way back the bytes that the call wrote. The
//! registry holds it.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, Plan, Token};
use crate::needs::Needs;
use crate::observed::{CallFacts, Observed};

/// The DATA attribute. Its payload is any bytes. Its value is the out area, as far as the call wrote it. The engine
/// writes the return itself, in place and before all others: the call has already left the value there, so `after`
/// only confirms the bytes that it is shown.
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
        Ok(Plan { return_bytes_max: call.out_len, may_run_inline: true, needs: Needs::NONE })
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
