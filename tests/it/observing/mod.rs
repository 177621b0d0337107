//! Attributes that say what a call took: all of them beside each other, and each against what is known to be true.

mod cache;
mod checksum;
mod pairs;
mod spent;
mod together;
mod trace;

use std::fs::File;
use std::os::fd::AsRawFd;

use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, Params, Ring, Status, Submission, SubmissionBuilder,
};

use crate::rig::{self, Seen};

/// Not required.
pub(crate) const NONE: AttributeFlags = AttributeFlags::NONE;

/// The ways in which a call can come to be made: by a submitter alone, inline, by a worker.
const WAYS: [(fn() -> Config, CallFlags); 3] =
    [(rig::alone, CallFlags::SYNC), (Config::default, CallFlags::NONE), (Config::default, CallFlags::ASYNC)];

/// Runs a call in each of the ways.
fn in_each_way(mut look: impl FnMut(&mut Ring, CallFlags)) {
    for (config, flags) in WAYS {
        let params = Params { submission_record_max: 32 << 10, ..Params::default() };
        look(&mut rig::ring_with(config(), &params), flags);
    }
}

fn fd(file: &impl AsRawFd) -> i64 {
    file.as_raw_fd().into()
}

/// `bytes` from the start of a file.
fn pread(file: &File, bytes: usize) -> SubmissionBuilder {
    Submission::call(libc::SYS_pread64).int(fd(file)).output(bytes).value(bytes as u64).value(0)
}

/// Fresh memory, which stays; its address. It is shared, so a fork elsewhere in this process protects no page of it.
fn mapped(bytes: u64) -> u64 {
    let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    let map = Submission::call(libc::SYS_mmap).value(0).value(bytes).int(access.into()).int(flags.into());
    let seen = rig::run(&mut rig::ring(), map.int(-1).value(0));
    u64::try_from(seen.result).expect("an address")
}

/// The value of an attribute that was handled.
#[track_caller]
fn handled(seen: &Seen, id: AttributeId) -> &[u8] {
    let (status, value) = seen.answer(id).expect("it was asked");
    assert_eq!(status, Status::HANDLED, "{id:?}");
    value
}

/// A file with so many bytes in the build's own folder, which is on storage.
fn stored(bytes: usize) -> File {
    let mut file = tempfile::tempfile_in(env!("CARGO_TARGET_TMPDIR")).expect("a file");
    std::io::Write::write_all(&mut file, &vec![7; bytes]).expect("written");
    file.sync_all().expect("on storage");
    file
}

/// Takes a file out of the cache; false, with a word about why, when it stays there.
fn drop_from_cache(file: &File) -> bool {
    file.sync_all().expect("on storage");
    posix_fadvise(file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED).expect("advice");
    let asked = Submission::call(CACHESTAT).int(fd(file)).input(&[0; 16]).output(40).value(0);
    let seen = rig::run(&mut rig::ring(), asked);
    let cached = seen.data().first_chunk().map(|pages| u64::from_ne_bytes(*pages));
    if cached != Some(0) {
        eprintln!("skipped: the build's folder keeps files in memory ({} and {cached:?} pages)", seen.result);
    }
    cached == Some(0)
}

/// The number is the same everywhere; the C library does not name it yet.
const CACHESTAT: libc::c_long = 451;
