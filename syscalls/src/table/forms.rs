//! The forms of arguments that a command decides; the rows name them. A command that is not listed takes memory that the
//! table does not describe, or a plain value: it can be passed as VALUE, and not from safe code.

use super::bits::*;
use super::sizes::*;
use super::words::*;
use crate::argument::{Form, Len, Written};

/// A rule, or a structure, names a file by its descriptor.
pub(super) const NAMES_DESCRIPTOR: &str = "its structure can name a descriptor that was not lent";

/// The forms of an argument that most commands ignore.
const fn ignored(by: u8, commands: &'static [u32]) -> Form {
    on(by, commands, uint(IT).ignored())
}

/// fcntl's `arg`. F_SETSIG is left out: it chooses a signal.
#[rustfmt::skip]
pub(super) const FCNTL: &[Form] = &[
    on(1, &[F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW], input_of(IT, FLOCK)),
    on(1, &[F_GETLK, F_OFD_GETLK], update_of(IT, FLOCK)),
    on(1, &[F_DUPFD, F_DUPFD_CLOEXEC, F_SETLEASE, F_NOTIFY, F_SETPIPE_SZ], int(IT)),
    on(1, &[F_SETFD, F_SETFL, F_ADD_SEALS], flags(IT)),
    on(1, &[F_SETOWN], pid(IT)),
    on(1, &[F_DUPFD_QUERY], fd(IT)),
    on(1, &[F_SETOWN_EX], input_of(IT, F_OWNER_EX)),
    on(1, &[F_GETOWN_EX], output_of(IT, F_OWNER_EX)),
    on(1, &[F_GETOWNER_UIDS], output_of(IT, 2 * INT)),
    on(1, &[F_GET_RW_HINT, F_GET_FILE_RW_HINT], output_of(IT, LONG)),
    on(1, &[F_SET_RW_HINT, F_SET_FILE_RW_HINT], input_of(IT, LONG)),
    ignored(1, &[F_GETFD, F_GETFL, F_GETOWN, F_GETSIG, F_GETLEASE, F_GETPIPE_SZ, F_GET_SEALS, F_CREATED_QUERY]),
];

/// semctl's `arg`. GETALL and SETALL are left out: only the kernel knows how many semaphores a set has.
pub(super) const SEMCTL: &[Form] = &[
    on(2, &[IPC_SET], input_of(IT, SEMID_DS)),
    on(2, &[IPC_STAT, SEM_STAT, SEM_STAT_ANY], output_of(IT, SEMID_DS)),
    on(2, &[IPC_INFO, SEM_INFO], output_of(IT, SEMINFO)),
    on(2, &[SETVAL], int(IT)),
    ignored(2, &[IPC_RMID, GETVAL, GETPID, GETNCNT, GETZCNT]),
];

/// shmctl's `buf`.
pub(super) const SHMCTL: &[Form] = &[
    on(1, &[IPC_SET], input_of(IT, SHMID_DS)),
    on(1, &[IPC_STAT, SHM_STAT, SHM_STAT_ANY], output_of(IT, SHMID_DS)),
    on(1, &[IPC_INFO], output_of(IT, SHMINFO)),
    on(1, &[SHM_INFO_COMMAND], output_of(IT, SHM_INFO)),
    ignored(1, &[IPC_RMID, SHM_LOCK, SHM_UNLOCK]),
];

/// msgctl's `buf`.
pub(super) const MSGCTL: &[Form] = &[
    on(1, &[IPC_SET], input_of(IT, MSQID_DS)),
    on(1, &[IPC_STAT, MSG_STAT, MSG_STAT_ANY], output_of(IT, MSQID_DS)),
    on(1, &[IPC_INFO, MSG_INFO], output_of(IT, MSGINFO)),
    ignored(1, &[IPC_RMID]),
];

/// The `addr` of quotactl and quotactl_fd by the command's number, without its type of quota.
#[rustfmt::skip]
macro_rules! quota {
    ($by:literal) => { &[
        on($by, &[Q_QUOTAON], path(IT)).masked(QUOTA_COMMAND),
        on($by, &[Q_GETFMT], output_of(IT, INT)).masked(QUOTA_COMMAND),
        on($by, &[Q_GETINFO], output_of(IT, DQINFO)).masked(QUOTA_COMMAND),
        on($by, &[Q_SETINFO], input_of(IT, DQINFO)).masked(QUOTA_COMMAND),
        on($by, &[Q_GETQUOTA, Q_GETNEXTQUOTA], output_of(IT, DQBLK)).masked(QUOTA_COMMAND),
        on($by, &[Q_SETQUOTA], input_of(IT, DQBLK)).masked(QUOTA_COMMAND),
        on($by, &[Q_XGETQUOTA, Q_XGETNEXTQUOTA], output_of(IT, XFS_QUOTA)).masked(QUOTA_COMMAND),
        on($by, &[Q_XSETQLIM], input_of(IT, XFS_QUOTA)).masked(QUOTA_COMMAND),
        on($by, &[Q_XQUOTAON, Q_XQUOTAOFF, Q_XQUOTARM], input_of(IT, INT)).masked(QUOTA_COMMAND),
        on($by, &[Q_XGETQSTAT], output_of(IT, XFS_QUOTA_STAT)).masked(QUOTA_COMMAND),
        on($by, &[Q_XGETQSTATV], update_of(IT, XFS_QUOTA_STATV)).masked(QUOTA_COMMAND),
        ignored($by, &[Q_SYNC, Q_QUOTAOFF, Q_XQUOTASYNC]).masked(QUOTA_COMMAND),
    ] };
}

pub(super) const QUOTACTL: &[Form] = quota!(0);
pub(super) const QUOTACTL_FD: &[Form] = quota!(1);

/// prctl's arguments. A filter has a pointer in it, and PR_SET_MM sets addresses.
pub(super) const PRCTL: [&[Form]; 4] = [
    &[
        on(0, &[PR_SET_NAME], text(IT)),
        on(0, &[PR_GET_NAME], output_of(IT, COMM)),
        on(0, &[PR_GET_PDEATHSIG, PR_GET_TSC, PR_GET_CHILD_SUBREAPER], output_of(IT, INT)),
        on(0, &[PR_GET_TID_ADDRESS], output_of(IT, LONG)),
        on(0, &[PR_GET_AUXV], output(IT, Len::Arg(2), Written::Perhaps)),
    ],
    &[on(0, &[PR_GET_AUXV], size(IT))],
    &[],
    &[on(0, &[PR_SET_VMA], text(IT))],
];

/// keyctl's arguments. The operations with a public key have lengths inside their structure, and are left out.
pub(super) const KEYCTL: [&[Form]; 4] = [
    &[
        on(0, &[KEYCTL_JOIN_SESSION_KEYRING], text(IT)),
        on(0, &[KEYCTL_DH_COMPUTE], input_of(IT, 3 * INT)),
        on(0, &[KEYCTL_CAPABILITIES], output(IT, Len::Arg(2), Written::Perhaps)),
        on(0, KEYCTL_OF_ONE, int(IT)),
        on(0, &[KEYCTL_GET_PERSISTENT], id(IT)),
    ],
    &[
        on(0, &[KEYCTL_UPDATE, KEYCTL_INSTANTIATE], input(IT, Len::Arg(3))),
        on(0, &[KEYCTL_INSTANTIATE_IOV], gather(IT, 3)),
        on(
            0,
            &[KEYCTL_DESCRIBE, KEYCTL_READ, KEYCTL_GET_SECURITY, KEYCTL_DH_COMPUTE],
            output(IT, Len::Arg(3), Written::Perhaps),
        ),
        on(0, &[KEYCTL_SEARCH, KEYCTL_RESTRICT_KEYRING], text(IT)),
        on(0, &[KEYCTL_CAPABILITIES], size(IT)),
        on(
            0,
            &[
                KEYCTL_GET_KEYRING_ID,
                KEYCTL_LINK,
                KEYCTL_UNLINK,
                KEYCTL_GET_PERSISTENT,
                KEYCTL_MOVE,
                KEYCTL_WATCH_KEY,
            ],
            int(IT),
        ),
        on(0, &[KEYCTL_SETPERM, KEYCTL_NEGATE, KEYCTL_SET_TIMEOUT, KEYCTL_REJECT], uint(IT)),
        on(0, &[KEYCTL_CHOWN], id(IT)),
    ],
    &[
        on(0, KEYCTL_SIZED, size(IT)),
        on(0, &[KEYCTL_DESCRIBE, KEYCTL_INSTANTIATE_IOV], size(IT).bits_32()),
        on(0, &[KEYCTL_SEARCH, KEYCTL_RESTRICT_KEYRING, KEYCTL_PKEY_QUERY], text(IT)),
        on(0, &[KEYCTL_NEGATE, KEYCTL_MOVE, KEYCTL_WATCH_KEY], int(IT)),
        on(0, &[KEYCTL_REJECT], uint(IT)),
        on(0, &[KEYCTL_CHOWN], id(IT)),
    ],
    &[
        on(0, &[KEYCTL_PKEY_QUERY], output_of(IT, PKEY_QUERY)),
        on(0, &[KEYCTL_SEARCH, KEYCTL_INSTANTIATE, KEYCTL_INSTANTIATE_IOV, KEYCTL_REJECT], int(IT)),
        on(0, &[KEYCTL_MOVE], uint(IT)),
    ],
];

/// The commands about one key or keyring, which `arg2` numbers.
const KEYCTL_OF_ONE: &[u32] = &[
    KEYCTL_GET_KEYRING_ID,
    KEYCTL_UPDATE,
    KEYCTL_REVOKE,
    KEYCTL_CHOWN,
    KEYCTL_SETPERM,
    KEYCTL_DESCRIBE,
    KEYCTL_CLEAR,
    KEYCTL_LINK,
    KEYCTL_UNLINK,
    KEYCTL_SEARCH,
    KEYCTL_READ,
    KEYCTL_INSTANTIATE,
    KEYCTL_NEGATE,
    KEYCTL_SET_REQKEY_KEYRING,
    KEYCTL_SET_TIMEOUT,
    KEYCTL_ASSUME_AUTHORITY,
    KEYCTL_GET_SECURITY,
    KEYCTL_REJECT,
    KEYCTL_INSTANTIATE_IOV,
    KEYCTL_INVALIDATE,
    KEYCTL_PKEY_QUERY,
    KEYCTL_RESTRICT_KEYRING,
    KEYCTL_MOVE,
    KEYCTL_WATCH_KEY,
];

/// The commands with an `arg4` that counts `arg3`.
const KEYCTL_SIZED: &[u32] =
    &[KEYCTL_UPDATE, KEYCTL_INSTANTIATE, KEYCTL_READ, KEYCTL_GET_SECURITY, KEYCTL_DH_COMPUTE];

/// arch_prctl's `arg2`. The bases of segments are addresses.
pub(super) const ARCH_PRCTL: &[Form] =
    &[on(0, &[ARCH_GET_FS, ARCH_GET_GS, ARCH_GET_XCOMP_SUPP, ARCH_GET_XCOMP_PERM], output_of(IT, LONG))];

/// modify_ldt's `ptr`.
pub(super) const MODIFY_LDT: &[Form] =
    &[on(0, &[0, 2], buffer(IT, 2)), on(0, &[1, 0x11], input(IT, Len::Arg(2)))];

/// seccomp's `uargs`. A filter has a pointer in it.
pub(super) const SECCOMP: &[Form] = &[
    on(0, &[SECCOMP_GET_ACTION_AVAIL], input_of(IT, INT)),
    on(0, &[SECCOMP_GET_NOTIF_SIZES], output_of(IT, SECCOMP_SIZES)),
];

/// landlock_add_rule's `rule_attr`.
pub(super) const LANDLOCK_RULE: &[Form] = &[
    on(1, &[LANDLOCK_RULE_PATH_BENEATH], input_of(IT, LANDLOCK_PATH_BENEATH)).danger(NAMES_DESCRIPTOR),
    on(1, &[LANDLOCK_RULE_NET_PORT], input_of(IT, LANDLOCK_NET_PORT)),
];

/// Numbers of another process, or of this one.
const LOOKS_AT: &str = "it looks at descriptors that were not lent";

/// kcmp's `idx1` and `idx2`.
pub(super) const KCMP: [&[Form]; 2] = [
    &[on(2, &[KCMP_FILE, KCMP_EPOLL_TFD], uint(IT)).danger(LOOKS_AT), ignored(2, KCMP_OF_PROCESSES)],
    &[
        on(2, &[KCMP_FILE], uint(IT)).danger(LOOKS_AT),
        on(2, &[KCMP_EPOLL_TFD], input_of(IT, KCMP_EPOLL_SLOT)).danger(LOOKS_AT),
        ignored(2, KCMP_OF_PROCESSES),
    ],
];

/// The kinds of kcmp that compare whole processes: memory, tables, signals, contexts.
const KCMP_OF_PROCESSES: &[u32] = &[1, 2, 3, 4, 5, 6];

/// waitid's `upid`, which is a descriptor for P_PIDFD.
pub(super) const WAITID: &[Form] = &[on(0, &[P_PIDFD], fd(IT))];

/// Bytes sent with MSG_ZEROCOPY are read after the call, too, and the engine uses their memory again by then.
const LATE: &str = "its bytes are read after the call";

const fn late(by: u8, bits: &'static [u32]) -> Form {
    on(by, bits, flags(IT)).masked(MSG_ZEROCOPY).danger(LATE)
}

/// The flags of sendto and sendmmsg, and of sendmsg: they decide about themselves.
pub(super) const SEND_FLAGS: [&[Form]; 2] = [&[late(3, &[MSG_ZEROCOPY])], &[late(2, &[MSG_ZEROCOPY])]];

/// lsm_get_self_attr's `ctx`: asked for one module, the kernel reads its number there, for any given size.
pub(super) const LSM_ATTR: &[Form] = &[on(3, &[LSM_FLAG_SINGLE], update(IT, Len::AtLeast(2, LSM_CONTEXT)))];

/// A futex operation's timeout; other operations have a number in its place.
pub(super) const FUTEX: &[Form] = &[on(
    1,
    &[FUTEX_WAIT, FUTEX_WAIT_BITSET, FUTEX_LOCK_PI, FUTEX_LOCK_PI2, FUTEX_WAIT_REQUEUE_PI],
    input_of(IT, TIMESPEC),
)
.masked(!FUTEX_OPTIONS)];

/// fsconfig's `value` and `aux`.
pub(super) const FSCONFIG: [&[Form]; 2] = [
    &[
        on(1, &[FSCONFIG_SET_STRING], text(IT)),
        on(1, &[FSCONFIG_SET_BINARY], input(IT, Len::Arg(4))),
        on(1, &[FSCONFIG_SET_PATH, FSCONFIG_SET_PATH_EMPTY], path(IT)),
    ],
    &[
        on(1, &[FSCONFIG_SET_BINARY], size(IT).bits_32()),
        on(1, &[FSCONFIG_SET_PATH, FSCONFIG_SET_PATH_EMPTY], dirfd(IT)),
        on(1, &[FSCONFIG_SET_FD], fd(IT)),
    ],
];

/// reboot's `arg`: the command for the next kernel.
pub(super) const REBOOT: &[Form] = &[on(2, &[LINUX_REBOOT_CMD_RESTART2], text(IT))];

/// sysfs's arguments. A name comes back, and no argument limits its length.
pub(super) const SYSFS: [&[Form]; 2] = [&[on(0, &[1], text(IT)), ignored(0, &[3])], &[ignored(0, &[1, 3])]];
