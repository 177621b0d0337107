//! Pauses that are part of a measurement, or between two looks at the world or two changes of it. Nothing depends on
//! what somebody else gets done meanwhile.

use std::thread;
use std::time::Duration;

/// Keeps this thread off the processors for so long.
pub(crate) fn pause(time: Duration) {
    thread::sleep(time);
}
