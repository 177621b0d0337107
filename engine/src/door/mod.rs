//! The door: what a submission says, and all that it can be refused for. A refusal has taken nothing.

pub(crate) mod submission;
pub(crate) mod admit;
pub(crate) mod who;
pub(crate) mod refused;
pub(crate) mod safe;
