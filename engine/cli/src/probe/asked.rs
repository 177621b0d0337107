//! Asks the engine by making one call; the sections of attributes, attempts and parking do.

use syslet::{Completion, Ring, Submission};

/// Makes a call, and says what `say` reads in its completion, or why there is none.
pub(super) fn asked(
    ring: &mut Ring,
    call: &Submission,
    say: impl FnOnce(&Completion<'_>) -> Option<String>,
) -> String {
    if let Err(refused) = ring.push_safe(call) {
        return refused.to_string();
    }
    while ring.in_flight() > 0 {
        if ring.submit_and_wait(1).is_ok_and(|ready| ready > 0) {
            break;
        }
    }
    let said = ring.completions().next().and_then(|done| say(&done));
    said.unwrap_or_else(|| "not answered".to_owned())
}
