//! WORKER: the thread that ran the call, its CPU, and the number of attempts. The registry holds it; [`WorkerValue`] is
//! its value.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, Plan, Token};
use crate::bytes::{known_part, put_u32s, u32_at};
use crate::needs::Needs;
use crate::observed::{CallFacts, Observed, RunBy, WorkerValue};

/// The WORKER attribute. It has no payload, and a [`WorkerValue`].
#[derive(Clone, Copy, Debug)]
pub struct Worker;

impl WorkerValue {
    /// Size of the value in bytes: four 32-bit numbers.
    pub const BYTES: usize = 16;

    /// Reads a returned value. A longer value, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<WorkerValue> {
        Some(WorkerValue {
            tid: u32_at(value, 0)?,
            cpu: u32_at(value, 4)?,
            run_by: RunBy(u32_at(value, 8)?),
            attempts: u32_at(value, 12)?,
        })
    }
}

impl Attribute for Worker {
    fn id(&self) -> AttributeId {
        AttributeId::WORKER
    }

    fn name(&self) -> &'static str {
        "worker"
    }

    fn check(&self, payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        known_part(payload, 0)?;
        Ok(Plan { return_bytes_max: WorkerValue::BYTES, may_run_inline: true, needs: Needs::WORKER })
    }

    fn after(
        &self,
        _payload: &[u8],
        _token: Token,
        observed: &Observed,
        value: &mut [u8],
    ) -> (Status, usize) {
        let WorkerValue { tid, cpu, run_by, attempts } = observed.worker;
        put_u32s(value, 0, &[tid, cpu, run_by.0, attempts]);
        (Status::HANDLED, WorkerValue::BYTES)
    }
}
