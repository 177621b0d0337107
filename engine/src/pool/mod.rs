//! What the worker pool is built of. None of these modules knows the pool.

#[cfg_attr(not(test), expect(dead_code, reason = "the pool is to use it"))]
pub(crate) mod thread;
#[cfg_attr(not(test), expect(dead_code, reason = "the pool is to use it"))]
pub(crate) mod signals;

#[cfg(test)]
pub(crate) mod look;
