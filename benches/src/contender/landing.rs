//! No way out while calls are in flight.

/// Ends the process when it is dropped before [`Landing::over`]: the kernel or another thread may still write to
/// buffers that are borrowed only until the window's function returns, and a panic would return from it.
#[derive(Debug)]
#[must_use]
pub(crate) struct Landing;

impl Landing {
    /// Every call that was in flight is over.
    pub(crate) fn over(self) {
        std::mem::forget(self);
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        std::process::abort();
    }
}
