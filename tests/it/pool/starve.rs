//! Those who wait for something never keep out the one who has it.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use syslet::{CallFlags, Config, Ring, Submission, SubmissionBuilder};

use crate::rig::{drain, pipe, push};
use syslet_tests::pool::{PATIENCE, is_readable, start, until};

const FLOCKS: usize = 32;
const FUTEXES: usize = 32;

/// Waits on a word that is zero.
fn futex_wait(word: &AtomicU32) -> SubmissionBuilder {
    let operation = u64::try_from(libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG).expect("positive");
    let address = word.as_ptr().expose_provenance() as u64;
    Submission::call(libc::SYS_futex).value(address).value(operation).value(0).value(0).value(0).value(0)
}

fn flock(file: &File, operation: i32) -> SubmissionBuilder {
    Submission::call(libc::SYS_flock).int(file.as_raw_fd().into()).int(operation.into())
}

/// The holder's write, in a worker; it has run when the byte is there, without any wait.
fn holder_writes(ring: &mut Ring) {
    let (mut reader, writer) = pipe();
    let write = Submission::call(libc::SYS_write).int(writer.as_raw_fd().into()).input(b"w").value(1);
    push(ring, &write.flags(CallFlags::ASYNC).user_data(u64::MAX).build()).expect("accepted");
    ring.submit();
    assert!(is_readable(&reader, PATIENCE), "the holder is starved");
    let mut byte = [0];
    reader.read_exact(&mut byte).expect("read");
}

/// Pushes the waiters; the lock of the first file is held.
fn push_waiters(ring: &mut Ring, files: &[File], word: &AtomicU32, flags: CallFlags) {
    for (number, file) in (0_u64..).zip(files) {
        push(ring, &flock(file, libc::LOCK_EX).flags(flags).user_data(number).build()).expect("accepted");
    }
    for _ in 0..FUTEXES {
        push(ring, &futex_wait(word).flags(flags).user_data(1000).build()).expect("waited");
    }
}

/// POOL-6, POOL-14: 64 waiters block, on file locks and on a futex, and only one worker may run: what the holder does
/// runs behind them, and beside them when all of them sleep, until they all have got what they wait for.
#[test]
fn pool_waiters_never_starve_the_holder() {
    for flags in [CallFlags::ASYNC, CallFlags::NONE] {
        let (engine, mut ring) = start(Config::default().runnable_max(1));
        let file = tempfile::NamedTempFile::new().unwrap();
        let open = || File::open(file.path()).unwrap();
        let holder = open();
        let waiters: Vec<File> = (0..FLOCKS).map(|_| open()).collect();
        let word = AtomicU32::new(0);
        holder.lock().unwrap();
        push_waiters(&mut ring, &waiters, &word, flags);
        holder_writes(&mut ring);
        until("all sleep", || engine.stats().blocked == 64);
        holder_writes(&mut ring);
        // Who counts as asleep may still be about to: it finds another value.
        word.store(1, Ordering::Relaxed);
        let wake = u64::try_from(libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG).unwrap();
        let address = word.as_ptr().expose_provenance() as u64;
        let wake = Submission::call(libc::SYS_futex).value(address).value(wake).int(i32::MAX.into());
        let wake = wake.value(0).value(0).value(0).flags(CallFlags::ASYNC).user_data(2000);
        push(&mut ring, &wake.build()).unwrap();
        push(&mut ring, &flock(&holder, libc::LOCK_UN).flags(CallFlags::ASYNC).user_data(2001).build())
            .unwrap();
        ring.submit();
        let (mut locked, mut woken) = (0, 0);
        while locked < FLOCKS || woken < FUTEXES {
            assert!(ring.wait(1, Some(PATIENCE)).unwrap() > 0, "{locked} locked, {woken} woken");
            for done in drain(&mut ring) {
                match (done.user_data, usize::try_from(done.user_data)) {
                    (1000, _) => woken += 1,
                    (_, Ok(number @ 0..FLOCKS)) => {
                        locked += 1;
                        let unlock = flock(&waiters[number], libc::LOCK_UN).flags(CallFlags::ASYNC);
                        push(&mut ring, &unlock.user_data(2001).build()).unwrap();
                    }
                    _ => continue,
                }
                let is_late = done.user_data == 1000 && done.result == -i64::from(libc::EAGAIN);
                assert!(done.result == 0 || is_late, "{done:?}");
            }
        }
    }
}

/// POOL-6, POOL-15: calls that nobody can know to sleep, here opens of FIFOs that nobody writes, are noticed one after
/// the other, and what is queued behind them runs.
#[test]
fn calls_that_stall_are_compensated() {
    let (engine, mut ring) = start(Config::default().runnable_max(1));
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> = (0..8).map(|number| folder.path().join(number.to_string())).collect();
    for path in &paths {
        mkfifo(path, Mode::S_IRWXU).unwrap();
        let name = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
        let open = Submission::call(libc::SYS_openat).int(libc::AT_FDCWD.into()).path(&name);
        let open = open.int(OFlag::O_RDONLY.bits().into()).value(0);
        push(&mut ring, &open.flags(CallFlags::ASYNC).build()).unwrap();
    }
    holder_writes(&mut ring);
    assert!(engine.stats().blocked >= 8, "{:?}", engine.stats());
    let _writers: Vec<File> =
        paths.iter().map(|path| File::options().write(true).open(path).unwrap()).collect();
    assert_eq!(ring.wait(9, Some(PATIENCE)), Ok(9));
    let opened = drain(&mut ring).into_iter().filter(|done| done.user_data == 0);
    for done in opened {
        nix::unistd::close(i32::try_from(done.result).unwrap()).unwrap();
    }
}
