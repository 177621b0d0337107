//! Stopping a thread in a call: the signal that interrupts it, the timer that sends one where the system queues none, and the
//! shutdown of a socket that it sleeps in.

pub(crate) mod shutdown;
pub(crate) mod signal;
pub(crate) mod timer;
