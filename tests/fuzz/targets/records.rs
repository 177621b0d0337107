//! Submissions as they come from anywhere, into an engine with workers: calls with NULL, small and huge addresses, descriptors
//! of all kinds, out areas, attributes; and requests to cancel them.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use syslet_fuzz::Bench;

thread_local! {
    static BENCH: RefCell<Bench> = RefCell::default();
}

fuzz_target!(|bytes: &[u8]| BENCH.with(|bench| bench.borrow_mut().run(bytes)));
