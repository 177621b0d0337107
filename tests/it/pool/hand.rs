//! The same call, made plainly or through a ring, so that what comes of it can be compared.
#![allow(unsafe_code, reason = "makes plain calls, with buffers that live as long as the call")]

use std::os::fd::AsRawFd;

use syslet::{CallFlags, Config, Params, Ring, Submission};

use crate::rig::{self, Seen, drain, push};
use syslet_tests::pool::PATIENCE;

/// Who makes the calls.
#[derive(Debug)]
pub(super) enum Hand {
    /// The test itself.
    Plain,
    /// A ring, with addresses of the test's own buffers.
    Addresses(Box<Ring>, CallFlags),
    /// A ring, with bytes that travel.
    Bytes(Box<Ring>, CallFlags),
}

/// Result and bytes of a call.
pub(super) type Got = (i64, Vec<u8>);

/// Rings whose records hold what the scenes move at once.
fn ring() -> Box<Ring> {
    let params = Params {
        submission_bytes: 4 << 20,
        submission_record_max: 1 << 20,
        completion_bytes: 4 << 20,
        completion_record_max: 1 << 20,
        ..Params::default()
    };
    Box::new(rig::ring_with(Config::default(), &params))
}

/// Lets every kind of hand play a scene, and compares what they have seen with what the plain calls have.
#[track_caller]
pub(super) fn compare<T: PartialEq + std::fmt::Debug>(scene: impl Fn(&mut Hand) -> T) {
    let plain = scene(&mut Hand::Plain);
    for flags in [CallFlags::NONE, CallFlags::ASYNC] {
        for mut hand in [Hand::Addresses(ring(), flags), Hand::Bytes(ring(), flags)] {
            assert_eq!(scene(&mut hand), plain, "{}", hand.name());
        }
    }
}

impl Hand {
    fn name(&self) -> String {
        match self {
            Hand::Plain => "plain".to_owned(),
            Hand::Addresses(_, flags) => format!("addresses, {flags:?}"),
            Hand::Bytes(_, flags) => format!("bytes, {flags:?}"),
        }
    }

    /// A call that fills a buffer: `nr(fd, buffer, len, rest…)`.
    pub(super) fn get(&mut self, nr: libc::c_long, file: &impl AsRawFd, len: usize, rest: &[u64]) -> Got {
        let mut buffer = vec![0; len];
        if let Hand::Bytes(ring, flags) = self {
            let call = Submission::call(nr).int(file.as_raw_fd().into()).output(len).value(len as u64);
            let call = rest.iter().fold(call, |call, value| call.value(*value));
            let done = finish(ring, &call.flags(*flags).build());
            return (done.result, done.data().to_vec());
        }
        let address = buffer.as_mut_ptr().expose_provenance() as u64;
        let result = self.raw(nr, file, &[&[address, len as u64], rest].concat());
        buffer.truncate(usize::try_from(result).unwrap_or(0));
        (result, buffer)
    }

    /// A call that takes bytes: `nr(fd, bytes, len, rest…)`.
    pub(super) fn put(&mut self, nr: libc::c_long, file: &impl AsRawFd, bytes: &[u8], rest: &[u64]) -> i64 {
        let len = bytes.len() as u64;
        if let Hand::Bytes(ring, flags) = self {
            let call = Submission::call(nr).int(file.as_raw_fd().into()).input(bytes).value(len);
            let call = rest.iter().fold(call, |call, value| call.value(*value));
            return finish(ring, &call.flags(*flags).build()).result;
        }
        let address = bytes.as_ptr().expose_provenance() as u64;
        self.raw(nr, file, &[&[address, len], rest].concat())
    }

    /// A call of values only: `nr(fd, rest…)`.
    pub(super) fn raw(&mut self, nr: libc::c_long, file: &impl AsRawFd, rest: &[u64]) -> i64 {
        let fd = file.as_raw_fd();
        match self {
            Hand::Plain => plain(nr, fd, rest),
            Hand::Addresses(ring, flags) | Hand::Bytes(ring, flags) => {
                let call = Submission::call(nr).int(fd.into());
                let call = rest.iter().fold(call, |call, value| call.value(*value));
                finish(ring, &call.flags(*flags).build()).result
            }
        }
    }
}

fn plain(nr: libc::c_long, fd: i32, rest: &[u64]) -> i64 {
    let arg = |at: usize| rest.get(at).copied().unwrap_or(0);
    // SAFETY: addresses are those of buffers that the callers above hold.
    let result = unsafe { libc::syscall(nr, fd, arg(0), arg(1), arg(2), arg(3), arg(4)) };
    if result == -1 { -i64::from(nix::errno::Errno::last_raw()) } else { result }
}

fn finish(ring: &mut Ring, submission: &Submission) -> Seen {
    push(ring, submission).expect("accepted");
    assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1), "it hangs");
    drain(ring).remove(0)
}
