//! Clocks and timers.

use crate::case::{Arg, Case, args, case, inout, input, ints, out, sleeping, words};
use crate::direct::{address, address_mut, must, sys};
use crate::world::World;

pub(crate) fn cases() -> Vec<Case> {
    [clocks(), setting(), sleeping_for(), timers(), descriptors()].into_iter().flatten().collect()
}

const MONOTONIC: i32 = libc::CLOCK_MONOTONIC;

fn clocks() -> Vec<Case> {
    let none = || Arg::Value(0);
    vec![
        case("clock_gettime", |_| args![MONOTONIC, out()]).any_bytes(1, 0..16),
        case("clock_gettime", |_| args![libc::CLOCK_THREAD_CPUTIME_ID, out()]).any_bytes(1, 0..16),
        case("clock_getres", |_| args![MONOTONIC, out()]),
        case("clock_getres", move |_| args![libc::CLOCK_REALTIME_COARSE, none()]),
        case("gettimeofday", |_| args![out(), out()]).any_bytes(0, 0..16),
        case("time", |_| args![out()]).any_result().any_bytes(0, 0..8).bad(|_| args![Arg::Value(1 << 63)]),
        case("times", |_| args![out()]).any_result().any_bytes(0, 0..32).bad(|_| args![Arg::Value(1 << 63)]),
        case("adjtimex", |_| args![inout([0; 208])])
            .any_bytes(0, 0..208)
            .bad(|_| args![inout([words(&[0x8000]), vec![0; 200]].concat())]),
        case("clock_adjtime", |_| args![libc::CLOCK_REALTIME, inout([0; 208])]).any_bytes(1, 0..208),
    ]
}

/// Only with times that no clock can be set to.
fn setting() -> Vec<Case> {
    let never = || input(words(&[-1, -1]));
    vec![
        case("clock_settime", move |_| args![MONOTONIC, never()]).fails(),
        case("settimeofday", move |_| args![never(), 0]).fails().bad(|_| args![0, input(ints(&[99_999, 0]))]),
    ]
}

fn sleeping_for() -> Vec<Case> {
    let short = || input(words(&[0, 1000]));
    let wrong = || input(words(&[0, 1 << 40]));
    vec![
        case("nanosleep", move |_| args![short(), out()]).bad(move |_| args![wrong(), out()]).keep(1),
        case("nanosleep", |_| args![input(words(&[0, 2_000_000])), 0]),
        case("clock_nanosleep", move |_| args![MONOTONIC, 0, short(), out()])
            .keep(3)
            .bad(move |_| args![MONOTONIC, 0, wrong(), out()]),
        case("clock_nanosleep", |_| args![MONOTONIC, libc::TIMER_ABSTIME, input(words(&[1, 0])), 0]),
    ]
}

/// `struct itimerspec`: once, so many seconds from now.
fn once(seconds: i64) -> Arg {
    input(words(&[0, 0, seconds, 0]))
}

/// A timer that raises no signal; the first number is its id.
fn timer(w: &mut World) -> i64 {
    let event = [vec![0; 8], ints(&[0, libc::SIGEV_NONE]), vec![0; 48]].concat();
    let mut id = [0; 4];
    must("timer_create", &[MONOTONIC.into(), address(&event), address_mut(&mut id)]);
    let id = i64::from(i32::from_ne_bytes(id));
    w.undo(move || drop_timer(id));
    w.note(id)
}

fn drop_timer(id: i64) {
    sys("timer_delete", &[id]);
}

/// Whether the timer still runs.
fn runs(w: &World) -> String {
    let mut setting = [0; 32];
    let got = sys("timer_gettime", &[w.number(0), address_mut(&mut setting)]);
    format!("{got} {}", setting[16..].iter().any(|byte| *byte != 0))
}

fn timers() -> Vec<Case> {
    let none = || Arg::Value(0);
    let quiet = || input([vec![0; 8], ints(&[0, libc::SIGEV_NONE]), vec![0; 48]].concat());
    vec![
        case("alarm", |_| args![1000]).left(|_| (sys("alarm", &[0]) > 0).to_string()).alone(),
        case("getitimer", |_| args![libc::ITIMER_REAL, out()]).bad(|_| args![99, out()]).alone(),
        case("setitimer", |_| args![libc::ITIMER_REAL, once(1000), out()])
            .left(|_| (sys("alarm", &[0]) > 0).to_string())
            .bad(|_| args![99, once(1000), out()])
            .alone(),
        case("timer_create", move |_| args![MONOTONIC, quiet(), out()])
            .any_bytes(2, 0..4)
            .bad(|_| args![MONOTONIC, input([vec![0; 8], ints(&[0, 99]), vec![0; 48]].concat()), out()]),
        case("timer_settime", |w| args![timer(w), 0, once(1000), out()])
            .left(runs)
            .bad(|w| args![timer(w), 0, input(words(&[0, 0, 0, -1])), out()])
            .bad(|_| args![99_999, 0, once(1), out()]),
        case("timer_settime", move |w| args![timer(w), libc::TIMER_ABSTIME, once(1), none()]).left(runs),
        case("timer_gettime", |w| args![timer(w), out()]).bad(|_| args![99_999, out()]),
        case("timer_getoverrun", |w| args![timer(w)]).bad(|_| args![99_999]).bad(|_| args![-1]),
        case("timer_delete", |w| args![timer(w)]).left(runs).bad(|_| args![99_999]).bad(|_| args![-1]),
    ]
}

/// A timer to read.
fn timerfd(w: &mut World) -> i32 {
    let fd = must("timerfd_create", &[MONOTONIC.into(), 0]);
    w.keep_raw(fd)
}

/// The same, set to ring in a moment.
fn soon(w: &mut World) -> i32 {
    let fd = timerfd(w);
    let setting = words(&[0, 0, 0, 2_000_000]);
    must("timerfd_settime", &[fd.into(), 0, address(&setting), 0]);
    fd
}

fn descriptors() -> Vec<Case> {
    vec![
        case("timerfd_create", |_| args![MONOTONIC, libc::TFD_NONBLOCK]),
        case("timerfd_settime", |w| args![timerfd(w), 0, once(1000), out()])
            .bad(|w| args![timerfd(w), 0, input(words(&[0, 0, 0, -1])), out()])
            .bad(|w| args![w.file(), 0, once(1), out()]),
        case("timerfd_gettime", |w| args![timerfd(w), out()]).bad(|w| args![w.file(), out()]),
        case("read", |w| args![soon(w), out(), 8]),
        sleeping(
            "read",
            |w| args![timerfd(w), out(), 8],
            |w| {
                let setting = words(&[0, 0, 0, 1]);
                must("timerfd_settime", &[w.fd(0), 0, address(&setting), 0]);
            },
        ),
    ]
}
