//! Commands and bits that rows name, as the 32 bits the kernel compares.

macro_rules! from_libc {
    ($($name:ident)*) => { $(pub(super) const $name: u32 = libc::$name.cast_unsigned();)* };
}

from_libc! {
    F_GETLK F_SETLK F_SETLKW F_OFD_GETLK F_OFD_SETLK F_OFD_SETLKW
    LOCK_NB LOCK_UN
    RWF_NOWAIT
    MSG_DONTWAIT
    WNOHANG __WNOTHREAD
    IPC_NOWAIT
    CLOCK_THREAD_CPUTIME_ID RUSAGE_THREAD
    FUTEX_WAIT FUTEX_WAIT_BITSET FUTEX_WAKE FUTEX_REQUEUE FUTEX_CMP_REQUEUE FUTEX_WAKE_OP FUTEX_WAKE_BITSET
    FUTEX_LOCK_PI FUTEX_UNLOCK_PI FUTEX_TRYLOCK_PI FUTEX_LOCK_PI2 FUTEX_WAIT_REQUEUE_PI FUTEX_CMP_REQUEUE_PI
    PR_SET_PDEATHSIG PR_GET_PDEATHSIG PR_GET_DUMPABLE PR_SET_DUMPABLE PR_GET_KEEPCAPS PR_GET_NAME PR_GET_SECCOMP
    PR_CAPBSET_READ PR_GET_SECUREBITS PR_GET_TIMERSLACK PR_GET_NO_NEW_PRIVS PR_SET_CHILD_SUBREAPER
    PR_GET_CHILD_SUBREAPER PR_SET_THP_DISABLE PR_GET_THP_DISABLE PR_SET_PTRACER PR_SET_VMA PR_SET_SECCOMP
}

pub(super) const PRIO_PROCESS: u32 = libc::PRIO_PROCESS;
/// One thread, for all that it is called a process.
pub(super) const IOPRIO_WHO_PROCESS: u32 = 1;
pub(super) const GRND_NONBLOCK: u32 = libc::GRND_NONBLOCK;
pub(super) const GRND_INSECURE: u32 = libc::GRND_INSECURE;
pub(super) const SPLICE_F_NONBLOCK: u32 = libc::SPLICE_F_NONBLOCK;
/// What a futex operation has besides its command: FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME.
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
