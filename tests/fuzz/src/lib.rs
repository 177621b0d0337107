//! What the targets with an engine have in common: descriptors that can be spoilt (`bag`), records made harmless (`tame`), and
//! an engine that runs them (`bench`).

mod bag;
mod bench;
mod tame;

pub use bag::Bag;
pub use bench::Bench;
pub use tame::{Tamed, tame};
