//! Calls by name: plain, tried, and finished.
#![allow(unsafe_code, reason = "makes calls and looks where their arguments point")]

use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use syslet_syscalls::{Invoked, RawArgs, Row, invoke, row_by_name};

use crate::nonblocking::query::Memory;
use crate::nonblocking::{Abilities, Ability, Attempt, Begun, NonBlocking, attempt, finish, may_try, probe};

pub(crate) static ABILITIES: LazyLock<Abilities> = LazyLock::new(|| probe(NonBlocking::All));

/// The bits of which the kernel takes none, of an argument of 32 bits.
pub(crate) const HIGH: u64 = 0xdead_beef << 32;

pub(crate) fn row(name: &str) -> (&'static Row, u32) {
    let row = row_by_name(name).expect("the row exists");
    (row, row.numbers.here().expect("the call exists here").into())
}

/// Whether this architecture has the call.
pub(crate) fn exists_here(name: &str) -> bool {
    row_by_name(name).is_some_and(|row| row.numbers.here().is_some())
}

/// Arguments, the missing ones zero.
pub(crate) fn full<const N: usize>(args: [u64; N]) -> [u64; 6] {
    let mut full = [0; 6];
    full[..N].copy_from_slice(&args);
    full
}

pub(crate) fn enter(cancel: &AtomicU32, nr: u32, args: &[u64; 6]) -> Invoked {
    enter_raw(cancel, nr, &RawArgs::new(*args))
}

pub(crate) fn enter_raw(cancel: &AtomicU32, nr: u32, args: &RawArgs) -> Invoked {
    // SAFETY: the tests' own buffers, or addresses at which nothing is.
    unsafe { invoke(cancel, nr, args) }
}

/// The arguments as the kernel takes them.
pub(crate) fn shown(nr: u32, args: &RawArgs) -> [u64; 6] {
    syslet_syscalls::row(nr).expect("attempts make calls that have a row").narrow(args).all()
}

pub(crate) fn memory() -> Memory {
    // SAFETY: the tests answer for the addresses that they name.
    unsafe { Memory::promised() }
}

pub(crate) fn plain<const N: usize>(name: &str, args: [u64; N]) -> i64 {
    match enter(&AtomicU32::new(0), row(name).1, &full(args)) {
        Invoked::Result(result) => result,
        Invoked::NeverBegan => unreachable!("it is not cancelled"),
    }
}

pub(crate) fn tries<const N: usize>(name: &str, args: [u64; N]) -> bool {
    may_try(*ABILITIES, row(name).0, &full(args).into())
}

/// The first attempt, with this way into the kernel.
pub(crate) fn attempt_with<const N: usize>(
    name: &str,
    args: [u64; N],
    mut enter: impl FnMut(u32, &[u64; 6]) -> Invoked,
) -> Attempt {
    attempt_raw(name, &full(args).into(), |nr, args| enter(nr, &shown(nr, args)))
}

fn attempt_raw(name: &str, args: &RawArgs, mut enter: impl FnMut(u32, &RawArgs) -> Invoked) -> Attempt {
    let (row, nr) = row(name);
    assert!(may_try(*ABILITIES, row, args), "{name} is let through");
    // SAFETY: as for `enter`.
    unsafe { attempt(*ABILITIES, row, nr, args, &mut enter) }
}

pub(crate) fn nonblocking<const N: usize>(name: &str, args: [u64; N]) -> Attempt {
    attempt_raw(name, &full(args).into(), |nr, args| enter_raw(&AtomicU32::new(0), nr, args))
}

/// Finishes behind so many bytes and nanoseconds, with this way into the kernel.
pub(crate) fn finish_with<const N: usize>(
    name: &str,
    args: [u64; N],
    progress: u64,
    passed_ns: u64,
    mut enter: impl FnMut(u32, &RawArgs) -> Invoked,
) -> i64 {
    let (row, nr) = row(name);
    let begun = Begun { progress, first_ns: 1 };
    // SAFETY: as for `enter`.
    match unsafe { finish(row, nr, &full(args).into(), begun, 1 + passed_ns, &mut enter) } {
        Invoked::Result(result) => result,
        Invoked::NeverBegan => unreachable!("it is not cancelled"),
    }
}

pub(crate) fn finished<const N: usize>(name: &str, args: [u64; N], progress: u64) -> i64 {
    finish_with(name, args, progress, 0, |nr, args| enter_raw(&AtomicU32::new(0), nr, args))
}

pub(crate) fn cancelled<const N: usize>(name: &str, args: [u64; N]) -> Attempt {
    let cancel = AtomicU32::new(0);
    cancel.store(1, Ordering::Relaxed);
    attempt_with(name, args, |nr, args| enter(&cancel, nr, args))
}

/// Whether this kernel keeps SIGPIPE away from attempts at writes; where it does not, none is made on pipes and sockets.
pub(crate) fn writes_are_tried() -> bool {
    assert!(tries("write", [1, 8, 1]), "storage is asked for everywhere");
    ABILITIES.has(Ability::NowaitWrites)
}

/// The first attempt by an engine that has these abilities.
pub(crate) fn nonblocking_by<const N: usize>(abilities: Abilities, name: &str, args: [u64; N]) -> Attempt {
    let ((row, nr), args) = (row(name), full(args).into());
    let mut enter = |nr: u32, args: &RawArgs| enter_raw(&AtomicU32::new(0), nr, args);
    // SAFETY: as for `enter`.
    unsafe { attempt(abilities, row, nr, &args, &mut enter) }
}

pub(crate) fn fd(file: &impl AsRawFd) -> u64 {
    u64::from(file.as_raw_fd().cast_unsigned())
}

/// The descriptor that a call has just made.
pub(crate) fn owned(result: i64) -> OwnedFd {
    let fd = i32::try_from(result).ok().filter(|fd| *fd >= 0).expect("a descriptor");
    // SAFETY: new, and owned by nothing else.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

pub(crate) fn at<T: ?Sized>(of: &T) -> u64 {
    (&raw const *of).cast::<u8>().expose_provenance() as u64
}

pub(crate) fn at_mut<T: ?Sized>(of: &mut T) -> u64 {
    (&raw mut *of).cast::<u8>().expose_provenance() as u64
}

/// The two words the kernel has read from a test's timespec or vector.
pub(crate) fn words(at: u64) -> [u64; 2] {
    let words: *const [u64; 2] = std::ptr::with_exposed_provenance(usize::try_from(at).expect("an address"));
    // SAFETY: an address that an attempt has made for the kernel to read, during that call.
    unsafe { words.read_unaligned() }
}

/// A file without a name, in the folder for temporary files.
pub(crate) fn file() -> File {
    let mut options = File::options();
    options.read(true).write(true).custom_flags(libc::O_TMPFILE);
    options.open(std::env::temp_dir()).expect("a temporary file")
}

pub(crate) fn error(errno: i32) -> i64 {
    -i64::from(errno)
}
