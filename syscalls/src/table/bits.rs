//! Commands and bits that rows name, as the 32 bits that the kernel compares.

macro_rules! from_libc {
    ($($name:ident)*) => { $(pub(super) const $name: u32 = libc::$name.cast_unsigned();)* };
}

from_libc! {
    F_GETLK F_SETLK F_SETLKW F_OFD_GETLK F_OFD_SETLK F_OFD_SETLKW
    F_DUPFD F_DUPFD_CLOEXEC F_SETLEASE F_GETLEASE F_NOTIFY F_SETPIPE_SZ F_GETPIPE_SZ F_ADD_SEALS F_GET_SEALS
    F_SETFD F_GETFD F_SETFL F_GETFL F_SETOWN F_GETOWN
    LOCK_NB LOCK_UN
    RWF_NOWAIT
    MSG_DONTWAIT
    WNOHANG __WNOTHREAD
    IPC_NOWAIT IPC_RMID IPC_SET IPC_STAT IPC_INFO
    GETVAL GETPID GETNCNT GETZCNT SETVAL SEM_STAT SEM_STAT_ANY SEM_INFO SHM_LOCK SHM_UNLOCK MSG_STAT MSG_INFO
    CLOCK_THREAD_CPUTIME_ID RUSAGE_THREAD
    FUTEX_WAIT FUTEX_WAIT_BITSET FUTEX_WAKE FUTEX_REQUEUE FUTEX_CMP_REQUEUE FUTEX_WAKE_OP FUTEX_WAKE_BITSET
    FUTEX_LOCK_PI FUTEX_UNLOCK_PI FUTEX_TRYLOCK_PI FUTEX_LOCK_PI2 FUTEX_WAIT_REQUEUE_PI FUTEX_CMP_REQUEUE_PI
    PR_SET_PDEATHSIG PR_GET_PDEATHSIG PR_GET_DUMPABLE PR_SET_DUMPABLE PR_GET_KEEPCAPS PR_GET_NAME PR_SET_NAME PR_GET_SECCOMP
    PR_CAPBSET_READ PR_GET_SECUREBITS PR_GET_TIMERSLACK PR_GET_NO_NEW_PRIVS PR_SET_CHILD_SUBREAPER
    PR_GET_CHILD_SUBREAPER PR_SET_THP_DISABLE PR_GET_THP_DISABLE PR_SET_PTRACER PR_SET_VMA PR_SET_SECCOMP
    PR_GET_TSC PR_GET_TID_ADDRESS
}

pub(super) const PRIO_PROCESS: u32 = libc::PRIO_PROCESS;
/// One thread, although the name says process.
pub(super) const IOPRIO_WHO_PROCESS: u32 = 1;
pub(super) const GRND_NONBLOCK: u32 = libc::GRND_NONBLOCK;
pub(super) const GRND_INSECURE: u32 = libc::GRND_INSECURE;
pub(super) const SPLICE_F_NONBLOCK: u32 = libc::SPLICE_F_NONBLOCK;
/// The bits of a futex operation besides its command: FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME.
pub(super) const FUTEX_OPTIONS: u32 = 128 | 256;
/// The syslog command that waits for messages.
pub(super) const SYSLOG_ACTION_READ: u32 = 2;
pub(super) const CLOSE_RANGE_UNSHARE: u32 = libc::CLOSE_RANGE_UNSHARE;
pub(super) const SECCOMP_SET_MODE_STRICT: u32 = libc::SECCOMP_SET_MODE_STRICT;
pub(super) const SECCOMP_SET_MODE_FILTER: u32 = libc::SECCOMP_SET_MODE_FILTER;
pub(super) const SECCOMP_GET_ACTION_AVAIL: u32 = libc::SECCOMP_GET_ACTION_AVAIL;
pub(super) const SECCOMP_GET_NOTIF_SIZES: u32 = libc::SECCOMP_GET_NOTIF_SIZES;
pub(super) const SECCOMP_FILTER_FLAG_TSYNC: u32 = 1;
pub(super) const LANDLOCK_RESTRICT_SELF_TSYNC: u32 = 8;
pub(super) const SECCOMP_MODE_STRICT: u64 = libc::SECCOMP_MODE_STRICT as u64;
pub(super) const PR_SET_SYSCALL_USER_DISPATCH: u32 = 59;
/// io_uring_enter's last arguments are a structure with a timeout.
pub(super) const IORING_ENTER_EXT_ARG: u32 = 8;
pub(super) const FALLOC_FL_COLLAPSE_RANGE: u32 = libc::FALLOC_FL_COLLAPSE_RANGE.cast_unsigned();
pub(super) const FALLOC_FL_INSERT_RANGE: u32 = libc::FALLOC_FL_INSERT_RANGE.cast_unsigned();
pub(super) const TIMER_ABSTIME: u32 = libc::TIMER_ABSTIME.cast_unsigned();
pub(super) const ARCH_SET_GS: u32 = 0x1001;
pub(super) const ARCH_SET_FS: u32 = 0x1002;
pub(super) const ARCH_SHSTK_ENABLE: u32 = 0x5001;

#[cfg(target_arch = "x86_64")]
pub(super) const PR_SET_TSC: u32 = 26;
#[cfg(target_arch = "x86_64")]
pub(super) const PR_TSC_SIGSEGV: u32 = 2;
#[cfg(target_arch = "aarch64")]
pub(super) const PR_PAC_RESET_KEYS: u32 = 54;
#[cfg(target_arch = "aarch64")]
pub(super) const PR_PAC_SET_ENABLED_KEYS: u32 = 60;
#[cfg(target_arch = "aarch64")]
pub(super) const PR_SET_SHADOW_STACK_STATUS: u32 = 75;
#[cfg(target_arch = "aarch64")]
pub(super) const PR_SHADOW_STACK_ENABLE: u32 = 1;

// The C library has no names for these.
pub(super) const F_SETOWN_EX: u32 = 15;
pub(super) const F_GETOWN_EX: u32 = 16;
pub(super) const F_GETSIG: u32 = 11;
pub(super) const F_GETOWNER_UIDS: u32 = 17;
pub(super) const F_DUPFD_QUERY: u32 = 1027;
pub(super) const F_CREATED_QUERY: u32 = 1028;
pub(super) const F_GET_RW_HINT: u32 = 1035;
pub(super) const F_SET_RW_HINT: u32 = 1036;
pub(super) const F_GET_FILE_RW_HINT: u32 = 1037;
pub(super) const F_SET_FILE_RW_HINT: u32 = 1038;
pub(super) const SHM_STAT: u32 = 13;
pub(super) const SHM_INFO_COMMAND: u32 = 14;
pub(super) const SHM_STAT_ANY: u32 = 15;
pub(super) const MSG_STAT_ANY: u32 = 13;
pub(super) const PR_GET_AUXV: u32 = 0x4155_5856;
pub(super) const KCMP_FILE: u32 = 0;
pub(super) const KCMP_EPOLL_TFD: u32 = 7;
pub(super) const P_PIDFD: u32 = libc::P_PIDFD;
pub(super) const MSG_ZEROCOPY: u32 = libc::MSG_ZEROCOPY.cast_unsigned();
pub(super) const LSM_FLAG_SINGLE: u32 = 1;
pub(super) const LANDLOCK_RULE_PATH_BENEATH: u32 = 1;
pub(super) const LANDLOCK_RULE_NET_PORT: u32 = 2;
pub(super) const ARCH_GET_FS: u32 = 0x1003;
pub(super) const ARCH_GET_GS: u32 = 0x1004;
pub(super) const ARCH_GET_XCOMP_SUPP: u32 = 0x1021;
pub(super) const ARCH_GET_XCOMP_PERM: u32 = 0x1022;
pub(super) const LINUX_REBOOT_CMD_RESTART2: u32 = 0xa1b2_c3d4;
pub(super) const FSCONFIG_SET_STRING: u32 = 1;
pub(super) const FSCONFIG_SET_BINARY: u32 = 2;
pub(super) const FSCONFIG_SET_PATH: u32 = 3;
pub(super) const FSCONFIG_SET_PATH_EMPTY: u32 = 4;
pub(super) const FSCONFIG_SET_FD: u32 = 5;
pub(super) const KEYCTL_GET_KEYRING_ID: u32 = 0;
pub(super) const KEYCTL_JOIN_SESSION_KEYRING: u32 = 1;
pub(super) const KEYCTL_UPDATE: u32 = 2;
pub(super) const KEYCTL_REVOKE: u32 = 3;
pub(super) const KEYCTL_CHOWN: u32 = 4;
pub(super) const KEYCTL_SETPERM: u32 = 5;
pub(super) const KEYCTL_DESCRIBE: u32 = 6;
pub(super) const KEYCTL_CLEAR: u32 = 7;
pub(super) const KEYCTL_LINK: u32 = 8;
pub(super) const KEYCTL_UNLINK: u32 = 9;
pub(super) const KEYCTL_SEARCH: u32 = 10;
pub(super) const KEYCTL_READ: u32 = 11;
pub(super) const KEYCTL_INSTANTIATE: u32 = 12;
pub(super) const KEYCTL_NEGATE: u32 = 13;
pub(super) const KEYCTL_SET_REQKEY_KEYRING: u32 = 14;
pub(super) const KEYCTL_SET_TIMEOUT: u32 = 15;
pub(super) const KEYCTL_ASSUME_AUTHORITY: u32 = 16;
pub(super) const KEYCTL_GET_SECURITY: u32 = 17;
pub(super) const KEYCTL_REJECT: u32 = 19;
pub(super) const KEYCTL_INSTANTIATE_IOV: u32 = 20;
pub(super) const KEYCTL_INVALIDATE: u32 = 21;
pub(super) const KEYCTL_GET_PERSISTENT: u32 = 22;
pub(super) const KEYCTL_DH_COMPUTE: u32 = 23;
pub(super) const KEYCTL_PKEY_QUERY: u32 = 24;
pub(super) const KEYCTL_RESTRICT_KEYRING: u32 = 29;
pub(super) const KEYCTL_MOVE: u32 = 30;
pub(super) const KEYCTL_CAPABILITIES: u32 = 31;
pub(super) const KEYCTL_WATCH_KEY: u32 = 32;
/// A quota command stands above its type of quota.
pub(super) const QUOTA_COMMAND: u32 = !0xff;
pub(super) const Q_SYNC: u32 = 0x80_0001 << 8;
pub(super) const Q_QUOTAON: u32 = 0x80_0002 << 8;
pub(super) const Q_QUOTAOFF: u32 = 0x80_0003 << 8;
pub(super) const Q_GETFMT: u32 = 0x80_0004 << 8;
pub(super) const Q_GETINFO: u32 = 0x80_0005 << 8;
pub(super) const Q_SETINFO: u32 = 0x80_0006 << 8;
pub(super) const Q_GETQUOTA: u32 = 0x80_0007 << 8;
pub(super) const Q_SETQUOTA: u32 = 0x80_0008 << 8;
pub(super) const Q_GETNEXTQUOTA: u32 = 0x80_0009 << 8;
pub(super) const Q_XQUOTAON: u32 = 0x5801 << 8;
pub(super) const Q_XQUOTAOFF: u32 = 0x5802 << 8;
pub(super) const Q_XGETQUOTA: u32 = 0x5803 << 8;
pub(super) const Q_XSETQLIM: u32 = 0x5804 << 8;
pub(super) const Q_XGETQSTAT: u32 = 0x5805 << 8;
pub(super) const Q_XQUOTARM: u32 = 0x5806 << 8;
pub(super) const Q_XQUOTASYNC: u32 = 0x5807 << 8;
pub(super) const Q_XGETQSTATV: u32 = 0x5808 << 8;
pub(super) const Q_XGETNEXTQUOTA: u32 = 0x5809 << 8;
