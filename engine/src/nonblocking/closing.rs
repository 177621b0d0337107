//! Calls that close a file: whether that may wait for a peer or a device, by the kind of the file. `attempt` in `mod.rs` asks
//! before the submitter makes such a call, and programs ask which calls open files that are closed at once.

use syslet_syscalls::Row;

use crate::nonblocking::attempt::Attempt;
use crate::nonblocking::probe::{Abilities, Ability};
use crate::nonblocking::query::{
    Kind, has_seals, is_known_socket, is_read_only, kind_and_device, may_linger,
};

/// A close has no second attempt: the first one closes, with any result. So it is made where it cannot wait long, or not here.
pub(super) fn in_place(abilities: Abilities, fd: u64) -> Attempt {
    if is_closed_at_once(abilities, fd) { Attempt::Plain } else { Attempt::NotHere }
}

/// Whether the file behind this number is closed without a wait for a peer or a device. Other descriptors may share the file,
/// and then nothing happens to it; that is not asked.
fn is_closed_at_once(abilities: Abilities, fd: u64) -> bool {
    match kind_and_device(fd) {
        (Kind::Nothing | Kind::Pipe | Kind::Sink | Kind::Memory | Kind::Folder, _) => true,
        // Where bytes are written back at the close, they go to a server: file systems with a block device of their own keep
        // them. A descriptor that cannot write has none, and is closed as it was opened.
        (Kind::Storage(Some(_)), has_device) => has_device || is_read_only(fd) || has_seals(fd),
        (Kind::Socket, _) => {
            abilities.has(Ability::SocketQuestions) && is_known_socket(fd) && !may_linger(fd)
        }
        // The last close of a block device writes back all that is dirty; a terminal waits until its line has sent; of the
        // files without a place inotify waits for other processors.
        (Kind::Storage(None) | Kind::Anonymous | Kind::Other, _) => false,
    }
}

/// Whether a success of that call is a descriptor whose file is closed at once, though its kind does not tell.
pub(crate) fn opens_what_closes_at_once(row: &Row) -> bool {
    const OPENERS: [libc::c_long; 5] = [
        libc::SYS_eventfd2,
        libc::SYS_timerfd_create,
        libc::SYS_signalfd4,
        libc::SYS_memfd_create,
        libc::SYS_pidfd_open,
    ];
    row.numbers.here().is_some_and(|nr| OPENERS.contains(&nr.into()))
}
