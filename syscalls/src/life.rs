//! Calls that would end, replace or break the thread that makes them: no thread of an engine survives these, so
//! they are refused at the door, each with its reason.

/// Why this call cannot be made by an engine's thread, if so.
#[must_use]
pub fn ends_the_thread(nr: u32, args: &[u64; 6]) -> Option<&'static str> {
    let _ = (nr, args);
    None
}

/// Whether the number belongs to another system call interface: x32 on x86_64, or no `int` at all.
#[must_use]
pub fn is_foreign(nr: u32) -> bool {
    nr >= 0x4000_0000
}
