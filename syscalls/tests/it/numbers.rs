//! Numbers: against another table, the C library, and each other.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use syslet_syscalls::{Row, row, row_by_name, rows};

/// Compares one architecture's numbers with another table of name and number.
fn differences(here: impl Fn(&Row) -> Option<u16>, theirs: &BTreeMap<&str, u32>) -> Vec<String> {
    let differs = |row: &&Row| here(row).map(u32::from) != theirs.get(row.name).copied();
    let say = |row: &Row| format!("{}: {:?}, there {:?}", row.name, here(row), theirs.get(row.name));
    rows().iter().filter(differs).map(say).collect()
}

/// TABLE-2: the numbers of x86_64 are those of the `syscalls` crate, and calls it lacks have none.
#[test]
fn x86_64_numbers_agree_with_another_table() {
    let theirs = syscalls::x86_64::Sysno::iter().map(|call| (call.name(), call as u32)).collect();
    assert_eq!(differences(|row| row.numbers.x86_64, &theirs), NEWER);
}

/// TABLE-2: the numbers of aarch64 are those of the `syscalls` crate, and calls it lacks have none.
#[test]
fn aarch64_numbers_agree_with_another_table() {
    let mut theirs: BTreeMap<_, _> =
        syscalls::aarch64::Sysno::iter().map(|call| (call.name(), call as u32)).collect();
    if let Some(number) = theirs.remove("fstatat") {
        theirs.insert("newfstatat", number);
    }
    assert_eq!(differences(|row| row.numbers.aarch64, &theirs), NEWER);
}

/// Calls that the other table does not have yet.
const NEWER: &[&str] = &[
    "file_setattr: Some(469), there None",
    "rseq_slice_yield: Some(471), there None",
    "listns: Some(470), there None",
];

/// The numbers below `end` that no row has, as ranges.
fn gaps(here: impl Fn(&Row) -> Option<u16>, end: u16) -> Vec<RangeInclusive<u16>> {
    let taken: BTreeSet<u16> = rows().iter().filter_map(here).collect();
    let mut gaps: Vec<RangeInclusive<u16>> = Vec::new();
    for number in (0..end).filter(|number| !taken.contains(number)) {
        match gaps.last_mut() {
            Some(gap) if *gap.end() + 1 == number => *gap = *gap.start()..=number,
            _ => gaps.push(number..=number),
        }
    }
    gaps
}

/// TABLE-1: every number has a row but those that the kernel has never given away: on x86_64 the numbers between its own list
/// and the one that is common to all architectures, on aarch64 those as well, and those reserved for an architecture.
#[test]
fn only_numbers_never_given_away_have_no_row() {
    assert_eq!(gaps(|row| row.numbers.x86_64, 472), [337..=423]);
    assert_eq!(gaps(|row| row.numbers.aarch64, 472), [244..=259, 295..=423]);
}

/// TABLE-2: nothing stands twice.
#[test]
fn numbers_and_names_are_unique() {
    for number in [|row: &Row| row.numbers.x86_64, |row: &Row| row.numbers.aarch64] {
        let mut seen = BTreeMap::new();
        for row in rows() {
            if let Some(number) = number(row) {
                assert_eq!(seen.insert(number, row.name), None, "{number} is {}, too", row.name);
            }
        }
        assert!(seen.len() > 250);
    }
    let names: std::collections::BTreeSet<_> = rows().iter().map(|row| row.name).collect();
    assert_eq!(names.len(), rows().len());
}

#[test]
fn lookups_find_the_row_and_only_rows() {
    for here in rows() {
        assert_eq!(row_by_name(here.name).map(|row| row.name), Some(here.name));
        if let Some(number) = here.numbers.here() {
            assert_eq!(row(u32::from(number)).map(|row| row.name), Some(here.name));
        }
    }
    assert!(row_by_name("no_such_call").is_none());
    for number in [511, 512, 0x4000_0000, u32::MAX] {
        assert!(row(number).is_none(), "{number}");
    }
}

macro_rules! list {
    ($($name:ident $number:ident)*) => { &[$((stringify!($name), libc::$number)),*] };
}

fn disagreements(theirs: &[(&'static str, i64)]) -> Vec<&'static str> {
    let here = |name| row_by_name(name).and_then(|row| row.numbers.here()).map(i64::from);
    theirs.iter().filter(|(name, number)| here(name) != Some(*number)).map(|(name, _)| *name).collect()
}

/// TABLE-2: the numbers of this architecture are the C library's, where it has them.
#[test]
fn numbers_agree_with_the_c_library() {
    assert_eq!(disagreements(EVERYWHERE), Vec::<&str>::new());
    #[cfg(target_arch = "x86_64")]
    assert_eq!(disagreements(X86_64), Vec::<&str>::new());
}

const EVERYWHERE: &[(&str, i64)] = list! {
    kill SYS_kill tkill SYS_tkill tgkill SYS_tgkill rt_sigqueueinfo SYS_rt_sigqueueinfo
    rt_tgsigqueueinfo SYS_rt_tgsigqueueinfo pidfd_send_signal SYS_pidfd_send_signal
    rt_sigaction SYS_rt_sigaction rt_sigprocmask SYS_rt_sigprocmask rt_sigpending SYS_rt_sigpending
    sigaltstack SYS_sigaltstack rt_sigreturn SYS_rt_sigreturn restart_syscall SYS_restart_syscall
    rt_sigtimedwait SYS_rt_sigtimedwait rt_sigsuspend SYS_rt_sigsuspend signalfd4 SYS_signalfd4
    getpid SYS_getpid getppid SYS_getppid getpgid SYS_getpgid setpgid SYS_setpgid getsid SYS_getsid
    setsid SYS_setsid kcmp SYS_kcmp prlimit64 SYS_prlimit64 getrusage SYS_getrusage umask SYS_umask
    wait4 SYS_wait4 waitid SYS_waitid pidfd_open SYS_pidfd_open pidfd_getfd SYS_pidfd_getfd
    ptrace SYS_ptrace perf_event_open SYS_perf_event_open exit SYS_exit exit_group SYS_exit_group
    execve SYS_execve execveat SYS_execveat clone SYS_clone clone3 SYS_clone3
    set_tid_address SYS_set_tid_address set_robust_list SYS_set_robust_list
    get_robust_list SYS_get_robust_list rseq SYS_rseq gettid SYS_gettid getuid SYS_getuid
    geteuid SYS_geteuid getgid SYS_getgid getegid SYS_getegid getresuid SYS_getresuid
    getresgid SYS_getresgid getgroups SYS_getgroups setuid SYS_setuid setgid SYS_setgid
    setreuid SYS_setreuid setregid SYS_setregid setresuid SYS_setresuid setresgid SYS_setresgid
    setfsuid SYS_setfsuid setfsgid SYS_setfsgid setgroups SYS_setgroups capget SYS_capget capset SYS_capset
    seccomp SYS_seccomp landlock_create_ruleset SYS_landlock_create_ruleset
    landlock_add_rule SYS_landlock_add_rule landlock_restrict_self SYS_landlock_restrict_self
    unshare SYS_unshare setns SYS_setns keyctl SYS_keyctl add_key SYS_add_key request_key SYS_request_key
    sched_yield SYS_sched_yield getcpu SYS_getcpu getpriority SYS_getpriority setpriority SYS_setpriority
    ioprio_get SYS_ioprio_get ioprio_set SYS_ioprio_set sched_getparam SYS_sched_getparam
    sched_setparam SYS_sched_setparam sched_getscheduler SYS_sched_getscheduler
    sched_setscheduler SYS_sched_setscheduler sched_getattr SYS_sched_getattr
    sched_setattr SYS_sched_setattr sched_getaffinity SYS_sched_getaffinity
    sched_setaffinity SYS_sched_setaffinity sched_get_priority_max SYS_sched_get_priority_max
    sched_get_priority_min SYS_sched_get_priority_min sched_rr_get_interval SYS_sched_rr_get_interval
    personality SYS_personality prctl SYS_prctl openat SYS_openat openat2 SYS_openat2
    name_to_handle_at SYS_name_to_handle_at open_by_handle_at SYS_open_by_handle_at
    newfstatat SYS_newfstatat statx SYS_statx faccessat SYS_faccessat faccessat2 SYS_faccessat2
    readlinkat SYS_readlinkat statfs SYS_statfs mkdirat SYS_mkdirat mknodat SYS_mknodat linkat SYS_linkat
    symlinkat SYS_symlinkat unlinkat SYS_unlinkat renameat2 SYS_renameat2 fchmodat SYS_fchmodat
    fchownat SYS_fchownat truncate SYS_truncate utimensat SYS_utimensat chdir SYS_chdir chroot SYS_chroot
    getcwd SYS_getcwd setxattr SYS_setxattr lsetxattr SYS_lsetxattr fsetxattr SYS_fsetxattr
    getxattr SYS_getxattr lgetxattr SYS_lgetxattr fgetxattr SYS_fgetxattr listxattr SYS_listxattr
    llistxattr SYS_llistxattr flistxattr SYS_flistxattr removexattr SYS_removexattr
    lremovexattr SYS_lremovexattr fremovexattr SYS_fremovexattr ppoll SYS_ppoll pselect6 SYS_pselect6
    epoll_create1 SYS_epoll_create1 epoll_ctl SYS_epoll_ctl epoll_pwait SYS_epoll_pwait
    epoll_pwait2 SYS_epoll_pwait2 eventfd2 SYS_eventfd2 inotify_init1 SYS_inotify_init1
    inotify_add_watch SYS_inotify_add_watch inotify_rm_watch SYS_inotify_rm_watch
    fanotify_init SYS_fanotify_init fanotify_mark SYS_fanotify_mark futex SYS_futex
    futex_waitv SYS_futex_waitv io_setup SYS_io_setup io_destroy SYS_io_destroy io_submit SYS_io_submit
    io_cancel SYS_io_cancel io_getevents SYS_io_getevents io_uring_setup SYS_io_uring_setup
    io_uring_enter SYS_io_uring_enter io_uring_register SYS_io_uring_register read SYS_read write SYS_write
    pread64 SYS_pread64 pwrite64 SYS_pwrite64 readv SYS_readv writev SYS_writev preadv SYS_preadv
    pwritev SYS_pwritev preadv2 SYS_preadv2 pwritev2 SYS_pwritev2 sendfile SYS_sendfile
    copy_file_range SYS_copy_file_range splice SYS_splice tee SYS_tee vmsplice SYS_vmsplice ioctl SYS_ioctl
    lseek SYS_lseek ftruncate SYS_ftruncate fallocate SYS_fallocate fadvise64 SYS_fadvise64
    readahead SYS_readahead fsync SYS_fsync fdatasync SYS_fdatasync syncfs SYS_syncfs sync SYS_sync
    fstat SYS_fstat fstatfs SYS_fstatfs getdents64 SYS_getdents64 fchmod SYS_fchmod fchown SYS_fchown
    fchdir SYS_fchdir flock SYS_flock fcntl SYS_fcntl close SYS_close close_range SYS_close_range
    dup SYS_dup dup3 SYS_dup3 pipe2 SYS_pipe2 memfd_create SYS_memfd_create memfd_secret SYS_memfd_secret
    shmget SYS_shmget shmat SYS_shmat shmctl SYS_shmctl shmdt SYS_shmdt semget SYS_semget semop SYS_semop
    semtimedop SYS_semtimedop semctl SYS_semctl msgget SYS_msgget msgsnd SYS_msgsnd msgrcv SYS_msgrcv
    msgctl SYS_msgctl mq_open SYS_mq_open mq_unlink SYS_mq_unlink mq_timedsend SYS_mq_timedsend
    mq_timedreceive SYS_mq_timedreceive mq_notify SYS_mq_notify mq_getsetattr SYS_mq_getsetattr
    mmap SYS_mmap munmap SYS_munmap mremap SYS_mremap mprotect SYS_mprotect brk SYS_brk
    remap_file_pages SYS_remap_file_pages mseal SYS_mseal madvise SYS_madvise
    process_madvise SYS_process_madvise process_mrelease SYS_process_mrelease msync SYS_msync
    mincore SYS_mincore mlock SYS_mlock mlock2 SYS_mlock2 munlock SYS_munlock mlockall SYS_mlockall
    munlockall SYS_munlockall pkey_mprotect SYS_pkey_mprotect pkey_alloc SYS_pkey_alloc
    pkey_free SYS_pkey_free mbind SYS_mbind set_mempolicy SYS_set_mempolicy get_mempolicy SYS_get_mempolicy
    set_mempolicy_home_node SYS_set_mempolicy_home_node migrate_pages SYS_migrate_pages
    move_pages SYS_move_pages process_vm_readv SYS_process_vm_readv process_vm_writev SYS_process_vm_writev
    userfaultfd SYS_userfaultfd membarrier SYS_membarrier uname SYS_uname sethostname SYS_sethostname
    setdomainname SYS_setdomainname sysinfo SYS_sysinfo getrandom SYS_getrandom syslog SYS_syslog
    acct SYS_acct swapon SYS_swapon swapoff SYS_swapoff quotactl SYS_quotactl quotactl_fd SYS_quotactl_fd
    vhangup SYS_vhangup reboot SYS_reboot bpf SYS_bpf mount SYS_mount umount2 SYS_umount2
    pivot_root SYS_pivot_root open_tree SYS_open_tree move_mount SYS_move_mount
    mount_setattr SYS_mount_setattr fsopen SYS_fsopen fsconfig SYS_fsconfig fsmount SYS_fsmount
    fspick SYS_fspick socket SYS_socket socketpair SYS_socketpair bind SYS_bind listen SYS_listen
    accept SYS_accept accept4 SYS_accept4 connect SYS_connect shutdown SYS_shutdown sendto SYS_sendto
    sendmsg SYS_sendmsg sendmmsg SYS_sendmmsg recvfrom SYS_recvfrom recvmsg SYS_recvmsg
    recvmmsg SYS_recvmmsg getsockname SYS_getsockname getpeername SYS_getpeername setsockopt SYS_setsockopt
    getsockopt SYS_getsockopt clock_gettime SYS_clock_gettime clock_getres SYS_clock_getres
    clock_settime SYS_clock_settime clock_adjtime SYS_clock_adjtime adjtimex SYS_adjtimex
    gettimeofday SYS_gettimeofday settimeofday SYS_settimeofday times SYS_times nanosleep SYS_nanosleep
    clock_nanosleep SYS_clock_nanosleep getitimer SYS_getitimer setitimer SYS_setitimer
    timer_create SYS_timer_create timer_settime SYS_timer_settime timer_gettime SYS_timer_gettime
    timer_getoverrun SYS_timer_getoverrun timer_delete SYS_timer_delete timerfd_create SYS_timerfd_create
    timerfd_settime SYS_timerfd_settime timerfd_gettime SYS_timerfd_gettime
};

#[cfg(target_arch = "x86_64")]
const X86_64: &[(&str, i64)] = list! {
    pause SYS_pause signalfd SYS_signalfd getpgrp SYS_getpgrp fork SYS_fork vfork SYS_vfork
    arch_prctl SYS_arch_prctl modify_ldt SYS_modify_ldt ioperm SYS_ioperm iopl SYS_iopl open SYS_open
    creat SYS_creat stat SYS_stat lstat SYS_lstat access SYS_access readlink SYS_readlink ustat SYS_ustat
    mkdir SYS_mkdir rmdir SYS_rmdir mknod SYS_mknod link SYS_link symlink SYS_symlink unlink SYS_unlink
    rename SYS_rename chmod SYS_chmod chown SYS_chown lchown SYS_lchown utime SYS_utime utimes SYS_utimes
    futimesat SYS_futimesat poll SYS_poll select SYS_select epoll_create SYS_epoll_create
    epoll_wait SYS_epoll_wait eventfd SYS_eventfd inotify_init SYS_inotify_init getdents SYS_getdents
    dup2 SYS_dup2 pipe SYS_pipe sysfs SYS_sysfs time SYS_time alarm SYS_alarm
};
