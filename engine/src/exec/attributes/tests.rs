//! The nature of each call, as attributes are told.

use syslet_attrs::Nature;
use syslet_syscalls::{row_by_name, rows};

use crate::exec::attributes::{known, nature_of};

fn named(name: &str) -> Nature {
    nature_of(row_by_name(name).expect("a row"))
}

/// ATTR-36: of a call that reads neither data nor metadata from storage CACHE does not say whether they were in memory.
#[test]
fn what_reads_storage() {
    for name in
        ["read", "pread64", "preadv2", "openat", "openat2", "statx", "getdents64", "madvise", "mincore"]
    {
        assert!(named(name).intersects(Nature::READS_STORAGE), "{name}");
    }
    for name in ["getpid", "futex", "poll", "epoll_wait", "nanosleep", "recvfrom", "accept4", "wait4"] {
        assert!(!named(name).intersects(Nature::READS_STORAGE), "{name}");
    }
}

/// ATTR-38: major faults are evidence where the call acts on mappings, and nowhere else.
#[test]
fn what_acts_on_mappings() {
    for name in ["madvise", "mincore", "mlock", "mlock2", "msync", "mmap", "munmap", "mremap", "mprotect"] {
        assert!(named(name).intersects(Nature::ACTS_ON_MAPPINGS), "{name}");
    }
    for name in ["read", "pread64", "preadv", "openat", "write", "getpid", "futex"] {
        assert!(!named(name).intersects(Nature::ACTS_ON_MAPPINGS), "{name}");
    }
}

/// ATTR-46: exactly these calls move as many bytes as their result says.
#[test]
fn what_transfers() {
    let transfers = |name: &&str| named(name).intersects(Nature::TRANSFERS);
    let mut found: Vec<&str> = rows().iter().map(|row| row.name).filter(transfers).collect();
    found.sort_unstable();
    const EXPECTED: &str = "fgetxattr flistxattr getcwd getdents getdents64 getrandom getxattr lgetxattr listxattr listxattrat llistxattr mq_timedreceive \
        msgrcv pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readlink readlinkat \
        readv recvfrom recvmsg sched_getaffinity sendmsg sendto write writev";
    assert_eq!(found.join(" "), EXPECTED);
}

/// Every row's number is in the table of natures.
#[test]
fn all_numbers_are_known() {
    for row in rows() {
        if let Some(nr) = row.numbers.here() {
            assert_eq!(known(nr.into()), nature_of(row), "{}", row.name);
        }
    }
}
