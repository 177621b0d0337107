//! Guarded areas: what safe code can have the kernel do stays inside what the rows say. Every argument's bytes end at a page
//! that faults, or have known bytes around them, so what the kernel does beyond its row is seen.
//!
//! The engine has such areas only in a build for it:
//! `RUSTFLAGS="--cfg syslet_guard" cargo test -p syslet-tests --test guard --target-dir target/guard`. `SYSLET_GUARD=all`
//! makes every call more often, and tries all socket options on all levels; `SYSLET_SEED` draws other arguments.
//!
//! In the order of a run: a process that may be lost (`enclosed`) has some descriptors (`bag`), draws submissions by the
//! rows (`draft`), and makes them (`bench`).
#![cfg(syslet_guard)]

mod bag;
mod bench;
mod draft;
mod rows;
mod sockets;

use syslet_tests::enclosed;
