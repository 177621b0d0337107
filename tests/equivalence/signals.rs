//! Signals: sent, awaited, read. Sent ones are blocked, ignored or none.

use crate::case::{Arg, Case, args, case, input, ints, out, sleeping, words};
use crate::direct::{must, sys};
use crate::world::World;

pub(crate) fn cases() -> Vec<Case> {
    [sent(), handled(), awaited()].into_iter().flatten().collect()
}

fn own() -> i64 {
    std::process::id().into()
}

/// `siginfo_t` of a signal that a program queues itself.
fn info() -> Arg {
    input([ints(&[libc::SIGURG, 0, -1, 0]), vec![0; 112]].concat())
}

fn own_pidfd(w: &mut World) -> i32 {
    let fd = must("pidfd_open", &[own(), 0]);
    w.keep_raw(fd)
}

/// Nobody notices SIGURG.
fn sent() -> Vec<Case> {
    vec![
        case("kill", |_| args![own(), 0]).bad(|_| args![own(), -1]),
        case("kill", |_| args![own(), libc::SIGURG]),
        case("tkill", |_| args![own(), 0]).bad(|_| args![-5, 0]),
        case("tgkill", |_| args![own(), own(), libc::SIGURG]).bad(|_| args![own(), 1, 0]),
        case("rt_sigqueueinfo", |_| args![own(), libc::SIGURG, info()]),
        case("rt_tgsigqueueinfo", |_| args![own(), own(), libc::SIGURG, info()]),
        case("pidfd_send_signal", |w| args![own_pidfd(w), libc::SIGURG, Arg::Value(0), 0])
            .bad(|w| args![own_pidfd(w), 999, Arg::Value(0), 0]),
    ]
}

fn handled() -> Vec<Case> {
    let none = || Arg::Value(0);
    vec![
        case("rt_sigaction", move |_| args![libc::SIGURG, none(), out(), 8])
            .bad(move |_| args![libc::SIGKILL, none(), out(), 9])
            .bad(move |w| args![libc::SIGKILL, w.memory([0; 32]), out(), 8]),
        case("rt_sigaction", |w| args![libc::SIGUSR2, w.memory(words(&[1, 0, 0, 0])), out(), 8])
            .left(|_| {
                let mut found = [0; 32];
                let signal = libc::SIGUSR2.into();
                must("rt_sigaction", &[signal, 0, crate::direct::address_mut(&mut found), 8]);
                sys("rt_sigaction", &[signal, crate::direct::address(&[0; 32]), 0, 8]);
                format!("{found:?}")
            })
            .alone(),
        case("rt_sigpending", |_| args![out(), 8]).bad(|_| args![out(), 9]).alone(),
    ]
}

fn awaited() -> Vec<Case> {
    let usr1 = || input(words(&[1 << (libc::SIGUSR1 - 1)]));
    vec![
        // It does not sleep: whatever wakes its thread, a futex of before included, would end it with EINTR.
        case("rt_sigtimedwait", move |_| args![usr1(), out(), input(words(&[0, 0])), 8])
            .fails()
            .bad(move |_| args![usr1(), out(), input(words(&[0, -1])), 8])
            .bad(move |_| args![usr1(), out(), input(words(&[0, 0])), 9]),
        case("rt_sigtimedwait", move |w| args![usr1_pending(w), out(), input(words(&[0, 0])), 8])
            .any_bytes(1, 16..24)
            .alone(),
        sleeping(
            "rt_sigtimedwait",
            move |_| args![usr1(), out(), Arg::Value(0), 8],
            |_| {
                must("kill", &[own(), libc::SIGUSR1.into()]);
            },
        )
        .any_bytes(1, 16..24)
        .alone(),
        case("rt_sigsuspend", |_| args![input([0; 9]), 9]).fails().bad(|_| args![8, 8]),
        case("signalfd", move |_| args![-1, usr1(), 8])
            .keep(0)
            .bad(|_| args![-1, input([0; 9]), 9])
            .bad(move |_| args![77_777, usr1(), 8]),
        case("signalfd4", move |_| args![-1, usr1(), 8, libc::SFD_NONBLOCK])
            .keep(0)
            .bad(|_| args![-1, input([0; 9]), 9, 0]),
    ]
}

/// SIGUSR1, pending for the process: where this runs, all threads block it.
fn usr1_pending(w: &mut World) -> Arg {
    let set = words(&[1 << (libc::SIGUSR1 - 1)]);
    must("kill", &[own(), libc::SIGUSR1.into()]);
    w.undo(|| {
        let set = words(&[1 << (libc::SIGUSR1 - 1)]);
        let now = words(&[0, 0]);
        sys("rt_sigtimedwait", &[crate::direct::address(&set), 0, crate::direct::address(&now), 8]);
    });
    Arg::In(set)
}
