//! Descriptors of many kinds, to be lent.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use nix::sys::epoll::{Epoll, EpollCreateFlags};
use nix::sys::eventfd::EventFd;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::SignalFd;
use nix::sys::timerfd::{ClockId, TimerFd, TimerFlags};

/// Descriptors that stay open.
pub(crate) struct Bag {
    fds: Vec<Arc<OwnedFd>>,
}

impl Bag {
    pub(crate) fn new() -> Bag {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&[7; 10_000]).expect("written");
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        writer.write_all(&[7; 5_000]).expect("written");
        let (one, mut other) = UnixStream::pair().expect("a pair");
        other.write_all(&[7; 5_000]).expect("written");
        let open = |path: &str| -> Option<OwnedFd> { File::open(path).ok().map(OwnedFd::from) };
        let udp = UdpSocket::bind("127.0.0.1:0").ok().map(OwnedFd::from);
        let signals = SignalFd::new(&SigSet::from(Signal::SIGUSR1)).expect("a signalfd");
        let mut fds: Vec<OwnedFd> = vec![
            file.into(),
            reader.into(),
            writer.into(),
            one.into(),
            other.into(),
            EventFd::from_value(3).expect("an eventfd").into(),
            TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::empty()).expect("a timerfd").into(),
            Epoll::new(EpollCreateFlags::empty()).expect("an epoll").0,
            memfd_create(c"guard", MFdFlags::MFD_ALLOW_SEALING).expect("a memfd"),
            signals.into(),
        ];
        fds.extend(TcpListener::bind("127.0.0.1:0").ok().map(OwnedFd::from));
        fds.extend(udp);
        fds.extend(
            ["/", "/dev/zero", "/proc/self/status", "/proc/self/task"].iter().filter_map(|path| open(path)),
        );
        let terminal = OpenOptions::new().read(true).write(true).open("/dev/ptmx");
        fds.extend(terminal.ok().map(OwnedFd::from));
        Bag { fds: fds.into_iter().map(Arc::new).collect() }
    }

    /// A bag with these.
    pub(crate) fn of(fds: Vec<OwnedFd>) -> Bag {
        Bag { fds: fds.into_iter().map(Arc::new).collect() }
    }

    pub(crate) fn len(&self) -> usize {
        self.fds.len()
    }

    /// One of them; they come round.
    pub(crate) fn get(&self, index: usize) -> &Arc<OwnedFd> {
        &self.fds[index % self.fds.len()]
    }
}
