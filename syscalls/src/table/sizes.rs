//! Sizes of the kernel's structures in bytes, on the architecture this is built for.

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
