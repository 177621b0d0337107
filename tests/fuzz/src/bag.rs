//! Descriptors that calls may use: none of them leads to anything that outlives the process or grows.
#![allow(unsafe_code, reason = "makes descriptors that the standard library does not make")]

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;

/// Some descriptors.
#[derive(Debug)]
pub struct Bag(Vec<Arc<OwnedFd>>);

impl Bag {
    /// A file that does not grow, pipes, sockets and what can be waited for: full and empty.
    #[must_use]
    pub fn new() -> Bag {
        let (empty, writer) = std::io::pipe().expect("a pipe");
        // Connected to each other, so nothing else is reached; and no descriptor comes by them.
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let one = TcpStream::connect(listener.local_addr().expect("bound")).expect("connected");
        let (other, _address) = listener.accept().expect("connected");
        let null = File::options().read(true).write(true).open("/dev/null").expect("opens");
        Bag([
            sealed(),
            empty.into(),
            writer.into(),
            one.into(),
            other.into(),
            null.into(),
            File::open("/proc/self/status").expect("opens").into(),
            // SAFETY: it touches no memory.
            owned(unsafe { libc::eventfd(0, 0) }),
            // SAFETY: it touches no memory.
            owned(unsafe { libc::epoll_create1(0) }),
            // SAFETY: it touches no memory.
            owned(unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, 0) }),
        ]
        .map(Arc::new)
        .into())
    }

    /// One of them; they come round.
    #[must_use]
    pub fn get(&self, index: usize) -> &Arc<OwnedFd> {
        &self.0[index % self.0.len()]
    }

    /// The number of one of them.
    #[must_use]
    pub fn number(&self, index: usize) -> i32 {
        self.get(index).as_raw_fd()
    }
}

impl Default for Bag {
    fn default() -> Bag {
        Bag::new()
    }
}

/// A file of two pages in memory, that can be changed and not made longer or shorter.
fn sealed() -> OwnedFd {
    // SAFETY: the kernel reads the name.
    let file = owned(unsafe { libc::memfd_create(c"fuzz".as_ptr(), libc::MFD_ALLOW_SEALING) });
    // SAFETY: it touches no memory.
    let grown = unsafe { libc::ftruncate(file.as_raw_fd(), 8192) };
    // SAFETY: it touches no memory.
    let kept = unsafe {
        libc::fcntl(
            file.as_raw_fd(),
            libc::F_ADD_SEALS,
            libc::F_SEAL_GROW | libc::F_SEAL_SHRINK | libc::F_SEAL_SEAL,
        )
    };
    assert_eq!((grown, kept), (0, 0));
    file
}

fn owned(fd: i32) -> OwnedFd {
    assert!(fd >= 0, "a descriptor");
    // SAFETY: made just now, and nothing else has it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}
