//! Programs of calls: each rule of `specs/syslets.md` that can be seen from outside.

mod chains;
mod control;
mod data;
mod descriptors;
mod door;
mod entangled;
mod handed;
mod hostile;
mod model;
mod private;
mod rig;
mod running;
mod together;
mod way_out;
mod words;
