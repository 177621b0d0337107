//! The bytes of syslet, in the order a call meets them: the first word of a record, the arguments and attributes
//! of a submission, the refusals it may meet, the raw result, the completion; then the header of a ring, and the set-up
//! that creates it. The engine, the attributes and the table of calls read them here.
//!
//! A *view* is made by checking bytes once; after that none of its accessors can fail. An *emitter* writes bytes
//! that the check accepts. `specs/abi.md` is the normative description; each rule there has a test.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(not(all(
    target_os = "linux",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
compile_error!("syslet runs on 64-bit Linux, x86_64 or aarch64, and nowhere else");

mod argument;
mod attribute;
mod bytes;
mod cancel;
mod completion;
mod errno;
pub mod flags;
mod header;
mod program;
mod refusal;
mod result;
mod setup;
mod submission;
mod word;

pub use argument::{ARGS_MAX, ArgKind, ArgKinds, Inout, Offset, REGISTERS_MAX};
pub use attribute::{
    ATTRIBUTE_HEADER_BYTES, ATTRIBUTES_MAX, Ask, AskRepr, Asks, AttributeFlags, AttributeId, Return, Returns,
    Status,
};
pub use bytes::padded;
pub use cancel::{CANCEL_BYTES, Cancel, CancelBy, CancelSteps};
pub use completion::{DONE_BYTES_MIN, DONE_DATA_OFFSET, Done, DoneFlags, DoneWriter};
pub use errno::Errno;
pub use header::{
    EngineStatus, HEADER_BYTES, HEADER_WORDS, LINE_BYTES, MAGIC, PAGE_BYTES, RingHeader, RingLayout, offset,
};
pub use program::{
    ATOMS_MAX, Atom, AtomFlags, AtomRepr, Atoms, Glance, Glimpse, Operand, Program, ProgramRepr,
    SCRATCH_BYTES_MAX, StepOp, Target, Test, Width,
};
pub use refusal::{Fault, Refusal};
pub use result::RawResult;
pub use setup::{Features, PARAMS_BYTES, Params, RECORD_MAX_MIN, RING_BYTES_MAX, RING_BYTES_MIN, SetupError};
pub use submission::{
    CALL_ARGS_OFFSET, CALL_BYTES_MIN, Call, CallFlags, CallRepr, Limits, NR_OFFSET, USER_DATA_OFFSET,
};
pub use word::{Kind, RecordWord};

/// The version of these bytes. A set-up that asks for another is refused.
pub const ABI_VERSION: u32 = 1;
