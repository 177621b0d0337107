//! Lines of calls about processes, threads, memory, objects between processes.

use libc::*;

use super::calls::{longs, made};

/// DECODE-4, DECODE-8: signals, and sets of them.
#[test]
fn signals() {
    let set = |bits: i64| made("rt_sigprocmask").v([0]).bytes(&longs([bits])).v([0, 8]).gives(0);
    assert_eq!(set(0), "rt_sigprocmask(SIG_BLOCK, [], NULL, 8) = 0");
    assert_eq!(set(1 << 9 | 1 << 16 | 1 << 33), "rt_sigprocmask(SIG_BLOCK, [USR1 CHLD RT_2], NULL, 8) = 0");
    assert_eq!(set(!(1 | 3 << 31)), "rt_sigprocmask(SIG_BLOCK, ~[HUP RTMIN RT_1], NULL, 8) = 0");
    let kill = |signal: i64| made("kill").v([99999, signal]).fails(ESRCH);
    for (signal, name) in [
        (0, "0"),
        (10, "SIGUSR1"),
        (32, "SIGRTMIN"),
        (40, "SIGRT_8"),
        (64, "SIGRT_32"),
        (99, "99"),
        (-1, "-1"),
    ] {
        assert_eq!(kill(signal), format!("kill(99999, {name}) = -1 ESRCH (No such process)"));
    }
}

/// DECODE-8, DECODE-10: how children ended; nothing when there was none.
#[test]
fn children() {
    let wait = |status: i32, result: i64| {
        made("wait4").v([-1]).out(4, &status.to_ne_bytes()).v([1, 0]).gives(result)
    };
    let lines = [
        (0x300, "WIFEXITED(s) && WEXITSTATUS(s) == 3"),
        (9, "WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL"),
        (0x8b, "WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)"),
        (0x137f, "WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP"),
        (0xffff, "WIFCONTINUED(s)"),
    ];
    for (status, expected) in lines {
        assert_eq!(wait(status, 601), format!("wait4(-1, [{{{expected}}}], WNOHANG, NULL) = 601"));
    }
    assert_eq!(wait(0x12_3456, 601), r#"wait4(-1, "\x56\x34\x12\x00", WNOHANG, NULL) = 601"#);
    assert_eq!(wait(0, 0), "wait4(-1, out(4), WNOHANG, NULL) = 0");
    assert_eq!(
        made("waitid").v([0, 0]).out(128, b"").v([5, 0]).fails(ECHILD),
        "waitid(P_ALL, 0, out(128), WNOHANG|WEXITED, NULL) = -1 ECHILD (No child processes)"
    );
}

/// DECODE-4, DECODE-5: limits, scheduling, namespaces, words of prctl.
#[test]
fn limits_and_threads() {
    let lines = [
        (
            made("prlimit64").v([0, 7, 0]).out(16, &longs([20000, -1])).gives(0),
            "prlimit64(0, RLIMIT_NOFILE, NULL, {rlim_cur=20000, rlim_max=RLIM64_INFINITY}) = 0",
        ),
        (
            made("sched_setscheduler").v([0, 0x4000_0001, 0]).fails(EINVAL),
            "sched_setscheduler(0, SCHED_FIFO|SCHED_RESET_ON_FORK, NULL) = -1 EINVAL (Invalid argument)",
        ),
        (
            made("sched_setscheduler").v([0, 9, 0]).fails(EINVAL),
            "sched_setscheduler(0, 0x9, NULL) = -1 EINVAL (Invalid argument)",
        ),
        (made("unshare").v([0]).gives(0), "unshare(0) = 0"),
        (
            made("setns").v([99, 0x4000_0000]).fails(EBADF),
            "setns(99, CLONE_NEWNET) = -1 EBADF (Bad file descriptor)",
        ),
        (made("prctl").v([38, 1, 0, 0, 0]).gives(0), "prctl(PR_SET_NO_NEW_PRIVS, 0x1, 0, 0, 0) = 0"),
        (made("prctl").v([1, 9]).gives(0), "prctl(PR_SET_PDEATHSIG, SIGKILL) = 0"),
        (made("setpriority").v([0, 0, -5]).gives(0), "setpriority(PRIO_PROCESS, 0, -5) = 0"),
        (made("setresuid").v([-1, 0, 0xffff_ffff]).gives(0), "setresuid(-1, 0, -1) = 0"),
        (made("getgroups").v([0, 0]).gives(0), "getgroups(0, NULL) = 0"),
    ];
    for (printed, expected) in lines {
        assert_eq!(printed, expected);
    }
}

/// DECODE-8: what a process has used, and what the system is called.
#[test]
fn usage_and_names() {
    let usage = [longs([1, 2, 3, 4]), vec![0; 112]].concat();
    assert_eq!(
        made("getrusage").v([0]).out(144, &usage).gives(0),
        "getrusage(RUSAGE_SELF, {ru_utime={tv_sec=1, tv_usec=2}, ru_stime={tv_sec=3, tv_usec=4}, ...}) = 0"
    );
    let mut names = vec![0; 390];
    names[..5].copy_from_slice(b"Linux");
    names[65..69].copy_from_slice(b"host");
    assert_eq!(
        made("uname").out(390, &names).gives(0),
        r#"uname({sysname="Linux", nodename="host", ...}) = 0"#
    );
}

/// DECODE-3, DECODE-4: memory: addresses in hex, protection, kinds of mappings, advice.
#[test]
fn memory() {
    let lines = [
        (
            made("mmap").v([0, 4096, 3, 0x22, -1, 0]).gives(0x7f1a_7900_0000),
            "mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1a79000000",
        ),
        (
            made("mmap").v([0, 4096, 0, 0x80_4021, -1, 0]).gives(0x1000),
            "mmap(NULL, 4096, PROT_NONE, MAP_SHARED|MAP_ANONYMOUS|MAP_NORESERVE|0x800000, -1, 0) = 0x1000",
        ),
        (made("munmap").v([0x1000, 4096]).gives(0), "munmap(0x1000, 4096) = 0"),
        (
            made("madvise").v([0, 4096, 4]).fails(ENOMEM),
            "madvise(NULL, 4096, MADV_DONTNEED) = -1 ENOMEM (Cannot allocate memory)",
        ),
        (made("msync").v([0x1000, 4096, 4]).gives(0), "msync(0x1000, 4096, MS_SYNC) = 0"),
        (
            made("mremap").v([0x1000, 1, 2, 1]).fails(EFAULT),
            "mremap(0x1000, 1, 2, MREMAP_MAYMOVE) = -1 EFAULT (Bad address)",
        ),
        (made("brk").v([0]).gives(0x5555_0000), "brk(NULL) = 0x55550000"),
    ];
    for (printed, expected) in lines {
        assert_eq!(printed, expected);
    }
}

/// DECODE-4, DECODE-5: System V objects: keys, modes behind flags, commands, operations.
#[test]
fn objects() {
    let operations: Vec<u8> =
        [0_i16, 1, 0x800, 1, -1, 0x1000].into_iter().flat_map(i16::to_ne_bytes).collect();
    let lines = [
        (made("semget").v([0, 1, 0o1600]).gives(7), "semget(IPC_PRIVATE, 1, IPC_CREAT|0600) = 7"),
        (made("msgget").v([5, 0]).fails(ENOENT), "msgget(0x5, 000) = -1 ENOENT (No such file or directory)"),
        (
            made("semctl").v([9999, 0, 0, 0]).fails(EINVAL),
            "semctl(9999, 0, IPC_RMID, 0) = -1 EINVAL (Invalid argument)",
        ),
        (
            made("semop").v([-1]).bytes(&operations).v([2]).fails(EINVAL),
            "semop(-1, [{sem_num=0, sem_op=1, sem_flg=IPC_NOWAIT}, {sem_num=1, sem_op=-1, sem_flg=SEM_UNDO}], 2) = -1 EINVAL (Invalid argument)",
        ),
        (
            made("msgrcv")
                .v([1])
                .out(16, &[&1_i64.to_ne_bytes()[..], b"hello"].concat())
                .v([8, -3, 0x1800])
                .gives(5),
            r#"msgrcv(1, "\1\0\0\0\0\0\0\0hello", 8, -3, MSG_NOERROR|IPC_NOWAIT) = 5"#,
        ),
    ];
    for (printed, expected) in lines {
        assert_eq!(printed, expected);
    }
}
