//! Tests of the whole: one file for each topic.

mod admission;
mod attributes;
mod call_is_call;
mod cancel;
mod completion;
mod data;
mod decode;
mod exec;
mod extents;
mod hostile;
mod inline;
mod kept;
mod lifetime;
mod limits;
mod nonblocking;
mod observing;
mod pool;
mod private_lane;
mod safe;
mod seeds;
mod sorted;
mod widths;
mod structures;

mod tidy;

use syslet_tests::rig;
