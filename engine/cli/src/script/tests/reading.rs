//! Lines, integers, constants, strings.

use super::{compiled_whole, memory, plan, plan_with, refused, value};
use crate::names;

/// SCRIPT-1: a statement is one line, `#` begins a comment unless it is in a string, blank lines count.
#[test]
fn lines_and_comments() {
    let plan = plan("# first\n\n  getpid()\t# second\r\n unlink(\"#\")\n\n");
    let lines: Vec<usize> = plan.steps.iter().map(|step| step.line).collect();
    assert_eq!(lines, [3, 4]);
    assert_eq!(memory(&plan, 0), b"#\0");
}

/// SCRIPT-1: a statement that goes on after the line's end is incomplete there.
#[test]
fn a_statement_ends_with_its_line() {
    refused("close(\n3)", "", "found the end of the line");
    refused("close(3) getpid()", "getpid", "found `getpid`");
    refused("close(3);", ";", "a statement ends with its line");
    refused("close 3", "3", "expected `(`");
    refused("fd = = close(3)", "=", "expected a call");
}

/// SCRIPT-2: integers are decimal, hexadecimal or octal, from −2⁶³ to 2⁶⁴−1.
#[test]
fn integers() {
    assert_eq!(value("0"), 0);
    assert_eq!(value("4096"), 4096);
    assert_eq!(value("0x1F"), 31);
    assert_eq!(value("0o644"), 0o644);
    assert_eq!(value("-1"), u64::MAX);
    assert_eq!(value("-0x10"), 16u64.wrapping_neg());
    assert_eq!(value("-9223372036854775808"), 1 << 63);
    assert_eq!(value("18446744073709551615"), u64::MAX);
}

/// SCRIPT-2: an integer beyond 64 bits is an error, and so are half integers.
#[test]
fn integers_that_are_none() {
    for text in [
        "18446744073709551616",
        "-9223372036854775809",
        "0x10000000000000000",
        "99999999999999999999999999999999999999999999",
    ] {
        refused(&format!("lseek(0, {text}, 0)"), text, "does not fit 64 bits");
    }
    for text in ["0x", "0xg", "0o8", "-", "0b1"] {
        let (place, _) = super::fault(&format!("lseek(0, {text}, 0)"));
        assert_eq!(place, text);
    }
}

/// SCRIPT-2: a leading zero is not taken for octal, nor for decimal.
#[test]
fn a_leading_zero_is_asked_about() {
    refused("fchmod(3, 0644)", "0644", "write 0o644");
}

/// SCRIPT-3: constants are joined with `|`, integers among them.
#[test]
fn constants() {
    let flags = names::constant("O_RDWR").unwrap() | names::constant("O_CLOEXEC").unwrap() | 8;
    assert_eq!(i128::from(value("O_RDWR|O_CLOEXEC | 8")), flags);
    assert_eq!(value("AT_FDCWD"), 100u64.wrapping_neg());
    assert!(names::constants().count() >= 300);
}

/// SCRIPT-3: an unknown constant is an error that names the nearest.
#[test]
fn unknown_constants() {
    refused("openat(AT_FDCWD, \"x\", O_RDONLY|O_CLOEXEX)", "O_CLOEXEX", "nearest known name is `O_CLOEXEC`");
    refused("openat(AT_FDCWD, \"x\", o_rdonly)", "o_rdonly", "nearest known name is `O_RDONLY`");
    refused("close(qqqqqqqqqqqqqqqqqq)", "qqqqqqqqqqqqqqqqqq", "unknown constant or name");
}

/// SCRIPT-4: strings have C's escapes, and one NUL follows them.
#[test]
fn strings() {
    let plan = plan(r#"write(1, "a\n\t\r\a\b\f\v\e\\\"\'\?\$\x41\101\0é", 3)"#);
    assert_eq!(memory(&plan, 1), b"a\n\t\r\x07\x08\x0c\x0b\x1b\\\"'?$AA\0\xc3\xa9\0");
}

/// SCRIPT-4: the NUL is not counted: `write` of three bytes of a string of three writes no NUL, and four would fit.
#[test]
fn the_nul_is_there_and_not_counted() {
    assert_eq!(memory(&plan("write(1, \"abc\", 3)"), 1), b"abc\0");
    assert_eq!(memory(&plan("write(1, \"abc\", 4)"), 1), b"abc\0");
    refused("write(1, \"abc\", 5)", "\"abc\"", "has 4 bytes, and the call reaches 5");
}

/// SCRIPT-4: broken escapes are errors, and so is a NUL in a path.
#[test]
fn strings_that_are_none() {
    refused(r#"unlink("a\q")"#, r"\q", "unknown escape");
    refused(r#"unlink("a\x4")"#, r"\x", "two hex digits");
    refused(r#"unlink("a\777")"#, r"\777", "more than a byte");
    refused(r#"unlink("abc)"#, "\"abc)", "no closing quote");
    refused("unlink(\"abc\\", "\\", "ends within an escape");
    refused(r#"unlink("a\0b")"#, r#""a\0b""#, "ends at its first NUL");
    refused("unlink('a')", "'", "double quotes");
}

/// SCRIPT-11: `$1` in a string without braces is an error, and a dollar sign alone is one.
#[test]
fn dollars_in_strings() {
    refused("unlink(\"$1\")", "$1", "write ${1}, or \\$1");
    refused("unlink(\"${x}\")", "${x}", "only ${1}");
    refused("unlink(\"${1\")", "$", "without `}`");
    assert_eq!(memory(&plan("unlink(\"a$b$\")"), 0), b"a$b$\0");
    assert_eq!(memory(&plan_with("unlink(\"/${1}/${#}\")", &["x"]), 0), b"/x/1\0");
}

/// SCRIPT-30: all faults are told of: those of reading, or where there are none, those of the statements, without those that follow
/// from another.
#[test]
fn all_faults() {
    let messages = |text: &str| -> Vec<String> {
        let faults = compiled_whole(text, &[]).expect_err("it has faults");
        faults.iter().map(|fault| text[fault.span.range()].to_owned()).collect()
    };
    assert_eq!(
        messages("getpid(\nnosuch()\ngetpid() x\nsyslet {\ngetpid() y\n}\nread(0,, 1)"),
        ["", "x", "y", ","]
    );
    assert_eq!(
        messages("a = nosuch()\nfsync(a)\nb = fsync(a + 1)\nfsync(b)\nother()\nfsync(c)"),
        ["nosuch", "other", "c"]
    );
    assert_eq!(messages("syslet {\n'\n}\nnosuch()"), ["'"]);
}
