//! Waiting for a window's calls where each is a task with a handle to await.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::handed::Handed;
use super::landing::Landing;
use super::sink::Sink;
use crate::call::RawCall;

/// Hands every call to `spawn` and takes the results in the order they come. No call is left when this is over; it
/// must be polled until then.
pub(super) async fn gather<F>(
    calls: &[RawCall<'_>],
    sink: &mut impl Sink,
    spawn: impl Fn(Handed) -> F,
) -> Result<(), String>
where
    F: Future<Output = Result<i64, String>>,
{
    let landing = Landing;
    let mut tasks = FuturesUnordered::new();
    for (place, call) in calls.iter().enumerate() {
        sink.submitted(place);
        let task = spawn(Handed::new(call));
        tasks.push(async move { (place, task.await) });
    }
    let mut outcome = Ok(());
    while let Some((place, result)) = tasks.next().await {
        match result {
            Ok(value) => sink.done(place, calls[place].seen(value)),
            Err(error) => outcome = Err(error),
        }
    }
    landing.over();
    outcome
}
