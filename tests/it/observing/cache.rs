//! CACHE against files that are in memory and files that are not.

use std::fs::File;
use std::io::Write;

use syslet::attrs::{CacheValue, Evidence, RunBy, Verdict, WorkerValue};
use syslet::{AttributeId, CallFlags, Config, Params, Ring, Status, Submission, SubmissionBuilder};

use super::{NONE, drop_from_cache, fd, handled, in_each_way, pread, stored};
use crate::rig::{self, Seen, getpid, pipe, push, run};

const BYTES: usize = 16 << 10;

fn asked(call: SubmissionBuilder) -> SubmissionBuilder {
    call.attribute(AttributeId::CACHE, NONE, &[]).attribute(AttributeId::WORKER, NONE, &[])
}

#[track_caller]
fn verdict(seen: &Seen) -> CacheValue {
    CacheValue::parse(handled(seen, AttributeId::CACHE)).expect("a value")
}

fn worker(seen: &Seen) -> WorkerValue {
    WorkerValue::parse(handled(seen, AttributeId::WORKER)).expect("a value")
}

fn attempts(seen: &Seen) -> u32 {
    worker(seen).attempts
}

fn reads(ring: &mut Ring, file: &File, flags: CallFlags) -> Seen {
    let seen = run(ring, asked(pread(file, BYTES)).flags(flags));
    assert_eq!(seen.result, i64::try_from(BYTES).expect("small"));
    seen
}

/// The read of a file that was dropped from the cache; `None` when it stays there. An attempt starts the read ahead, and looks
/// once more: where the bytes have come from the storage by then, which a preemption in between allows, it succeeds, and the file
/// is dropped again.
fn first_read(ring: &mut Ring, file: &File, flags: CallFlags) -> Option<Seen> {
    const DROPS_MAX: u32 = 100;
    for _ in 0..DROPS_MAX {
        if !drop_from_cache(file) {
            return None;
        }
        let first = reads(ring, file, flags);
        if verdict(&first).evidence != Evidence::NONBLOCKING_SUCCEEDED {
            return Some(first);
        }
    }
    panic!("the storage was faster than the attempt {DROPS_MAX} times in a row");
}

/// TWIN-8: a read of which only the first page is in memory comes back whole, in one piece, from an out area, whichever thread has moved which
/// part of it; also where an attempt is made once more.
#[test]
fn the_parts_of_a_read_come_back_as_one() {
    use std::os::unix::fs::FileExt;

    use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};

    const PAGE: usize = 4096;
    let bytes: Vec<u8> = (0..4 * PAGE).map(|at| u8::try_from(at % 251).expect("small")).collect();
    let mut file = stored(0);
    file.write_all(&bytes).expect("written");
    // Without it the kernel would read the other pages ahead.
    posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_RANDOM).expect("advice");
    in_each_way(|ring, flags| {
        for _ in 0..20 {
            if !drop_from_cache(&file) {
                return;
            }
            file.read_exact_at(&mut [0; PAGE], 0).expect("the first page");
            let seen = run(ring, pread(&file, bytes.len()).flags(flags));
            assert_eq!((seen.result, seen.data() == bytes), (16_384, true), "{flags:?}");
        }
    });
}

/// ATTR-37, ATTR-40: what was dropped from the cache is a miss, and a hit when it is read again; where the call has an
/// attempt, that was made first, also by a worker, and its word is the evidence.
#[test]
fn a_miss_and_then_a_hit() {
    let file = stored(BYTES);
    in_each_way(|ring, flags| {
        let Some(first) = first_read(ring, &file, flags) else { return };
        let second = reads(ring, &file, flags);
        assert_eq!(verdict(&first).verdict, Verdict::MISS, "{flags:?}");
        assert_eq!(verdict(&second).verdict, Verdict::HIT, "{flags:?} {second:?}");
        let evidence = |seen| verdict(seen).evidence;
        if flags == CallFlags::SYNC {
            let asked_storage = Evidence::WATCHED.with(Evidence::BLOCK_INPUT).with(Evidence::SLEPT);
            assert_eq!((evidence(&first), evidence(&second)), (asked_storage, Evidence::WATCHED));
        } else {
            let refused = Evidence::NONBLOCKING_REFUSED.with(Evidence::STORAGE).with(Evidence::WATCHED);
            assert!(evidence(&first).contains(refused), "{first:?}");
            assert_eq!(evidence(&second), Evidence::NONBLOCKING_SUCCEEDED);
            assert_eq!((attempts(&first), attempts(&second)), (2, 1));
        }
    });
}

/// ATTR-37: metadata that was just used is a hit, by a watched call.
#[test]
fn metadata_is_watched() {
    let folder = env!("CARGO_TARGET_TMPDIR").to_owned() + "\0";
    in_each_way(|ring, flags| {
        let stat = Submission::call(libc::SYS_newfstatat).int(libc::AT_FDCWD.into()).input(folder.as_bytes());
        let seen = run(ring, asked(stat.output(size_of::<libc::stat>()).value(0)).flags(flags));
        let expected = CacheValue { verdict: Verdict::HIT, evidence: Evidence::WATCHED };
        assert_eq!((seen.result, verdict(&seen)), (0, expected));
    });
}

/// ATTR-37: a pipe that has nothing refuses the first attempt, which says nothing about storage.
#[test]
fn a_pipe_is_no_storage() {
    let mut ring = rig::ring_with(Config::default(), &Params::default());
    let (reader, mut writer) = pipe();
    let read = || asked(Submission::call(libc::SYS_read).int(fd(&reader)).output(1).value(1));
    push(&mut ring, &read().build()).expect("accepted");
    ring.wait(1, Some(std::time::Duration::from_millis(1))).expect("waited");
    assert_eq!(rig::drain(&mut ring), [], "there is nothing to read");
    writer.write_all(b"x").expect("written");
    ring.wait(1, None).expect("waited");
    let seen = rig::drain(&mut ring).remove(0);
    assert_eq!((verdict(&seen).verdict, attempts(&seen)), (Verdict::UNKNOWN, 2), "{seen:?}");
    assert!(!verdict(&seen).evidence.contains(Evidence::STORAGE));
    writer.write_all(b"x").expect("written");
    assert_eq!(verdict(&run(&mut ring, read())).evidence, Evidence::NONBLOCKING_SUCCEEDED);
}

/// ATTR-36: INAPPLICABLE where nothing is read from storage; required, the call does not run.
#[test]
fn not_of_storage() {
    let mut ring = rig::ring();
    let inapplicable = Some((Status::INAPPLICABLE, &[][..]));
    let seen = run(&mut ring, asked(getpid()));
    assert_eq!((seen.result, seen.answer(AttributeId::CACHE)), (rig::pid(), inapplicable));
    let required = getpid().attribute(AttributeId::CACHE, syslet::AttributeFlags::REQUIRED, &[]);
    let seen = run(&mut ring, required);
    assert_eq!((seen.result, seen.answer(AttributeId::CACHE)), (-i64::from(libc::EOPNOTSUPP), inapplicable));
}

/// ATTR-40: a call with STORAGE is tried first as well, where there are workers; refused, its submitter makes it, as without CACHE.
#[test]
fn a_call_with_storage_is_tried_first() {
    let mut ring = rig::ring_with(Config::default(), &Params::default());
    let file = stored(BYTES);
    let refused = Evidence::NONBLOCKING_REFUSED.with(Evidence::STORAGE).with(Evidence::WATCHED);
    // An attempt at bytes that are not there starts to read them, and may find them there in the end.
    let mut dropped =
        (0..100).map_while(|_| drop_from_cache(&file).then(|| reads(&mut ring, &file, CallFlags::STORAGE)));
    if let Some(miss) = dropped.find(|seen| verdict(seen).evidence != Evidence::NONBLOCKING_SUCCEEDED) {
        assert!(verdict(&miss).evidence.contains(refused), "{miss:?}");
        assert_eq!((worker(&miss).run_by, attempts(&miss)), (RunBy::INLINE, 2));
    }
    let hit = reads(&mut ring, &file, CallFlags::STORAGE);
    assert_eq!(verdict(&hit).evidence, Evidence::NONBLOCKING_SUCCEEDED, "not watched");
    assert_eq!((worker(&hit).run_by, attempts(&hit)), (RunBy::NONBLOCKING, 1));
}
