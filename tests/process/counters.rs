//! Performance counters and the descriptors they take. Alone in its process, because it looks at all descriptors and
//! closes those of others.

use std::fs::{File, read_dir, read_link};
use std::io::{Read, Seek, Write};
use std::os::fd::{AsRawFd, RawFd};

use syslet::attrs::CountersValue;
use syslet::{AttributeFlags, AttributeId, CallFlags, Config, Engine, Params, Ring, Status};

use syslet_tests::rig::{getpid, run};

/// The descriptors of this process that are performance counters.
fn open_counters() -> Vec<RawFd> {
    let number = |entry: std::fs::DirEntry| entry.file_name().to_str().and_then(|name| name.parse().ok());
    let fds = read_dir("/proc/self/fd").expect("own descriptors").flatten().filter_map(number);
    let is_counter = |fd: &RawFd| {
        read_link(format!("/proc/self/fd/{fd}")).is_ok_and(|to| to.to_string_lossy().contains("perf_event"))
    };
    fds.filter(is_counter).collect()
}

/// A call whose counters must count; false when this process may have none.
fn counts(ring: &mut Ring, flags: CallFlags) -> bool {
    let asked = getpid().attribute(AttributeId::COUNTERS, AttributeFlags::NONE, &[]).flags(flags);
    let seen = run(ring, asked);
    let (status, value) = seen.answer(AttributeId::COUNTERS).expect("it was asked");
    if status == Status::UNAVAILABLE {
        return false;
    }
    let counted = CountersValue::parse(value).expect("a value").0;
    assert!(counted.valid & CountersValue::TASK_CLOCK != 0 && counted.counts[0] > 0, "{counted:?}");
    true
}

/// ATTR-53: counters are kept from call to call and end with who makes the calls; closed by the application, others are
/// opened, and the files that have taken their numbers are neither read nor closed.
#[test]
fn descriptors_of_counters() {
    let engine = Engine::start(Config::default()).expect("an engine");
    let mut ring = engine.ring(&Params::default()).expect("a ring");
    if !counts(&mut ring, CallFlags::NONE) {
        eprintln!("skipped: this process may not open performance counters");
        return;
    }
    let first = open_counters();
    assert!(!first.is_empty());
    assert!(counts(&mut ring, CallFlags::NONE));
    assert_eq!(open_counters(), first, "they are kept");
    first.iter().for_each(|fd| nix::unistd::close(*fd).expect("it was open"));
    let mut files: Vec<File> = first.iter().map(|_| tempfile::tempfile().expect("a file")).collect();
    assert!(files.iter().any(|file| first.contains(&file.as_raw_fd())), "numbers are taken again");
    for file in &mut files {
        file.write_all(&[7; 64]).expect("written");
        file.rewind().expect("at the start");
    }
    assert!(counts(&mut ring, CallFlags::NONE), "others are opened");
    for file in &mut files {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("still open");
        assert_eq!(bytes, [7; 64], "nobody has read them");
    }
    assert!(counts(&mut ring, CallFlags::ASYNC), "a worker has its own");
    drop(ring);
    assert_eq!(engine.close(std::time::Duration::from_secs(60)).ok(), Some(()));
    drop(engine);
    assert_eq!(open_counters(), [], "they end with the threads");
    a_thread_for_one_call();
}

/// It has its own counters, and the worker's go on.
fn a_thread_for_one_call() {
    let engine = Engine::start(Config::default().workers_max(1)).expect("an engine");
    let mut ring = engine.ring(&Params::default()).expect("a ring");
    for flags in [CallFlags::PRIVATE, CallFlags::ASYNC, CallFlags::PRIVATE, CallFlags::PRIVATE] {
        assert!(counts(&mut ring, flags), "{flags:?}");
    }
}
