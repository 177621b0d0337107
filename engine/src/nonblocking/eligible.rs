//! Whether a call may be tried without waiting, and in which way, by its row and its arguments alone, and which arguments
//! decide: `admission` and `program` ask, and the attempt itself begins with the same family.

use syslet_syscalls::{NonBlockingForm, RawArgs, Row};

use crate::nonblocking::probe::{Abilities, Ability, NonBlocking};
use crate::nonblocking::query::{TRANSFER_MAX, low};
use crate::nonblocking::{ipc, rw, socket, wait};
use crate::slots::kept::{Dependence, LENGTH_MAX};

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
    /// Calls with a flag that does nothing but keep them from sleeping: the argument, the bit, and the error that
    /// says that they would have slept.
    Flag(usize, u64, i32),
    /// fcntl's locks.
    Command(usize, &'static [(u64, u64)]),
    /// accept, accept4 and connect.
    InPlace,
    /// close, dup2 and dup3, by the argument that names the file which is closed.
    Closing(usize),
    /// The relative sleeps, by the argument that points to the time.
    Sleep(usize),
    /// ppoll, select and pselect6.
    Select,
    /// Waits until a time: the argument that points to it, and the result that says that they would have waited.
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
    /// The way of asking for a row that has a non-blocking form.
    #[inline]
    pub(super) fn of(row: &Row) -> Option<Family> {
        let nr = libc::c_long::from(row.numbers.here()?);
        Some(match row.nonblocking? {
            NonBlockingForm::Vectored("preadv2") => Family::Read,
            NonBlockingForm::Vectored(_) => Family::Write,
            NonBlockingForm::ZeroTimeout(arg) => Family::Poll(arg.into()),
            NonBlockingForm::Command(arg, exchanges) => Family::Command(arg.into(), exchanges),
            NonBlockingForm::NonBlocking => Family::InPlace,
            NonBlockingForm::Closing(arg) => Family::Closing(arg.into()),
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

/// Whether the submitter may try this call, inline, with [`super::attempt()`]. Cheap, and asks the kernel nothing.
#[inline]
pub(crate) fn may_try(abilities: Abilities, row: &Row, args: &RawArgs) -> bool {
    if abilities.allowed == NonBlocking::Off {
        return false;
    }
    let (Some(family), Some(nr)) = (Family::of(row), row.numbers.here()) else { return false };
    let (nr, args) = (libc::c_long::from(nr), row.narrow(args));
    let has = |ability| abilities.has(ability);
    match family {
        Family::Read if nr != libc::SYS_preadv2 && !abilities.may_change_number() => false,
        Family::Read => {
            has(Ability::NowaitReads) && has(Ability::FileQuestions) && rw::may_try_read(nr, args)
        }
        // Storage takes the plain call, whatever the kernel knows about writes to others.
        Family::Write => has(Ability::FileQuestions) && rw::may_try_write(nr, args),
        Family::Receive => has(Ability::SocketQuestions) && socket::may_try_receive(nr, args),
        Family::Send => {
            has(Ability::SocketQuestions) && has(Ability::MemoryQuestions) && socket::may_try_send(nr, args)
        }
        Family::InPlace if nr == libc::SYS_connect => has(Ability::SocketQuestions),
        Family::InPlace | Family::Closing(_) => has(Ability::FileQuestions),
        // A call with a signal mask would wait under it; the attempt would not.
        Family::Poll(_) => nr != libc::SYS_epoll_pwait || args.get(4) == 0,
        Family::Wait4 => low(args.get(2)) & libc::__WNOTHREAD.cast_unsigned() == 0,
        Family::WaitId => {
            has(Ability::MemoryQuestions) && low(args.get(3)) & libc::__WNOTHREAD.cast_unsigned() == 0
        }
        // With MSG_COPY the plain call is refused unless it says IPC_NOWAIT.
        Family::Flag(arg, ..) => nr != libc::SYS_msgrcv || low(args.get(arg)) & MSG_COPY == 0,
        Family::Command(arg, exchanges) => {
            exchanges.iter().any(|(from, _)| *from == low(args.get(arg)).into())
        }
        Family::Sleep(_) => has(Ability::MemoryQuestions) && wait::may_try_sleep(nr, args),
        Family::Select => has(Ability::MemoryQuestions) && (nr != libc::SYS_ppoll || args.get(3) == 0),
        Family::Timed(..) => {
            has(Ability::MemoryQuestions) && (nr != libc::SYS_epoll_pwait2 || args.get(4) == 0)
        }
        Family::Deadline(_) => has(Ability::MemoryQuestions),
        Family::Semaphores(..) => has(Ability::MemoryQuestions) && ipc::may_try_semaphores(args),
        Family::Events => has(Ability::MemoryQuestions) && wait::may_try_events(args),
        Family::Futex(_) => {
            has(Ability::MemoryQuestions) && has(Ability::FutexQuestions) && ipc::may_try_futex(nr, args)
        }
        Family::Cached(_) => has(Ability::MemoryQuestions) && rw::may_try_cached(args),
        Family::Splice(..) => has(Ability::FileQuestions) && has(Ability::QuietPipes),
    }
}

/// The arguments that [`may_try`] looks at.
pub(crate) fn deciders(row: &Row) -> Dependence {
    let nr = row.numbers.here().map_or(-1, libc::c_long::from);
    let set = |arguments: &[usize]| arguments.iter().fold(0, |set, index| set | 1 << index);
    let mut all = Dependence::default();
    match Family::of(row) {
        None | Some(Family::InPlace | Family::Closing(_) | Family::Deadline(_) | Family::Splice(..)) => {}
        Some(Family::Read | Family::Write) => {
            let is_at_position =
                !matches!(nr, libc::SYS_read | libc::SYS_write | libc::SYS_readv | libc::SYS_writev);
            all.lengths = set(&[2]);
            all.positions = if is_at_position { set(&[3]) } else { 0 };
        }
        Some(Family::Receive | Family::Send) => all = socket::deciders(nr),
        Some(Family::Poll(_) | Family::Timed(..)) => all.values = set(&[4]),
        Some(Family::Wait4 | Family::Semaphores(..)) => all.values = set(&[2]),
        Some(Family::WaitId | Family::Select | Family::Cached(_)) => all.values = set(&[3]),
        Some(Family::Flag(arg, ..) | Family::Command(arg, _)) => all.values = set(&[arg]),
        Some(Family::Sleep(_)) => all.values = set(&[0, 1]),
        Some(Family::Events) => all.values = set(&[1, 2, 5]),
        Some(Family::Futex(_)) => all.values = set(&[1]),
    }
    all
}

const _: () = assert!(LENGTH_MAX == TRANSFER_MAX, "a length that one transfer can have");

/// Whether the plain call can send SIGPIPE to the thread that makes it, however fast it is.
#[inline]
pub(crate) fn may_signal(row: &Row) -> bool {
    const SENDERS: [libc::c_long; 5] =
        [libc::SYS_sendmmsg, libc::SYS_sendfile, libc::SYS_splice, libc::SYS_tee, libc::SYS_vmsplice];
    let is_sender = |nr: u16| SENDERS.contains(&nr.into());
    matches!(Family::of(row), Some(Family::Write | Family::Send)) || row.numbers.here().is_some_and(is_sender)
}

/// Whether the time that a worker waits depends on when the call was first tried: the engine then notes that instant.
#[inline]
pub(crate) fn is_timed(row: &Row) -> bool {
    match Family::of(row) {
        Some(Family::Semaphores(..)) => row.numbers.here() == SEMTIMEDOP,
        Some(
            Family::Poll(_)
            | Family::Sleep(_)
            | Family::Select
            | Family::Timed(..)
            | Family::Events
            | Family::Futex(_),
        ) => true,
        _ => false,
    }
}

const MSG_COPY: u32 = 0o40000;
/// Of the two, only it has a time.
const SEMTIMEDOP: Option<u16> = Some(if cfg!(target_arch = "x86_64") { 220 } else { 192 });
