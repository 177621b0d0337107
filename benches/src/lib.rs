//! Compares ways of making the same system calls, in the order things happen: a workload gives calls, contenders
//! make them in interleaved rounds, and the rounds become medians.
//!
//! Servers that echo are compared by themselves.
//!
//! Beside that, a soak looks for completions that are lost, doubled or wrong, and sleepers are counted and weighed.
//!
//! Chains of calls are compared as pieces of work. The scorecard judges some of these figures by the engine's goals.
//!
//! A new workload is a file in `workload/` and a line in its list; a new contender likewise.

pub mod busy;
pub mod call;
pub mod chains;
pub mod compare;
pub mod contender;
pub mod echo;
pub mod instructions;
pub mod mixed_slow;
pub mod turn;
pub mod scorecard;
pub mod sleepers;
pub mod soak;
pub mod workload;

mod loopback;
mod pause;
