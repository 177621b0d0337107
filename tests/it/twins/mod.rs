//! NonBlocking through a ring: what is ready is finished by the submitter, what would block by a worker that makes the plain
//! call, and what is wrong is refused as the plain call refuses it.

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
