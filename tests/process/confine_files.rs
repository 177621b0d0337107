//! What the engine keeps open to compare threads with, and the application closes, takes for itself, or forges.
#![allow(unsafe_code, reason = "puts other files in the place of those that are kept open")]

#[allow(dead_code, reason = "what other tests need")]
mod confined;

use std::ffi::OsString;
use std::fs::{File, read_dir, read_link};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::thread;

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::unistd::gettid;
use syslet::{Config, Engine};
use syslet_tests::{look, rig};

use confined::{
    assert_inline_only, assert_is_noticed, assert_pooled, forbid, in_own_process, in_thread, open,
};

/// For close_range: in a table of the thread's own.
const UNSHARE: libc::c_uint = 1 << 1;

/// Numbers and files of the calling thread's descriptors, but that by which they are found.
fn files() -> Vec<(OsString, PathBuf)> {
    let entries = read_dir("/proc/thread-self/fd").expect("/proc is mounted");
    let links = entries.map(|entry| entry.expect("an entry").path());
    let mut links: Vec<_> = links.filter_map(|path| Some((path.clone(), read_link(path).ok()?))).collect();
    links.retain(|(_, to)| !to.to_string_lossy().ends_with("/fd"));
    links.sort();
    links.into_iter().map(|(path, to)| (path.file_name().expect("a number").to_owned(), to)).collect()
}

/// The numbers under which this file of this thread is open.
fn numbers(tid: i32, name: &str) -> Vec<i32> {
    let path = format!("/task/{tid}/{name}");
    let found = files().into_iter().filter(|(_, to)| to.to_string_lossy().ends_with(&path));
    found.map(|(number, _)| number.to_string_lossy().parse().expect("a number")).collect()
}

fn status(tid: i32) -> File {
    File::open(format!("/proc/self/task/{tid}/status")).expect("the thread is there")
}

/// Puts the file in the place of what is open under this number.
fn replace(number: i32, file: &File) {
    // SAFETY: what the engine opened is another file from here on, which is what these tests are about.
    Errno::result(unsafe { libc::dup2(file.as_raw_fd(), number) }).expect("both are open");
}

fn monitor() -> i32 {
    look::engine_threads_named("syslet-monitor")[0]
}

/// POOL-44: the status file of another thread, in the place of the ring's own, is no answer: neither what that one may do counts,
/// nor is the ring lost to workers.
#[test]
fn the_file_of_another_thread_is_no_answer() {
    in_own_process("the_file_of_another_thread_is_no_answer", || {
        let engine = Engine::start(Config::default()).unwrap();
        let other = gettid().as_raw();
        for is_confined in [true, false] {
            in_thread(|| {
                let mut ring = open(&engine);
                assert_pooled(&mut ring);
                let [number] = numbers(gettid().as_raw(), "status")[..] else { panic!("one is open") };
                replace(number, &status(other));
                if is_confined {
                    forbid(&[libc::SYS_getppid]);
                    assert_is_noticed(&mut ring);
                } else {
                    assert_pooled(&mut ring);
                }
            });
        }
    });
}

/// POOL-44: a thread that has confined itself and puts its own status file in the place of the monitor's is not equal to the
/// workers; and the monitor opens its files again, for all others.
#[test]
fn a_forged_monitor_is_no_answer() {
    in_own_process("a_forged_monitor_is_no_answer", || {
        let engine = Engine::start(Config::default()).unwrap();
        in_thread(|| {
            let mut ring = open(&engine);
            assert_pooled(&mut ring);
            forbid(&[libc::SYS_getppid]);
            for number in numbers(monitor(), "status") {
                replace(number, &status(gettid().as_raw()));
            }
            assert_is_noticed(&mut ring);
        });
        assert_pooled(&mut open(&engine));
        for name in ["status", "ns"] {
            let numbers = numbers(monitor(), name);
            assert!(!numbers.is_empty(), "{name}");
            numbers.into_iter().for_each(|number| replace(number, &File::open("/dev/null").unwrap()));
            assert_pooled(&mut open(&engine));
        }
    });
}

/// POOL-44: numbers that the application has put its own files on are not closed when the ring opens its files again.
#[test]
fn a_file_in_their_place_is_not_closed() {
    in_own_process("a_file_in_their_place_is_not_closed", || {
        let engine = Engine::start(Config::default()).unwrap();
        for name in ["status", "ns"] {
            in_thread(|| {
                let mut ring = open(&engine);
                assert_pooled(&mut ring);
                let [number] = numbers(gettid().as_raw(), name)[..] else { panic!("one is open") };
                replace(number, &File::open("/dev/null").unwrap());
                // What is kept open shows when it is asked.
                engine.confined();
                assert_is_noticed(&mut ring);
                drop(ring);
                let is_there = |(found, to): (OsString, PathBuf)| {
                    found.to_str() == Some(&number.to_string()) && to.as_os_str() == "/dev/null"
                };
                assert!(files().into_iter().any(is_there), "{name}");
            });
        }
    });
}

/// POOL-44, POOL-45: files that are opened again for each comparison of a thread that differs are closed again.
#[test]
fn files_that_are_opened_again_are_closed() {
    in_own_process("files_that_are_opened_again_are_closed", || {
        let engine = Engine::start(Config::default()).unwrap();
        in_thread(|| {
            let mut ring = open(&engine);
            assert_pooled(&mut ring);
            engine.confined();
            assert_is_noticed(&mut ring);
            let before = files();
            (0..20).for_each(|_| assert_inline_only(&mut ring));
            assert_eq!(files(), before);
        });
    });
}

/// POOL-20: a ring that a thread with descriptors of its own has used, and another one drops, closes no file of either: what it
/// keeps open to compare with has the same numbers in both.
#[test]
fn no_file_of_another_table_is_closed() {
    in_own_process("no_file_of_another_table_is_closed", || {
        let engine = Engine::start(Config::default()).unwrap();
        for is_opened_apart in [true, false] {
            let own_files = || unshare(CloneFlags::CLONE_FILES).expect("allowed");
            let mut ring = None;
            if !is_opened_apart {
                ring = Some(open(&engine));
            }
            let before = files();
            in_thread(|| {
                own_files();
                let fill =
                    |count: usize| (0..count).map(|_| File::open("/dev/null").unwrap()).collect::<Vec<_>>();
                let first = fill(8);
                let mut used = ring.take().unwrap_or_else(|| open(&engine));
                assert_is_noticed(&mut used);
                drop(first);
                let second = fill(16);
                let own = files();
                if is_opened_apart {
                    ring = Some(used);
                } else {
                    drop(used);
                    assert_eq!(files(), own);
                }
                // They end with the thread's table.
                second.into_iter().for_each(std::mem::forget);
            });
            drop(ring);
            let now = files();
            assert!(before.iter().all(|file| now.contains(file)), "{before:?} {now:?}");
        }
    });
}

/// POOL-20: the same for a thread that closes all in a table of its own, and opens other files: whether its ring is used after that,
/// came from another thread, or is dropped as it is, no number is closed that the thread has given to a file.
#[test]
fn no_file_in_a_table_of_ones_own_is_closed() {
    in_own_process("no_file_in_a_table_of_ones_own_is_closed", || {
        let engine = Engine::start(Config::default()).unwrap();
        for (is_moved, is_used) in [(false, false), (false, true), (true, false), (true, true)] {
            // By a thread that has no ring besides, whose files would be the same.
            let moved =
                is_moved.then(|| thread::scope(|scope| scope.spawn(|| open(&engine)).join().unwrap()));
            in_thread(|| {
                let mut ring = moved.unwrap_or_else(|| open(&engine));
                // SAFETY: nothing is closed that other threads see, nor what the harness writes to.
                Errno::result(unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, UNSHARE) })
                    .expect("a table");
                let own: Vec<_> = (0..64).map(|_| File::open("/dev/null").unwrap()).collect();
                let before = files();
                if is_used {
                    assert_is_noticed(&mut ring);
                }
                drop(ring);
                assert_eq!(files(), before, "moved {is_moved}, used {is_used}");
                // They end with the thread's table.
                own.into_iter().for_each(std::mem::forget);
            });
        }
        assert_pooled(&mut open(&engine));
    });
}
