//! Which calls are asked for in the same way.

use syslet_syscalls::{NonBlockingForm, Row};

/// A way of asking.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Family {
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
    /// accept, accept4 and connect.
    InPlace,
    /// The relative sleeps, by the argument that points to the time.
    Sleep(usize),
    /// ppoll, select and pselect6.
    Select,
    /// Waits until a time: the argument that points to it, and how they say that they would have waited.
    Timed(usize, i64),
    /// Message queues, by the argument that points to the deadline.
    Deadline(usize),
    /// semop and semtimedop: the operations, and the bit.
    Semaphores(usize, u64),
    /// io_getevents and io_pgetevents.
    Events,
    /// futex, futex_wait and futex_waitv, by the argument that points to the time.
    Futex(usize),
    /// openat2, by the argument that points to the structure.
    Cached(usize),
    /// splice, tee and vmsplice: the flags, and the bit.
    Splice(usize, u64),
}

/// select's number, where there is one.
const SELECT: libc::c_long = if cfg!(target_arch = "x86_64") { 23 } else { -1 };

impl Family {
    /// The way of asking for a row that has a twin.
    #[inline]
    pub(crate) fn of(row: &Row) -> Option<Family> {
        let nr = libc::c_long::from(row.numbers.here()?);
        Some(match row.nonblocking? {
            NonBlockingForm::Vectored("preadv2") => Family::Read,
            NonBlockingForm::Vectored(_) => Family::Write,
            NonBlockingForm::ZeroTimeout(arg) => Family::Poll(arg.into()),
            NonBlockingForm::Command(arg, exchanges) => Family::Command(arg.into(), exchanges),
            NonBlockingForm::NonBlocking => Family::InPlace,
            NonBlockingForm::Shortened(arg) => Family::Sleep(arg.into()),
            NonBlockingForm::EachFlag(arg, bit) => Family::Semaphores(arg.into(), bit),
            NonBlockingForm::Cached(arg) => Family::Cached(arg.into()),
            NonBlockingForm::ZeroCount(_) => Family::Events,
            NonBlockingForm::Compared(arg) => Family::Futex(arg.into()),
            NonBlockingForm::ZeroTime(arg) => match nr {
                libc::SYS_ppoll | libc::SYS_pselect6 | SELECT => Family::Select,
                libc::SYS_mq_timedsend | libc::SYS_mq_timedreceive => Family::Deadline(arg.into()),
                libc::SYS_rt_sigtimedwait => Family::Timed(arg.into(), -(libc::EAGAIN as i64)),
                _ => Family::Timed(arg.into(), 0),
            },
            NonBlockingForm::Flag(arg, bit) => match nr {
                libc::SYS_splice | libc::SYS_tee | libc::SYS_vmsplice => Family::Splice(arg.into(), bit),
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
