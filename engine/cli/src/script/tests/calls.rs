//! Which call is meant, and calls the table does not describe.

use super::{memory, operand, plan, plan_with, refused};
use crate::plan::{Passed, Way};

/// SCRIPT-16: a call is named, or given by number; a number that has a row gets it.
#[test]
fn calls_by_number() {
    let nr = plan("getpid()").steps[0].nr;
    let plan = plan_with("syscall($1)", &[&nr.to_string()]);
    assert_eq!((plan.steps[0].nr, &*plan.steps[0].call), (nr, "getpid"));
    let unknown = super::plan("syscall(4095, 1, 2)");
    assert!(unknown.steps[0].row.is_none());
    assert_eq!((unknown.steps[0].nr, unknown.steps[0].operands.len()), (4095, 2));
}

/// SCRIPT-16: an unknown name is an error that names the nearest; so is a number that is none.
#[test]
fn unknown_calls() {
    refused("raed(0, out(1), 1)", "raed", "nearest known name is `read`");
    refused("qqqqqqqqqqqqqqqqq()", "qqqqqqqqqqqqqqqqq", "syscall(NUMBER, …)");
    assert_eq!(plan("syscall(600, 1)").steps[0].call, "syscall_0x258");
    refused("syscall()", "syscall", "wants a number first");
    refused("syscall(\"read\")", "syscall", "wants a number first");
    refused("syscall(-1)", "-1", "not the number of a call");
    refused("syscall(4095, 1, 2, 3, 4, 5, 6, 7)", "7", "has 6 arguments");
}

/// SCRIPT-16: a call that no engine runs is an error that says why.
#[test]
fn calls_that_cannot_run() {
    refused("exit(0)", "exit", "it ends the engine's thread");
    refused("execve(\"/bin/true\", 0, 0)", "execve", "cannot run here");
}

/// SCRIPT-41: a call that changes its thread needs `@private`, which takes no value, comes once, and is not for calls
/// that are bound to their thread.
#[test]
fn calls_that_change_their_thread() {
    refused("unshare(CLONE_FS)", "unshare", "changes the thread");
    refused("unshare(CLONE_FS) @private @private", "private", "twice");
    refused("unshare(CLONE_FS) @private!", "private", "always required");
    refused("unshare(CLONE_FS) @private(1)", "1", "takes no value");
    refused("ptrace(0, 0, 0, 0) @private", "private", "must last");
    refused("unshare(CLONE_FS) @privat", "privat", "unknown attribute");
    let steps = plan("unshare(CLONE_FS) @private @timing\ngetpid()").steps;
    assert_eq!(
        steps.iter().map(|step| (step.is_private, step.asks.len())).collect::<Vec<_>>(),
        [(true, 1), (false, 0)]
    );
}

/// SCRIPT-17: a command or an option that is written down decides how memory is passed; one that is known later, or not
/// listed, does not.
#[test]
fn formed_memory() {
    let ways = |script: &str| {
        let plan = plan(script);
        [2, 3, 4].map(|index| {
            match plan.steps.last().unwrap().operands.get(index).map(|operand| &operand.passed) {
                Some(Passed::Memory { way, .. } | Passed::Out { way, .. }) => Some(*way),
                _ => None,
            }
        })
    };
    let option = |option: &str| ways(&format!("getsockopt(3, SOL_SOCKET, {option}, out(4), pack(u32 4))"));
    assert_eq!(option("SO_TYPE"), [None, Some(Way::Out), Some(Way::InOut)]);
    assert_eq!(option("9999"), [None, Some(Way::Held), Some(Way::InOut)]);
    let later = ways("o = lseek(0, 0, 0)\ngetsockopt(3, SOL_SOCKET, o, out(4), pack(u32 4))");
    assert_eq!(later, [None, Some(Way::Held), Some(Way::InOut)]);
    assert_eq!(ways("fcntl(3, F_GETLK, pack(i64 0, i64 0, i64 0, i64 0))")[0], Some(Way::InOut));
    refused("fcntl(3, F_GETLK, pack(i64 0))", "pack(i64 0)", "has 8 bytes, and the call reaches 32");
    assert_eq!(ways("ioctl(3, FIONREAD, out(4))")[0], Some(Way::Out));
    assert_eq!(ways("ioctl(3, TCGETS, out(60))")[0], Some(Way::Held));
}

/// SCRIPT-17: where the table does not describe memory, the command holds it and passes its address.
#[test]
fn held_memory() {
    let number = plan("syscall(4095, \"abc\", pack(u8 1), out(8))");
    for (index, expected) in [(0, &b"abc\0"[..]), (1, &[1])] {
        assert_eq!(memory(&number, index), expected);
        assert!(matches!(operand(&number, index).passed, Passed::Memory { way: Way::Held, .. }));
    }
    assert!(matches!(operand(&number, 2).passed, Passed::Out { bytes: 8, way: Way::Held }));
    let opaque = plan("b = buffer(8)\nwritev(1, pack(u64 b, u64 8), 1)");
    assert!(matches!(operand(&opaque, 1).passed, Passed::Memory { way: Way::Held, .. }));
}
