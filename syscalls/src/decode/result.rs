//! The result of a call in words. The decoder calls it for each answer.

use syslet_abi::{DoneFlags, Errno, RawResult};

use crate::constants::{List, errno_name, files};
use crate::decode::descriptor;
use crate::decode::naming::{Naming, any, one, one_and_any};
use crate::decode::number;
use crate::row::{Row, Yields};

/// The result, and its source when that is not the kernel.
pub(super) fn shown(
    row: Option<&Row>,
    args: &[u64; 6],
    result: RawResult,
    flags: DoneFlags,
    fd_paths: bool,
) -> String {
    let text = match result.decode() {
        Err(errno) => error(errno),
        Ok(value) => {
            row.map_or_else(|| value.cast_signed().to_string(), |row| yielded(row, args, value, fd_paths))
        }
    };
    let way_out =
        if flags.contains(DoneFlags::FINALLY_FAILED) { " (a call of the way out failed)" } else { "" };
    format!("{text}{}{way_out}", remark(flags))
}

/// A result without a row: a signed number, or an error.
#[must_use]
pub fn plain_result(result: RawResult) -> String {
    result.decode().map_or_else(error, |value| value.cast_signed().to_string())
}

fn error(Errno(errno): Errno) -> String {
    match errno_name(errno) {
        Some(name) => format!("-1 {name} ({})", message(errno)),
        None => format!("-1 (errno {errno})"),
    }
}

/// The C library's words for an error number.
fn message(errno: i32) -> String {
    let text = std::io::Error::from_raw_os_error(errno).to_string();
    text.strip_suffix(&format!(" (os error {errno})")).unwrap_or(&text).to_owned()
}

fn yielded(row: &Row, args: &[u64; 6], value: u64, fd_paths: bool) -> String {
    if row.name == "umask" {
        return number::octal(value);
    }
    if row.name == "fcntl" {
        return controlled(number::int(args[1]), value, fd_paths);
    }
    match row.yields {
        Yields::Address => format!("{value:#x}"),
        Yields::Fd => descriptor::fd(value, fd_paths),
        Yields::Number if value == 0 && polls(row.name) => "0 (Timeout)".to_owned(),
        Yields::Nothing | Yields::Bytes | Yields::Number | Yields::Pid => value.cast_signed().to_string(),
    }
}

/// Whether zero means that the time was over.
fn polls(name: &str) -> bool {
    matches!(name, "poll" | "ppoll" | "select" | "pselect6")
}

/// The kernel sets this bit for every program of 64 bits; in the C library its value is zero.
const LARGE_FILE: List = &[("O_LARGEFILE", if cfg!(target_arch = "x86_64") { 0x8000 } else { 0x2_0000 })];
/// How a file was opened.
const OPENED: Naming = one_and_any(libc::O_ACCMODE as u64, &[files::ACCESS], &[files::OPEN, LARGE_FILE]);

/// The result of `fcntl`, by its command.
fn controlled(command: i32, value: u64, fd_paths: bool) -> String {
    let flags = |naming: Naming, word: &str| format!("{value:#x} ({word} {})", naming.name(value));
    match command {
        libc::F_DUPFD | libc::F_DUPFD_CLOEXEC => descriptor::fd(value, fd_paths),
        libc::F_GETFL => flags(OPENED, "flags"),
        libc::F_GETFD if value != 0 => flags(any(&[files::FD]), "flags"),
        libc::F_GET_SEALS if value != 0 => flags(any(&[files::SEAL]), "seals"),
        libc::F_GETLEASE => flags(one(&[files::LEASE]), "lease"),
        _ => value.cast_signed().to_string(),
    }
}

fn remark(flags: DoneFlags) -> &'static str {
    let is = |flag: DoneFlags| flags.contains(flag);
    match () {
        () if is(DoneFlags::NOT_RUN) => " (not run)",
        () if is(DoneFlags::RELEASED) => " (released)",
        () if is(DoneFlags::ABANDONED) => " (abandoned)",
        () if is(DoneFlags::ENGINE_RESULT) => " (by the engine)",
        () if is(DoneFlags::CANCELLED) => " (cancelled)",
        () => "",
    }
}
