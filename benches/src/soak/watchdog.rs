//! Ends the process when nothing moves, and says what everybody waits for.

use std::io::{self, Write};
use std::process;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::world::World;
use crate::pause::pause;

/// Nothing is so slow that nothing moves for so long.
const PATIENCE: Duration = Duration::from_secs(60);
/// Once something is known to be wrong, the others have so long to end.
const PATIENCE_WITH_FAILURE: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(100);

/// Looks until `is_over`. Does not return when nothing moves: threads that hang cannot be ended.
pub(super) fn watch(world: &World, what: &str, is_over: impl Fn() -> bool) {
    let mut seen = (world.moves.load(Ordering::Relaxed), Instant::now());
    while !is_over() {
        let moves = world.moves.load(Ordering::Relaxed);
        if moves != seen.0 {
            seen = (moves, Instant::now());
        }
        let failure = world.failure();
        let patience = if failure.is_some() { PATIENCE_WITH_FAILURE } else { PATIENCE };
        if seen.1.elapsed() > patience {
            let reason = failure.unwrap_or_else(|| format!("nothing moved for {PATIENCE:?}"));
            let _ = write!(io::stderr(), "violation ({what}): {reason}\n{}", world.describe());
            process::exit(1);
        }
        pause(TICK);
    }
}
