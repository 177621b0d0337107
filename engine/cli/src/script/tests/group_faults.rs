//! Faults in groups, and their places.

use super::{plan, refused, refused_with};

/// SCRIPT-45: groups span lines; text that is not closed, not known there or behind the last brace is an error at its place.
#[test]
fn blocks() {
    refused("syslet {\ngetpid()\n", "syslet", "no closing `}`");
    refused("syslet x\n", "", "expected `budget(N)`");
    refused("syslet {\ngetpid() getpid()\n}", "getpid", "the end of the line or `}`");
    refused("syslet {\ngetpid()\n} x", "x", "nothing behind a group");
    refused("syslet {\nelse {\n}\n}", "else", "right behind the `}`");
    refused("syslet {\nloop = 1\n}", "=", "expected `{`");
    refused("syslet loop {\ngetpid()\n}", "loop", "a word of the language");
    refused("syslet {\n}", "syslet", "at least one call");
    let deep = format!("syslet {{ getpid(); {}{}", "if x == 0 { ".repeat(17), "}".repeat(18));
    refused(&deep, "{", "16 deep at most");
}

/// SCRIPT-45: `syslet` is a name and a call as before, and the words of groups are names outside of them.
#[test]
fn version_1_is_as_it_was() {
    plan("syslet = getpid()\nloop = dup(syslet)\nclose(loop) after loop");
    refused("syslet(1)", "syslet", "no call `syslet`");
    refused("a = getpid(); b = getpid()", ";", "a statement ends with its line");
    refused("close({)", "{", "pack(…)");
}

/// SCRIPT-46: names of a group are its own, and are given once; registers can be changed, results cannot.
#[test]
fn names() {
    refused("syslet {\na = getpid()\na = getpid()\n}", "a", "already assigned");
    refused("x = getpid()\nsyslet {\nx = 1\n}", "x", "already assigned");
    refused("syslet {\na = getpid()\na += 1\n}", "a", "no register");
    refused("syslet {\ntotal = 0\ntotl += 1\n}", "totl", "nearest known name is `total`");
    refused("syslet {\nO_RDONLY = 0\n}", "O_RDONLY", "a constant");
    refused("syslet {\na = getpid()\n}\nclose(a)", "a", "unknown constant or name");
    refused("syslet {\na = getpid()\nlseek(0, a|1, 0)\n}", "a", "only stand alone");
    let many: String = (0..17).map(|index| format!("r{index} = {index}\n")).collect();
    refused(&format!("syslet {{\n{many}}}"), "r16", "16 registers");
}

/// SCRIPT-47: conditions ask known names; error numbers are known, and at most four.
#[test]
fn conditions() {
    refused("syslet {\nfd = dup(0)\nstop if fx < 0\n}", "fx", "nearest known name is `fd`");
    refused("syslet {\nfd = dup(0)\nstop if fd ! 0\n}", "!", "expected one of ==");
    refused(
        "syslet {\nfd = dup(0)\nif errno(fd, EXIST) { getpid() }\n}",
        "EXIST",
        "nearest known name is `EEXIST`",
    );
    refused(
        "syslet {\nfd = dup(0)\nif errno(fd, O_RDONLY) { getpid() }\n}",
        "O_RDONLY",
        "unknown error number",
    );
    refused("syslet {\nfd = dup(0)\nstop if errno(fd)\n}", "errno", "by name");
    refused(
        "syslet {\nfd = dup(0)\nstop if errno(fd, EIO, EPERM, EBADF, EINTR, EAGAIN)\n}",
        "EAGAIN",
        "four",
    );
    refused("syslet {\nstop if getpid() > 0\n}", "getpid", "make the call above");
    refused("syslet {\nfd = dup(0)\nstop if erno(fd)\n}", "erno", "nearest known name is `errno`");
    refused("syslet {\nfd = dup(0)\nstop if O_WRONLY == 1\n}", "O_WRONLY", "always the same");
}

/// SCRIPT-48: a statement that leaves a loop stands in one; the way out stands last, once, and has none.
#[test]
fn control() {
    refused("syslet {\ngetpid()\nbreak\n}", "break", "stands in no loop");
    refused("syslet {\nloop {\n}\n}", "loop", "nothing happens");
    refused("syslet {\nfinally {\n}\ngetpid()\n}", "finally", "at the end");
    refused("syslet {\ngetpid()\nfinally {\nloop {\ngetpid()\n}\n}\n}", "loop", "leads forward only");
    refused("syslet {\ntogether {\na = 1\n}\n}", "a", "only calls");
    refused("syslet {\ntogether(3) {\ngetpid()\n}\n}", "3", "3 calls: it must be from 1 to 1");
    refused("syslet {\nsyslet inner {\ngetpid()\n}\n}", "syslet", "cannot stand in another");
}

/// SCRIPT-49: a group that admission would refuse is an error at the place of the fault.
#[test]
fn refused_by_the_door() {
    refused("syslet {\nfd = dup(0)\nclose(fd)\nfsync(fd)\n}", "fd", "`fd` may not be there");
    refused("syslet {\nx = 1\nif x == 1 {\nfd = dup(0)\n}\nfsync(fd)\n}", "fd", "`fd` may not be there");
    refused("syslet {\nx = 1\nif x == 1 {\nfd = dup(0)\n}\nstop if fd < 0\n}", "fd", "`fd` may not be there");
    refused("syslet {\nexit_group(0)\n}", "exit_group", "cannot run here");
    refused("syslet {\nunshare(CLONE_NEWNET)\n}", "unshare", "changes the thread");
    refused("syslet {\ngetpid() @private\n}", "private", "for the whole group");
    refused("syslet budget(0) {\ngetpid()\n}", "0", "no budget");
    refused("x = dup(0)\nsyslet {\nclose(x)\n}", "x", "closed outside");
    refused("x = dup(0)\nclose(x)\nsyslet {\nfsync(x)\n}", "x", "line 2 closes this descriptor");
}

/// SCRIPT-67: flags are of calls of a group, once, and say nothing more.
#[test]
fn flags() {
    refused("syslet {\nfsync(0) @storage!\n}", "storage", "takes no `!`");
    refused("syslet {\nfsync(0) @async(1)\n}", "1", "`async` takes no value");
    refused("syslet {\nfsync(0) @async @async\n}", "async", "asked for twice");
    refused("syslet @storage {\nfsync(0)\n}", "storage", "for calls of a group");
    refused("fsync(0) @stoppable", "stoppable", "for calls of a group");
    refused("syslet {\nfsync(0) @asinc\n}", "asinc", "nearest known name is `async`");
    refused("syslet {\nptrace(0, 0, 0, 0)\nfsync(0) @async\n}", "fsync", "bound to its thread");
}

/// SCRIPT-68: no result is the value of a call's attribute, and the message says where it can be one.
#[test]
fn values_of_attributes() {
    refused("syslet {\ndir = dup(0)\nmkdirat(-1, \"a\", 0) @cwd(dir)\n}", "dir", "no place for a result");
    refused("dir = dup(0)\nsyslet {\nmkdirat(-1, \"a\", 0) @cwd(dir)\n}", "dir", "behind `syslet`");
}

/// SCRIPT-66: parts are of areas of the group, inside them as far as that is known, and lie where a number or a register says.
#[test]
fn parts() {
    refused("syslet {\nb = area(8)\nread(0, b + 8, 1)\n}", "8", "offset 8 lies outside the 8 bytes of `b`");
    refused("syslet {\nb = area(8)\nread(0, b + -1, 1)\n}", "-1", "offset -1 lies outside");
    refused("syslet {\nb = area(8)\nread(0, b + 4, 5)\n}", "b + 4", "has 4 bytes, and the call reaches 5");
    refused("syslet {\nb = area(8)\nn = dup(0)\nread(0, b + n, 1)\n}", "n", "puts a result into one");
    refused("syslet {\nb = area(8)\nx = i32(b, y)\n}", "y", "unknown constant or name");
    refused("syslet {\nn = 1\nread(0, n + 1, 1)\n}", "n", "no area of this group");
    refused("syslet {\nn = 1\nread(0, 1 + n, 1)\n}", "1", "behind the name of an area");
    refused("syslet {\nb = area(8)\nclose(b + 1)\n}", "b + 1", "cannot be a part of the group's area");
    refused("syslet {\na = 1\nb = a + 1\n}", "+", "the end of the line or `}`");
    refused("b = buffer(8)\nread(0, b + 8, 1)", "8", "lies outside of `b`");
}

/// SCRIPT-65: fields are numbers that are there.
#[test]
fn fields() {
    refused("syslet {\na = area(8)\nwrite(1, pack(u64 a), 8)\n}", "a", "is memory, and no number");
    refused(
        "syslet {\na = area(8)\nwrite(1, pack(u64 u64(a, 0)), 8)\n}",
        "u64 u64(a, 0)",
        "into a register first",
    );
    refused("syslet {\nwrite(1, pack(u64 x), 8)\n}", "x", "unknown constant or name");
    refused("syslet {\nwrite(1, pack(u8 256), 1)\n}", "u8 256", "does not fit u8");
    refused("syslet {\nn = 1\nread(0, pack(u8 n), 1)\n}", "pack(u8 n)", "cannot be pack(…)");
    refused(
        "syslet {\nn = 1\nwrite(1, pack(u8 n), 2)\n}",
        "pack(u8 n)",
        "has 1 bytes, and the call reaches 2",
    );
    refused(
        "syslet {\nx = 1\nif x == 1 {\nn = dup(0)\n}\nwrite(1, pack(i32 n), 4)\n}",
        "n",
        "may not be there",
    );
    refused("syslet {\nn = dup(0)\nfinally {\nwrite(1, pack(i32 n), 4)\n}\n}", "i32 n", "may be missing");
}

/// SCRIPT-50: areas stand where memory does, and are as long as the bytes that are known to be written there.
#[test]
fn areas() {
    let areas: String = (0..5).map(|index| format!("b{index} = area(67108864)\n")).collect();
    refused(&format!("syslet {{\n{areas}getpid()\n}}"), "syslet", "335544320 bytes, and at most 268435456");
    refused("syslet {\nb = area(8)\nread(0, b, 9)\n}", "b", "has 8 bytes, and the call reaches 9");
    let entries = |count: &str| format!("syslet {{\nb = area(8)\ngetdents64(0, b, {count})\n}}");
    refused(&entries("0x100000009"), "b", "has 8 bytes, and the call reaches 9");
    plan(&entries("0x100000008"));
    refused("syslet {\nread(0, out(8))\n}", "out(8)", "is missing");
    refused("syslet {\nb = area(8)\nclose(b)\n}", "b", "cannot be a part of the group's area");
    refused("syslet {\nb = area(8)\nread(b, b, 8)\n}", "b", "cannot be a part");
    refused("syslet {\nb = area(8)\nx = i32(b, 5)\n}", "5", "lies outside the 8 bytes");
    refused("syslet {\nn = getpid()\nx = i32(n, 0)\n}", "n", "no area");
    refused("syslet {\nb = scratch(8)\nfsync(i32(b, 0))\n}", "i32(b, 0)", "put into a register first");
    refused("b = buffer(8)\nsyslet {\nread(0, b, 9)\n}", "b", "has 8 bytes, and the call reaches 9");
    refused(
        "syslet {\nname_to_handle_at(0, \"\", pack(u32 1, i32 0), out(4), 0)\n}",
        "pack(u32 1, i32 0)",
        "has 8 bytes, and the call reaches 9",
    );
    refused(
        "syslet {\nn = 1\npoll(pack(i32 0, i16 1, i16 0), n, 0)\n}",
        "pack(i32 0, i16 1, i16 0)",
        "known only when the group runs",
    );
    refused_with("syslet {\nread(0, $1, 8)\n}", &["x"], "$1", "no number");
}
