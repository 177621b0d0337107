//! The forms of ioctl's `arg` for the commands that are the same for every file. Sizes are those that the kernel's code
//! reads and writes: the size that a number encodes is a habit (FS_IOC_GETFLAGS says 8, and 4 are written).
//!
//! The kernel answers FIOCLEX, FIONCLEX, FIONBIO, FIOASYNC, FIOQSIZE, FIGETBSZ, FICLONE, FICLONERANGE and FS_IOC_FIEMAP
//! itself before it asks any driver. The others reach the driver of a file that the kernel has no answer for; there they
//! mean the same:
//! - FIONREAD: the kernel answers for regular files; pipes, sockets, terminals, inotify and all others that know it write
//!   one int;
//! - FS_IOC_GETFLAGS and its like: a file system that does not share its flags with the kernel gets the number itself, and
//!   writes one int; one in user space is held to an int, and to the 28 bytes of FS_IOC_FSGETXATTR, by the kernel;
//! - FS_IOC_GETFSUUID, FS_IOC_GETFSSYSFSPATH: kernels before 6.9 do not know them and hand them on; no driver has them.
//!
//! Any other number is its driver's, and drivers use the same numbers: it is not listed.

use super::forms::NAMES_DESCRIPTOR;
use super::sizes::{CLONE_RANGE, FIEMAP, FIEMAP_EXTENT, FS_SYSFS_PATH, FS_UUID, FSXATTR, INT, LONG};
use super::words::*;
use crate::argument::{Form, Len};
use crate::constants::options::*;

#[allow(clippy::cast_possible_truncation, reason = "the kernel takes the command's low 32 bits")]
const fn number(command: libc::Ioctl) -> u32 {
    command as u32
}

/// The offset of the count of extents in `struct fiemap`.
const EXTENTS_AT: u8 = 24;

#[rustfmt::skip]
pub(super) const IOCTL: &[Form] = &[
    on(1, &[number(libc::FIOCLEX), number(libc::FIONCLEX)], uint(IT).ignored()),
    on(1, &[number(libc::FIONBIO), number(libc::FIOASYNC), number(libc::FS_IOC_SETFLAGS)], input_of(IT, INT)),
    on(1, &[FIGETBSZ, number(libc::FIONREAD), number(libc::FS_IOC_GETFLAGS)], output_of(IT, INT)),
    on(1, &[number(libc::FIOQSIZE)], output_of(IT, LONG)),
    on(1, &[FICLONE], fd(IT)),
    on(1, &[FICLONERANGE], input_of(IT, CLONE_RANGE)).danger(NAMES_DESCRIPTOR),
    on(1, &[FS_IOC_FIEMAP], update(IT, Len::Counted { at: EXTENTS_AT, head: FIEMAP, each: FIEMAP_EXTENT })),
    on(1, &[FS_IOC_FSGETXATTR], output_of(IT, FSXATTR)),
    on(1, &[FS_IOC_FSSETXATTR], input_of(IT, FSXATTR)),
    on(1, &[FS_IOC_GETFSUUID], output_of(IT, FS_UUID)),
    on(1, &[FS_IOC_GETFSSYSFSPATH], output_of(IT, FS_SYSFS_PATH)),
];
