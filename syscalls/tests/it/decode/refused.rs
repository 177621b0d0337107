//! Which call was refused, and which of its arguments.

use syslet_abi::{CALL_ARGS_OFFSET, NR_OFFSET, Refusal};
use syslet_syscalls::check_arguments;
use syslet_syscalls::decode::Decoder;
use syslet_syscalls::row;

use super::calls::{Made, made};

fn refused(made: &Made) -> String {
    made.with(|call| {
        let fault = check_arguments(row(call.nr()).expect("it has a row"), call).expect_err("it is refused");
        Decoder::default().refused(call, &fault)
    })
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
    let fault = |refusal: Refusal, at: usize| {
        made("getpid").with(|call| Decoder::default().refused(call, &refusal.at(at)))
    };
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
