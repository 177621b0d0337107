//! Programs in words.

use syslet::abi::{AtomRepr, ProgramRepr};
use syslet::program::Program;
use syslet::{CallFlags, Refusal};

use crate::rig;

/// A program of plain calls without attributes.
fn program(calls: &[(libc::c_long, &[u64])]) -> Program {
    let number = |nr: libc::c_long| u32::try_from(nr).expect("a number");
    let atoms: Vec<_> =
        calls.iter().map(|(nr, args)| AtomRepr { args, ..AtomRepr::call(number(*nr)) }).collect();
    let program = ProgramRepr {
        flags: CallFlags::NONE,
        user_data: 5,
        registers: &[],
        budget: 9,
        out_len: 0,
        scratch_len: 0,
        attributes: &[],
        atoms: &atoms,
    };
    Program::of(&program).expect("a sound program")
}

/// DECODE-27: what a program does can be read, and why it is refused, with the atom at fault.
#[test]
fn programs_explain_themselves() {
    let closing = program(&[(libc::SYS_close, &[3]), (libc::SYS_dup, &[7, 8])]);
    let shown = format!("{closing:?}");
    assert!(shown.contains("atoms: syslet { 0: close(3); 1: dup(7, 0x8) }, user_data: 5"), "{shown}");
    let refused = rig::refused(&closing);
    assert_eq!(
        refused.explain_program(&closing),
        "syslet { 0: close(3); 1: dup(7, 0x8) } refused: more arguments than the call has (atom 1, argument 2)"
    );
    let leaving = program(&[(libc::SYS_getpid, &[]), (libc::SYS_exit, &[0])]);
    let refused = rig::refused(&leaving);
    assert_eq!(refused.refusal(), Refusal::ENGINE_LIFE);
    let explained = refused.explain_program(&leaving);
    assert!(explained.ends_with(" (atom 1, nr)"), "{explained}");
    assert!(explained.contains(refused.reason().expect("the call says why")), "{explained}");
}
