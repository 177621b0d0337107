//! Pauses that are part of a measurement. Nothing waits here for somebody else to get something done.

use std::thread;
use std::time::Duration;

/// Keeps this thread off the processors for so long.
pub(crate) fn pause(time: Duration) {
    thread::sleep(time);
}
