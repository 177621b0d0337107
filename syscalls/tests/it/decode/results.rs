//! What stands behind the equals sign, and descriptors with their paths.

use std::os::fd::AsRawFd;

use syslet_abi::DoneFlags;
use syslet_syscalls::decode::Decoder;

use super::calls::{made, numbered};

/// DECODE-10: each kind of result: nothing, descriptor, bytes, number, process, address.
#[test]
fn kinds() {
    let lines = [
        (made("close").v([3]).gives(0), "close(3) = 0"),
        (made("dup").v([3]).gives(4), "dup(3) = 4"),
        (made("getuid").gives(1000), "getuid() = 1000"),
        (made("getpid").gives(601), "getpid() = 601"),
        (made("shmat").v([1, 0, 0]).gives(0x7f00_0000_0000), "shmat(1, NULL, 0) = 0x7f0000000000"),
        (made("umask").v([0o22]).gives(0o77), "umask(022) = 077"),
        (made("fcntl").v([7, 3]).gives(0x800), "fcntl(7, F_GETFL) = 0x800 (flags O_RDONLY|O_NONBLOCK)"),
        (made("fcntl").v([7, 3]).gives(if cfg!(target_arch = "x86_64") { 0x8001 } else { 0x2_0001 }), LARGE),
        (made("fcntl").v([7, 1]).gives(1), "fcntl(7, F_GETFD) = 0x1 (flags FD_CLOEXEC)"),
        (made("fcntl").v([7, 1]).gives(0), "fcntl(7, F_GETFD) = 0"),
        (made("fcntl").v([7, 0, 10]).gives(11), "fcntl(7, F_DUPFD, 10) = 11"),
        (made("fcntl").v([7, 2, 1]).gives(0), "fcntl(7, F_SETFD, FD_CLOEXEC) = 0"),
        (made("fcntl").v([7, 4, 0xc00]).gives(0), "fcntl(7, F_SETFL, O_RDONLY|O_APPEND|O_NONBLOCK) = 0"),
        (made("fcntl").v([7, 6, 0]).gives(0), "fcntl(7, F_SETLK, NULL) = 0"),
        (made("fcntl").v([7, 6, 0x7ffe]).gives(0), "fcntl(7, F_SETLK, 0x7ffe) = 0"),
        (made("lseek").v([3, 0, 0]).gives(i64::MIN), "lseek(3, 0, SEEK_SET) = -9223372036854775808"),
    ];
    for (printed, expected) in lines {
        assert_eq!(printed, expected);
    }
}

const LARGE: &str = if cfg!(target_arch = "x86_64") {
    "fcntl(7, F_GETFL) = 0x8001 (flags O_WRONLY|O_LARGEFILE)"
} else {
    "fcntl(7, F_GETFL) = 0x20001 (flags O_WRONLY|O_LARGEFILE)"
};

/// DECODE-10: errors have name and meaning; numbers that have none are told apart from values.
#[test]
fn errors() {
    let fails = |errno: i32| made("close").v([3]).fails(errno);
    assert_eq!(fails(9), "close(3) = -1 EBADF (Bad file descriptor)");
    assert_eq!(fails(38), "close(3) = -1 ENOSYS (Function not implemented)");
    assert_eq!(fails(524), "close(3) = -1 (errno 524)");
    assert_eq!(fails(4095), "close(3) = -1 (errno 4095)");
    assert_eq!(fails(4096), "close(3) = -4096");
}

/// DECODE-11: who answered, when the kernel did not.
#[test]
fn flags() {
    let flagged = |flags: DoneFlags| made("sync").printed(Decoder::default(), -4, flags);
    let line = "sync() = -1 EINTR (Interrupted system call)";
    assert_eq!(flagged(DoneFlags::NONE), line);
    assert_eq!(flagged(DoneFlags::ENGINE_RESULT), format!("{line} (by the engine)"));
    assert_eq!(flagged(DoneFlags::NOT_RUN.with(DoneFlags::ENGINE_RESULT)), format!("{line} (not run)"));
    assert_eq!(flagged(DoneFlags::CANCELLED), format!("{line} (cancelled)"));
    assert_eq!(flagged(DoneFlags::ABANDONED.with(DoneFlags::ENGINE_RESULT)), format!("{line} (abandoned)"));
    assert_eq!(flagged(DoneFlags::ABANDONED.with(DoneFlags::RELEASED)), format!("{line} (released)"));
}

/// DECODE-2: a number without a row is printed as such, its arguments in hex.
#[test]
fn without_a_row() {
    assert_eq!(
        numbered(0x258).v([1, 2, 0]).fails(38),
        "syscall_0x258(0x1, 0x2, 0) = -1 ENOSYS (Function not implemented)"
    );
    assert_eq!(numbered(u32::MAX).asked(), "syscall_0xffffffff()");
}

/// DECODE-12: descriptors have their paths when asked: in arguments, structures and results; none where there is none.
#[test]
fn paths() {
    let file = std::fs::File::open("/dev/null").expect("it is always there");
    let fd = file.as_raw_fd();
    let decoder = Decoder::default().fd_paths(true);
    let printed = |made: super::calls::Made, result: i64| made.printed(decoder, result, DoneFlags::NONE);
    assert_eq!(
        printed(made("dup").v([fd.into()]), fd.into()),
        format!("dup({fd}</dev/null>) = {fd}</dev/null>")
    );
    assert_eq!(printed(made("close").v([-1]), -9), "close(-1) = -1 EBADF (Bad file descriptor)");
    assert_eq!(printed(made("close").v([0x7fff_fff0]), 0), "close(2147483632) = 0");
    let here = std::env::current_dir().expect("tests have one");
    let line = printed(made("chdir").text("."), 0);
    assert_eq!(line, r#"chdir(".") = 0"#);
    let line = printed(made("mkdirat").v([-100]).text("a").v([0o700]), 0);
    assert_eq!(line, format!(r#"mkdirat(AT_FDCWD<{}>, "a", 0700) = 0"#, here.display()));
    let polled = [&fd.to_ne_bytes()[..], &1_i16.to_ne_bytes(), &[0; 2]].concat();
    assert_eq!(
        printed(made("ppoll").inout(&polled, &polled).v([1, 0, 0, 0]), 1),
        format!("ppoll([{{fd={fd}</dev/null>, events=POLLIN}}], 1, NULL, NULL, 0) = 1")
    );
    assert_eq!(made("dup").v([fd.into()]).gives(9), format!("dup({fd}) = 9"), "not asked for");
}

/// DECODE-12: a path whose file is gone says so, and what would end it or hide in it is escaped.
#[test]
fn odd_paths() {
    let path = std::env::temp_dir().join(format!("a<b>\n{}", std::process::id()));
    let file = std::fs::File::create(&path).expect("the folder is writable");
    let printed = || {
        let fd = file.as_raw_fd();
        let line =
            made("close").v([fd.into()]).printed(Decoder::default().fd_paths(true), 0, DoneFlags::NONE);
        line.replace(&format!("close({fd}<"), "close(FD<")
            .replace(&std::env::temp_dir().display().to_string(), "TMP")
    };
    let id = std::process::id();
    assert_eq!(printed(), format!("close(FD<TMP/a\\74b\\76\\n{id}>) = 0"));
    std::fs::remove_file(&path).expect("it was just made");
    assert_eq!(printed(), format!("close(FD<TMP/a\\74b\\76\\n{id}>(deleted)) = 0"));
}
