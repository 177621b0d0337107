//! What the thread of a ring does, as methods of [`Ring`](crate::Ring): it pushes and publishes; waiting, it helps. It
//! gives to workers only what it may still do itself.

mod push;
mod publish;
pub(crate) mod wait;
mod help;
pub(crate) mod confinement;
