//! Where calls wait that do not wait in a ring: those with a priority or a lane, and those that were begun.

pub(crate) mod aside;
pub(crate) mod lanes;
pub(crate) mod shelf;
pub(crate) mod handed;
