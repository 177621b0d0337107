//! Programs of calls: each rule of `specs/syslets.md` that can be seen from outside.

mod control;
mod entangled;
mod rig;
mod together;
mod words;
