//! Sizes of the kernel's structures in bytes, on the architecture that this is built for. Rows and forms name them.

/// `int`, `uid_t`, `gid_t`, `socklen_t`, `timer_t`.
pub(super) const INT: u32 = 4;
/// `loff_t`, `time_t`, `aio_context_t`, a signal set.
pub(super) const LONG: u32 = 8;
/// `struct timespec`, `struct timeval`, `struct utimbuf`.
pub(super) const TIMESPEC: u32 = 16;
/// `struct timezone`.
pub(super) const TIMEZONE: u32 = 8;
/// `struct itimerspec`, `struct itimerval`.
pub(super) const ITIMERSPEC: u32 = 32;
/// `struct timex`.
pub(super) const TIMEX: u32 = 208;
/// `struct tms`.
pub(super) const TMS: u32 = 32;
/// `struct sigevent`.
pub(super) const SIGEVENT: u32 = 64;
/// `siginfo_t`.
pub(super) const SIGINFO: u32 = 128;
/// The kernel's `struct sigaction`; the C library's is another one.
pub(super) const SIGACTION: u32 = 32;
/// `stack_t`.
pub(super) const STACK: u32 = 24;
/// `struct statx`.
pub(super) const STATX: u32 = 256;
/// `struct stat`.
pub(super) const STAT: u32 = if cfg!(target_arch = "x86_64") { 144 } else { 128 };
/// `struct statfs`.
pub(super) const STATFS: u32 = 120;
/// `struct ustat`, on x86_64 only.
pub(super) const USTAT: u32 = 32;
/// `struct cachestat_range`.
pub(super) const CACHESTAT_RANGE: u32 = 16;
/// `struct cachestat`.
pub(super) const CACHESTAT: u32 = 40;
/// `struct pollfd`.
pub(super) const POLLFD: u32 = 8;
/// `struct epoll_event`, packed on x86_64.
pub(super) const EPOLL_EVENT: u32 = if cfg!(target_arch = "x86_64") { 12 } else { 16 };
/// `struct io_event`.
pub(super) const IO_EVENT: u32 = 32;
/// `struct new_utsname`: six fields of 65 bytes.
pub(super) const UTSNAME: u32 = 390;
/// `struct sysinfo`.
pub(super) const SYSINFO: u32 = 112;
/// `struct rlimit`, `struct rlimit64`.
pub(super) const RLIMIT: u32 = 16;
/// `struct rusage`.
pub(super) const RUSAGE: u32 = 144;
/// `struct __user_cap_header_struct`.
pub(super) const CAP_HEADER: u32 = 8;
/// Two of `struct __user_cap_data_struct`: versions 2 and 3. Version 1 uses the first.
pub(super) const CAP_DATA: u32 = 24;
/// `struct mq_attr`.
pub(super) const MQ_ATTR: u32 = 64;
/// `struct sembuf`.
pub(super) const SEMBUF: u32 = 6;
/// The type in front of a System V message.
pub(super) const MESSAGE_TYPE: u32 = 8;
/// `struct iovec`.
pub(super) const IOVEC: u32 = 16;
/// `struct msghdr`.
pub(super) const MSGHDR: u32 = 56;
/// `struct mmsghdr`.
pub(super) const MMSGHDR: u32 = 64;
/// `struct flock`.
pub(super) const FLOCK: u32 = 32;
/// `struct f_owner_ex`.
pub(super) const F_OWNER_EX: u32 = 8;
/// `struct semid_ds`.
pub(super) const SEMID_DS: u32 = if cfg!(target_arch = "x86_64") { 104 } else { 88 };
/// `struct shmid_ds`.
pub(super) const SHMID_DS: u32 = 112;
/// `struct msqid_ds`.
pub(super) const MSQID_DS: u32 = 120;
/// `struct seminfo`.
pub(super) const SEMINFO: u32 = 40;
/// `struct shminfo`.
pub(super) const SHMINFO: u32 = 72;
/// `struct shm_info`.
pub(super) const SHM_INFO: u32 = 48;
/// `struct msginfo`.
pub(super) const MSGINFO: u32 = 32;
/// `struct file_handle` without the handle.
pub(super) const FILE_HANDLE: u32 = 8;
/// The first version of `struct sched_attr`, which the kernel takes a size of zero for.
pub(super) const SCHED_ATTR: u32 = 48;
/// The first version of `struct perf_event_attr`, which the kernel takes a size of zero for.
pub(super) const PERF_EVENT_ATTR: u32 = 64;
/// `struct io_uring_params`.
pub(super) const IO_URING_PARAMS: u32 = 120;
/// `struct landlock_net_port_attr`.
pub(super) const LANDLOCK_NET_PORT: u32 = 16;
/// `struct landlock_path_beneath_attr`, packed.
pub(super) const LANDLOCK_PATH_BENEATH: u32 = 12;
/// `struct kcmp_epoll_slot`.
pub(super) const KCMP_EPOLL_SLOT: u32 = 12;
/// `struct if_dqblk`, and `struct if_nextdqblk`.
pub(super) const DQBLK: u32 = 72;
/// `struct if_dqinfo`.
pub(super) const DQINFO: u32 = 24;
/// `struct fs_disk_quota`.
pub(super) const XFS_QUOTA: u32 = 112;
/// `struct fs_quota_stat`.
pub(super) const XFS_QUOTA_STAT: u32 = 80;
/// `struct fs_quota_statv`.
pub(super) const XFS_QUOTA_STATV: u32 = 160;
/// `struct seccomp_notif_sizes`.
pub(super) const SECCOMP_SIZES: u32 = 6;
/// The name of a thread.
pub(super) const COMM: u32 = 16;
/// `struct keyctl_pkey_query`.
pub(super) const PKEY_QUERY: u32 = 56;
/// `struct file_clone_range`.
pub(super) const CLONE_RANGE: u32 = 32;
/// `struct fiemap` without extents.
pub(super) const FIEMAP: u32 = 32;
/// `struct fiemap_extent`.
pub(super) const FIEMAP_EXTENT: u32 = 56;
/// `struct fsxattr`.
pub(super) const FSXATTR: u32 = 28;
/// `struct fsuuid2`.
pub(super) const FS_UUID: u32 = 17;
/// `struct fs_sysfs_path`.
pub(super) const FS_SYSFS_PATH: u32 = 129;
/// `struct lsm_ctx` without its text.
pub(super) const LSM_CONTEXT: u32 = 32;
