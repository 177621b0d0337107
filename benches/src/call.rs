//! One system call as every contender gets it.

use std::cell::Cell;
use std::ffi::CStr;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};

/// What a call may sleep for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SleepsFor {
    /// Nothing, or nothing that its number does not tell.
    Nothing,
    /// A regular file.
    Storage,
    /// Time to pass.
    Time,
    /// Another call of its batch.
    Another,
}

/// A call that may be made any number of times, and overlapping with itself, as long as `'a` lasts.
#[derive(Clone, Copy, Debug)]
pub struct RawCall<'a> {
    name: &'static str,
    nr: u32,
    argc: u8,
    sleeps_for: SleepsFor,
    /// INVARIANT: every address among them is valid for `'a` for what `nr` does with it, and what it writes is
    /// memory that may change at any time (`Cell`) or that nobody reads. Only the constructors below set it.
    args: [u64; 6],
    expected: i64,
    borrows: PhantomData<&'a Cell<u8>>,
}

impl<'a> RawCall<'a> {
    /// The process id of the parent.
    #[must_use]
    pub fn getppid() -> RawCall<'static> {
        let parent = i64::from(std::os::unix::process::parent_id());
        RawCall::new("getppid", libc::SYS_getppid, &[], parent)
    }

    /// Reads into all of `buffer` from `offset`, where the file, a regular one, must have as many bytes.
    #[must_use]
    pub fn pread(file: BorrowedFd<'a>, buffer: &'a [Cell<u8>], offset: u32) -> RawCall<'a> {
        let len = buffer.len();
        let args = [word(file.as_raw_fd()), address(buffer.as_ptr()), len as u64, u64::from(offset)];
        let expected = i64::try_from(len).unwrap_or(i64::MAX);
        RawCall {
            sleeps_for: SleepsFor::Storage,
            ..RawCall::new("pread64", libc::SYS_pread64, &args, expected)
        }
    }

    /// Asks for the attributes of an existing file, without asking the server of a network file system.
    #[must_use]
    pub fn statx(path: &'a CStr, into: &'a Cell<MaybeUninit<libc::statx>>) -> RawCall<'a> {
        let flags = word(libc::AT_STATX_DONT_SYNC);
        let mask = u64::from(libc::STATX_BASIC_STATS);
        let args = [word(libc::AT_FDCWD), address(path.as_ptr()), flags, mask, address(into.as_ptr())];
        RawCall::new("statx", libc::SYS_statx, &args, 0)
    }

    /// Reads one byte from a pipe, and waits for it.
    #[must_use]
    pub fn read_byte(pipe: BorrowedFd<'a>, into: &'a Cell<u8>) -> RawCall<'a> {
        let args = [word(pipe.as_raw_fd()), address(into.as_ptr()), 1];
        RawCall { sleeps_for: SleepsFor::Another, ..RawCall::new("read", libc::SYS_read, &args, 1) }
    }

    /// Writes one byte into a pipe.
    #[must_use]
    pub fn write_byte(pipe: BorrowedFd<'a>, byte: &'a u8) -> RawCall<'a> {
        RawCall::new("write", libc::SYS_write, &[word(pipe.as_raw_fd()), address(byte), 1], 1)
    }

    /// Sleeps.
    #[must_use]
    pub fn nanosleep(time: &'a libc::timespec) -> RawCall<'a> {
        let args = [address(time), 0];
        RawCall { sleeps_for: SleepsFor::Time, ..RawCall::new("nanosleep", libc::SYS_nanosleep, &args, 0) }
    }

    fn new(name: &'static str, nr: libc::c_long, given: &[u64], expected: i64) -> RawCall<'a> {
        let mut args = [0; 6];
        args[..given.len()].copy_from_slice(given);
        let nr = u32::try_from(nr).expect("call numbers are small");
        let argc = u8::try_from(given.len()).expect("a call has at most six arguments");
        RawCall { name, nr, argc, sleeps_for: SleepsFor::Nothing, args, expected, borrows: PhantomData }
    }

    /// What the call is called.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it may sleep for.
    #[must_use]
    pub fn sleeps_for(&self) -> SleepsFor {
        self.sleeps_for
    }

    /// The number of the call.
    #[must_use]
    pub fn nr(&self) -> u32 {
        self.nr
    }

    /// The arguments it has.
    #[must_use]
    pub fn args(&self) -> &[u64] {
        &self.args[..usize::from(self.argc)]
    }

    /// The arguments, zero behind those it has.
    #[must_use]
    pub fn all_args(&self) -> &[u64; 6] {
        &self.args
    }

    /// The raw result it must give.
    #[must_use]
    pub fn expected(&self) -> i64 {
        self.expected
    }
}

/// A C `int` as the kernel takes it from a register.
fn word(value: i32) -> u64 {
    i64::from(value).cast_unsigned()
}

fn address<T>(pointer: *const T) -> u64 {
    pointer.expose_provenance() as u64
}
