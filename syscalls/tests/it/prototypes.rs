//! Arguments: against the kernel's own prototypes, which are those of x86_64.

use std::collections::BTreeMap;

use syslet_syscalls::{ArgType, Width, row_by_name, rows};

const PROTOTYPES: &str = include_str!("../data/syscall-prototypes-6.18-x86_64.txt");

/// Calls that the kernel's prototypes know by another name.
const ALIASES: &[(&str, &str)] = &[
    ("fstat", "newfstat"),
    ("stat", "newstat"),
    ("lstat", "newlstat"),
    ("uname", "newuname"),
    ("sendfile", "sendfile64"),
    ("umount2", "umount"),
];

/// Calls that the kernel of the prototypes was built without: modules, kexec, shadow stacks.
const NOT_BUILT: &[&str] =
    &["init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "map_shadow_stack"];

/// Calls that came after the kernel of the prototypes.
const NEWER: &[&str] = &["listns", "rseq_slice_yield"];

/// A prototype: its parameters as (type, name).
fn parse(line: &str) -> (&str, Vec<(&str, &str)>) {
    let (name, rest) = line.split_once('(').expect("a prototype has parentheses");
    let inner = rest.trim_end().strip_suffix(')').expect("a prototype has parentheses");
    let split = |text: &str| text.rfind([' ', '*']).map_or(0, |at| at + 1);
    let parameters = inner
        .split(", ")
        .filter(|text| !text.is_empty())
        .map(|text| (text[..split(text)].trim(), text[split(text)..].trim_start_matches('_')))
        .collect();
    (name, parameters)
}

fn prototypes() -> BTreeMap<&'static str, Vec<(&'static str, &'static str)>> {
    let mut all: BTreeMap<_, _> = PROTOTYPES.lines().map(parse).collect();
    for (here, there) in ALIASES {
        let prototype = all.remove(there).expect("each alias has a prototype");
        all.insert(here, prototype);
    }
    all
}

/// TABLE-3: each row has as many arguments as the kernel's prototype, by the same names, leading underscores left out.
#[test]
fn arguments_are_those_of_the_prototypes() {
    let prototypes = prototypes();
    let mut differences = Vec::new();
    for row in rows().iter().filter(|row| row.numbers.x86_64.is_some()) {
        let Some(prototype) = prototypes.get(row.name) else {
            let known = row.gone.is_some() || NOT_BUILT.contains(&row.name) || NEWER.contains(&row.name);
            differences.extend((!known).then(|| format!("{} has no prototype", row.name)));
            continue;
        };
        let theirs: Vec<&str> = prototype.iter().map(|(_, name)| *name).collect();
        let ours: Vec<&str> = row.args.iter().map(|arg| arg.name).collect();
        if ours != theirs {
            differences.push(format!("{}: {ours:?}, there {theirs:?}", row.name));
        }
    }
    assert_eq!(differences, Vec::<String>::new());
}

/// TABLE-3: a pointer in the prototype is an address in the row, and only a pointer is, words that the row calls opaque
/// or addresses excepted.
#[test]
fn addresses_are_the_pointers_of_the_prototypes() {
    let prototypes = prototypes();
    let typedef = |ty: &str| ty.ends_with("cap_user_header_t") || ty.ends_with("cap_user_data_t");
    let mut differences = Vec::new();
    for row in rows() {
        let pairs = prototypes.get(row.name).into_iter().flatten().zip(row.args);
        for ((ty, name), arg) in pairs {
            let pointer = ty.ends_with('*') || ty.ends_with("const") && ty.contains('*') || typedef(ty);
            let word = matches!(arg.ty, ArgType::Address | ArgType::Opaque);
            let address = arg.ty.direction() != syslet_syscalls::Direction::Value;
            if pointer != address && (pointer || !word) {
                differences.push(format!("{} {name}: {ty}, here {:?}", row.name, arg.ty));
            }
        }
    }
    assert_eq!(differences, ["getcpu unused: struct getcpu_cache *, here Uint"]);
}

/// How wide a type of the kernel's is.
fn declared(ty: &str) -> Width {
    match ty.trim_start_matches("const ") {
        "unsigned long" | "long" | "size_t" | "loff_t" | "off_t" | "aio_context_t" | "__u64" => Width::Bits64,
        "umode_t" => Width::Bits16,
        "cap_user_header_t" | "cap_user_data_t" => Width::Bits64,
        "int"
        | "unsigned int"
        | "unsigned"
        | "u32"
        | "__u32"
        | "__s32"
        | "pid_t"
        | "uid_t"
        | "gid_t"
        | "qid_t"
        | "clockid_t"
        | "timer_t"
        | "mqd_t"
        | "key_t"
        | "key_serial_t"
        | "rwf_t"
        | "enum landlock_rule_type" => Width::Bits32,
        pointer if pointer.contains('*') => Width::Bits64,
        other => panic!("a new type: {other}"),
    }
}

/// Arguments of which the kernel takes fewer bits than it declares. Each was measured: the equivalence tests make the
/// call with and without bits above (tests/equivalence/widths.rs).
const NARROWED: &[(&str, &str, Width)] = &[
    ("readv", "fd", Width::Bits32),
    ("readv", "vlen", Width::Bits32),
    ("writev", "fd", Width::Bits32),
    ("writev", "vlen", Width::Bits32),
    ("preadv", "fd", Width::Bits32),
    ("preadv", "vlen", Width::Bits32),
    ("preadv", "pos_h", Width::Ignored),
    ("pwritev", "fd", Width::Bits32),
    ("pwritev", "vlen", Width::Bits32),
    ("pwritev", "pos_h", Width::Ignored),
    ("preadv2", "fd", Width::Bits32),
    ("preadv2", "vlen", Width::Bits32),
    ("preadv2", "pos_h", Width::Ignored),
    ("pwritev2", "fd", Width::Bits32),
    ("pwritev2", "vlen", Width::Bits32),
    ("pwritev2", "pos_h", Width::Ignored),
    ("vmsplice", "nr_segs", Width::Bits32),
    ("getcpu", "unused", Width::Ignored),
    ("mmap", "fd", Width::Bits32),
    ("process_madvise", "vlen", Width::Bits32),
    ("process_vm_readv", "liovcnt", Width::Bits32),
    ("process_vm_writev", "liovcnt", Width::Bits32),
];

/// TABLE-18: an argument is as wide as the kernel declares it, but for those of which it takes less.
#[test]
fn widths_are_those_of_the_prototypes() {
    let prototypes = prototypes();
    let mut narrowed = Vec::new();
    let mut faults = Vec::new();
    for row in rows() {
        for ((ty, name), arg) in prototypes.get(row.name).into_iter().flatten().zip(row.args) {
            let declared = declared(ty);
            if arg.width.bits() < declared.bits() {
                narrowed.push((row.name, arg.name, arg.width));
            } else if arg.width != declared {
                faults.push(format!("{} {name}: {ty}, here {:?}", row.name, arg.width));
            }
            // No command gives an argument more bits than the call takes.
            let wide = arg.forms.iter().filter(|form| form.arg.width.bits() > declared.bits());
            faults.extend(
                wide.map(|form| {
                    format!("{} {name}: {ty}, {:?} for {:?}", row.name, form.arg.ty, form.equals)
                }),
            );
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(narrowed, NARROWED);
}

/// TABLE-3: what the kernel only reads is `const` there; what a row says is written is not.
#[test]
fn nothing_constant_is_written() {
    let prototypes = prototypes();
    for row in rows() {
        for ((ty, name), arg) in prototypes.get(row.name).into_iter().flatten().zip(row.args) {
            let written = matches!(arg.ty, ArgType::Out | ArgType::InOut | ArgType::Descriptors);
            assert!(!(written && ty.starts_with("const")), "{} {name}: {ty}", row.name);
        }
    }
}

/// TABLE-1, TABLE-4: every prototype has a row, and a call that is gone has no prototype.
#[test]
fn every_prototype_has_a_row() {
    for name in prototypes().into_keys() {
        let row = row_by_name(name);
        assert!(row.is_some_and(|row| row.gone.is_none()), "{name}");
    }
    for name in NOT_BUILT.iter().chain(NEWER) {
        assert!(row_by_name(name).is_some() && !prototypes().contains_key(name), "{name}");
    }
}
