//! Programs of calls as they come from anywhere: steps, loops, registers, groups, ways out, calls that sleep, and requests to
//! cancel them.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use syslet_fuzz::Bench;

thread_local! {
    static BENCH: RefCell<Bench> = RefCell::default();
}

fuzz_target!(|bytes: &[u8]| BENCH.with(|bench| bench.borrow_mut().run(bytes)));
