//! Futexes.

use crate::case::{Arg, Case, args, case, input, ints, sleeping, words};
use crate::direct::must;
use crate::world::World;

pub(crate) fn cases() -> Vec<Case> {
    [futexes(), new_futexes(), sleepers()].into_iter().flatten().collect()
}

const NONE: Arg = Arg::Value(0);
const PRIVATE: i32 = libc::FUTEX_PRIVATE_FLAG;
const WAIT: i32 = libc::FUTEX_WAIT | PRIVATE;
const WAKE: i32 = libc::FUTEX_WAKE | PRIVATE;
/// Of the newer calls: 32 bits, private.
const NEW: i32 = 2 | 128;
/// Every waiter.
const ALL: u32 = u32::MAX;

/// A word that is 5, another that is 6; the first number is where.
fn word(w: &mut World) -> i64 {
    let at = w.block(ints(&[5, 6])).cast_signed();
    w.note(at)
}

fn futexes() -> Vec<Case> {
    vec![
        case("futex", |w| args![word(w), WAKE, 1, NONE, NONE, 0]).bad(|_| args![1, WAKE, 1, NONE, NONE, 0]),
        case("futex", |w| args![word(w), WAIT, 6, NONE, NONE, 0]).fails().keep(1),
        case("futex", |w| args![word(w), WAIT, 5, w.memory(words(&[0, 1000])), NONE, 0])
            .fails()
            .keep(1)
            .keep(3),
        case("futex", |w| {
            let at = word(w);
            args![at, libc::FUTEX_CMP_REQUEUE | PRIVATE, 1, 1, at + 4, 5]
        }),
        // A lock belongs to the thread that takes it.
        case("futex", |w| args![unlocked(w), libc::FUTEX_TRYLOCK_PI | PRIVATE, 0, NONE, NONE, 0])
            .keep(1)
            .any_memory(0..4),
        case("futex", |w| args![word(w), libc::FUTEX_UNLOCK_PI | PRIVATE, 0, NONE, NONE, 0]).keep(1).fails(),
    ]
}

/// A lock that nobody has.
fn unlocked(w: &mut World) -> i64 {
    w.block(ints(&[0])).cast_signed()
}

/// `struct futex_waitv`: a value, an address, flags.
fn waiter(w: &mut World, value: i64) -> Vec<u8> {
    let at = word(w);
    [words(&[value, at]), ints(&[NEW, 0])].concat()
}

fn new_futexes() -> Vec<Case> {
    let monotonic = libc::CLOCK_MONOTONIC;
    let past = || input(words(&[1, 0]));
    vec![
        case("futex_wake", |w| args![word(w), ALL, 1, NEW])
            .bad(|_| args![1, ALL, 1, NEW])
            .bad(|w| args![word(w), 0, 1, NEW]),
        case("futex_wait", move |w| args![word(w), 6, ALL, NEW, NONE, monotonic])
            .fails()
            .bad(move |w| args![word(w), 5, ALL, NEW, past(), monotonic])
            .bad(move |w| args![word(w), 5, 0, NEW, past(), monotonic]),
        case("futex_waitv", move |w| {
            let waiter = waiter(w, 6);
            args![w.memory(waiter), 1, 0, past(), monotonic]
        })
        .fails()
        .bad(move |w| {
            let waiter = waiter(w, 5);
            args![w.memory(waiter), 1, 0, past(), monotonic]
        }),
        case("futex_requeue", |w| {
            let two = [waiter(w, 5), waiter(w, 5)].concat();
            args![w.memory(two), 0, 1, 1]
        })
        .bad(|w| {
            let two = [waiter(w, 6), waiter(w, 6)].concat();
            args![w.memory(two), 0, 1, 1]
        }),
    ]
}

fn wake(w: &World) {
    must("futex", &[w.number(0), WAKE.into(), 1, 0, 0, 0]);
}

fn sleepers() -> Vec<Case> {
    let monotonic = libc::CLOCK_MONOTONIC;
    vec![
        sleeping("futex", |w| args![word(w), WAIT, 5, NONE, NONE, 0], wake),
        sleeping("futex_wait", move |w| args![word(w), 5, ALL, NEW, NONE, monotonic], wake),
        sleeping(
            "futex_waitv",
            move |w| {
                let waiter = waiter(w, 5);
                args![w.memory(waiter), 1, 0, NONE, monotonic]
            },
            wake,
        ),
    ]
}
