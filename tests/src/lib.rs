//! The README, so that its example is compiled and run by `cargo test`.
#![doc = include_str!("../../README.md")]
