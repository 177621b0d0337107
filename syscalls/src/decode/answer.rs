//! The answer to a call, as the decoder prints it beside the submission.

use syslet_abi::{AttributeId, Done, DoneFlags, RawResult, Status};

/// The contents of a completion, as far as they are printed.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The raw result.
    pub result: RawResult,
    /// The flags of the completion.
    pub flags: DoneFlags,
    /// The bytes of the out area that came back.
    pub data: Option<&'a [u8]>,
}

impl<'a> Answer<'a> {
    /// The answer in this completion.
    #[must_use]
    pub fn of(done: &Done<'a>) -> Answer<'a> {
        let data = done.attribute(AttributeId::DATA).filter(|data| data.status == Status::HANDLED);
        Answer { result: done.result(), flags: done.flags(), data: data.map(|data| data.value) }
    }
}
