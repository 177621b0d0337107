//! The table against what others say of the same calls.

mod numbers;
mod prototypes;
mod rules;
mod sizes;
