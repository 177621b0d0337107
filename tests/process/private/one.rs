//! One call at a time, while another one may sleep.

use std::os::fd::AsRawFd;

use syslet::{CallFlags, Ring, Submission, SubmissionBuilder};

use crate::look::{until, workers_in};
use crate::rig::{Seen, drain, pipe, push};

/// Keeps one worker asleep in a read as long as the writer lives.
pub(crate) fn occupy_one(ring: &mut Ring) -> (std::io::PipeReader, std::io::PipeWriter) {
    let (reader, writer) = pipe();
    let fd = reader.as_raw_fd();
    let read = Submission::call(libc::SYS_read).flags(CallFlags::ASYNC).int(fd.into()).output(1).value(1);
    push(ring, &read.build()).expect("accepted");
    ring.submit();
    until("a worker sleeps", || workers_in(libc::SYS_read).len() == 1);
    (reader, writer)
}

/// Runs one call, while another one may end too.
pub(crate) fn run_one(ring: &mut Ring, call: SubmissionBuilder, user_data: u64) -> Seen {
    push(ring, &call.user_data(user_data).build()).expect("accepted");
    loop {
        ring.submit_and_wait(1).expect("waited");
        if let Some(done) = drain(ring).into_iter().find(|done| done.user_data == user_data) {
            return done;
        }
    }
}
