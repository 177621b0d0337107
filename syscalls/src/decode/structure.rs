//! Structures in words, by their shapes. The decoder of arguments calls it for memory.

use crate::constants::{events, files, system};
use crate::decode::naming::{any, one_and_any};
use crate::decode::reader::Reader;
use crate::decode::shapes::Shape;
use crate::decode::{address, bytes, descriptor, number, signals, stat, status};

/// How much is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// At most this many bytes of a buffer, or elements of an array.
    pub(super) shown_bytes: usize,
    /// Whether descriptors have their paths.
    pub(super) fd_paths: bool,
}

/// The bytes in their shape; in hex when they are too few for it.
pub(super) fn shown(shape: Shape, all: &[u8], style: Style) -> String {
    known(shape, all, style).unwrap_or_else(|| bytes::in_hex(all, style.shown_bytes))
}

fn known(shape: Shape, all: &[u8], style: Style) -> Option<String> {
    let reader = Reader(all);
    match shape {
        Shape::Bytes => Some(bytes::quoted(all, style.shown_bytes)),
        Shape::Text => Some(text(all)),
        Shape::Numbers(size) => {
            array(all, size, style, |number| number.signed(0, size).map(|number| number.to_string()))
        }
        Shape::Unsigned(size) => reader.unsigned(0, size).map(|number| format!("[{number}]")),
        Shape::Descriptors => {
            array(all, 4, style, |fd| Some(descriptor::fd(fd.u32(0)?.into(), style.fd_paths)))
        }
        Shape::Timespec => time(reader, "tv_nsec"),
        Shape::Timeval => time(reader, "tv_usec"),
        Shape::Timespecs => array(all, TIME_BYTES, style, file_time),
        Shape::Timevals => array(all, TIME_BYTES, style, |one| time(one, "tv_usec")),
        Shape::Itimerspec => timer(reader, "tv_nsec"),
        Shape::Itimerval => timer(reader, "tv_usec"),
        Shape::Usage => {
            let (user, system) = (time(reader, "tv_usec")?, time(Reader(all.get(TIME_BYTES..)?), "tv_usec")?);
            Some(format!("{{ru_utime={user}, ru_stime={system}, ...}}"))
        }
        Shape::Names => {
            let name = |at: usize| Some(text(all.get(at..at + NAME_BYTES)?));
            Some(format!("{{sysname={}, nodename={}, ...}}", name(0)?, name(NAME_BYTES)?))
        }
        Shape::Limit => {
            Some(format!("{{rlim_cur={}, rlim_max={}}}", limit(reader.u64(0)?), limit(reader.u64(8)?)))
        }
        Shape::Polled => array(all, 8, style, |one| polled(one, style)),
        Shape::Event => event(reader),
        Shape::Events => array(all, EVENT_DATA + 8, style, event),
        Shape::Address => address::shown(all),
        Shape::Signals => signals::set(reader),
        Shape::Status => status::shown(reader.u32(0)?),
        Shape::Stat => stat::shown(reader),
        Shape::How => how(reader),
        Shape::SemaphoreOperations => array(all, 6, style, semaphore_operation),
        Shape::Structure => None,
    }
}

/// Elements of so many bytes each, as far as they are shown.
fn array(
    all: &[u8],
    size: usize,
    style: Style,
    element: impl Fn(Reader<'_>) -> Option<String>,
) -> Option<String> {
    if !all.len().is_multiple_of(size) {
        return None;
    }
    let chunks = all.chunks_exact(size);
    let more = if chunks.len() > style.shown_bytes { ", ..." } else { "" };
    let shown: Option<Vec<String>> = chunks.take(style.shown_bytes).map(|one| element(Reader(one))).collect();
    Some(format!("[{}{more}]", shown?.join(", ")))
}

/// The string up to the first NUL.
fn text(all: &[u8]) -> String {
    let end = all.iter().position(|&byte| byte == 0).unwrap_or(all.len());
    bytes::quoted(&all[..end], end)
}

const TIME_BYTES: usize = 16;
/// The size of each name in `struct new_utsname`.
const NAME_BYTES: usize = 65;

fn time(reader: Reader<'_>, fraction: &str) -> Option<String> {
    Some(format!("{{tv_sec={}, {fraction}={}}}", reader.i64(0)?, reader.i64(8)?))
}

/// A new time of a file.
fn file_time(reader: Reader<'_>) -> Option<String> {
    let special = files::NANOSECONDS.iter().find(|(_, value)| Some(*value) == reader.i64(8));
    special.map(|&(name, _)| name.to_owned()).or_else(|| time(reader, "tv_nsec"))
}

fn timer(reader: Reader<'_>, fraction: &str) -> Option<String> {
    let interval = time(reader, fraction)?;
    let value = time(Reader(reader.0.get(TIME_BYTES..)?), fraction)?;
    Some(format!("{{it_interval={interval}, it_value={value}}}"))
}

fn limit(value: u64) -> String {
    if value == u64::MAX { "RLIM64_INFINITY".to_owned() } else { value.to_string() }
}

fn polled(reader: Reader<'_>, style: Style) -> Option<String> {
    let fd = descriptor::fd(reader.u32(0)?.into(), style.fd_paths);
    let bits = |at: usize| reader.u16(at).map(|bits| any(&[events::POLL]).name(bits.into()));
    let came = if reader.u16(6)? == 0 { String::new() } else { format!(", revents={}", bits(6)?) };
    Some(format!("{{fd={fd}, events={}{came}}}", bits(4)?))
}

/// The offset of the data in `struct epoll_event`, which is packed on x86_64 only.
const EVENT_DATA: usize = if cfg!(target_arch = "x86_64") { 4 } else { 8 };

fn event(reader: Reader<'_>) -> Option<String> {
    let bits = any(&[events::EPOLL_EVENT]).name(reader.u32(0)?.into());
    let (low, all) = (reader.u32(EVENT_DATA)?, reader.u64(EVENT_DATA)?);
    Some(format!("{{events={bits}, data={{u32={low}, u64={all}}}}}"))
}

fn how(reader: Reader<'_>) -> Option<String> {
    let flags = one_and_any(libc::O_ACCMODE.unsigned_abs().into(), &[files::ACCESS], &[files::OPEN]);
    let mode = match reader.u64(8)? {
        0 => String::new(),
        mode => format!(", mode={}", number::octal(mode)),
    };
    let resolve = any(&[files::RESOLVE]).name(reader.u64(16)?);
    Some(format!("{{flags={}{mode}, resolve={resolve}}}", flags.name(reader.u64(0)?)))
}

fn semaphore_operation(reader: Reader<'_>) -> Option<String> {
    let flags = any(&[system::IPC, system::SEMAPHORE_FLAG]).name(reader.u16(4)?.into());
    Some(format!("{{sem_num={}, sem_op={}, sem_flg={flags}}}", reader.u16(0)?, reader.i16(2)?))
}
