//! The support that the tests of the whole share: rings (`rig`), threads (`look`), a pool with held workers (`pool`), processes
//! that may be lost (`enclosed`); and the reading of the source tree (`files`, `mask`, `house`). The README stands here, too, so
//! that its example is compiled and run by `cargo test`.
#![doc = include_str!("../../README.md")]

pub mod enclosed;
pub mod files;
pub mod house;
pub mod look;
pub mod mask;
pub mod pool;
pub mod rig;
