//! The structure of `stat` in words: its most wanted fields. The decoder of structures calls it.

use crate::constants::files;
use crate::decode::naming::one_and_any;
use crate::decode::reader::Reader;

const MODE_AT: usize = if cfg!(target_arch = "x86_64") { 24 } else { 16 };
const DEVICE_AT: usize = if cfg!(target_arch = "x86_64") { 40 } else { 32 };
const SIZE_AT: usize = 48;

/// Mode and size, or the device of a special file.
pub(super) fn shown(reader: Reader<'_>) -> Option<String> {
    let mode = reader.u32(MODE_AT)?;
    let naming = one_and_any(libc::S_IFMT.into(), &[files::FILE_TYPE], &[files::SPECIAL_MODE])
        .and_mode()
        .name(mode.into());
    let what = match mode & libc::S_IFMT {
        libc::S_IFCHR | libc::S_IFBLK => {
            let device = reader.u64(DEVICE_AT)?;
            format!("st_rdev=makedev({:#x}, {:#x})", libc::major(device), libc::minor(device))
        }
        _ => format!("st_size={}", reader.i64(SIZE_AT)?),
    };
    Some(format!("{{st_mode={naming}, {what}, ...}}"))
}
