//! Cancelling under stress, and instruction by instruction: with signals of the process's own, so it is alone in it.

#[allow(dead_code, reason = "what other tests need")]
#[path = "../process/look.rs"]
mod look;
mod abandon;
mod abandon_storm;
mod acting;
mod mixed;
mod race;
#[allow(dead_code, reason = "what other tests need")]
#[path = "../it/rig.rs"]
mod rig;
mod signal;
#[cfg(target_arch = "x86_64")]
mod step;
mod storm;
mod stuck;
mod unsent;
