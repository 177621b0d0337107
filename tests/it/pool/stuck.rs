//! A submitter that gets stuck in a call it helps with.

use std::ffi::CString;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use syslet::{Params, Submission, SubmissionBuilder};

use crate::rig::{self, drain, pipe, push, sync};
use syslet_tests::pool::{ask_worker, own_tid, within, worker};

fn open(path: &CString, flags: i32) -> SubmissionBuilder {
    ask_worker(Submission::call(libc::SYS_openat).int(libc::AT_FDCWD.into()).path(path))
        .int(flags.into())
        .value(0)
}

/// A FIFO in a folder of its own.
fn fifo() -> (tempfile::TempDir, CString) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("fifo");
    mkfifo(&path, Mode::S_IRWXU).expect("made");
    let path = CString::new(path.to_str().expect("UTF-8")).expect("UTF-8");
    (folder, path)
}

/// POOL-16: a FIFO is opened for reading, then for writing, on one ring. Each open waits for the other: the submitter
/// sleeps in the first, and a worker makes the second.
#[test]
fn a_submitter_that_blocks_is_compensated() {
    for round in 0..20 {
        let (_folder, path) = fifo();
        let done = within(move || {
            // The submitter is not taken out of the call.
            let mut ring = rig::ring_with(syslet::Config::default().kick(false), &Params::default());
            push(&mut ring, &open(&path, libc::O_RDONLY).user_data(0).build()).unwrap();
            push(&mut ring, &open(&path, libc::O_WRONLY).user_data(1).build()).unwrap();
            assert_eq!(ring.wait(2, None), Ok(2));
            let mut done = drain(&mut ring);
            done.sort_by_key(|done| done.user_data);
            assert_eq!(worker(&done[0]).tid, own_tid(), "the submitter took the first");
            assert_ne!(worker(&done[1]).tid, own_tid(), "and a worker the second");
            done
        });
        for done in done {
            assert!(done.result >= 0, "round {round}: {done:?}");
            nix::unistd::close(i32::try_from(done.result).unwrap()).unwrap();
        }
    }
}

/// POOL-16: the same for a SYNC call that sleeps, and for what was pushed before the wait and behind it.
#[test]
fn a_sync_call_that_sleeps_holds_up_nobody_else() {
    within(|| {
        let mut ring = rig::ring_with(syslet::Config::default(), &Params::default());
        let (mut out, input) = pipe();
        let (back, mut answer) = pipe();
        let read = Submission::call(libc::SYS_read).int(back.as_raw_fd().into()).output(1).value(1);
        push(&mut ring, &sync(read).user_data(0).build()).unwrap();
        let write = Submission::call(libc::SYS_write).int(input.as_raw_fd().into()).input(b"x").value(1);
        push(&mut ring, &write.user_data(1).build()).unwrap();
        // It answers only when the write behind the sleeping read has been made.
        let peer = std::thread::spawn(move || {
            let mut byte = [0];
            out.read_exact(&mut byte).unwrap();
            answer.write_all(&byte).unwrap();
        });
        assert_eq!(ring.wait(2, None), Ok(2));
        peer.join().unwrap();
        let mut done = drain(&mut ring);
        done.sort_by_key(|done| done.user_data);
        assert_eq!((done[0].result, done[0].data(), done[1].result), (1, &b"x"[..], 1));
    });
}
