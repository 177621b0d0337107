//! Which calls are asked for in the same way.

use syslet_syscalls::{Row, Twin};

/// A way of asking.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Family {
    /// read, pread64 and the vectored ones.
    Read,
    /// write and the vectored ones.
    Write,
    /// recvfrom, recvmsg, recvmmsg.
    Receive,
    /// sendto, sendmsg.
    Send,
    /// poll and the epoll waits, by the argument that holds the milliseconds.
    Poll(usize),
    /// wait4.
    Wait4,
    /// waitid.
    WaitId,
    /// Calls with a flag that does nothing but keep them from sleeping: the argument, the bit, and how they say that
    /// they would have slept.
    Flag(usize, u64, i32),
    /// fcntl's locks.
    Command(usize, &'static [(u64, u64)]),
    /// accept and accept4.
    Accept,
    /// The relative sleeps, by the argument that points to the time.
    Sleep(usize),
}

impl Family {
    /// The way of asking for a row that has a twin.
    #[inline]
    pub(super) fn of(row: &Row) -> Option<Family> {
        let nr = libc::c_long::from(row.numbers.here()?);
        Some(match row.twin? {
            Twin::Vectored("preadv2") => Family::Read,
            Twin::Vectored(_) => Family::Write,
            Twin::ZeroTimeout(arg) => Family::Poll(arg.into()),
            Twin::Command(arg, exchanges) => Family::Command(arg.into(), exchanges),
            Twin::NonBlocking => Family::Accept,
            Twin::Shortened(arg) => Family::Sleep(arg.into()),
            Twin::Flag(arg, bit) => match nr {
                libc::SYS_preadv2 => Family::Read,
                libc::SYS_pwritev2 => Family::Write,
                libc::SYS_recvfrom | libc::SYS_recvmsg | libc::SYS_recvmmsg => Family::Receive,
                libc::SYS_sendto | libc::SYS_sendmsg => Family::Send,
                libc::SYS_wait4 => Family::Wait4,
                libc::SYS_waitid => Family::WaitId,
                libc::SYS_msgrcv => Family::Flag(arg.into(), bit, libc::ENOMSG),
                _ => Family::Flag(arg.into(), bit, libc::EAGAIN),
            },
        })
    }
}
