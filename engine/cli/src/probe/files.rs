//! Files of many kinds for the probe to try calls on, and the raw calls that no library has.
#![allow(unsafe_code, reason = "pty, eventfd, timerfd and io_uring_setup through libc")]

use std::fs::File;
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use crate::names;

/// A file's text, if it can be read.
pub(super) fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// The release of the kernel.
pub(super) fn kernel() -> Option<String> {
    // SAFETY: a utsname is plain data, for which zeros are valid.
    let mut name = unsafe { std::mem::zeroed::<libc::utsname>() };
    // SAFETY: the pointer is to a live local.
    if unsafe { libc::uname(&raw mut name) } != 0 {
        return None;
    }
    let bytes = name.release.iter().map(|byte| byte.to_ne_bytes()[0]).take_while(|byte| *byte != 0);
    String::from_utf8(bytes.collect()).ok()
}

/// The name of an error number.
pub(super) fn errno_name(errno: i32) -> String {
    names::errno_name(errno).map_or_else(|| format!("errno {errno}"), str::to_owned)
}

/// A file with bytes to read; the other end of a pair is held open beside it.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) kind: &'static str,
    pub(super) file: Arc<OwnedFd>,
    _other: Option<OwnedFd>,
}

impl Sample {
    fn new(kind: &'static str, file: impl Into<OwnedFd>, other: Option<OwnedFd>) -> Sample {
        Sample { kind, file: Arc::new(file.into()), _other: other }
    }
}

/// One of each kind that can be had here.
pub(super) fn samples() -> Vec<Sample> {
    let makers: [fn() -> io::Result<Sample>; 10] =
        [regular, memory, pipe, socket, tcp, terminal, event, timer, proc, directory];
    makers.into_iter().filter_map(|make| make().ok()).collect()
}

fn regular() -> io::Result<Sample> {
    let path = std::env::current_exe()?;
    Ok(Sample::new("regular file", File::open(path)?, None))
}

fn memory() -> io::Result<Sample> {
    // SAFETY: the name is a string that outlives the call.
    let mut file =
        File::from(owned(unsafe { libc::memfd_create(c"syslet-probe".as_ptr(), libc::MFD_CLOEXEC) })?);
    file.write_all(b"12345678")?;
    Ok(Sample::new("memfd", file, None))
}

fn pipe() -> io::Result<Sample> {
    let (reader, mut writer) = io::pipe()?;
    writer.write_all(b"12345678")?;
    Ok(Sample::new("pipe", reader, Some(writer.into())))
}

fn socket() -> io::Result<Sample> {
    let (left, mut right) = UnixStream::pair()?;
    right.write_all(b"12345678")?;
    Ok(Sample::new("unix socket", left, Some(right.into())))
}

fn tcp() -> io::Result<Sample> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    client.write_all(b"12345678")?;
    Ok(Sample::new("tcp socket", server, Some(client.into())))
}

fn terminal() -> io::Result<Sample> {
    // SAFETY: takes no addresses.
    let controller = owned(unsafe { libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC) })?;
    // SAFETY: the descriptor is open.
    check(unsafe { libc::grantpt(controller.as_raw_fd()) })?;
    // SAFETY: the descriptor is open.
    check(unsafe { libc::unlockpt(controller.as_raw_fd()) })?;
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    // SAFETY: the descriptor is open, and the call takes its flags by value.
    let terminal = owned(unsafe { libc::ioctl(controller.as_raw_fd(), libc::TIOCGPTPEER, flags) })?;
    let mut controller = File::from(controller);
    controller.write_all(b"1234567\n")?;
    Ok(Sample::new("terminal", terminal, Some(controller.into())))
}

fn event() -> io::Result<Sample> {
    // SAFETY: takes no addresses.
    Ok(Sample::new("eventfd", owned(unsafe { libc::eventfd(1, libc::EFD_CLOEXEC) })?, None))
}

fn timer() -> io::Result<Sample> {
    // SAFETY: takes no addresses.
    let timer = owned(unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_CLOEXEC) })?;
    let soon = libc::timespec { tv_sec: 0, tv_nsec: 1 };
    let spec = libc::itimerspec { it_interval: soon, it_value: soon };
    // SAFETY: the descriptor is open, and the time outlives the call.
    check(unsafe { libc::timerfd_settime(timer.as_raw_fd(), 0, &raw const spec, std::ptr::null_mut()) })?;
    Ok(Sample::new("timerfd", timer, None))
}

fn proc() -> io::Result<Sample> {
    Ok(Sample::new("proc file", File::open("/proc/self/stat")?, None))
}

fn directory() -> io::Result<Sample> {
    Ok(Sample::new("directory", File::open("/")?, None))
}

/// Whether a ring of the kernel's own can be set up; the error number if not.
pub(super) fn raw_io_uring_setup() -> Result<(), i32> {
    let mut params = [0_u64; 15];
    // SAFETY: the kernel reads and writes 120 bytes of parameters.
    let result = unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, params.as_mut_ptr()) };
    let made = owned(libc::c_int::try_from(result).unwrap_or(-1));
    made.map(drop).map_err(|error| error.raw_os_error().unwrap_or(libc::ENOSYS))
}

fn owned(fd: RawFd) -> io::Result<OwnedFd> {
    check(fd)?;
    // SAFETY: the call has just made it, so this is its only owner.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
