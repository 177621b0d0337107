//! The calls that most programs are made of, with the kind of their value. All others are [`Call::new`].

use libc::{
    SYS_close, SYS_fdatasync, SYS_flock, SYS_fsync, SYS_getdents64, SYS_getppid, SYS_linkat, SYS_lseek,
    SYS_mkdirat, SYS_openat, SYS_pread64, SYS_pwrite64, SYS_read, SYS_readlinkat, SYS_renameat2, SYS_statx,
    SYS_unlinkat, SYS_write,
};

use crate::program::build::call::Call;
use crate::program::build::value::{Arg, Fd, Number, Register, Value};

/// An open file: the value of a call, a number, or a register.
#[derive(Clone, Copy, Debug)]
pub struct File<'p>(Arg<'p>);

impl<'p> From<Value<'p, Fd>> for File<'p> {
    fn from(fd: Value<'p, Fd>) -> Self {
        File(fd.into())
    }
}

impl<'p> From<Register<'p>> for File<'p> {
    fn from(fd: Register<'p>) -> Self {
        File(fd.into())
    }
}

impl From<i32> for File<'_> {
    fn from(fd: i32) -> Self {
        File(fd.into())
    }
}

impl<'p> From<File<'p>> for Arg<'p> {
    fn from(file: File<'p>) -> Self {
        file.0
    }
}

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident($($file:ident),*; $($arg:ident),*) -> $gives:ty = $number:ident;)*) => {
        $($(#[$doc])*
        pub fn $name<'p>(
            $($file: impl Into<File<'p>>,)*
            $($arg: impl Into<Arg<'p>>,)*
        ) -> Call<'p, $gives> {
            Call::new($number)$(.arg($file.into()))*$(.arg($arg))*
        })*
    };
}

calls! {
    /// Opens a file.
    openat(dir; path, flags, mode) -> Fd = SYS_openat;
    /// Closes one.
    close(fd;) -> Number = SYS_close;
    /// Reads bytes.
    read(fd; buffer, count) -> Number = SYS_read;
    /// Reads bytes at an offset.
    pread(fd; buffer, count, offset) -> Number = SYS_pread64;
    /// Writes bytes.
    write(fd; bytes, count) -> Number = SYS_write;
    /// Writes bytes at an offset.
    pwrite(fd; bytes, count, offset) -> Number = SYS_pwrite64;
    /// Moves the file's own offset.
    lseek(fd; offset, whence) -> Number = SYS_lseek;
    /// Asks about a file.
    statx(dir; path, flags, mask, buffer) -> Number = SYS_statx;
    /// Reads directory entries.
    getdents64(fd; buffer, count) -> Number = SYS_getdents64;
    /// Reads the text of a symbolic link; no NUL is written behind it.
    readlinkat(dir; path, buffer, count) -> Number = SYS_readlinkat;
    /// Makes a directory.
    mkdirat(dir; path, mode) -> Number = SYS_mkdirat;
    /// Removes a name.
    unlinkat(dir; path, flags) -> Number = SYS_unlinkat;
    /// Locks a file, or unlocks it.
    flock(fd; operation) -> Number = SYS_flock;
    /// Brings its bytes to storage.
    fdatasync(fd;) -> Number = SYS_fdatasync;
    /// Brings all of it to storage.
    fsync(fd;) -> Number = SYS_fsync;
    /// The parent's process id: the cheapest call.
    getppid(;) -> Number = SYS_getppid;
}

/// Renames a file.
pub fn renameat2<'p>(
    from: impl Into<File<'p>>,
    old: impl Into<Arg<'p>>,
    to: impl Into<File<'p>>,
    new: impl Into<Arg<'p>>,
    flags: impl Into<Arg<'p>>,
) -> Call<'p, Number> {
    Call::new(SYS_renameat2).arg(from.into()).arg(old).arg(to.into()).arg(new).arg(flags)
}

/// Gives a file another name.
pub fn linkat<'p>(
    from: impl Into<File<'p>>,
    old: impl Into<Arg<'p>>,
    to: impl Into<File<'p>>,
    new: impl Into<Arg<'p>>,
    flags: impl Into<Arg<'p>>,
) -> Call<'p, Number> {
    Call::new(SYS_linkat).arg(from.into()).arg(old).arg(to.into()).arg(new).arg(flags)
}
