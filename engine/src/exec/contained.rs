//! Panics of an application's own attributes go no further than their call.

use std::panic::{AssertUnwindSafe, catch_unwind};

use syslet_abi::AttributeId;

/// Runs a method of the attribute with this id; `None` when it is the application's own and panicked (ENGINE-27).
pub(crate) fn contained<T>(id: AttributeId, method: impl FnOnce() -> T) -> Option<T> {
    if !id.is_application() {
        return Some(method());
    }
    // What was thrown is the application's as well: dropping it could panic again.
    catch_unwind(AssertUnwindSafe(method)).map_err(std::mem::forget).ok()
}
