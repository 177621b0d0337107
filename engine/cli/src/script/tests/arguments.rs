//! The command's arguments, names, and the arguments that each position takes.

use super::{fixed, memory, operand, plan, plan_with, refused, refused_with};
use crate::plan::{Passed, Source, Way};

/// SCRIPT-11: `$1` is a string where the call reads one, and a number elsewhere.
#[test]
fn whole_arguments() {
    let plan = plan_with("openat(AT_FDCWD, $1, $2)", &["123", "O_RDONLY|O_CLOEXEC"]);
    assert_eq!(memory(&plan, 1), b"123\0");
    assert_eq!(fixed(&plan, 2), 0o2_000_000);
    assert_eq!(fixed(&plan_with("close($1)", &["0x10"]), 0), 16);
    assert_eq!(fixed(&plan_with("close($#)", &["a", "b"]), 0), 2);
    assert_eq!(
        fixed(&plan_with("close($12)", &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"]), 0),
        12
    );
}

/// SCRIPT-11: an argument that is missing, or no number, is an error.
#[test]
fn arguments_that_are_wrong() {
    refused_with("unlink($2)", &["a"], "$2", "1 argument was given");
    refused_with("close($1)", &["abc"], "$1", "unknown constant");
    refused_with("close($1)", &["O_RDWRX"], "$1", "nearest known name is `O_RDWR`");
    refused_with("close($1)", &["1 # 2"], "$1", "unexpected '#'");
    refused_with("close($1)", &["$1"], "$1", "names an argument itself");
    refused_with("close($1)", &[""], "$1", "found the end of the line");
    refused("close($0)", "$0", "$1, $2");
    refused("close($)", "$", "$1, $2");
}

/// SCRIPT-12: a statement with `$@` stands for as many as there are arguments.
#[test]
fn repeated_statements() {
    let plan = plan_with("unlink($@)\nclose(9)\nunlink(\"/${@}\")", &["a", "b"]);
    let paths = [0, 1, 3, 4].iter().map(|&step| match &plan.steps[step].operands[0].passed {
        Passed::Memory { bytes, .. } => bytes.clone(),
        other => panic!("{other:?}"),
    });
    assert_eq!(
        paths.collect::<Vec<_>>(),
        [b"a\0".to_vec(), b"b\0".to_vec(), b"/a\0".to_vec(), b"/b\0".to_vec()]
    );
    assert_eq!(super::plan("unlink($@)").steps.len(), 0);
}

/// SCRIPT-12: such a statement may not be named; any part of it can have the `$@`.
#[test]
fn repeated_statements_have_no_name() {
    refused_with("x = unlink($@)", &["a"], "x", "cannot be named");
    refused_with("x = write(1, pack(i32 $@), 4)", &[], "x", "cannot be named");
    refused_with("x = buffer($@)", &["5"], "x", "cannot be named");
}

/// SCRIPT-8: a name is assigned once, before it is used, and is no word of the language and no constant.
#[test]
fn names() {
    refused("a = getpid()\na = getpid()", "a", "already assigned in line 1");
    refused("b = buffer(8)\nb = getpid()", "b", "already assigned in line 1");
    refused("O_RDWR = getpid()", "O_RDWR", "is a constant");
    for word in ["after", "buffer", "out", "pack", "u8", "i64"] {
        refused(&format!("{word} = getpid()"), word, "a word of the language");
    }
    refused("close(fd)\nfd = dup(1)", "fd", "unknown constant or name");
    refused("file = dup(1)\nclose(fiel)", "fiel", "nearest known name is `file`");
    refused("fd = dup(1)\nlseek(0, fd|1, 0)", "fd", "can only stand alone");
}

/// SCRIPT-13: a position that wants a number takes no memory.
#[test]
fn memory_for_a_number() {
    for text in ["\"3\"", "out(4)", "pack(i32 3)"] {
        refused(&format!("close({text})"), text, "argument 1 of close (fd)");
    }
    refused("b = buffer(8)\nclose(b)", "b", "cannot be a buffer");
}

/// SCRIPT-13: memory that the call reads cannot be `out`, memory that it only writes must be.
#[test]
fn directions() {
    refused("read(0, \"abc\", 3)", "\"abc\"", "the call writes it: write out(N)");
    refused("read(0, pack(u8 1), 1)", "pack(u8 1)", "the call writes it");
    refused("write(1, out(3), 3)", "out(3)", "the call reads it: write a string");
    refused("ppoll(out(8), 1, 0, 0, 0)", "out(8)", "reads and writes it");
    assert!(matches!(
        operand(&plan("read(0, out(3), 3)"), 1).passed,
        Passed::Out { bytes: 3, way: Way::Out }
    ));
    assert!(matches!(operand(&plan("write(1, \"abc\", 3)"), 1).passed, Passed::Memory { way: Way::In, .. }));
}

/// SCRIPT-13: a buffer fits wherever memory does.
#[test]
fn buffers_fit_everywhere() {
    for call in ["read(0, b, 8)", "write(1, b, 8)", "ppoll(b, 1, 0, 0, 0)", "fcntl(0, 0, b)"] {
        let plan = plan(&format!("b = buffer(8)\n{call}"));
        let passed = plan.steps[0]
            .operands
            .iter()
            .any(|operand| matches!(operand.passed, Passed::Value(Source::Address(0))));
        assert!(passed, "{call}");
    }
}

/// SCRIPT-14: no address but 0 can be written, and no result that is a number passes for one.
#[test]
fn addresses() {
    refused("read(0, 4096, 1)", "4096", "an address cannot be written");
    refused("mmap(4096, 1, 0, 0, 0, 0)", "4096", "an address cannot be written");
    refused_with("read(0, $1, 1)", &["5"], "$1", "an address cannot be written");
    refused("n = dup(1)\nread(0, n, 1)", "n", "which is a number");
    refused("n = pipe2(out(8), 0)\nread(0, u64(n, 0), 1)", "u64(n, 0)", "a number from memory");
    assert_eq!(fixed(&plan("read(0, 0, 0)"), 1), 0);
    let mapped = plan("p = mmap(0, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\nmunmap(p, 4096)");
    assert!(matches!(operand(&mapped, 0).passed, Passed::Value(Source::Result(0))));
}

/// SCRIPT-14: a word with a meaning that another argument decides takes integers.
#[test]
fn opaque_words_take_integers() {
    assert_eq!(fixed(&plan("fcntl(1, F_SETFL, O_NONBLOCK)"), 2), 0o4000);
}

/// SCRIPT-69: a length is a number like others: of a string or an argument of the command, without the NUL; the word is a name
/// as before.
#[test]
fn lengths_of_strings() {
    assert_eq!(super::value("length(\"two\\n\")|0x100"), 0x104);
    assert_eq!(super::value("length(\"\")"), 0);
    let plan = plan_with("write(1, $1, length($1))\nlseek(0, length(\"${1}-${2}\"), 0)", &["abc", "\u{e9}"]);
    assert_eq!((plan.steps[0].operands[2].fixed(), plan.steps[1].operands[1].fixed()), (Some(3), Some(6)));
    super::plan("length = getpid()\nlseek(0, length, 0)\nnanosleep(pack(i64 length(\"a\"), i64 0), 0)");
    assert_eq!(plan_with("write(1, $@, length($@))", &["a", "bc"]).steps[1].operands[2].fixed(), Some(2));
    super::plan(
        "syslet { n = length(\"abc\"); m = write(1, \"abc\", length(\"abc\")); stop if m < length(\"abc\") }",
    );
    refused("lseek(0, length(5), 0)", "5", "a string, or an argument of the command");
    refused("lseek(0, length($1), 0)", "$1", "$1 is missing");
    refused("write(1, \"a\", length(\"abc\"))", "\"a\"", "has 2 bytes, and the call reaches 3");
}

/// SCRIPT-15: an area shorter than the call reaches is an error, known numbers or constants.
#[test]
fn lengths() {
    refused("read(0, out(16), 17)", "out(16)", "has 16 bytes, and the call reaches 17");
    // As the kernel counts: 32 bits of one, 64 of another.
    refused("read(0, out(16), 0x100000010)", "out(16)", "has 16 bytes, and the call reaches 4294967312");
    refused("getdents64(0, out(16), 0x100000011)", "out(16)", "has 16 bytes, and the call reaches 17");
    plan("getdents64(0, out(16), 0x100000010)");
    refused("b = buffer(16)\nread(0, b, 17)", "b", "argument 3 says how many bytes");
    refused("fstat(0, out(10))", "out(10)", "has 10 bytes");
    refused("ppoll(pack(i32 0, i16 1, i16 0), 2, 0, 0, 0)", "pack(i32 0, i16 1, i16 0)", "8 bytes each");
    assert_eq!(plan("read(0, out(16), 16)").steps.len(), 1);
    assert_eq!(plan("n = getpid()\nread(0, out(16), n)").steps.len(), 2);
}

/// SCRIPT-15: a length is given with its memory; other arguments may be left out at the end.
#[test]
fn arguments_left_out() {
    refused("read(0, out(16))", "out(16)", "argument 3 of read, which says how long this one is, is missing");
    refused("read(0, out(16), 16, 5)", "5", "read has 3 arguments");
    assert_eq!(plan("openat(AT_FDCWD, \"x\")").steps[0].operands.len(), 2);
}
