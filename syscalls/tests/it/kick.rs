//! Which calls a signal takes away from their submitter, row by row.

use syslet_syscalls::{Class, Kick, Restart, row_by_name, rows};

fn kick(name: &str) -> Kick {
    row_by_name(name).expect("it has a row").kick
}

/// KICK-2: the calls that are kicked, and no others.
#[test]
fn kicked_are_these() {
    let opens = ["open", "openat", "openat2", "creat"];
    let looks = [
        "stat",
        "lstat",
        "newfstatat",
        "statx",
        "access",
        "faccessat",
        "faccessat2",
        "readlink",
        "readlinkat",
    ];
    let of_files = ["fstat", "statfs", "fstatfs", "name_to_handle_at", "truncate", "ftruncate"];
    let attributes = ["getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr"];
    let locks_and_children = ["flock", "fcntl", "wait4", "waitid"];
    let mut all: Vec<&str> =
        [&opens[..], &looks, &of_files, &attributes, &locks_and_children, &["read", "readv"]].concat();
    let mut found: Vec<&str> =
        rows().iter().filter(|row| row.kick.is_possible()).map(|row| row.name).collect();
    all.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, all);
    assert_eq!((kick("read"), kick("readv"), kick("openat")), (Kick::OnPipes, Kick::OnPipes, Kick::Again));
}

/// KICK-2: a call that is kicked is one that the caller could make again after −EINTR, as it stands.
#[test]
fn kicked_calls_may_be_made_again() {
    for row in rows().iter().filter(|row| row.kick.is_possible()) {
        assert_eq!(row.restart, Restart::Again, "{}", row.name);
        assert!(row.class != Class::Instant || row.name == "fcntl", "{}", row.name);
    }
}

/// KICK-2, KICK-9: a call that is never kicked says why.
#[test]
fn the_others_say_why() {
    for name in [
        "close",
        "ioctl",
        "connect",
        "getrandom",
        "write",
        "fsync",
        "fallocate",
        "mkdir",
        "unlink",
        "rename",
        "getdents64",
    ] {
        let Kick::Never(why) = kick(name) else { panic!("{name} is kicked") };
        assert!(!why.is_empty());
    }
}
