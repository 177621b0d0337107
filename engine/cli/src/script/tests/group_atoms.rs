//! The atoms that groups come to.

use syslet::abi::{AtomFlags, CallFlags, Limits, Program};
use syslet::syscalls::decode::Decoder;

use super::{compiled, plan, plan_with};
use crate::plan::{Plan, Step};

const LIMITS: Limits = Limits { record_bytes_max: usize::MAX, out_bytes_max: usize::MAX };

/// The atoms of the plan's last step, a group, in words.
#[track_caller]
fn atoms(plan: &Plan) -> Vec<String> {
    let step: &Step = plan.steps.last().unwrap();
    let group = step.group.as_ref().unwrap();
    let program = group.build(&vec![0; step.operands.len()], CallFlags::NONE, &[]).unwrap();
    Decoder::default().atoms(program.bytes()).unwrap()
}

#[track_caller]
fn comes_to(text: &str, expected: &[&str]) {
    assert_eq!(atoms(&plan(text)), expected, "{text}");
}

/// SCRIPT-51: a test right behind the atom with its value becomes that atom's; all others are steps.
#[test]
fn tests_are_fused() {
    comes_to(
        "syslet { fd = dup(0); stop if fd < 0; fsync(fd) }",
        &["0: dup(0), if < 0 stop", "1: fsync(#0)"],
    );
    comes_to(
        "syslet { fd = dup(0); stop if fd == 7; stop if fd & 8; getpid() }",
        &["0: dup(0), if == 7 stop", "1: #0, if & 0x8 stop", "2: getpid()"],
    );
    comes_to(
        "syslet { a = dup(0); getpid(); stop if error(a) }",
        &["0: dup(0)", "1: getpid()", "2: #0, if error stop"],
    );
    comes_to(
        "syslet { x = 5; x -= 1; stop if x <= 0; getpid() }",
        &["0: r15 = 5", "1: r15 -= 1, if <= 0 stop", "2: getpid()"],
    );
}

/// SCRIPT-47: each comparison leads where it says.
#[test]
fn comparisons() {
    let cases = [
        ("a == 0", "if == 0 stop"),
        ("a == 5", "if == 5 stop"),
        ("a != 0", "unless == 0 stop"),
        ("a != 5", "unless == 5 stop"),
        ("a < 0", "if < 0 stop"),
        ("a < 5", "if < 5 stop"),
        ("a <= 0", "if <= 0 stop"),
        ("a <= 5", "unless > 5 stop"),
        ("a > 0", "if > 0 stop"),
        ("a >= 0", "unless < 0 stop"),
        ("a >= 5", "unless < 5 stop"),
        ("a & O_WRONLY", "if & 0x1 stop"),
        ("errno(a, EEXIST, EISDIR)", "if EEXIST|EISDIR stop"),
        ("error(a)", "if error stop"),
    ];
    for (asked, said) in cases {
        let said = format!("0: getpid(), {said}");
        comes_to(&format!("syslet {{ a = getpid(); stop if {asked}; getpid() }}"), &[&said, "1: getpid()"]);
    }
}

/// SCRIPT-48: branches, loops, and the statements that leave and repeat them.
#[test]
fn branches_and_loops() {
    comes_to(
        "syslet { a = dup(0); if a < 0 { getpid() } else if a == 3 { getuid() } else { getgid() }; getppid() }",
        &[
            "0: dup(0), unless < 0 to 2",
            "1: getpid(), to 5",
            "2: #0, unless == 3 to 4",
            "3: getuid(), to 5",
            "4: getgid()",
            "5: getppid()",
        ],
    );
    comes_to(
        "syslet { n = 0; loop { n += 1; continue if n < 3; break if n == 7; getpid() }; finally { getuid() } }",
        &[
            "0: r15 = 0",
            "1: r15 += 1, if < 3 to 1",
            "2: r15, if == 7 stop",
            "3: getpid(), to 1",
            "4: finally getuid()",
        ],
    );
    comes_to(
        "syslet { loop { a = getpid(); if a == 1 { stop }; break } ; getuid() }",
        &["0: getpid(), unless == 1 to 2", "1: jump stop", "2: jump to 4", "3: jump to 0", "4: getuid()"],
    );
}

/// SCRIPT-48: calls side by side; nothing is asked of one of them.
#[test]
fn side_by_side() {
    comes_to(
        "syslet { together(1) { a = getpid(); getuid() }; stop if a < 0 }",
        &["0: together(2, 1)", "1: getpid()", "2: getuid()", "3: #1, if < 0 stop"],
    );
}

/// SCRIPT-46, SCRIPT-50: numbers from outside are the first registers, areas lie one behind the other, and memory that does
/// not come back lies last.
#[test]
fn data() {
    let plan = plan(
        "fd = dup(0)\nsyslet { s = scratch(16); a = area(12); b = area(8); read(fd, s, 16); read(fd, b, 8); x = i32(a, 4) }",
    );
    assert_eq!(atoms(&plan), ["0: read(r0, out@24, 16)", "1: read(r0, out@16, 8)", "2: r15 = i32 at out@4"]);
    let group = plan.steps[1].group.as_ref().unwrap();
    assert_eq!((group.out_bytes, group.scratch_bytes), (24, 16));
    assert_eq!(plan.steps[1].waits.iter().map(|wait| wait.step).collect::<Vec<_>>(), [0]);
}

/// SCRIPT-50: the atom says how long its memory is where only the group's run shows how far it is reached.
#[test]
fn bounds() {
    comes_to(
        "syslet { a = area(12); s = scratch(8); n = read(0, a, 12); write(1, a, n); write(1, s, n); write(1, \"abc\", n) }",
        &[
            "0: read(0, out@0, 12)",
            "1: write(1, out@0..12, #0)",
            "2: write(1, out@16..24, #0)",
            "3: write(1, in@0..4, #0)",
        ],
    );
    comes_to(
        "syslet { a = area(8); readlinkat(AT_FDCWD, \"/x\", a, 8); chdir(a); chdir(\"/\"); chdir(pack(u8 47)) }",
        &[
            "0: readlinkat(AT_FDCWD, \"/x\", out@0, 8)",
            "1: chdir(out@0..8)",
            "2: chdir(\"/\")",
            "3: chdir(in@16..17)",
        ],
    );
}

/// SCRIPT-67: a call has the flags that it was marked with.
#[test]
fn flags() {
    let plan = plan(
        "syslet { fsync(0) @storage @async; getpid() @stoppable @timing; finally { close(-1) @storage } }",
    );
    let step = &plan.steps[0];
    let program = step.group.as_ref().unwrap().build(&[], CallFlags::NONE, &[]).unwrap();
    let program = Program::check(program.bytes(), &LIMITS).unwrap();
    let flags: Vec<AtomFlags> = program.atoms().map(|atom| atom.flags()).collect();
    let expected = [
        AtomFlags::STORAGE.with(AtomFlags::ASYNC),
        AtomFlags::STOPPABLE,
        AtomFlags::STORAGE.with(AtomFlags::FINALLY),
    ];
    assert_eq!(flags, expected);
}

/// SCRIPT-66: a part begins where a number or a register says, and ends where its area does.
#[test]
fn parts() {
    comes_to(
        "x = dup(0)\nsyslet { s = scratch(8); a = area(16); at = 4; read(0, a + 4, 12); read(0, a + at, 12); n = read(0, s, 8); write(1, a + x, n); y = u16(a, at) }",
        &[
            "0: r15 = 4",
            "1: read(0, out@4, 12)",
            "2: read(0, out@0+r15..16, 12)",
            "3: read(0, out@16, 8)",
            "4: write(1, out@0+r0..16, #3)",
            "5: r14 = u16 at out@0+r15..16",
        ],
    );
}

/// SCRIPT-65: a field that is not known before is stored before the call, with all that stands beside it; before calls side by side
/// all of it is.
#[test]
fn packs() {
    comes_to(
        "syslet { n = 1; write(1, pack(u8 n, u8 2, i32 n, \"hi\"), 11); p = getpid(); nanosleep(pack(i64 0, i64 p), 0) }",
        &[
            "0: r15 = 1",
            "1: u8 at out@0 = r15",
            "2: u8 at out@1 = 2",
            "3: u16 at out@2 = 0",
            "4: i32 at out@4 = r15",
            "5: u32 at out@8 = 26984",
            "6: write(1, out@0, 11)",
            "7: getpid()",
            "8: u64 at out@16 = 0",
            "9: i64 at out@24 = #7",
            "10: nanosleep(out@16, NULL)",
        ],
    );
    comes_to(
        "x = dup(0)\nsyslet { n = 1; together { getpid(); poll(pack(i32 x, i16 n, i16 0), 1, 0) }; finally { write(1, pack(u8 n), 1) } }",
        &[
            "0: r15 = 1",
            "1: i32 at out@0 = r0",
            "2: i16 at out@4 = r15",
            "3: u16 at out@6 = 0",
            "4: together(2, 0)",
            "5: getpid()",
            "6: poll(out@0, 1, 0)",
            "7: finally u8 at out@8 = r15",
            "8: finally write(1, out@8, 1)",
        ],
    );
}

/// SCRIPT-52: a group with `$@` is repeated; `in order` has each wait for the one before, also if that failed.
#[test]
fn repeated() {
    let text = |order: &str| format!("syslet each {order} {{ unlinkat(AT_FDCWD, $@, 0) }}");
    let free = plan_with(&text(""), &["a", "b", "c"]);
    assert!(free.steps.len() == 3 && free.steps.iter().all(|step| step.waits.is_empty()));
    assert_eq!(atoms(&free), ["0: unlinkat(AT_FDCWD, \"c\", 0)"]);
    let ordered = plan_with(&text("in order"), &["a", "b", "c"]);
    let waits: Vec<_> = ordered
        .steps
        .iter()
        .map(|step| step.waits.iter().map(|wait| (wait.step, wait.must_succeed)).collect::<Vec<_>>())
        .collect();
    assert_eq!(waits, [vec![], vec![(0, false)], vec![(1, false)]]);
    assert!(compiled(&format!("{}\nclose(each)", text("")), &["a"]).is_err());
}
