//! Whether a call may be tried through a twin at all, by its row and its arguments alone.

use syslet_syscalls::{RawArgs, Row};

use crate::nonblocking::ask::low;
use crate::nonblocking::choice::{Abilities, Ability, NonBlocking};
use crate::nonblocking::family::Family;
use crate::nonblocking::{cached, events, futex, receive, semaphores, send, sleep, transfer};

/// Whether a helper may try this call with [`super::attempt`]. Cheap, and asks the kernel nothing.
#[inline]
pub(crate) fn may_try(abilities: Abilities, row: &Row, args: &RawArgs) -> bool {
    if abilities.abilities() == NonBlocking::Off {
        return false;
    }
    let (Some(family), Some(nr)) = (Family::of(row), row.numbers.here()) else { return false };
    let (nr, args) = (libc::c_long::from(nr), row.narrow(args));
    let has = |ability| abilities.has(ability);
    let number_stays = matches!(nr, libc::SYS_preadv2 | libc::SYS_pwritev2);
    match family {
        Family::Read | Family::Write if !number_stays && !abilities.may_change_number() => false,
        Family::Read => {
            has(Ability::NowaitReads) && has(Ability::FileQuestions) && transfer::may_try(nr, args)
        }
        Family::Write => {
            has(Ability::NowaitWrites) && has(Ability::FileQuestions) && transfer::may_try_write(nr, args)
        }
        Family::Receive => has(Ability::SocketQuestions) && receive::may_try(nr, args),
        Family::Send => {
            has(Ability::SocketQuestions) && has(Ability::MemoryQuestions) && send::may_try(nr, args)
        }
        Family::InPlace if nr == libc::SYS_connect => has(Ability::SocketQuestions),
        Family::InPlace => has(Ability::FileQuestions),
        // A call with a signal mask would wait under it; the helper's twin would not.
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
        Family::Sleep(_) => has(Ability::MemoryQuestions) && sleep::may_try(nr, args),
        Family::Select => has(Ability::MemoryQuestions) && (nr != libc::SYS_ppoll || args.get(3) == 0),
        Family::Timed(..) => {
            has(Ability::MemoryQuestions) && (nr != libc::SYS_epoll_pwait2 || args.get(4) == 0)
        }
        Family::Deadline(_) => has(Ability::MemoryQuestions),
        Family::Semaphores(..) => has(Ability::MemoryQuestions) && semaphores::may_try(args),
        Family::Events => has(Ability::MemoryQuestions) && events::may_try(args),
        Family::Futex(_) => {
            has(Ability::MemoryQuestions) && has(Ability::FutexQuestions) && futex::may_try(nr, args)
        }
        Family::Cached(_) => has(Ability::MemoryQuestions) && cached::may_try(args),
        Family::Splice(..) => has(Ability::FileQuestions) && has(Ability::QuietPipes),
    }
}

/// Whether the plain call can send SIGPIPE to the thread that makes it, however fast it is.
#[inline]
pub(crate) fn may_signal(row: &Row) -> bool {
    const SENDERS: [libc::c_long; 5] =
        [libc::SYS_sendmmsg, libc::SYS_sendfile, libc::SYS_splice, libc::SYS_tee, libc::SYS_vmsplice];
    let is_sender = |nr: u16| SENDERS.contains(&nr.into());
    matches!(Family::of(row), Some(Family::Write | Family::Send)) || row.numbers.here().is_some_and(is_sender)
}

/// Whether what a worker waits for depends on when the call was first tried: the engine then notes that instant.
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
