//! Sizes of the kernel's structures in bytes, on the architecture this is built for.

/// `struct timespec`.
pub(super) const TIMESPEC: u32 = 16;
/// `struct statx`.
pub(super) const STATX: u32 = 256;
/// `struct stat` differs between the architectures.
pub(super) const STAT: u32 = if cfg!(target_arch = "x86_64") { 144 } else { 128 };
/// `struct new_utsname`: six fields of 65 bytes.
pub(super) const UTSNAME: u32 = 390;
/// `struct pollfd`.
pub(super) const POLLFD: u32 = 8;
