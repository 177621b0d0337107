//! Where files for the measurement go.

use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;

use nix::sys::statfs;

/// Beside this program, because the system's folder for temporary files is often kept in memory, and no ordinary
/// file system.
pub(crate) fn folder() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    program.parent().map(PathBuf::from).ok_or_else(|| io::Error::other("this program lies in no folder"))
}

/// Steps through all pieces of a file, each once, in no order that read-ahead or a prefetcher knows.
const STEP: usize = 101;

/// The numbers of `pieces` pieces, a power of two, over and over: each before one comes twice, neighbours far apart.
pub(super) fn scattered(pieces: u32) -> impl Iterator<Item = u32> {
    (0..pieces).cycle().step_by(STEP)
}

/// The file system's name, or its number.
pub(super) fn file_system(file: impl AsFd) -> String {
    let Ok(found) = statfs::fstatfs(file) else { return "an unknown file system".to_owned() };
    let names = [
        (statfs::EXT4_SUPER_MAGIC, "ext4"),
        (statfs::TMPFS_MAGIC, "tmpfs"),
        (statfs::XFS_SUPER_MAGIC, "xfs"),
        (statfs::BTRFS_SUPER_MAGIC, "btrfs"),
        (statfs::OVERLAYFS_SUPER_MAGIC, "overlayfs"),
        (statfs::NFS_SUPER_MAGIC, "nfs"),
    ];
    let known = names.iter().find(|(number, _)| *number == found.filesystem_type());
    known.map_or_else(
        || format!("file system {:#x}", found.filesystem_type().0),
        |(_, name)| (*name).to_owned(),
    )
}
