//! Stopping a thread in a call: the signal that interrupts it, the timer that sends one where the system queues none, the
//! shutdown of a socket that it sleeps in, and the signal that takes a submitter out of an inline call.

pub(crate) mod kick;
pub(crate) mod shutdown;
pub(crate) mod signal;
pub(crate) mod timer;
