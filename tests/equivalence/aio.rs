//! The kernel's own asynchronous interfaces.

use std::sync::LazyLock;

use crate::case::{Arg, Case, args, case, inout, input, ints, out, sleeping, words};
use crate::direct::{address, address_mut, must};
use crate::world::World;

pub(crate) fn cases() -> Vec<Case> {
    [older(), uring()].into_iter().flatten().collect()
}

const NONE: Arg = Arg::Value(0);

fn moment() -> Arg {
    input(words(&[0, 1000]))
}

/// A context of the older interface.
fn new_context() -> i64 {
    let mut context = [0; 8];
    must("io_setup", &[4, address_mut(&mut context)]);
    i64::from_ne_bytes(context)
}

/// One with nothing in it, the same for all runs: to destroy one takes the kernel long.
fn context(w: &mut World) -> i64 {
    static CONTEXT: LazyLock<i64> = LazyLock::new(new_context);
    let context = *CONTEXT;
    w.undo(move || {
        let (mut events, at_once) = ([0; 128], [0; 16]);
        must("io_getevents", &[context, 0, 4, address_mut(&mut events), address(&at_once)]);
    });
    context
}

/// `struct iocb` behind a pointer: reads the file into a block.
fn request(w: &mut World) -> Arg {
    let (fd, buffer) = (w.file(), w.block([0; 16]).cast_signed());
    let block = [words(&[0x77, 0]), ints(&[0, fd]), words(&[buffer, 16, 0, 0, 0])].concat();
    let block = w.block(block).cast_signed();
    w.memory(words(&[block]))
}

/// A context with one request in it.
fn submitted(w: &mut World) -> i64 {
    let context = context(w);
    let Arg::Memory(request) = request(w) else { unreachable!("it is memory") };
    must("io_submit", &[context, 1, request.cast_signed()]);
    context
}

/// A context, and a request that is in it after [`submit`].
fn later(w: &mut World) -> i64 {
    let context = context(w);
    w.note(context);
    let Arg::Memory(request) = request(w) else { unreachable!("it is memory") };
    w.note(request.cast_signed());
    context
}

fn submit(w: &World) {
    must("io_submit", &[w.number(0), 1, w.number(1)]);
}

fn older() -> Vec<Case> {
    vec![
        case("io_setup", |_| args![4, inout([0; 8])])
            .any_bytes(1, 0..8)
            .left(|_| String::new())
            .bad(|_| args![0, inout([0; 8])])
            .bad(|_| args![4, inout([1; 8])])
            .alone(),
        case("io_destroy", |_| args![new_context()]).bad(|_| args![8]).bad(|_| args![-1]),
        case("io_submit", |w| args![context(w), 1, request(w)])
            .bad(|w| args![context(w), -1, request(w)])
            .bad(|w| args![8, 1, request(w)]),
        case("io_cancel", |w| args![context(w), w.memory([0; 64]), out()])
            .fails()
            .bad(|_| args![8, 8, out()]),
        case("io_getevents", |w| args![submitted(w), 1, 4, out(), NONE])
            .any_bytes(3, 8..16)
            .bad(|w| args![context(w), 5, 4, out(), NONE])
            .bad(|_| args![8, 1, 4, out(), NONE]),
        case("io_getevents", |w| args![context(w), 1, 4, out(), moment()]),
        sleeping("io_getevents", |w| args![later(w), 1, 4, out(), NONE], submit).any_bytes(3, 8..16),
        sleeping("io_pgetevents", |w| args![later(w), 1, 4, out(), NONE, NONE], submit).any_bytes(3, 8..16),
        case("io_pgetevents", |w| args![submitted(w), 1, 4, out(), NONE, NONE])
            .any_bytes(3, 8..16)
            .bad(|w| args![context(w), 5, 4, out(), NONE, NONE])
            .bad(|_| args![8, 1, 4, out(), NONE, NONE]),
    ]
}

fn ring(w: &mut World) -> i32 {
    let parameters = [0; 120];
    let fd = must("io_uring_setup", &[4, address(&parameters)]);
    w.keep_raw(fd)
}

fn uring() -> Vec<Case> {
    vec![
        case("io_uring_setup", |w| args![4, w.memory([0; 120])]).bad(|w| args![0, w.memory([0; 120])]),
        case("io_uring_enter", |w| args![ring(w), 0, 0, 0, NONE, 0])
            .bad(|w| args![w.file(), 0, 0, 0, NONE, 0]),
        case("io_uring_register", |w| args![ring(w), 8, w.memory([0; 8 * 16 + 16]), 8])
            .bad(|w| args![w.file(), 8, NONE, 0]),
    ]
}
