//! The dependences between statements.

use super::{plan, plan_with, refused};
use crate::plan::{Plan, Wait};

/// The steps that a step waits for; in brackets those that may fail.
fn waits(plan: &Plan, step: usize) -> String {
    let one =
        |wait: &Wait| if wait.must_succeed { wait.step.to_string() } else { format!("({})", wait.step) };
    plan.steps[step].waits.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// SCRIPT-18: a statement waits for every result it names, wherever it names it.
#[test]
fn results_are_waited_for() {
    let plan = plan(concat!(
        "p = pipe2(out(8), 0)\n",
        "n = getpid()\n",
        "read(i32(p, 0), out(8), n)\n",
        "ppoll(pack(i32 i32(p, 4), i16 1, i16 0), 1, 0, 0, 0)\n",
    ));
    assert_eq!(waits(&plan, 2), "0 1");
    assert_eq!(waits(&plan, 3), "0");
}

/// SCRIPT-18: naming a buffer is no dependence.
#[test]
fn buffers_are_not_waited_for() {
    let plan = plan("b = buffer(8)\nread(0, b, 8)\nwrite(1, b, 8)\nclose(i32(b, 0))");
    assert_eq!([0, 1, 2].map(|step| waits(&plan, step)), ["", "", ""]);
}

/// SCRIPT-20: a closing call also waits for all that name the same result, and does not need their success.
#[test]
fn closing_waits_for_users() {
    let plan = plan("fd = dup(1)\nx = dup(2)\nfsync(fd)\nfsync(x)\nlseek(fd, 0, 0)\nclose(fd)\nclose(7)");
    assert_eq!(waits(&plan, 5), "0 (2) (4)");
    assert_eq!(waits(&plan, 6), "");
}

/// SCRIPT-20: a call that replaces a descriptor does the same, and a range waits for everything above it.
#[test]
fn replacing_waits_for_users() {
    let plan = plan("fd = dup(1)\nx = dup(2)\nfsync(fd)\ndup3(x, fd, 0)\nclose_range(100, 200, 0)");
    assert_eq!(waits(&plan, 3), "0 1 (2)");
    assert_eq!(waits(&plan, 4), "(0) (1) (2) (3)");
}

/// SCRIPT-20: repeated statements are users as well.
#[test]
fn closing_waits_for_repeated_users() {
    let plan = plan_with("fd = dup(1)\nunlinkat(fd, $@, 0)\nclose(fd)", &["a", "b"]);
    assert_eq!(waits(&plan, 3), "0 (1) (2)");
}

/// SCRIPT-21: `after` adds a dependence, which a closing call does not need to succeed.
#[test]
fn after() {
    let plan =
        plan("a = getpid()\nb = getuid()\ngetgid() after a, b\nclose(9) after a\nkill(a, 0) after a after b");
    assert_eq!(waits(&plan, 2), "0 1");
    assert_eq!(waits(&plan, 3), "(0)");
    assert_eq!(waits(&plan, 4), "0 1");
}

/// SCRIPT-21: only an earlier call can be waited for.
#[test]
fn after_what_is_no_call() {
    refused("getpid() after x", "x", "no statement above is named `x`");
    refused("x = getpid() after x", "x", "no statement above");
    refused("b = buffer(1)\ngetpid() after b", "b", "always there");
    refused("first = getpid()\ngetpid() after frist", "frist", "nearest known name is `first`");
    refused("getpid() after", "", "the name of an earlier statement");
}

/// SCRIPT-22: a closed result can be named only by a statement that is after the closing.
#[test]
fn use_after_close() {
    refused("fd = dup(1)\nclose(fd)\nfsync(fd)", "fd", "line 2 closes this descriptor");
    refused("fd = dup(1)\nclose(fd)\nclose(fd)", "fd", "line 2 closes");
    let plan = plan("fd = dup(1)\nc = close(fd)\nfsync(fd) after c");
    assert_eq!(waits(&plan, 2), "0 1");
}

/// SCRIPT-20, SCRIPT-22: two numbers of one area are two descriptors.
#[test]
fn two_descriptors_of_one_area() {
    let plan = plan(concat!(
        "p = pipe2(out(8), 0)\n",
        "fsync(i32(p, 0))\n",
        "fsync(i32(p, 4))\n",
        "close(i32(p, 4))\n",
        "read(i32(p, 0), out(8), 8)\n",
        "close(i32(p, 0))\n",
    ));
    assert_eq!(waits(&plan, 3), "0 (2)");
    assert_eq!(waits(&plan, 5), "0 (1) (4)");
}

/// SCRIPT-22: a replaced result is named after its replacement.
#[test]
fn use_after_replacement() {
    let plan = plan("fd = dup(1)\ndup3(2, fd, 0)\nfsync(fd)");
    assert_eq!(waits(&plan, 2), "0 1");
}

/// SCRIPT-23: statements that need nothing of each other wait for nothing.
#[test]
fn the_rest_is_together() {
    let plan = plan("a = getpid()\ngetuid()\nb = openat(AT_FDCWD, \"/\", 0)\nunlink(\"x\")");
    assert!(plan.steps.iter().all(|step| step.waits.is_empty()));
}

/// SCRIPT-21: `after!` adds a dependence that does not need success, of calls and of groups; a plain one beside it does.
#[test]
fn after_whatever_came() {
    let plan = plan(
        "a = getpid()\nb = getuid()\ngetgid() after! a, b\ngetgid() after! a after b\nsyslet after! a { getpid() }\ngetgid() after a after! a",
    );
    assert_eq!([2, 3, 4, 5].map(|step| waits(&plan, step)), ["(0) (1)", "(0) 1", "(0)", "0"]);
    refused("getgid() after! x", "x", "no statement above is named");
}

/// SCRIPT-77: a result of a group's call has a name below the group; it waits for the group, also for one that fails, and is closed
/// once.
#[test]
fn results_of_groups() {
    let plan = plan("syslet g {\nfd = dup(1)\nn = 5\n}\nfsync(g.fd)\nclose(g.fd)\ngetpid() after g.fd");
    assert_eq!([1, 2, 3].map(|step| waits(&plan, step)), ["(0)", "(0) (1)", "0"]);
    refused("syslet g {\nfd = dup(1)\n}\nclose(g.fd)\nfsync(g.fd)", "g.fd", "line 4 closes this descriptor");
    refused("syslet g {\nfd = dup(1)\nfinally {\nclose(fd)\n}\n}\nfsync(g.fd)", "g.fd", "line 4 closes");
    refused("syslet g {\nn = 5\ngetpid()\n}\nfsync(g.n)", "g.n", "unknown constant or name");
    refused("syslet g {\np = pipe2(out(8), 0)\n}\nclose(i32(g.p, 0))", "g.p", "nothing comes back");
    refused("syslet g {\np = pipe2(out(8), 0)\nx = dup(1)\n}\nread(0, g.x, 1)", "g.x", "which is a number");
    refused("a.b = getpid()", "a.b", "no new name");
    refused("syslet {\na.b = getpid()\n}", "a.b", "no new name");
    refused("syslet a.b {\ngetpid()\n}", "a.b", "no new name");
}
