//! The engine without workers: whoever waits runs the calls.
#![allow(unsafe_code, reason = "pushes calls with addresses")]

use syslet::{Config, Engine, Params, Refused, Ring, Submission, WaitError};

use super::Contender;
use crate::call::RawCall;

/// Room for the longest submission there is here: six arguments and no attribute.
const SUBMISSION_BYTES: u32 = 80;
/// The engine's default, enough for most depths.
const RING_BYTES_MIN: u32 = 64 << 10;
/// What a ring cannot use lies below this, the longest submission by default.
const RING_BYTES_UNUSABLE: u32 = 4 << 10;

/// One ring; `depth` calls are pushed, run by waiting, and their completions read.
#[derive(Debug)]
pub struct EngineHelp {
    ring: Ring,
    depth: usize,
    /// The last call made, with its arguments changed from call to call.
    submission: Submission,
    shape: Shape,
}

/// What of a call cannot be changed in a submission that is built: number and argument count.
type Shape = (u32, usize);

impl EngineHelp {
    /// Starts an engine and opens a ring that takes `depth` calls.
    ///
    /// # Errors
    /// When the engine refuses to start here.
    pub fn prepare(depth: usize) -> Result<EngineHelp, String> {
        let engine = Engine::start(Config::default().workers_max(0)).map_err(|error| error.to_string())?;
        let calls = u32::try_from(depth).map_err(|error| error.to_string())?;
        let submission_bytes = (calls * SUBMISSION_BYTES + RING_BYTES_UNUSABLE).next_power_of_two();
        let params = Params { submission_bytes: submission_bytes.max(RING_BYTES_MIN), ..Params::default() };
        let ring = engine.ring(&params).map_err(|error| error.to_string())?;
        let (shape, submission) = build(&RawCall::getppid());
        Ok(EngineHelp { ring, depth, submission, shape })
    }

    fn push(&mut self, call: &RawCall<'_>, user_data: usize) -> Result<(), Refused> {
        if self.shape != shape_of(call) {
            (self.shape, self.submission) = build(call);
        }
        for (index, arg) in call.args().iter().enumerate() {
            self.submission.set_arg(index, *arg);
        }
        self.submission.set_user_data(user_data as u64);
        // SAFETY: the INVARIANT of `RawCall::args`; `window` returns only after this call's completion is read.
        unsafe { self.ring.push(&self.submission) }.map(|_| ())
    }

    /// Has all calls of `window` in flight together. What was accepted is over when this returns, refusal or not.
    fn window(&mut self, window: &[RawCall<'_>], results: &mut [i64]) -> Result<(), String> {
        let mut pushed = 0;
        let mut refused = None;
        for call in window {
            match self.push(call, pushed) {
                Ok(()) => pushed += 1,
                Err(reason) => {
                    refused = Some(reason);
                    break;
                }
            }
        }
        loop {
            match self.ring.submit_and_wait(pushed) {
                Ok(ready) if ready == pushed => break,
                Ok(ready) => return Err(format!("{ready} completions for {pushed} calls")),
                Err(WaitError::Interrupted { .. }) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        for done in self.ring.completions() {
            let place = usize::try_from(done.user_data()).ok().and_then(|index| results.get_mut(index));
            *place.ok_or("a completion names no call")? = done.result().0;
        }
        refused.map_or(Ok(()), |reason| Err(reason.to_string()))
    }
}

impl Contender for EngineHelp {
    fn run(&mut self, batch: &[RawCall<'_>], results: &mut [i64]) -> Result<(), String> {
        for (window, results) in batch.chunks(self.depth).zip(results.chunks_mut(self.depth)) {
            self.window(window, results)?;
        }
        Ok(())
    }
}

fn shape_of(call: &RawCall<'_>) -> Shape {
    (call.nr(), call.args().len())
}

fn build(call: &RawCall<'_>) -> (Shape, Submission) {
    let submission = call.args().iter().fold(Submission::call(call.nr()), |built, arg| built.value(*arg));
    (shape_of(call), submission.build())
}

#[test]
fn every_depth_fits_its_ring() {
    use crate::workload::{PreadCached, Workload};

    for depth in [1, 32, 128, 1024] {
        let mut workload = PreadCached::prepare(depth).unwrap();
        let batch = workload.batch(depth);
        let mut results = vec![0; depth];
        EngineHelp::prepare(depth).unwrap().run(&batch, &mut results).unwrap();
        assert!(results.iter().all(|&result| result == 4096), "depth {depth}: {results:?}");
    }
}

#[test]
fn more_calls_than_fit_are_refused_and_those_accepted_are_over() {
    let mut contender = EngineHelp { depth: 2000, ..EngineHelp::prepare(1).unwrap() };
    let mut results = vec![-1; 2000];
    let batch = vec![RawCall::getppid(); 2000];
    let error = contender.run(&batch, &mut results).unwrap_err();
    let over = results.iter().filter(|&&result| result == batch[0].expected()).count();
    assert!(over > 0 && contender.ring.in_flight() == 0, "{error}: {over}");
}
