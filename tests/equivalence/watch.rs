//! A call that sleeps where it should not would keep the test for ever: somebody ends it, and says which one it was.

use std::io::Write;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// Only against hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Ends the process when nothing has been sent for too long; what was sent last is named.
pub(crate) fn watchdog() -> Sender<String> {
    let (send, receive) = channel();
    thread::spawn(move || {
        let mut last = String::new();
        loop {
            match receive.recv_timeout(4 * PATIENCE) {
                Ok(title) => last = title,
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    give_up(&format!("stuck in {last}"));
                }
            }
        }
    });
    send
}

/// Ends the process and says why, past the capture of what tests print.
pub(crate) fn give_up(why: &str) -> ! {
    let _ = writeln!(std::io::stderr(), "{why}");
    std::process::abort();
}
