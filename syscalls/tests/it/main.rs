//! The table against what others say of the same calls, and the rules that follow from it.

mod decode;
mod document;
mod admission;
mod forms;
mod hostile;
mod invoke;
mod kick;
mod life;
mod messages;
mod native;
mod numbers;
mod outcome;
#[cfg(target_arch = "x86_64")]
mod prototypes;
mod restart;
mod rules;
mod sizes;
mod submission;
mod vectors;
