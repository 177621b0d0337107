//! splice, tee and vmsplice, with SPLICE_F_NONBLOCK. The flag is about pipes: what lies at the other end is storage, or
//! it is not tried.

use syslet_syscalls::{Invoked, Narrowed};

use crate::nonblocking::ask::{Kind, is_non_blocking, kind};
use crate::nonblocking::{Attempt, Enter, is_errno, quiet};

pub(crate) fn attempt(arg: usize, bit: u64, nr: u32, args: Narrowed<'_>, enter: &mut impl Enter) -> Attempt {
    // What the bytes come from and where they go; vmsplice has one of them in memory.
    let [from, to] = match libc::c_long::from(nr) {
        libc::SYS_splice => [args.get(0), args.get(2)],
        libc::SYS_tee => [args.get(0), args.get(1)],
        _ => [args.get(0), args.get(0)],
    };
    let kinds = (kind(from), kind(to));
    let is_exact =
        matches!(kinds, (Kind::Pipe, Kind::Pipe | Kind::Storage(_)) | (Kind::Storage(_), Kind::Pipe));
    if !is_exact {
        return Attempt::NotHere;
    }
    let never_waits = args.get(arg) & bit != 0;
    let mut nonblocking = *args.raw();
    nonblocking = nonblocking.with_bits(arg, bit);
    let invoked = if kinds.1 == Kind::Pipe {
        quiet::pipe_signal(|| enter(nr, &nonblocking))
    } else {
        enter(nr, &nonblocking)
    };
    let Invoked::Result(result) = invoked else { return Attempt::Cancelled };
    let would_block = is_errno(result, libc::EAGAIN) && !never_waits;
    // vmsplice does not look at the descriptor's own flag.
    let honours = |fd, kind| kind == Kind::Pipe && from != to && is_non_blocking(fd);
    if would_block && !honours(from, kinds.0) && !honours(to, kinds.1) {
        return Attempt::WouldBlock;
    }
    Attempt::Final(result)
}
