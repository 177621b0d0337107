//! Non-blocking attempts through a ring: a call that is ready is finished by the submitter, one that would block by a worker
//! that makes the plain call, and a wrong one is refused as the plain call refuses it.

mod rig;

mod kinds;
mod select;
mod timed;
mod queues;
mod semaphores;
mod events;
mod futexes;
mod splices;
mod opens;
