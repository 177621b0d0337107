//! How all contenders have `depth` calls in flight: a window of as many is handed over, and the next one when all of
//! them are over.
//!
//! A window that slides would keep more in flight, but means nothing to who makes its calls one after the other, in
//! the thread that waits. This way everybody has the same calls to choose from at the same point.

use std::fmt::Debug;

use super::Contender;
use super::sink::{Results, Sink, Timed};
use crate::call::RawCall;

/// What a contender's file says; the rest follows.
pub trait Windows: Debug {
    /// How many calls it takes at once.
    fn depth(&self) -> usize;

    /// Makes these calls, not more than the depth. Names every call to `sink` before it is handed over and when it
    /// is over, the first as 0.
    ///
    /// # Errors
    /// As [`Contender::run`].
    fn window<S: Sink>(&mut self, calls: &[RawCall<'_>], sink: &mut S) -> Result<(), String>;

    /// As [`Contender::settings`].
    fn settings(&self) -> String {
        String::new()
    }
}

impl<W: Windows> Contender for W {
    fn run(&mut self, batch: &[RawCall<'_>], results: &mut [i64]) -> Result<(), String> {
        let depth = self.depth();
        for (calls, results) in batch.chunks(depth).zip(results.chunks_mut(depth)) {
            self.window(calls, &mut Results(results))?;
        }
        Ok(())
    }

    fn run_timed(
        &mut self,
        window: &[RawCall<'_>],
        results: &mut [i64],
        latencies_ns: &mut [u64],
    ) -> Result<(), String> {
        self.window(window, &mut Timed::begin(results, latencies_ns))
    }

    fn settings(&self) -> String {
        Windows::settings(self)
    }
}
