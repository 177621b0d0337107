//! A call that sleeps where it should not would keep the test for ever: somebody ends it, and says which one it was.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;

use crate::look::PATIENCE;

/// Ends the process when nothing has been sent for too long; what was sent last is named.
pub(crate) fn watchdog() -> Sender<String> {
    let (send, receive) = channel();
    thread::spawn(move || {
        let mut last = String::new();
        loop {
            match receive.recv_timeout(2 * PATIENCE) {
                Ok(title) => last = title,
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    eprintln!("stuck in {last}");
                    std::process::abort();
                }
            }
        }
    });
    send
}
