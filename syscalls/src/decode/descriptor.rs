//! Descriptors in words, with their paths when asked. The decoders of values and structures call it.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::decode::{bytes, number};

/// An open descriptor: the kernel takes an int.
pub(super) fn fd(value: u64, with_path: bool) -> String {
    let fd = number::int(value);
    if fd < 0 || !with_path {
        return fd.to_string();
    }
    format!("{fd}{}", path(&format!("/proc/self/fd/{fd}")))
}

/// A descriptor of a directory, or the current one.
pub(super) fn dirfd(value: u64, with_path: bool) -> String {
    if number::int(value) != libc::AT_FDCWD {
        return fd(value, with_path);
    }
    let path = if with_path { path("/proc/self/cwd") } else { String::new() };
    format!("AT_FDCWD{path}")
}

/// The target of a link of /proc, between angle brackets; empty when it has none.
fn path(link: &str) -> String {
    const DELETED: &[u8] = b" (deleted)";
    let Ok(path) = Path::new(link).read_link() else { return String::new() };
    let path = path.as_os_str().as_bytes();
    let (path, deleted) = path.strip_suffix(DELETED).map_or((path, ""), |path| (path, "(deleted)"));
    // The brackets end a path, so they are escaped within.
    let escaped = bytes::escaped(path).replace('<', "\\74").replace('>', "\\76");
    format!("<{escaped}>{deleted}")
}
