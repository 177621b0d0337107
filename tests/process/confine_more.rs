//! Confinement that begins and ends, and what only the application or a strict comparison knows.
#![allow(unsafe_code, reason = "confines single threads by raw system calls")]

#[allow(dead_code, reason = "what other tests need")]
mod confined;

use std::ffi::CString;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Uid, gettid, mkfifo, seteuid};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use syslet::program::Program;
use syslet::program::build::calls::read;
use syslet::{CallFlags, Config, Confine, DoneFlags, Engine, Submission};
use syslet_tests::{look, rig};

use confined::{
    FORBIDDEN, NOBODY, assert_inline_only, assert_is_noticed, assert_never_run, assert_pooled, forbid,
    getppid, in_own_process, in_thread, is_refused, is_superuser, open, pooled, take_ids,
};
use syslet_tests::look::until;
use syslet_tests::rig::{drain, getpid, pid, pipe, push, push_program, run};

/// POOL-45: a thread that changes its id and changes it back is given workers again, by `wait` alone: by a call that needs a
/// worker, and by one that would block in the submitter.
#[test]
fn a_difference_that_is_gone_is_forgotten() {
    if !is_superuser("taking an id and giving it back") {
        return;
    }
    let engine = Engine::start(Config::default()).unwrap();
    in_thread(|| {
        let mut ring = open(&engine);
        assert_pooled(&mut ring);
        for _ in 0..3 {
            take_ids(NOBODY);
            assert_is_noticed(&mut ring);
            take_ids(0);
            push(&mut ring, &pooled(getpid()).build()).unwrap();
            assert_eq!(ring.wait(1, None), Ok(1));
            assert_eq!(drain(&mut ring)[0].result, pid());
        }
        // A ring that was opened meanwhile.
        take_ids(NOBODY);
        let mut other = open(&engine);
        assert!(is_refused(&mut other));
        take_ids(0);
        assert_pooled(&mut other);
    });
}

/// POOL-45: a read that was accepted when the thread differed does not keep the submitter beyond its timeout when it does no
/// longer; a worker makes it. The same for a program.
#[test]
fn a_read_of_before_does_not_hold_the_wait() {
    if !is_superuser("taking an id and giving it back") {
        return;
    }
    let engine = Engine::start(Config::default()).unwrap();
    for is_program in [false, true] {
        in_thread(|| {
            let mut ring = open(&engine);
            take_ids(NOBODY);
            assert_is_noticed(&mut ring);
            let (reader, mut writer) = pipe();
            let fd = reader.as_raw_fd();
            if is_program {
                let program = Program::build(|p| {
                    let buffer = p.scratch(8);
                    p.call(read(fd, buffer, 8));
                });
                push_program(&mut ring, &program.unwrap()).unwrap();
            } else {
                let read = Submission::call(libc::SYS_read).int(fd.into()).output(8).value(8);
                push(&mut ring, &read.build()).unwrap();
            }
            take_ids(0);
            let is_over = AtomicBool::new(false);
            thread::scope(|scope| {
                // Ends a test that would hang, and fails it.
                scope.spawn(|| {
                    until("the wait is over", || is_over.load(Ordering::Relaxed) || look::is_late());
                    writer.write_all(b"x").unwrap();
                });
                let waited = ring.wait(1, Some(Duration::from_millis(20)));
                is_over.store(true, Ordering::Relaxed);
                assert_eq!(waited, Ok(0), "nothing was written yet");
            });
            assert_eq!(ring.wait(1, None), Ok(1));
            assert!(drain(&mut ring)[0].result >= 0);
        });
    }
}

/// How often the calling thread has slept.
fn sleeps() -> libc::c_long {
    getrusage(UsageWho::RUSAGE_THREAD).expect("always").voluntary_context_switches()
}

/// POOL-45: a wait reads a difference 8 times, with pauses, and once only when its time is over before the first of them; also
/// while the difference is another one at each reading. Then it comes back.
#[test]
fn what_flickers_holds_no_wait() {
    if !is_superuser("taking an id and giving it back") {
        return;
    }
    in_own_process("what_flickers_holds_no_wait", || {
        let pauses = 7;
        let engine = Engine::start(Config::default()).unwrap();
        for is_flickering in [false, true] {
            for timeout in [Some(Duration::ZERO), Some(Duration::from_millis(10)), None] {
                let stage = AtomicU32::new(0);
                thread::scope(|scope| {
                    let in_wait = scope.spawn(|| {
                        let mut ring = open(&engine);
                        push(&mut ring, &pooled(getpid()).build()).unwrap();
                        take_ids(NOBODY);
                        stage.store(1, Ordering::Relaxed);
                        until("it flickers", || stage.load(Ordering::Relaxed) == 2);
                        let before = sleeps();
                        assert_eq!(ring.wait(1, timeout), Ok(1));
                        let slept = sleeps() - before;
                        assert_never_run(&drain(&mut ring)[0]);
                        let expected = match timeout {
                            Some(Duration::ZERO) => 0..pauses,
                            Some(_) => 0..2 * pauses,
                            None => pauses..2 * pauses,
                        };
                        assert!(expected.contains(&slept), "{slept} sleeps, {timeout:?}");
                    });
                    until("it differs", || stage.load(Ordering::Relaxed) == 1);
                    for mask in (0..0o100).cycle() {
                        // That of all threads, whose files are read one after the other.
                        umask(Mode::from_bits_truncate(mask));
                        stage.store(2, Ordering::Relaxed);
                        if in_wait.is_finished() || !is_flickering {
                            break;
                        }
                    }
                });
            }
        }
    });
}

fn filter_all_threads(numbers: &[libc::c_long]) {
    let rules = numbers.iter().map(|nr| (*nr, vec![])).collect();
    let action = SeccompAction::Errno(libc::ENOTNAM.cast_unsigned());
    let arch = TargetArch::try_from(std::env::consts::ARCH).expect("a known architecture");
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, arch).expect("a filter");
    let program = BpfProgram::try_from(filter).expect("a program");
    seccompiler::apply_filter_all_threads(&program).expect("it is put on all threads");
}

/// POOL-45: a filter that is put on all threads at once leaves them equal: workers are used as before, by rings of before and by
/// new ones, and are bound by it.
#[test]
fn a_filter_on_all_threads_keeps_them_equal() {
    in_own_process("a_filter_on_all_threads_keeps_them_equal", || {
        let engine = Engine::start(Config::default()).unwrap();
        let mut ring = open(&engine);
        assert_pooled(&mut ring);
        for _ in 0..2 {
            filter_all_threads(&[libc::SYS_getppid]);
            for ring in [&mut ring, &mut open(&engine)] {
                push(ring, &pooled(getppid()).build()).unwrap();
                assert_eq!(ring.wait(1, None), Ok(1));
                assert_eq!(drain(ring)[0].result, FORBIDDEN, "by a worker, which has the filter");
            }
        }
        in_thread(|| {
            let mut ring = open(&engine);
            assert_eq!(run(&mut ring, pooled(getpid())).result, pid());
            forbid(&[libc::SYS_add_key]);
            assert_is_noticed(&mut ring);
        });
    });
}

/// POOL-45: while another thread changes the ids of all, again and again, a call is made by a worker or not at all, and when
/// that is over workers are used as before, by `wait` alone.
#[test]
fn a_storm_of_setuid_leaves_nothing_behind() {
    if !is_superuser("changing ids") {
        return;
    }
    in_own_process("a_storm_of_setuid_leaves_nothing_behind", || {
        const CHANGES: u32 = 2000;
        let engine = Engine::start(Config::default()).unwrap();
        let mut ring = open(&engine);
        let is_over = AtomicBool::new(false);
        let mut made = 0;
        thread::scope(|scope| {
            scope.spawn(|| {
                for number in 0..CHANGES {
                    seteuid(Uid::from_raw(number % 2)).unwrap();
                }
                seteuid(Uid::from_raw(0)).unwrap();
                is_over.store(true, Ordering::Relaxed);
            });
            while !is_over.load(Ordering::Relaxed) {
                if push(&mut ring, &pooled(getpid()).build()).is_err() {
                    continue;
                }
                ring.wait(1, None).unwrap();
                for done in drain(&mut ring) {
                    if done.flags.contains(DoneFlags::NOT_RUN) {
                        assert_never_run(&done);
                    } else {
                        assert_eq!(done.result, pid());
                        made += 1;
                    }
                }
            }
        });
        assert!(made > 0, "most are");
        assert_pooled(&mut ring);
    });
}

/// Whether CAP_SYS_ADMIN is effective in the calling thread; it stays permitted.
fn make_admin(is_effective: bool) {
    const VERSION_3: u32 = 0x2008_0522;
    const SYS_ADMIN: u32 = 1 << 21;
    let (mut header, mut sets) = ([VERSION_3, 0], [0_u32; 6]);
    // SAFETY: the kernel reads and writes both, as long as version 3 says.
    Errno::result(unsafe { libc::syscall(libc::SYS_capget, header.as_mut_ptr(), sets.as_mut_ptr()) })
        .expect("told");
    sets[0] = if is_effective { sets[0] | SYS_ADMIN } else { sets[0] & !SYS_ADMIN };
    // SAFETY: the kernel reads both; it changes the calling thread only.
    Errno::result(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr()) })
        .expect("permitted");
}

/// POOL-42: a thread that has CAP_SYS_ADMIN for a moment only, and is in another namespace since, is found out within the period; it
/// has no line that differs.
#[test]
fn a_namespace_of_a_moment_is_noticed() {
    if !is_superuser("another namespace") {
        return;
    }
    in_thread(|| {
        make_admin(false);
        let engine = Engine::start(Config::default()).unwrap();
        in_thread(|| {
            let mut ring = open(&engine);
            assert_pooled(&mut ring);
            make_admin(true);
            unshare(CloneFlags::CLONE_NEWUTS).expect("allowed");
            make_admin(false);
            until("it is noticed in the period", || is_refused(&mut ring));
            assert_inline_only(&mut ring);
        });
        assert_pooled(&mut open(&engine));
    });
}

/// A layer of Landlock for the calling thread, which may then make no directories.
fn landlock() {
    const MAKE_DIRECTORIES: [u64; 1] = [1 << 7];
    // SAFETY: the kernel reads one word.
    let ruleset = Errno::result(unsafe {
        let handled = MAKE_DIRECTORIES.as_ptr();
        libc::syscall(libc::SYS_landlock_create_ruleset, handled, size_of_val(&MAKE_DIRECTORIES), 0)
    });
    let ruleset = ruleset.expect("this kernel has Landlock");
    // SAFETY: changes the calling thread only.
    Errno::result(unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset, 0) }).expect("allowed");
}

/// POOL-46: a layer of Landlock is seen by a strict comparison at once. A checked one does not see it: the application says so,
/// and the calling thread, and it alone, differs from then on, but from the workers of engines that it starts itself.
#[test]
fn landlock_is_counted_or_said() {
    in_thread(|| {
        // That is seen by every comparison, and was there before.
        prctl::set_no_new_privs().unwrap();
        let checked = Engine::start(Config::default()).unwrap();
        let strict = Engine::start(Config::default().confine(Confine::Strict)).unwrap();
        assert_eq!([&checked, &strict].map(|engine| engine.comparison().unwrap().landlock), [false, true]);
        in_thread(|| {
            let (mut checked_ring, mut strict_ring) = (open(&checked), open(&strict));
            for _ in 0..3 {
                assert_pooled(&mut strict_ring);
            }
            landlock();
            assert_is_noticed(&mut strict_ring);
            assert_pooled(&mut checked_ring);
            checked.confined();
            assert_is_noticed(&mut checked_ring);
            assert_inline_only(&mut open(&checked));
            for confine in [Confine::Checked, Confine::Strict] {
                let engine = Engine::start(Config::default().confine(confine)).unwrap();
                let mut ring = open(&engine);
                assert_pooled(&mut ring);
                in_thread(|| {
                    assert!(is_refused(&mut open(&engine)), "a thread that has not said that it is confined")
                });
                landlock();
                engine.confined();
                assert_is_noticed(&mut ring);
            }
        });
        assert_pooled(&mut open(&checked));
        assert_pooled(&mut open(&strict));
    });
}

/// POOL-41: a group of a program that runs in a worker brings the ring to all workers, who do not find there what its thread has
/// published since, and was not compared for.
#[test]
fn a_group_in_a_worker_opens_nothing() {
    let engine = Engine::start(Config::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    mkfifo(&fifo, Mode::S_IRWXU).unwrap();
    let path = CString::new(fifo.to_str().unwrap()).unwrap();
    let at_cwd = i64::from(libc::AT_FDCWD);
    let open_fifo = Submission::call(libc::SYS_openat).int(at_cwd).path(&path).int(libc::O_RDONLY.into());
    let open_fifo = open_fifo.value(0).user_data(1).build();
    let (reader, mut writer) = pipe();
    let (held, mut hold) = pipe();
    let fds = [reader.as_raw_fd(), held.as_raw_fd()];
    in_thread(move || {
        let program = Program::build(|p| {
            let buffers = [p.scratch(8), p.scratch(8), p.scratch(8)];
            p.call(read(fds[0], buffers[0], 8)).or_stop();
            p.together(|p| {
                p.call(read(fds[1], buffers[1], 1));
                p.call(read(fds[1], buffers[2], 1));
            });
            p.flags(CallFlags::ASYNC);
        });
        let mut ring = open(&engine);
        push_program(&mut ring, &program.unwrap()).unwrap();
        ring.submit();
        until("the program waits", || look::workers_in(libc::SYS_read).len() == 1);
        let tid = gettid().as_raw();
        let release = thread::spawn(move || {
            until("the submitter is stuck", || look::is_asleep_in(tid, libc::SYS_openat));
            writer.write_all(b"x").unwrap();
            until("the group is about", || look::workers_in(libc::SYS_read).len() == 2);
            // Whoever is not in the group has looked into the ring, and found nothing.
            // The two are in the group's reads; where others were faster than the worker of the program, that one waits for them.
            until("the others are idle", || {
                let stats = engine.stats();
                stats.idle + 2 == stats.workers || stats.idle + stats.blocked == stats.workers
            });
            hold.write_all(b"xx").unwrap();
            OpenOptions::new().write(true).open(fifo).unwrap()
        });
        forbid(&[libc::SYS_getppid]);
        push(&mut ring, &open_fifo).unwrap();
        push(&mut ring, &getppid().user_data(2).build()).unwrap();
        assert_eq!(ring.wait(3, None), Ok(3));
        let seen = drain(&mut ring);
        assert_eq!(seen.iter().find(|done| done.user_data == 2).unwrap().result, FORBIDDEN);
        release.join().unwrap();
    });
}

/// POOL-47, POOL-16: what waits behind a call that its submitter is stuck in is made by workers, if the thread is as they are: seen from
/// outside, or where that does not tell everything by the submitter before; and not if it has confined itself since its last
/// comparison, or has said so.
#[test]
fn who_is_stuck_is_compared_from_outside() {
    type Change = Option<fn(&Engine)>;
    let forbid: Change = Some(|_| forbid(&[libc::SYS_getppid]));
    let own_files: Change = Some(|_| unshare(CloneFlags::CLONE_FILES).expect("allowed"));
    let say: Change = Some(Engine::confined);
    // Its directories are where they were: only kcmp tells.
    let leave: Change = Some(|_| unshare(CloneFlags::CLONE_FS).expect("allowed"));
    let enter: Change = Some(|_| unshare(CloneFlags::CLONE_NEWUTS).expect("allowed"));
    let enter = enter.filter(|_| is_superuser("another namespace")).unwrap_or(Engine::confined);
    for (has_kcmp, confine) in [(true, Confine::Checked), (true, Confine::Strict), (false, Confine::Checked)]
    {
        let unseen = if has_kcmp { leave } else { say };
        let changes = [None, forbid, say, own_files, unseen, Some(enter)];
        for (number, change) in changes.into_iter().enumerate() {
            in_thread(|| {
                if !has_kcmp {
                    confined::forbid(&[libc::SYS_kcmp]);
                }
                let engine =
                    Engine::start(Config::default().confine(confine).stall(Duration::from_micros(100)))
                        .unwrap();
                let folder = tempfile::tempdir().unwrap();
                let fifo = folder.path().join("fifo");
                mkfifo(&fifo, Mode::S_IRWXU).unwrap();
                let path = CString::new(fifo.to_str().unwrap()).unwrap();
                let open_fifo = Submission::call(libc::SYS_openat).int(libc::AT_FDCWD.into()).path(&path);
                let open_fifo = open_fifo.int(libc::O_RDONLY.into()).value(0).user_data(1).build();
                let mut ring = open(&engine);
                assert_pooled(&mut ring);
                let tid = gettid().as_raw();
                let looks = engine.clone();
                let release = thread::spawn(move || {
                    until("the submitter is stuck", || look::is_asleep_in(tid, libc::SYS_openat));
                    if number == 0 {
                        until("others are done without it", || looks.stats().in_flight == 1);
                    } else {
                        // Many times what it takes to be noticed.
                        let mut ring = rig::pooled();
                        let (reader, _writer) = pipe();
                        let read = Submission::call(libc::SYS_read)
                            .int(reader.as_raw_fd().into())
                            .output(8)
                            .value(8);
                        push(&mut ring, &read.build()).unwrap();
                        assert_eq!(ring.wait(1, Some(Duration::from_millis(50))), Ok(0));
                        assert_eq!(looks.stats().in_flight, 2, "nobody has made the other");
                    }
                    // Closed in the table where it is open.
                    drop(OpenOptions::new().write(true).open(fifo).unwrap());
                });
                change.inspect(|change| change(&engine));
                push(&mut ring, &open_fifo).unwrap();
                push(&mut ring, &getpid().user_data(2).build()).unwrap();
                assert_eq!(ring.wait(2, None), Ok(2));
                assert!(drain(&mut ring).iter().all(|done| done.result >= 0));
                release.join().unwrap();
            });
        }
    }
}
