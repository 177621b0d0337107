//! The table against what others say of the same calls, and the rules that follow from it.

mod document;
mod door;
mod invoke;
mod life;
mod numbers;
mod outcome;
#[cfg(target_arch = "x86_64")]
mod prototypes;
mod restart;
mod rules;
mod sizes;
mod submission;
