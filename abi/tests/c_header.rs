//! The C header says what the Rust code says: a program that prints all of it is generated from the header, compiled
//! and run.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use syslet_abi::{ArgKind, ArgKinds, Errno, Inout, Offset, padded};

use crate::layout::{self, Field, Layout};
use crate::numbers::{Values, numbers};

const HEADER: &str = include_str!("../include/syslet_abi.h");

/// Names that the header defines.
#[derive(Debug, Default)]
struct Names {
    constants: Vec<String>,
    fields: Vec<(String, String)>,
    macros: Vec<String>,
}

/// Reads the header line by line. A line of a structure or an enumeration that it does not understand is an error, so
/// that nothing escapes the comparison.
fn names() -> Names {
    let mut names = Names::default();
    let mut within = None;
    for line in HEADER.lines() {
        let line = line.trim();
        if let Some(define) = line.strip_prefix("#define SYSLET_") {
            let name = define.split_whitespace().next().unwrap_or_default();
            match name.split_once('(') {
                Some((name, _)) => names.macros.push(format!("SYSLET_{name}")),
                None if name == "ABI_H" => {}
                None => names.constants.push(format!("SYSLET_{name}")),
            }
        } else if let Some(opened) = line.strip_suffix(" {") {
            within = opened.split_once(' ');
        } else if line == "};" {
            within = None;
        } else if let (Some((sort, owner)), false) = (within, line.is_empty()) {
            let field =
                line.trim_start_matches("struct ").strip_suffix(';').and_then(|line| line.split_once(' '));
            let constant = line.split_once(" = ");
            match (sort, field, constant) {
                ("struct", Some((_, name)), None) if name.starts_with("pad_") => {}
                ("struct", Some((_, name)), None) => names.fields.push((owner.to_owned(), name.to_owned())),
                ("enum", None, Some((name, _))) => names.constants.push(name.to_owned()),
                _ => panic!("{sort} {owner}: {line}"),
            }
        }
    }
    names
}

/// A program that prints each expression and its value.
fn program(names: &Names) -> String {
    let mut expressions = names.constants.clone();
    for (owner, field) in &names.fields {
        expressions.push(format!("sizeof(struct {owner})"));
        expressions.push(format!("offsetof(struct {owner}, {field})"));
        expressions.push(format!("sizeof(((struct {owner} *)0)->{field})"));
    }
    expressions.extend(uses_of_macros().into_keys());
    expressions.extend(errnos().into_keys());
    let mut text =
        String::from("#include \"syslet_abi.h\"\n#include <errno.h>\n#include <stdio.h>\nint main(void) {\n");
    for expression in expressions {
        writeln!(text, "    printf(\"%s = %llu\\n\", \"{expression}\", (unsigned long long)({expression}));")
            .expect("a string takes all that is written");
    }
    text.push_str("    return 0;\n}\n");
    text
}

fn uses_of_macros() -> Values {
    let in_third = ArgKinds(0).with(2, ArgKind::INOUT);
    let mut uses: Values = (0..=9_usize).map(|n| (format!("SYSLET_PADDED({n})"), padded(n) as u64)).collect();
    uses.insert("SYSLET_ARG_KIND(2, SYSLET_ARG_INOUT)".to_owned(), u64::from(in_third.0));
    uses.insert("SYSLET_ARG_KIND(7, 15)".to_owned(), 0xf000_0000);
    uses.insert("SYSLET_INOUT(24, 7)".to_owned(), Inout { out: 24, data: 7 }.pack());
    let place = Offset { at: 24, register: None, len: Some(8) };
    uses.insert("SYSLET_PLACE(24, 8)".to_owned(), place.pack());
    uses.insert("SYSLET_PLACE_PLUS(24, 8, 15)".to_owned(), Offset { register: Some(15), ..place }.pack());
    uses.insert("SYSLET_INOUT(-1, 0)".to_owned(), Inout { out: u32::MAX, data: 0 }.pack());
    uses
}

/// The errnos that the Rust code states without help of a library, as the system's own header has them.
fn errnos() -> Values {
    let named = [
        ("EPERM", Errno::EPERM),
        ("E2BIG", Errno::E2BIG),
        ("EAGAIN", Errno::EAGAIN),
        ("EINVAL", Errno::EINVAL),
        ("ENOSYS", Errno::ENOSYS),
        ("EMSGSIZE", Errno::EMSGSIZE),
        ("EOPNOTSUPP", Errno::EOPNOTSUPP),
        ("ESHUTDOWN", Errno::ESHUTDOWN),
    ];
    named.into_iter().map(|(name, errno)| (name.to_owned(), u64::from(errno.0.unsigned_abs()))).collect()
}

/// The structures of the Rust code, and the values of attributes, which another crate writes.
fn layouts() -> Vec<Layout> {
    let timing = value("syslet_timing", 8, &["queued_ns", "started_ns", "finished_ns"]);
    let worker = value("syslet_worker", 4, &["tid", "cpu", "run_by", "attempts"]);
    layout::all()
        .into_iter()
        .chain([timing, worker])
        .chain(observed())
        .chain(acting())
        .chain(of_programs())
        .collect()
}

/// The values of the attributes that say what a call took.
fn observed() -> [Layout; 8] {
    const USAGE: [&str; 8] = [
        "cpu_ns",
        "user_ns",
        "system_ns",
        "minor_faults",
        "major_faults",
        "voluntary_switches",
        "involuntary_switches",
        "flags",
    ];
    const COUNTERS: [&str; 4] = ["task_clock_ns", "context_switches", "instructions", "cycles"];
    [
        value("syslet_cache", 4, &["verdict", "evidence"]),
        value("syslet_usage", 8, &USAGE),
        value("syslet_io", 8, &["read_bytes", "written_bytes"]),
        value("syslet_blocked", 8, &["sleeps", "off_cpu_ns"]),
        value("syslet_checksum_ask", 4, &["flags", "expected"]),
        joined("syslet_checksum", &value("", 8, &["bytes"]), &value("", 4, &["crc32c", "reserved"])),
        joined("syslet_counters", &value("", 4, &["valid", "user_only"]), &value("", 8, &COUNTERS)),
        value("syslet_trace", 8, &["id"]),
    ]
}

/// What the attributes that change how their call is made are asked with, where it is more than a number.
fn acting() -> [Layout; 8] {
    [
        value("syslet_priority", 8, &["waited_ns", "level"]),
        joined("syslet_lane_ask", &value("", 8, &["id"]), &value("", 4, &["limit", "reserved"])),
        joined("syslet_lane", &value("", 8, &["waited_ns"]), &value("", 4, &["running", "reserved"])),
        value("syslet_sched_ask", 4, &["policy", "priority"]),
        value("syslet_ioprio_ask", 4, &["io_class", "level"]),
        value("syslet_credentials_ask", 4, &["given", "fsuid", "fsgid", "groups"]),
        joined(
            "syslet_retry_ask",
            &value("", 4, &["on", "attempts"]),
            &value("", 8, &["time_ns", "pause_ns"]),
        ),
        value("syslet_retry", 4, &["attempts", "ended"]),
    ]
}

/// The value of ATOMS.
fn of_programs() -> [Layout; 2] {
    let halves = |names: &[&str]| value("", 2, names);
    let head = joined("", &value("", 4, &["steps"]), &halves(&["last", "finally_failed"]));
    let entry = joined("", &halves(&["atom", "flags"]), &value("", 4, &["runs"]));
    let entry = joined("", &entry, &value("", 8, &["value"]));
    [
        joined("syslet_atoms", &head, &value("", 8, &["reserved"])),
        joined("syslet_atom_entry", &entry, &value("", 4, &["len", "reserved"])),
    ]
}

/// One value behind the other.
fn joined(name: &str, first: &Layout, second: &Layout) -> Layout {
    let field = |at: usize, field: &Field| Field {
        offset: at + field.offset,
        bytes: field.bytes,
        name: field.name.clone(),
    };
    let fields = first.fields.iter().map(|one| field(0, one));
    let fields = fields.chain(second.fields.iter().map(|one| field(first.bytes, one))).collect();
    Layout { name: name.to_owned(), bytes: first.bytes + second.bytes, fields }
}

/// A value of fields that are all of one size.
fn value(name: &str, bytes: usize, names: &[&str]) -> Layout {
    let field =
        |(index, name): (usize, &&str)| Field { offset: bytes * index, bytes, name: (*name).to_owned() };
    let fields = names.iter().enumerate().map(field).collect();
    Layout { name: name.to_owned(), bytes: bytes * names.len(), fields }
}

/// All that the C program must print.
fn expected() -> Values {
    let mut values = numbers();
    for Layout { name, bytes, fields } in layouts() {
        for field in fields {
            values.insert(format!("sizeof(struct {name})"), bytes as u64);
            values.insert(format!("offsetof(struct {name}, {})", field.name), field.offset as u64);
            values.insert(format!("sizeof(((struct {name} *)0)->{})", field.name), field.bytes as u64);
        }
    }
    values.extend(uses_of_macros());
    values.extend(errnos());
    values
}

/// What C prints otherwise than expected, or prints alone, or does not print.
fn differences(c: &Values) -> Vec<String> {
    let rust = expected();
    let names: BTreeSet<_> = c.keys().chain(rust.keys()).collect();
    let differing = names.into_iter().filter(|name| c.get(*name) != rust.get(*name));
    differing.map(|name| format!("{name}: {:?} in C, {:?} in Rust", c.get(name), rust.get(name))).collect()
}

/// What the program prints, compiled by `compiler` with `options`; an error if there is no such compiler.
fn printed(compiler: &str, options: &[&str], text: &str) -> std::io::Result<Values> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let stem = format!("syslet_abi_{}_{}", std::process::id(), options[0].replace(['=', '+', '-'], "_"));
    let (source, binary) = (folder.join(format!("{stem}.c")), folder.join(stem));
    std::fs::write(&source, text)?;
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
    let compiled = Command::new(compiler)
        .args(options)
        .args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-I"])
        .arg(include)
        .arg("-o")
        .args([&binary, &source])
        .output()?;
    assert!(compiled.status.success(), "{compiler}: {}", String::from_utf8_lossy(&compiled.stderr));
    let output = Command::new(&binary).output()?;
    std::fs::remove_file(source)?;
    std::fs::remove_file(binary)?;
    let lines = String::from_utf8(output.stdout).expect("the program prints ASCII");
    let pair = |line: &str| {
        line.rsplit_once(" = ").and_then(|(name, value)| Some((name.to_owned(), value.parse().ok()?)))
    };
    Ok(lines.lines().map(|line| pair(line).expect("a name and a number")).collect())
}

/// ABI-55: the C header has the same structures, fields, constants and macros, no more and no less.
#[test]
fn the_c_header_is_the_rust_code() {
    let text = program(&names());
    for standard in ["-std=c11", "-std=c99"] {
        let values = printed("cc", &[standard], &text).expect("Rust links with cc");
        assert_eq!(differences(&values), [] as [String; 0], "{standard}");
    }
}

/// ABI-55: the C header is C++ too.
#[test]
fn the_c_header_is_cxx_too() {
    match printed("c++", &["-std=c++11", "-x", "c++"], &program(&names())) {
        Ok(values) => assert_eq!(differences(&values), [] as [String; 0]),
        Err(error) => eprintln!("not compared as C++: no c++ to run ({error})"),
    }
}

/// ABI-55: every macro of the header with arguments is among those whose use is compared.
#[test]
fn every_macro_is_compared() {
    let mut macros = names().macros;
    macros.retain(|name| name != "SYSLET_STATIC_ASSERT");
    assert_eq!(
        macros,
        ["SYSLET_PADDED", "SYSLET_ARG_KIND", "SYSLET_INOUT", "SYSLET_PLACE", "SYSLET_PLACE_PLUS"]
    );
}
