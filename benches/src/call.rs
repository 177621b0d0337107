//! One system call as every contender gets it.

use std::cell::Cell;
use std::ffi::CStr;
use std::fs::File;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::Arc;

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

/// Bytes at the begin of what is read that tell the offset they were read from.
const LOOK_BYTES: usize = 8;

/// A file that is lent with each call, and where the bytes go if the call takes an address.
#[derive(Debug)]
pub struct Lent {
    /// Each piece that is read begins with its own offset, 8 bytes in the order of the machine.
    pub file: Arc<File>,
    /// As long as a piece.
    pub buffer: Vec<Cell<u8>>,
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
    lent: Option<&'a Lent>,
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

    /// Reads a piece from `offset`, where the file must have as many bytes. An engine may make it without addresses: by
    /// [`RawCall::lent`], and the bytes in its completion.
    #[must_use]
    pub fn pread_lent(lent: &'a Lent, offset: u32) -> RawCall<'a> {
        RawCall { lent: Some(lent), ..RawCall::pread(lent.file.as_fd(), &lent.buffer, offset) }
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
        let sleeps_for = SleepsFor::Nothing;
        RawCall { name, nr, argc, sleeps_for, args, expected, lent: None, borrows: PhantomData }
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

    /// The file that is lent, if the call can be made without an address. Its arguments are then file, buffer, length and
    /// offset.
    #[must_use]
    #[inline(always)]
    pub fn lent(&self) -> Option<&'a Lent> {
        self.lent
    }

    /// The result, once the application has looked at the bytes: where they are lent, each contender's part of the work.
    #[must_use]
    #[inline(always)]
    pub fn seen(&self, result: i64) -> i64 {
        let Some(lent) = self.lent else { return result };
        let mut bytes = [0; LOOK_BYTES];
        bytes.iter_mut().zip(&lent.buffer).for_each(|(byte, cell)| *byte = cell.get());
        self.seen_in(&bytes, result)
    }

    /// As [`RawCall::seen`], of bytes that did not go to the buffer. Bytes of another piece give `-EILSEQ`.
    #[must_use]
    #[inline(always)]
    pub fn seen_in(&self, bytes: &[u8], result: i64) -> i64 {
        let begin = bytes.first_chunk::<LOOK_BYTES>().copied().map(u64::from_ne_bytes);
        if result < 0 || begin == Some(self.args[3]) { result } else { -i64::from(libc::EILSEQ) }
    }
}

/// A C `int` as the kernel takes it from a register.
fn word(value: i32) -> u64 {
    i64::from(value).cast_unsigned()
}

fn address<T>(pointer: *const T) -> u64 {
    pointer.expose_provenance() as u64
}

#[test]
fn bytes_of_another_piece_are_no_right_result() {
    let file = Arc::new(tempfile::tempfile().unwrap());
    let buffer = 4096_u64.to_ne_bytes().map(Cell::new).to_vec();
    let lent = Lent { file, buffer };
    assert_eq!(RawCall::pread_lent(&lent, 4096).seen(8), 8);
    assert_eq!(RawCall::pread_lent(&lent, 8192).seen(8), -i64::from(libc::EILSEQ));
    assert_eq!(RawCall::pread_lent(&lent, 8192).seen(-5), -5, "an error is the call's");
    assert_eq!(RawCall::pread_lent(&lent, 0).seen_in(&[], 8), -i64::from(libc::EILSEQ));
}
