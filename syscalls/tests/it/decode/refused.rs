//! Which call was refused, and which of its arguments.

use syslet_abi::{CALL_ARGS_OFFSET, NR_OFFSET, Refusal};
use syslet_syscalls::check_arguments;
use syslet_syscalls::decode::Decoder;
use syslet_syscalls::row;

use super::calls::{Made, made};

fn refused(made: &Made) -> String {
    let fault = made.with(|call| check_arguments(row(call.nr()).expect("it has a row"), call));
    Decoder::default().refused(&made.record(), &fault.expect_err("it is refused"))
}

/// DECODE-14: a refusal says which call, why, and which argument by place and name.
#[test]
fn by_argument() {
    assert_eq!(
        refused(&made("openat").v([-100]).bytes(b"x").v([0])),
        r#"openat(AT_FDCWD, "x"..., O_RDONLY) refused: a string has no NUL before the end of DATA (argument 2, filename)"#
    );
    assert_eq!(
        refused(&made("dup").v([7, 8])),
        "dup(7, 0x8) refused: more arguments than the call has (argument 2)"
    );
    assert_eq!(
        refused(&made("read").v([7]).bytes(b"x").v([1])),
        r#"read(7, "x", 1) refused: the argument's kind contradicts the direction in which the call uses it (argument 2, buf)"#
    );
}

/// DECODE-14: a fault outside the arguments is the whole call's.
#[test]
fn as_a_whole() {
    let getpid = made("getpid").record();
    let fault = |refusal: Refusal, at: usize| Decoder::default().refused(&getpid, &refusal.at(at));
    assert_eq!(fault(Refusal::CLOSED, 0), "getpid() refused: the engine is closed");
    assert_eq!(
        fault(Refusal::ENGINE_LIFE, NR_OFFSET),
        "getpid() refused: the call would end or replace the thread that makes it"
    );
    assert_eq!(
        fault(Refusal::ATTRIBUTE_ID_ZERO, CALL_ARGS_OFFSET),
        "getpid() refused: attribute id 0 is not an attribute"
    );
}

/// DECODE-14: of a record that is no submission the name is left, and of less than that a number.
#[test]
fn not_a_record() {
    let mut record = made("dup").v([7]).record();
    assert_eq!(Decoder::default().record(&record), "dup(7)");
    record[20] = 7;
    assert_eq!(Decoder::default().record(&record), "dup(...)");
    let fault = Refusal::RECORD_SHORT.at(CALL_ARGS_OFFSET);
    assert_eq!(Decoder::default().place_of(&record, &fault), None);
    assert_eq!(Decoder::default().record(&record[..8]), "syscall_0xffffffff(...)");
    assert_eq!(Decoder::default().record(&[]), "syscall_0xffffffff(...)");
}

/// DECODE-14: offsets outside are what the door refuses last, so the arguments are still shown.
#[test]
fn offsets_outside() {
    let made = made("chdir").input_at(99);
    let fault = Refusal::IN_OUTSIDE_DATA.at(CALL_ARGS_OFFSET);
    assert_eq!(
        Decoder::default().refused(&made.record(), &fault),
        "chdir(in@99) refused: an IN or INOUT argument points outside DATA (argument 1, filename)"
    );
}
