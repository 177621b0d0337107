//! The plain call: no engine, the kernel's own answer.
#![allow(unsafe_code, reason = "makes the plain calls to compare with")]

use std::sync::atomic::AtomicU32;

use nix::sys::signal::{SigHandler, Signal};
use syslet::syscalls::{Invoked, RawArgs, Row, invoke, row_by_name};

/// The row of that name.
pub(crate) fn row(name: &str) -> &'static Row {
    row_by_name(name).unwrap_or_else(|| panic!("no row: {name}"))
}

/// Its number here.
pub(crate) fn number(name: &str) -> u32 {
    row(name).numbers.here().unwrap_or_else(|| panic!("no call of this architecture: {name}")).into()
}

/// Makes a call that a test has made harmless; gives the raw result.
pub(crate) fn make(nr: u32, args: &[u64; 6]) -> i64 {
    static NEVER: AtomicU32 = AtomicU32::new(0);
    // SAFETY: addresses are bad on purpose, which the kernel answers, or of memory that lives as long as the test.
    match unsafe { invoke(&NEVER, nr, &RawArgs::new(*args)) } {
        Invoked::Result(result) => result,
        Invoked::NeverBegan => unreachable!("nobody cancels"),
    }
}

/// Makes a call by name, to prepare or to look; gives the raw result.
pub(crate) fn sys(name: &str, args: &[i64]) -> i64 {
    let mut raw = [0; 6];
    raw.iter_mut().zip(args).for_each(|(raw, arg)| *raw = arg.cast_unsigned());
    make(number(name), &raw)
}

/// The same, where it has to succeed.
#[track_caller]
pub(crate) fn must(name: &str, args: &[i64]) -> i64 {
    let result = sys(name, args);
    assert!(result >= 0, "{name} {args:?}: {}", std::io::Error::from_raw_os_error(error(result)));
    result
}

/// The address of bytes that outlive the call.
pub(crate) fn address(bytes: &[u8]) -> i64 {
    (bytes.as_ptr().expose_provenance() as u64).cast_signed()
}

/// The address of bytes that the call writes.
pub(crate) fn address_mut(bytes: &mut [u8]) -> i64 {
    (bytes.as_mut_ptr().expose_provenance() as u64).cast_signed()
}

fn error(result: i64) -> i32 {
    i32::try_from(-result).unwrap_or_default()
}

/// Makes a signal interrupt the thread that it is sent to, and do no more.
pub(crate) fn let_interrupt(signal: Signal) {
    extern "C" fn nothing(_: i32) {}
    // SAFETY: the handler does nothing.
    unsafe { nix::sys::signal::signal(signal, SigHandler::Handler(nothing)) }.expect("it can be handled");
}
