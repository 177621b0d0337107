//! Tests of the whole: one file for each topic.

mod rig;

mod attributes;
mod call_is_call;
mod cancel;
mod completion;
mod data;
mod decode;
mod door;
mod extents;
mod help;
mod hostile;
mod lifetime;
mod limits;
mod observing;
mod pool;
mod safe;
mod seeds;
mod sorted;
mod twins;
mod widths;
mod structures;

mod tidy;
