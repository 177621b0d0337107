//! WORKER: which thread ran the call, where, and how often it was tried.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use crate::payload::known_part;
use crate::run_by::WorkerValue;

/// The WORKER attribute. It is asked with no payload.
#[derive(Clone, Copy, Debug)]
pub struct Worker;

impl Attribute for Worker {
    fn id(&self) -> AttributeId {
        AttributeId::WORKER
    }

    fn name(&self) -> &'static str {
        "worker"
    }

    fn check(&self, payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        known_part(payload, 0)?;
        Ok(Plan { return_bytes_max: WorkerValue::BYTES, may_help: true, needs: Needs::WORKER })
    }

    fn after(
        &self,
        _payload: &[u8],
        _token: Token,
        observed: &Observed,
        value: &mut [u8],
    ) -> (Status, usize) {
        observed.worker.emit(value);
        (Status::HANDLED, WorkerValue::BYTES)
    }
}
