//! Counts the system calls that calls with attributes and PRIVATE cost, by tracing a process of this program's own. The tests
//! start the program again, each for one part of it.
#![allow(unsafe_code, reason = "traces a child, and pushes calls whose memory lives long enough")]

use std::collections::BTreeMap;
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr;

use nix::errno::Errno;
use syslet::{AttributeFlags, AttributeId, CallFlags, Config, Params, Submission, SubmissionBuilder};
use syslet_tests::rig;

/// Set in a process that is traced.
const TRACED: &str = "SYSLET_TRACED";
/// getpgid of this, which is no process: counting begins and ends.
const MARK: i64 = -77_013;
/// So many calls are counted, once as many have been made that no count is of a first time.
const CALLS: u32 = 50;

/// How often each system call was made, by all threads.
type Counts = BTreeMap<i64, u32>;

/// In a traced process: makes the call, and has it counted. Elsewhere: the counts of the same test in a traced process; `None` when
/// this process may trace none.
fn counts_of(test: &str, call: impl Fn() -> SubmissionBuilder) -> Option<Counts> {
    if std::env::var_os(TRACED).is_none() {
        return trace(test);
    }
    let mut ring = rig::ring_with(Config::default(), &Params::default());
    let submission = call().build();
    let mut make = || {
        for _ in 0..CALLS {
            rig::push(&mut ring, &submission).expect("accepted");
            ring.submit_and_wait(1).expect("waited");
            assert!(ring.completions().all(|done| done.result().0 > 0));
        }
    };
    make();
    mark();
    make();
    mark();
    None
}

fn mark() {
    // SAFETY: asks about a process that is not there.
    unsafe { libc::syscall(libc::SYS_getpgid, MARK) };
}

/// Starts this test again, traced, and counts between the marks.
fn trace(test: &str) -> Option<Counts> {
    let mut again = Command::new(std::env::current_exe().expect("this program"));
    again.args(["--exact", test]).env(TRACED, "1");
    // SAFETY: the child makes one system call before the new program.
    unsafe { again.pre_exec(|| ask(libc::PTRACE_TRACEME, 0, 0, 0).map_err(Into::into)) };
    let child = match again.spawn() {
        Ok(child) => child.id().cast_signed(),
        Err(refused) => {
            println!("skipped: this process may not be traced ({refused})");
            return None;
        }
    };
    assert!(libc::WIFSTOPPED(wait(child).1), "stopped at its new program");
    let options = libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_TRACECLONE | libc::PTRACE_O_EXITKILL;
    ask(libc::PTRACE_SETOPTIONS, child, 0, options.cast_unsigned() as usize).expect("traced");
    go_on(child, 0);
    let (mut counts, mut marks) = (Counts::new(), 0);
    loop {
        let (tid, status) = wait(-1);
        if !libc::WIFSTOPPED(status) {
            if tid == child {
                assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "status {status:#x}");
                assert_eq!(marks, 2);
                return Some(counts);
            }
            continue;
        }
        let is_event = status >> 16 != 0;
        let signal = match libc::WSTOPSIG(status) {
            signal if signal == libc::SIGTRAP | 0x80 => {
                if let Some((nr, first)) = entered(tid) {
                    let is_mark = (nr, first) == (libc::SYS_getpgid, MARK);
                    marks += u32::from(is_mark);
                    if marks == 1 && !is_mark {
                        *counts.entry(nr).or_default() += 1;
                    }
                }
                0
            }
            // A new thread begins with the second.
            libc::SIGTRAP | libc::SIGSTOP => 0,
            _ if is_event => 0,
            signal => signal,
        };
        go_on(tid, signal);
    }
}

/// Number and first argument of the call that the stopped thread enters; `None` when it leaves one.
fn entered(tid: i32) -> Option<(i64, i64)> {
    let mut info = MaybeUninit::<libc::ptrace_syscall_info>::zeroed();
    let bytes = size_of::<libc::ptrace_syscall_info>();
    ask(libc::PTRACE_GET_SYSCALL_INFO, tid, bytes, info.as_mut_ptr().expose_provenance()).ok()?;
    // SAFETY: zeroes are valid, and the kernel has written over them.
    let info = unsafe { info.assume_init() };
    if info.op != libc::PTRACE_SYSCALL_INFO_ENTRY {
        return None;
    }
    // SAFETY: the kernel says that it has filled this part.
    let entry = unsafe { info.u.entry };
    Some((entry.nr.cast_signed(), entry.args[0].cast_signed()))
}

/// Lets the thread go on to the next call, with that signal. One that has been killed meanwhile does not stop again.
fn go_on(tid: i32, signal: i32) {
    let done = ask(libc::PTRACE_SYSCALL, tid, 0, signal.cast_unsigned() as usize);
    assert!(matches!(done, Ok(()) | Err(Errno::ESRCH)), "{done:?}");
}

fn ask(request: libc::c_uint, tid: i32, address: usize, data: usize) -> Result<(), Errno> {
    let (address, data): (*mut u8, *mut u8) =
        (ptr::with_exposed_provenance_mut(address), ptr::with_exposed_provenance_mut(data));
    // SAFETY: the requests of this file write to `data` at most, which is memory that is large enough then.
    Errno::result(unsafe { libc::ptrace(request, tid, address, data) }).map(drop)
}

/// Waits for a thread that this thread traces.
fn wait(tid: i32) -> (i32, i32) {
    let mut status = 0;
    // SAFETY: writes the status.
    let found = unsafe { libc::waitpid(tid, &raw mut status, libc::__WALL | libc::__WNOTHREAD) };
    (Errno::result(found).expect("a thread is traced"), status)
}

fn count(counts: &Counts, nr: i64) -> u32 {
    counts.get(&nr).copied().unwrap_or(0)
}

fn asking(call: SubmissionBuilder, id: AttributeId) -> SubmissionBuilder {
    call.attribute(id, AttributeFlags::NONE, &[])
}

/// A read of this program's own first page, which is in memory.
fn pread() -> SubmissionBuilder {
    let file = File::open("/proc/self/exe").expect("this program");
    let call = Submission::call(libc::SYS_pread64).int(file.as_raw_fd().into());
    std::mem::forget(file);
    call.output(64).value(64).value(0)
}

/// POOL-55: a call with PRIVATE starts one thread, and maps and unmaps nothing.
#[test]
fn private_calls_map_nothing() {
    let getpid = || rig::getpid().flags(CallFlags::PRIVATE);
    let Some(counts) = counts_of("private_calls_map_nothing", getpid) else { return };
    assert_eq!(count(&counts, libc::SYS_clone), CALLS, "{counts:?}");
    for nr in [libc::SYS_mmap, libc::SYS_munmap, libc::SYS_mprotect, libc::SYS_gettid] {
        assert!(count(&counts, nr) < CALLS / 5, "{nr}: {counts:?}");
    }
}

/// ATTR-40: a hit that an attempt has found costs no getrusage, with STORAGE as well.
#[test]
fn a_hit_costs_no_reading() {
    let stored = || asking(pread().flags(CallFlags::STORAGE), AttributeId::CACHE);
    let Some(counts) = counts_of("a_hit_costs_no_reading", stored) else { return };
    assert_eq!(count(&counts, libc::SYS_getrusage), 0, "{counts:?}");
    assert_eq!(count(&counts, libc::SYS_preadv2), CALLS, "{counts:?}");
}

/// ATTR-104: USAGE reads the counts twice; a traced thread stops in each call, so it reads its account at the end of each as well, and
/// once at the beginning.
#[test]
fn usage_reads_counts_twice() {
    let getpid = || asking(rig::getpid(), AttributeId::USAGE);
    let Some(counts) = counts_of("usage_reads_counts_twice", getpid) else { return };
    assert_eq!(count(&counts, libc::SYS_getrusage), 2 * CALLS, "{counts:?}");
    assert!(count(&counts, libc::SYS_clock_gettime) <= 2 * CALLS, "{counts:?}");
}

/// ATTR-21: TIMING alone makes no system call but the call.
#[test]
fn timing_asks_the_kernel_nothing() {
    let getpid = || asking(rig::getpid(), AttributeId::TIMING);
    let Some(counts) = counts_of("timing_asks_the_kernel_nothing", getpid) else { return };
    let counts: Counts = counts.into_iter().filter(|(_, count)| *count >= CALLS).collect();
    assert_eq!(counts, Counts::from([(libc::SYS_getpid, CALLS)]));
}
