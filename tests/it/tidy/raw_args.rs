//! Arguments as they were submitted are for the kernel alone: what the engine makes of them goes through a row.

use super::files::{self, File};
use super::{assert_caught, assert_none, mask};

/// What gives the 64 bits of an argument away.
const READS: [&str; 3] = [".raw_arg(", ".raw_args(", "args.words()"];

/// The files that read them, and why none of them takes them for what the kernel sees.
const ALLOWED: &[(&str, &str)] = &[
    ("abi/src/submission.rs", "offsets, against the areas"),
    ("abi/src/program/atom.rs", "arguments of steps"),
    ("abi/src/program/check.rs", "arguments of steps"),
    ("syscalls/src/narrowed.rs", "narrows them"),
    ("syscalls/src/row.rs", "narrows them"),
    ("syscalls/src/invoke.rs", "puts them into registers"),
    ("syscalls/src/extent.rs", "offsets, which are no values"),
    ("syscalls/src/decode/argument.rs", "offsets, and arguments without a row"),
    ("syscalls/src/decode/atom.rs", "offsets, arguments of steps, and numbers of others"),
    ("engine/src/exec/resolving.rs", "offsets, which become addresses"),
    ("engine/src/program/interpreter.rs", "arguments of steps"),
    ("engine/src/program/arguments.rs", "passes them on, offsets as addresses; offsets of strings"),
    ("engine/src/program/program_calls.rs", "arguments of steps"),
];

/// Code of the engine, not of its tests.
fn is_ours(file: &File) -> bool {
    let folders = ["abi/src/", "syscalls/src/", "attrs/src/", "engine/src/", "engine/cli/src/"];
    folders.iter().any(|folder| file.path.starts_with(folder)) && !file.path.contains("tests")
}

fn reads(file: &File) -> bool {
    let code = mask::code(&file.text);
    READS.iter().any(|read| code.contains(read))
}

fn faults(files: &[File], allowed: &[(&str, &str)]) -> Vec<String> {
    let is_allowed = |path: &str| allowed.iter().any(|(file, _)| *file == path);
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| is_ours(file) && reads(file) && !is_allowed(&file.path)) {
        faults.push(format!("{}: reads an argument as it was submitted", file.path));
    }
    for (path, _) in allowed {
        if !files.iter().any(|file| file.path == *path && reads(file)) {
            faults.push(format!("{path}: listed for reading arguments, and does not"));
        }
    }
    faults
}

/// ENGINE-32: nothing but these files reads an argument that no row has narrowed.
#[test]
fn arguments_are_read_through_their_rows() {
    assert_none(&faults(&files::rust(), ALLOWED));
}

#[test]
fn a_raw_argument_is_caught() {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    let look = |path: &str, text: &str| faults(&[file(path, text)], &[]);
    assert_caught(&look("engine/src/nonblocking/x.rs", "let fd = call.raw_arg(0);"), "nonblocking/x.rs");
    assert_caught(&look("engine/cli/src/x.rs", "let all = call.raw_args();"), "cli/src/x.rs");
    assert_caught(&look("syscalls/src/x.rs", "let all = args.words();"), "src/x.rs");
    assert_none(&look("engine/src/nonblocking/x.rs", "// call.raw_arg(0)\nlet fd = args.get(0);"));
    assert_none(&look("engine/src/nonblocking/tests/x.rs", "call.raw_arg(0)"));
    assert_caught(&faults(&[], &[("a.rs", "")]), "a.rs");
}
