//! tokio's pool for blocking work.
#![allow(unsafe_code, reason = "makes system calls in other threads")]

use ::tokio::runtime::{Builder, Runtime};

use super::gather::gather;
use super::sink::Sink;
use super::windows::Windows;
use crate::call::RawCall;

/// `spawn_blocking` on a multi-thread runtime as it comes.
#[derive(Debug)]
pub struct Tokio {
    runtime: Runtime,
    depth: usize,
}

impl Tokio {
    /// Starts a runtime.
    ///
    /// # Errors
    /// When it cannot start.
    pub fn prepare(depth: usize) -> Result<Tokio, String> {
        let runtime = Builder::new_multi_thread().build().map_err(|error| error.to_string())?;
        Ok(Tokio { runtime, depth })
    }
}

impl Windows for Tokio {
    fn depth(&self) -> usize {
        self.depth
    }

    fn window<S: Sink>(&mut self, calls: &[RawCall<'_>], sink: &mut S) -> Result<(), String> {
        self.runtime.block_on(gather(calls, sink, |call| {
            // SAFETY: the calls are borrowed until this function returns, which is when all of them are over.
            let task = ::tokio::task::spawn_blocking(move || unsafe { call.make() });
            async { task.await.map_err(|error| error.to_string()) }
        }))
    }

    fn settings(&self) -> String {
        format!(
            "spawn_blocking, runtime with {} workers, else as it comes",
            self.runtime.metrics().num_workers()
        )
    }
}
