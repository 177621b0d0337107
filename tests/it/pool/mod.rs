//! Workers: who runs what, and what becomes of the rest meanwhile.

mod basics;
mod close;
