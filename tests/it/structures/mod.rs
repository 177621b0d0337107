//! Structures that the engine builds, and arguments that a command decides: equal to the plain call with addresses.

mod commands;
mod direct;
mod messages;
mod vectors;
