//! A new thread for each call.
#![allow(unsafe_code, reason = "makes system calls in other threads")]

use std::sync::mpsc;
use std::thread;

use super::handed::Handed;
use super::sink::Sink;
use super::windows::Windows;
use crate::call::RawCall;

/// `std::thread`, one for each call of a window.
#[derive(Clone, Copy, Debug)]
pub struct ThreadPerCall {
    depth: usize,
}

impl ThreadPerCall {
    /// Has at most `depth` threads at once.
    #[must_use]
    pub fn prepare(depth: usize) -> ThreadPerCall {
        ThreadPerCall { depth }
    }
}

impl Windows for ThreadPerCall {
    fn depth(&self) -> usize {
        self.depth
    }

    fn window<S: Sink>(&mut self, calls: &[RawCall<'_>], sink: &mut S) -> Result<(), String> {
        let (sender, results) = mpsc::channel();
        // The scope joins every thread, whatever happens.
        thread::scope(|scope| {
            for (place, call) in calls.iter().enumerate() {
                sink.submitted(place);
                let (call, sender) = (Handed::new(call), sender.clone());
                let body = move || {
                    // SAFETY: the calls are borrowed until the scope ends, and no thread outlives it.
                    let _ = sender.send((place, unsafe { call.make() }));
                };
                thread::Builder::new().spawn_scoped(scope, body).map_err(|error| error.to_string())?;
            }
            drop(sender);
            results.iter().for_each(|(place, result)| sink.done(place, calls[place].seen(result)));
            Ok(())
        })
    }

    fn settings(&self) -> String {
        "std::thread with its default stack".to_owned()
    }
}
