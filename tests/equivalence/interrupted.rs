//! Calls that a signal ends. The submitter gets it; workers get none.

use nix::sys::signal::Signal;

use crate::case::{Arg, Case, args, inout, input, out, sleeping, words};
use crate::direct::{let_interrupt, must};
use crate::world::World;

/// A case that a signal ends, with what is left of some thousand seconds without its parts of a second.
fn interrupted(call: &'static str, given: impl Fn(&mut World) -> Vec<Arg> + 'static) -> Case {
    let given = move |w: &mut World| {
        let_interrupt(SIGNAL);
        w.note(nix::unistd::gettid().as_raw().into());
        given(w)
    };
    let interrupt = |w: &World| {
        must("tgkill", &[std::process::id().into(), w.number(0), (SIGNAL as i32).into()]);
    };
    sleeping(call, given, interrupt).in_the_submitter().fails()
}

/// Ignored by who does not ask for it.
const SIGNAL: Signal = Signal::SIGWINCH;
const NONE: Arg = Arg::Value(0);

pub(crate) fn cases() -> Vec<Case> {
    // In the middle of a second, so that what is left has as many of them in every run.
    let long = || input(words(&[5000, 500_000_000]));
    let nothing_blocked = || input([0; 8]);
    vec![
        interrupted("pause", |_| args![]),
        interrupted("nanosleep", move |_| args![long(), out()]).any_bytes(1, 8..16),
        interrupted("clock_nanosleep", move |_| args![libc::CLOCK_MONOTONIC, 0, long(), out()])
            .any_bytes(3, 8..16),
        interrupted("poll", |_| args![NONE, 0, -1]),
        interrupted("ppoll", |_| args![NONE, 0, inout(words(&[5000, 500_000_000])), NONE, 8])
            .any_bytes(2, 8..16),
        interrupted("select", |_| args![0, NONE, NONE, NONE, inout(words(&[5000, 500_000]))])
            .any_bytes(4, 8..16),
        interrupted("rt_sigsuspend", move |_| args![nothing_blocked(), 8]),
        interrupted("rt_sigtimedwait", move |_| args![nothing_blocked(), out(), long(), 8]),
    ]
}
