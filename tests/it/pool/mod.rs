//! Workers: who runs what, and what becomes of the rest meanwhile.

mod basics;
mod close;
mod starve;
mod stuck;
mod fairness;
mod own;
mod reserve;
mod limits;
mod spawn;
mod sleeps;
mod parked;
mod timeouts;
mod events;
mod waker;
mod hand;
mod left;
mod short_answers;
mod death;
