//! What is compared with the workers before calls are given to them: where /proc is and where it is not, with kcmp and under a
//! profile like Docker's, and what shortage does. Much of it in processes of their own: roots and limits change.
#![allow(unsafe_code, reason = "confines single threads by raw system calls")]

#[allow(dead_code, reason = "what other tests need")]
mod confined;

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::sync::Arc;
use std::{fs, thread};

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::chroot;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use syslet::{Config, Engine, Source, Submission, SubmissionBuilder};
use syslet_tests::rig;

use confined::{
    NOBODY, assert_inline_only, assert_is_noticed, assert_never_run, assert_pooled, drop_capabilities,
    forbid, in_own_process, in_thread, is_refused, is_superuser, open, pooled, take_ids,
};
use syslet_tests::look::until;
use syslet_tests::rig::{drain, push};

/// Answers an error number to calls of the calling thread, and of those that it starts.
fn answer(numbers: &[libc::c_long], errno: i32) {
    let rules: BTreeMap<_, _> = numbers.iter().map(|nr| (*nr, vec![])).collect();
    let action = SeccompAction::Errno(errno.cast_unsigned());
    let arch = TargetArch::try_from(std::env::consts::ARCH).expect("a known architecture");
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, arch).expect("a filter");
    seccompiler::apply_filter(&BpfProgram::try_from(filter).expect("a program")).expect("it is put on");
}

/// What Docker's default profile refuses a container without further capabilities.
fn confine_as_docker_does() {
    answer(
        &[
            libc::SYS_kcmp,
            libc::SYS_pidfd_getfd,
            libc::SYS_unshare,
            libc::SYS_setns,
            libc::SYS_mount,
            libc::SYS_bpf,
        ],
        libc::EPERM,
    );
    answer(&[libc::SYS_clone3], libc::ENOSYS);
}

fn unshare_files() {
    const UNSHARE: libc::c_uint = 1 << 1;
    // SAFETY: numbers that no descriptor has: nothing is closed, and the table is the thread's own from here on.
    Errno::result(unsafe { libc::syscall(libc::SYS_close_range, 1 << 20, 1 << 21, UNSHARE) })
        .expect("a table");
}

fn set_securebits() {
    const NO_SETUID_FIXUP: libc::c_ulong = 1 << 2;
    // SAFETY: changes the calling thread only.
    Errno::result(unsafe { libc::prctl(libc::PR_SET_SECUREBITS, NO_SETUID_FIXUP) }).expect("allowed");
}

fn take_fs_ids() {
    // SAFETY: changes the calling thread only.
    unsafe { libc::syscall(libc::SYS_setfsuid, NOBODY) };
}

fn take_groups() {
    let groups = [NOBODY];
    // SAFETY: the kernel reads one group, and changes the calling thread only.
    Errno::result(unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) })
        .expect("allowed");
}

/// Each change, made by a thread of its own, keeps the next call from workers.
fn assert_each_is_noticed(engine: &Engine, changes: &[(&str, fn())]) {
    for (name, change) in changes {
        println!("{name}");
        in_thread(|| {
            let mut ring = open(engine);
            assert_pooled(&mut ring);
            change();
            assert_is_noticed(&mut ring);
            assert_inline_only(&mut open(engine));
        });
    }
    assert_pooled(&mut open(engine));
}

/// What every way to compare sees.
const CHANGES: [(&str, fn()); 9] = [
    ("effective user", || take_ids(NOBODY)),
    ("user for files", take_fs_ids),
    ("groups", take_groups),
    ("capabilities", drop_capabilities),
    ("securebits", set_securebits),
    ("no_new_privs", || prctl::set_no_new_privs().expect("always allowed")),
    ("a filter", || forbid(&[libc::SYS_getppid])),
    ("descriptors", unshare_files),
    ("a filter that stops looking", || {
        forbid(&[libc::SYS_pread64, libc::SYS_readlinkat, libc::SYS_getgroups])
    }),
];

/// Capabilities that only the bounding set loses, the inheritable set has; a umask, a directory, namespaces.
const SEEN_BY_STATUS: [(&str, fn()); 6] = [
    ("bounding set", || {
        // SAFETY: changes the calling thread only.
        Errno::result(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, 18) }).expect("allowed");
    }),
    ("directories", || unshare(CloneFlags::CLONE_FS).expect("allowed")),
    ("descriptors by unshare", || unshare(CloneFlags::CLONE_FILES).expect("allowed")),
    ("a namespace", || unshare(CloneFlags::CLONE_NEWUTS).expect("allowed")),
    ("a network", || unshare(CloneFlags::CLONE_NEWNET).expect("allowed")),
    ("a namespace of mounts", || unshare(CloneFlags::CLONE_NEWNS).expect("allowed")),
];

/// POOL-40, POOL-42, POOL-44: with /proc and kcmp each change is noticed before the next batch goes to workers.
#[test]
fn each_change_is_noticed_at_once() {
    if !is_superuser("giving up ids and capabilities") {
        return;
    }
    let engine = Engine::start(Config::default()).unwrap();
    let comparison = engine.comparison().unwrap();
    assert_eq!((comparison.threads, comparison.tables), (Source::Status, Source::Kcmp));
    assert_each_is_noticed(&engine, &CHANGES);
    assert_each_is_noticed(&engine, &SEEN_BY_STATUS);
}

/// POOL-44: under a profile like Docker's workers stay in use, and each change is noticed as well.
#[test]
fn workers_are_used_under_dockers_profile() {
    if !is_superuser("giving up ids and capabilities") {
        return;
    }
    in_thread(|| {
        confine_as_docker_does();
        let engine = Engine::start(Config::default()).unwrap();
        let comparison = engine.comparison().unwrap();
        assert_eq!((comparison.threads, comparison.tables), (Source::Status, Source::Locks));
        // That is set already.
        let changes: Vec<_> = CHANGES.into_iter().filter(|(name, _)| *name != "no_new_privs").collect();
        assert_each_is_noticed(&engine, &changes);
    });
}

/// POOL-44: a filter that kills whoever calls kcmp, or asks for the ids of file accesses, does not see the engine do so.
#[test]
fn what_kills_is_not_asked() {
    in_own_process("what_kills_is_not_asked", || {
        let deadly = [libc::SYS_kcmp, libc::SYS_setfsuid, libc::SYS_setfsgid];
        let rules: BTreeMap<_, _> = deadly.iter().map(|nr| (*nr, vec![])).collect();
        let arch = TargetArch::try_from(std::env::consts::ARCH).expect("a known architecture");
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::KillProcess, arch);
        let program = BpfProgram::try_from(filter.expect("a filter")).expect("a program");
        seccompiler::apply_filter(&program).expect("it is put on");
        let engine = Engine::start(Config::default()).unwrap();
        let comparison = engine.comparison().unwrap();
        assert_eq!((comparison.threads, comparison.tables), (Source::Status, Source::Locks));
        let mut ring = open(&engine);
        assert_pooled(&mut ring);
        forbid(&[libc::SYS_getppid]);
        assert_is_noticed(&mut ring);
    });
}

/// POOL-44: without kcmp a thread that has its own directories is noticed when it is somewhere else, also when it is the process
/// that has moved on; and when the application closes the file
/// that the lock is on, no thread is taken for equal before the monitor has a lock again.
#[test]
fn without_kcmp_directories_are_compared_by_what_they_are() {
    if !is_superuser("a directory of one thread") {
        return;
    }
    in_own_process("without_kcmp_directories_are_compared_by_what_they_are", || {
        answer(&[libc::SYS_kcmp], libc::EPERM);
        let engine = Engine::start(Config::default()).unwrap();
        in_thread(|| {
            let mut ring = open(&engine);
            unshare(CloneFlags::CLONE_FS).expect("allowed");
            assert_pooled(&mut ring);
            std::env::set_current_dir("/tmp").expect("it is there");
            assert_is_noticed(&mut ring);
        });
        in_thread(|| {
            let mut ring = open(&engine);
            unshare(CloneFlags::CLONE_FS).expect("allowed");
            thread::scope(|scope| {
                scope.spawn(|| assert_pooled(&mut ring)).join().expect("as confined");
            });
        });
        let mut ring = open(&engine);
        std::env::set_current_dir("/").expect("it is there");
        assert_pooled(&mut ring);
        let held = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| {
            let path = entry.unwrap().path();
            let is_it = fs::read_link(&path).is_ok_and(|to| to.to_string_lossy().contains("syslet-table"));
            is_it.then(|| path.file_name().unwrap().to_str().unwrap().parse::<i32>().unwrap())
        });
        for fd in held.collect::<Vec<_>>() {
            let other = File::open("/dev/null").unwrap();
            // SAFETY: what the engine opened is another file from here on, which is what this test is about.
            assert_eq!(unsafe { libc::dup2(other.as_raw_fd(), fd) }, fd);
        }
        // Nothing says that the table is the same until the monitor has taken another lock.
        assert_pooled(&mut ring);
        in_thread(|| {
            let mut ring = open(&engine);
            unshare_files();
            assert_is_noticed(&mut ring);
        });
    });
}

/// POOL-42: a thread that unshares its directories is noticed although its own stay what they are, when the process has moved.
#[test]
fn a_process_that_moves_on_leaves_a_thread_behind() {
    if !is_superuser("a directory of one thread") {
        return;
    }
    in_own_process("a_process_that_moves_on_leaves_a_thread_behind", || {
        answer(&[libc::SYS_kcmp], libc::EPERM);
        std::env::set_current_dir("/").expect("it is there");
        let engine = Engine::start(Config::default()).unwrap();
        let (go, gone) = std::sync::mpsc::channel::<()>();
        let (moved, has_moved) = std::sync::mpsc::channel::<()>();
        let engine = &engine;
        thread::scope(|scope| {
            scope.spawn(move || {
                let mut ring = open(engine);
                unshare(CloneFlags::CLONE_FS).expect("allowed");
                assert_pooled(&mut ring);
                go.send(()).unwrap();
                has_moved.recv().unwrap();
                until("it is noticed in the period", || is_refused(&mut ring));
                assert_inline_only(&mut ring);
            });
            gone.recv().unwrap();
            std::env::set_current_dir("/tmp").expect("it is there");
            moved.send(()).unwrap();
        });
    });
}

/// POOL-43: an engine that is started where there is no /proc uses its workers, and notices what calls tell.
#[test]
fn without_proc_calls_tell() {
    if !is_superuser("a root without /proc") {
        return;
    }
    in_own_process("without_proc_calls_tell", || {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.keep();
        chroot(&folder).unwrap();
        std::env::set_current_dir("/").unwrap();
        for has_kcmp in [true, false] {
            in_thread(|| {
                if !has_kcmp {
                    confine_as_docker_does();
                }
                let engine = Engine::start(Config::default()).unwrap();
                let comparison = engine.comparison().unwrap();
                let tables = if has_kcmp { Source::Kcmp } else { Source::Locks };
                assert_eq!((comparison.threads, comparison.tables), (Source::Calls, tables));
                // A second filter is not seen: the number of filters stands in /proc.
                let is_seen =
                    |(name, _): &(&str, fn())| has_kcmp || *name != "no_new_privs" && *name != "a filter";
                assert_each_is_noticed(&engine, &CHANGES.into_iter().filter(is_seen).collect::<Vec<_>>());
            });
        }
        fs::remove_dir("/").unwrap_err();
    });
}

/// POOL-43: an engine that was started with /proc keeps it beyond a change of root: old and new rings are given workers, and what
/// only /proc tells is noticed.
#[test]
fn proc_is_kept_beyond_a_change_of_root() {
    if !is_superuser("another root") {
        return;
    }
    in_own_process("proc_is_kept_beyond_a_change_of_root", || {
        in_thread(|| {
            forbid(&[libc::SYS_add_key]);
            let engine = Engine::start(Config::default()).unwrap();
            let mut ring = open(&engine);
            assert_pooled(&mut ring);
            chroot(&tempfile::tempdir().unwrap().keep()).unwrap();
            assert_pooled(&mut ring);
            assert_pooled(&mut open(&engine));
            in_thread(|| {
                let mut ring = open(&engine);
                forbid(&[libc::SYS_getppid]);
                assert_is_noticed(&mut ring);
            });
        });
    });
}

fn chmod(path: &std::path::Path) -> SubmissionBuilder {
    let path = CString::new(path.to_str().expect("plain letters")).expect("no zero");
    pooled(Submission::call(libc::SYS_fchmodat).int(libc::AT_FDCWD.into()).path(&path).int(0o777))
}

fn limit_descriptors(soft: u64) {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    setrlimit(Resource::RLIMIT_NOFILE, soft, hard).expect("below the hard one");
}

/// POOL-20: shortage is not equality. With no descriptor to be had, a thread that has given up the superuser's id changes no mode of
/// the superuser's file by way of a worker, in a ring of before and in a new one.
#[test]
fn without_descriptors_nothing_is_taken_for_equal() {
    if !is_superuser("a file that others may not change") {
        return;
    }
    in_own_process("without_descriptors_nothing_is_taken_for_equal", || {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let path = folder.path().join("file");
        File::create(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let engine = Engine::start(Config::default()).unwrap();
        let (descriptors, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        for has_files in [true, false] {
            let mut ring = open(&engine);
            assert_pooled(&mut ring);
            in_thread(|| {
                if has_files {
                    // What it compares with is open in this thread as well.
                    assert_pooled(&mut ring);
                }
                limit_descriptors(0);
                take_ids(NOBODY);
                if push(&mut ring, &chmod(&path).build()).is_ok() {
                    ring.submit_and_wait(1).unwrap();
                    assert_never_run(&drain(&mut ring)[0]);
                }
                assert_inline_only(&mut ring);
                limit_descriptors(descriptors);
                assert_inline_only(&mut ring);
            });
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        // What lacked descriptors only is compared when there are some.
        let mut ring = open(&engine);
        in_thread(|| {
            limit_descriptors(0);
            assert_is_noticed(&mut ring);
            limit_descriptors(descriptors);
            assert_pooled(&mut ring);
        });
        // An engine that had none when it was started finds out later what its workers are.
        limit_descriptors(0);
        let engine = Engine::start(Config::default()).unwrap();
        assert_eq!(engine.comparison(), None);
        limit_descriptors(descriptors);
        let mut ring = open(&engine);
        until("the monitor has looked again", || !is_refused(&mut ring));
        assert_pooled(&mut ring);
        assert_eq!(engine.comparison().unwrap().threads, Source::Status);
    });
}

/// POOL-20: each error that says that something is scarce is an answer that is missing, and no answer is equal to another.
#[test]
fn no_shortage_is_equality() {
    for errno in [libc::EMFILE, libc::ENFILE, libc::ENOMEM] {
        in_thread(|| {
            answer(&[libc::SYS_openat], errno);
            let engine = Engine::start(Config::default()).unwrap();
            assert_eq!(engine.comparison(), None, "{errno}");
            assert_inline_only(&mut open(&engine));
        });
        in_thread(|| {
            let engine = Engine::start(Config::default()).unwrap();
            in_thread(|| {
                let mut ring = open(&engine);
                assert_pooled(&mut ring);
                answer(&[libc::SYS_pread64, libc::SYS_openat], errno);
                assert_is_noticed(&mut ring);
            });
        });
    }
}

/// POOL-20, POOL-44: a lent descriptor is the same file for submitter and worker, or no worker gets the call: after
/// unshare(CLONE_FILES) its number may be another file's.
#[test]
fn a_lent_descriptor_is_the_same_file() {
    for has_kcmp in [true, false] {
        in_thread(|| {
            if !has_kcmp {
                answer(&[libc::SYS_kcmp], libc::EPERM);
            }
            let engine = Engine::start(Config::default()).unwrap();
            let mut ring = open(&engine);
            assert_pooled(&mut ring);
            let file = |text: &[u8]| {
                let mut file = tempfile::tempfile().unwrap();
                file.write_all(text).unwrap();
                file
            };
            // The process keeps this number; the thread gives it to another file, in its own table.
            let shared = file(b"other");
            unshare_files();
            let own = file(b"own");
            // SAFETY: both are open; in the thread's own table the number is the other file's from here on.
            assert!(unsafe { libc::dup2(own.as_raw_fd(), shared.as_raw_fd()) } >= 0);
            let lent = Arc::new(shared);
            let mut bytes = [0; 3];
            lent.read_exact_at(&mut bytes, 0).unwrap();
            assert_eq!(&bytes, b"own");
            let read =
                pooled(Submission::call(libc::SYS_pread64).lend(&lent).output(5).value(5).value(0)).build();
            if ring.push_safe(&read).is_ok() {
                ring.submit_and_wait(1).unwrap();
                assert_never_run(&drain(&mut ring)[0]);
            }
            assert!(ring.push_safe(&read).is_err(), "refused from here on");
            assert_inline_only(&mut ring);
        });
    }
}
