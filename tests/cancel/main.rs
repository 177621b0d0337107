//! Cancelling under stress, and instruction by instruction: with signals of the process's own, so it is alone in it.

mod abandon;
mod abandon_storm;
mod acting;
mod mixed;
mod race;
mod signal;
#[cfg(target_arch = "x86_64")]
mod step;
mod storm;
mod stuck;
mod unsent;

use syslet_tests::{look, rig};
