//! What came back for a call.

use syslet_abi::{AttributeId, Done, DoneFlags, RawResult, Status};

/// What a completion said, as far as it is printed.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The raw result.
    pub result: RawResult,
    /// What is special about it.
    pub flags: DoneFlags,
    /// What came back in the out area.
    pub data: Option<&'a [u8]>,
}

impl<'a> Answer<'a> {
    /// What this completion said.
    #[must_use]
    pub fn of(done: &Done<'a>) -> Answer<'a> {
        let data = done.attribute(AttributeId::DATA).filter(|data| data.status == Status::HANDLED);
        Answer { result: done.result(), flags: done.flags(), data: data.map(|data| data.value) }
    }
}
