//! Lines of calls on files.

use libc::*;

use super::calls::{ints, longs, made};

const HERE: i64 = AT_FDCWD as i64;

fn flags(bits: i32) -> i64 {
    bits.into()
}

/// DECODE-1, DECODE-4: opening: directory, path, access mode and bits by name, mode in octal.
#[test]
fn opening() {
    let open = |bits: i32| made("openat").v([HERE]).text("/etc/passwd").v([flags(bits)]);
    assert_eq!(open(O_CLOEXEC).gives(3), r#"openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3"#);
    let all = O_WRONLY | O_CREAT | O_EXCL | O_TRUNC | O_SYNC | O_CLOEXEC;
    assert_eq!(
        open(all).v([0o644]).gives(12),
        r#"openat(AT_FDCWD, "/etc/passwd", O_WRONLY|O_SYNC|O_CREAT|O_EXCL|O_TRUNC|O_CLOEXEC, 0644) = 12"#
    );
    assert_eq!(
        open(O_TMPFILE | O_RDWR).v([0o600]).gives(13),
        r#"openat(AT_FDCWD, "/etc/passwd", O_RDWR|O_TMPFILE, 0600) = 13"#
    );
    assert_eq!(
        open(O_DIRECTORY | 0x4000_0000).fails(ENOENT),
        r#"openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_DIRECTORY|0x40000000) = -1 ENOENT (No such file or directory)"#
    );
    let how = longs([flags(O_CREAT), 0o600, 0x10]);
    assert_eq!(
        made("openat2").v([5]).text("x").bytes(&how).v([24]).gives(3),
        r#"openat2(5, "x", {flags=O_RDONLY|O_CREAT, mode=0600, resolve=RESOLVE_IN_ROOT}, 24) = 3"#
    );
}

/// DECODE-6, DECODE-7, DECODE-16: bytes that went in and that came back, quoted and cut.
#[test]
fn bytes() {
    let text = "root:x:0:0:root:/root:/bin/bash\nxx";
    assert_eq!(
        made("read").v([3]).out(4096, text.as_bytes()).v([4096]).gives(34),
        r#"read(3, "root:x:0:0:root:/root:/bin/bash\n"..., 4096) = 34"#
    );
    assert_eq!(
        made("write").v([99]).bytes(text.as_bytes()).v([34]).fails(EBADF),
        r#"write(99, "root:x:0:0:root:/root:/bin/bash\n"..., 34) = -1 EBADF (Bad file descriptor)"#
    );
    assert_eq!(made("read").v([3]).out(16, b"abcxxxxx").v([16]).gives(3), r#"read(3, "abc", 16) = 3"#);
    assert_eq!(made("read").v([3]).out(16, b"").v([16]).gives(0), r#"read(3, "", 16) = 0"#);
    assert_eq!(
        made("pread64").v([99]).out(10, b"").v([10, -1]).fails(EINVAL),
        "pread64(99, out(10), 10, -1) = -1 EINVAL (Invalid argument)"
    );
    assert_eq!(made("preadv2").v([9, 0, 0, -1, 0, 8]).gives(0), "preadv2(9, NULL, 0, -1, 0, RWF_NOWAIT) = 0");
    assert_eq!(
        made("readlinkat").v([HERE]).text("/proc/self/exe").out(100, b"/tmp/e/s").v([100]).gives(8),
        r#"readlinkat(AT_FDCWD, "/proc/self/exe", "/tmp/e/s", 100) = 8"#
    );
    assert_eq!(made("getcwd").out(100, b"/tmp/e\0").v([100]).gives(7), r#"getcwd("/tmp/e", 100) = 7"#);
    assert_eq!(
        made("getrandom").out(4, b"\x14\xe7\xb9\xc4").v([4, 1]).gives(4),
        r#"getrandom("\x14\xe7\xb9\xc4", 4, GRND_NONBLOCK) = 4"#
    );
}

/// DECODE-4: positions, advice, locks, bits of changing files.
#[test]
fn positions_and_locks() {
    let lines = [
        (made("lseek").v([7, -5, 2]).fails(ESPIPE), "lseek(7, -5, SEEK_END) = -1 ESPIPE (Illegal seek)"),
        (made("lseek").v([7, 5, 99]).fails(EINVAL), "lseek(7, 5, 0x63) = -1 EINVAL (Invalid argument)"),
        (made("flock").v([7, 6]).gives(0), "flock(7, LOCK_EX|LOCK_NB) = 0"),
        (made("fadvise64").v([9, 0, 0, 4]).gives(0), "fadvise64(9, 0, 0, POSIX_FADV_DONTNEED) = 0"),
        (
            made("fallocate").v([9, 3, 0, 5]).fails(ENODEV),
            "fallocate(9, FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE, 0, 5) = -1 ENODEV (No such device)",
        ),
        (
            made("splice").v([1, 0, 2, 0, 5, 3]).fails(EBADF),
            "splice(1, NULL, 2, NULL, 5, SPLICE_F_MOVE|SPLICE_F_NONBLOCK) = -1 EBADF (Bad file descriptor)",
        ),
        (
            made("sendfile").v([4, 5]).inout(&longs([10]), &longs([14])).v([4]).gives(4),
            "sendfile(4, 5, [10 => 14], 4) = 4",
        ),
        (made("close_range").v([900, 1000, 4]).gives(0), "close_range(900, 1000, CLOSE_RANGE_CLOEXEC) = 0"),
        (
            made("dup3").v([1, -1, 0x80000]).fails(EBADF),
            "dup3(1, -1, O_CLOEXEC) = -1 EBADF (Bad file descriptor)",
        ),
        (
            made("pipe2").out(8, &ints([7, 8])).v([0x80800]).gives(0),
            "pipe2([7, 8], O_NONBLOCK|O_CLOEXEC) = 0",
        ),
        (
            made("memfd_create").text("nm").v([3]).gives(17),
            r#"memfd_create("nm", MFD_CLOEXEC|MFD_ALLOW_SEALING) = 17"#,
        ),
    ];
    for (printed, expected) in lines {
        assert_eq!(printed, expected);
    }
}

/// DECODE-4, DECODE-5: names and attributes: permissions, flags beside a directory, modes with their type, owners.
#[test]
fn names_and_modes() {
    let lines = [
        (
            made("faccessat").v([HERE]).text("/x").v([6]).fails(ENOENT),
            r#"faccessat(AT_FDCWD, "/x", R_OK|W_OK)"#,
        ),
        (made("faccessat").v([HERE]).text("/x").v([0]).fails(ENOENT), r#"faccessat(AT_FDCWD, "/x", F_OK)"#),
        (
            made("faccessat2").v([HERE]).text("/x").v([1, 0x200]).fails(ENOENT),
            r#"faccessat2(AT_FDCWD, "/x", X_OK, AT_EACCESS)"#,
        ),
        (
            made("unlinkat").v([HERE]).text("/n").v([0x200]).fails(ENOENT),
            r#"unlinkat(AT_FDCWD, "/n", AT_REMOVEDIR)"#,
        ),
        (
            made("linkat").v([3]).text("a").v([4]).text("b").v([0x400]).fails(ENOENT),
            r#"linkat(3, "a", 4, "b", AT_SYMLINK_FOLLOW)"#,
        ),
        (
            made("renameat2").v([3]).text("a").v([4]).text("b").v([1]).fails(ENOENT),
            r#"renameat2(3, "a", 4, "b", RENAME_NOREPLACE)"#,
        ),
        (
            made("statx").v([HERE]).text("/n").v([0, 0x1000_0a00]).out(256, b"").fails(ENOENT),
            r#"statx(AT_FDCWD, "/n", AT_STATX_SYNC_AS_STAT, STATX_SIZE|STATX_BTIME|0x10000000, out(256))"#,
        ),
        (
            made("statx").v([HERE]).text("/n").v([0x4100, 0x7ff]).out(256, b"").fails(ENOENT),
            r#"statx(AT_FDCWD, "/n", AT_STATX_DONT_SYNC|AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, out(256))"#,
        ),
        (
            made("fchownat").v([HERE]).text("/n").v([-1, 0, 0]).fails(ENOENT),
            r#"fchownat(AT_FDCWD, "/n", -1, 0, 0)"#,
        ),
        (
            made("fchmodat").v([HERE]).text("/n").v([0o4755]).fails(ENOENT),
            r#"fchmodat(AT_FDCWD, "/n", 04755)"#,
        ),
        (made("fchmodat").v([HERE]).text("/n").v([0]).fails(ENOENT), r#"fchmodat(AT_FDCWD, "/n", 000)"#),
        (
            made("mknodat").v([HERE]).text("/n").v([0o104_755, 0]).fails(ENOENT),
            r#"mknodat(AT_FDCWD, "/n", S_IFREG|S_ISUID|0755, 0)"#,
        ),
        (
            made("mknodat").v([HERE]).text("/n").v([0o170_777, 0]).fails(ENOENT),
            r#"mknodat(AT_FDCWD, "/n", 0170777, 0)"#,
        ),
        (
            made("setxattr").text("/n").text("user.x").bytes(b"v").v([1, 1]).fails(ENOENT),
            r#"setxattr("/n", "user.x", "v", 1, XATTR_CREATE)"#,
        ),
        (made("umount2").text("/n").v([2]).fails(ENOENT), r#"umount2("/n", MNT_DETACH)"#),
        (
            made("mount").text("a").text("/n").text("tmpfs").v([3, 0]).fails(ENOENT),
            r#"mount("a", "/n", "tmpfs", MS_RDONLY|MS_NOSUID, NULL)"#,
        ),
        (
            made("utimensat")
                .v([HERE])
                .text("/n")
                .bytes(&longs([1, 2, 0, UTIME_NOW]))
                .v([0x100])
                .fails(ENOENT),
            r#"utimensat(AT_FDCWD, "/n", [{tv_sec=1, tv_nsec=2}, UTIME_NOW], AT_SYMLINK_NOFOLLOW)"#,
        ),
    ];
    for (printed, expected) in lines {
        assert_eq!(printed, format!("{expected} = -1 ENOENT (No such file or directory)"));
    }
}

/// DECODE-8: a file's mode and size, or its device.
#[test]
#[cfg(target_arch = "x86_64")]
fn stat() {
    let stat = |mode: u32, device: u64, size: i64| {
        let mut bytes = [0; 144];
        bytes[24..28].copy_from_slice(&mode.to_ne_bytes());
        bytes[40..48].copy_from_slice(&device.to_ne_bytes());
        bytes[48..56].copy_from_slice(&size.to_ne_bytes());
        made("fstat").v([0]).out(144, &bytes).gives(0)
    };
    assert_eq!(stat(0o100_644, 0, 1221), "fstat(0, {st_mode=S_IFREG|0644, st_size=1221, ...}) = 0");
    assert_eq!(
        stat(0o20666, 0x103, 0),
        "fstat(0, {st_mode=S_IFCHR|0666, st_rdev=makedev(0x1, 0x3), ...}) = 0"
    );
}
