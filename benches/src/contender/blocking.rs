//! The `blocking` crate's pool, smol's.
#![allow(unsafe_code, reason = "makes system calls in other threads")]

use ::blocking::unblock;
use futures_lite::future::block_on;

use super::gather::gather;
use super::sink::Sink;
use super::windows::Windows;
use crate::call::RawCall;

/// `unblock`, on the one pool that a process has.
#[derive(Clone, Copy, Debug)]
pub struct Blocking {
    depth: usize,
}

impl Blocking {
    /// Takes `depth` calls at once.
    #[must_use]
    pub fn prepare(depth: usize) -> Blocking {
        Blocking { depth }
    }
}

impl Windows for Blocking {
    fn depth(&self) -> usize {
        self.depth
    }

    fn window<S: Sink>(&mut self, calls: &[RawCall<'_>], sink: &mut S) -> Result<(), String> {
        block_on(gather(calls, sink, |call| {
            // SAFETY: the calls are borrowed until this function returns, which is when all of them are over.
            let task = unblock(move || unsafe { call.make() });
            async { Ok(task.await) }
        }))
    }

    fn settings(&self) -> String {
        "unblock, pool as it comes".to_owned()
    }
}
