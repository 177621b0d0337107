//! Tests of the whole: one file for each topic.

mod rig;

mod completion;
mod door;
mod help;
mod lifetime;
mod limits;
mod safe;

mod tidy;
