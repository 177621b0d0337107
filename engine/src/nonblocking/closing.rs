//! Calls that close a file: whether that may wait for a peer or a device, by the kind of the file. `attempt` in `mod.rs` asks
//! before the submitter makes such a call, and programs ask which calls open files that are closed at once.

use syslet_syscalls::Row;

use crate::nonblocking::attempt::Attempt;
use crate::nonblocking::probe::{Abilities, Ability};
use crate::nonblocking::query::{
    FileSystem, Kind, cached_kind, has_seals, is_known_socket, is_read_only, may_linger,
};

/// A close has no second attempt: the first one closes, with any result. So it is made where it cannot wait long, or not here.
pub(super) fn in_place(abilities: Abilities, fd: u64) -> Attempt {
    if is_closed_at_once(abilities, fd) { Attempt::Plain } else { Attempt::NotHere }
}

/// Whether the file behind this number is closed without a wait for a peer or a device. Other descriptors may share the file,
/// and then nothing happens to it; that is not asked.
fn is_closed_at_once(abilities: Abilities, fd: u64) -> bool {
    match cached_kind(fd) {
        (Kind::Nothing | Kind::Pipe | Kind::Sink | Kind::Memory | Kind::Folder, _) => true,
        (Kind::Storage(Some(_)), files) => is_local(files, || is_read_only(fd)) || has_seals(fd),
        (Kind::Socket, _) => {
            abilities.has(Ability::SocketQuestions) && is_known_socket(fd) && !may_linger(fd)
        }
        // The last close of a block device writes back all that is dirty; a terminal waits until its line has sent; of the
        // files without a place inotify waits for other processors.
        (Kind::Storage(None) | Kind::Anonymous | Kind::Other, _) => false,
    }
}

/// Whether files of that file system are closed without a server: one on another machine gets the bytes, and at times is told of the close
/// even where nothing was written; one in user space always is. Those that are not known may have one.
fn is_local(files: FileSystem, is_read_only: impl FnOnce() -> bool) -> bool {
    match files {
        FileSystem::Known(magic) => LOCAL.contains(&magic) || MADE_UP.contains(&magic) && is_read_only(),
        FileSystem::Untold { has_device } => has_device,
    }
}

/// ext, XFS, Btrfs, F2FS, bcachefs, ZFS, NILFS, Squashfs, EROFS, ISO 9660, UDF, FAT, exFAT; tmpfs, ramfs, hugetlbfs; overlays.
const LOCAL: [u64; 17] = [
    0xef53,
    0x5846_5342,
    0x9123_683e,
    0xf2f5_2010,
    0xca45_1a4e,
    0x2fc1_2fc1,
    0x3434,
    0x7371_7368,
    0xe0f5_e1e2,
    0x9660,
    0x1501_3346,
    0x4d44,
    0x2011_bab0,
    0x0102_1994,
    0x8584_58f6,
    0x9584_58f6,
    0x794c_7630,
];
/// proc, sysfs, both kinds of cgroup, debugfs, tracefs, securityfs: the kernel makes up what is read there.
const MADE_UP: [u64; 7] =
    [0x9fa0, 0x6265_6572, 0x6367_7270, 0x27_e0eb, 0x6462_6720, 0x7472_6163, 0x7363_6673];

/// Whether a success of that call is a descriptor whose file is closed at once, though its kind does not tell.
pub(crate) fn opens_what_closes_at_once(row: &Row) -> bool {
    // x86_64 has older numbers for two of them.
    const IS_X86_64: bool = cfg!(target_arch = "x86_64");
    const OPENERS: [libc::c_long; 7] = [
        if IS_X86_64 { 284 } else { -1 },
        if IS_X86_64 { 282 } else { -1 },
        libc::SYS_eventfd2,
        libc::SYS_timerfd_create,
        libc::SYS_signalfd4,
        libc::SYS_memfd_create,
        libc::SYS_pidfd_open,
    ];
    row.numbers.here().is_some_and(|nr| OPENERS.contains(&nr.into()))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::AsRawFd;

    use nix::sys::statfs::fstatfs;

    use super::*;

    /// TWIN-51: files of servers, on other machines or in user space, are not closed inline, however they were opened.
    #[test]
    fn files_of_servers_are_not_local() {
        let fuse = [0x6573_5546, 0x6969, 0xfe53_4d42, 0x0102_1997, 0x00c3_6400, 0x5346_414f, 0x0bd0_0bd0];
        for magic in fuse {
            assert!(!is_local(FileSystem::Known(magic), || true), "{magic:x}");
        }
        for is_read_only in [false, true] {
            assert!(is_local(FileSystem::Known(0xef53), || is_read_only));
            assert_eq!(is_local(FileSystem::Known(0x9fa0), || is_read_only), is_read_only);
        }
        for has_device in [false, true] {
            assert_eq!(is_local(FileSystem::Untold { has_device }, || true), has_device);
        }
    }

    /// TWIN-51: the file system that is asked for without its server is the one that it tells itself.
    #[test]
    fn the_file_system_is_the_one_of_the_file() {
        for path in ["/", "/proc/self/comm", "/etc/passwd", "/sys"] {
            let Ok(file) = File::open(path) else { continue };
            for _ in 0..2 {
                let (_, files) = cached_kind(u64::from(file.as_raw_fd().unsigned_abs()));
                let FileSystem::Known(magic) = files else { continue };
                assert_eq!(magic, fstatfs(&file).unwrap().filesystem_type().0.cast_unsigned(), "{path}");
            }
        }
    }
}
