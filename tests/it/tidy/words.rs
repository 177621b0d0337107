//! What the source does not say.

use super::files::{self, File};
use super::{assert_caught, assert_none, mask};

/// Calls that are left over from writing, or make a test depend on luck.
const NOT_IN_CODE: &[(&str, &str)] = &[
    ("#[ignore", "a test runs or does not exist"),
    ("thread::sleep", "waiting for a time is no synchronisation"),
    ("todo!", "unfinished"),
    ("unimplemented!", "unfinished"),
    ("dbg!", "left over"),
];

/// Where a pause is what is measured, and nobody waits for anybody. In no test.
const PAUSES: &str = "benches/src/pause.rs";

/// First folders of absolute paths that mean something on one machine only.
const MACHINE_FOLDERS: &[&str] = &["home", "root", "work", "Users"];

fn word_faults(file: &File) -> Vec<String> {
    let code = mask::code(&file.text);
    let mut faults = Vec::new();
    for (at, line) in code.lines().enumerate() {
        for (word, why) in NOT_IN_CODE {
            let is_pause = *word == "thread::sleep" && file.path == PAUSES;
            if mask::has_word(line, word) && !is_pause {
                faults.push(format!("{}:{}: `{word}`: {why}", file.path, at + 1));
            }
        }
    }
    faults
}

fn text_faults(file: &File) -> Vec<String> {
    let mut faults = Vec::new();
    let mut add = |line: usize, what: &str| faults.push(format!("{}:{line}: {what}", file.path));
    for (at, line) in file.text.lines().enumerate() {
        if line.contains('\t') {
            add(at + 1, "a tab");
        }
        if line.ends_with([' ', '\t', '\r']) {
            add(at + 1, "white space at the end of the line");
        }
        for folder in MACHINE_FOLDERS {
            if has_absolute_path(line, folder) {
                add(at + 1, &format!("a path of one machine, in {folder}"));
            }
        }
    }
    if !file.text.is_empty() && (!file.text.ends_with('\n') || file.text.ends_with("\n\n")) {
        add(file.text.lines().count(), "the file ends with exactly one line break");
    }
    faults
}

fn has_absolute_path(line: &str, folder: &str) -> bool {
    let part_of_path = |c: char| c.is_alphanumeric() || "._-}>)*".contains(c);
    let start = format!("/{folder}/");
    line.match_indices(&start).any(|(at, _)| !line[..at].ends_with(part_of_path))
}

#[test]
fn the_code_has_no_leftovers() {
    assert_none(&files::rust().iter().flat_map(word_faults).collect::<Vec<_>>());
}

#[test]
fn text_has_no_tabs_no_trailing_space_and_no_paths_of_one_machine() {
    let ours = files::all().into_iter().filter(|file| !file.path.starts_with("LICENSE-"));
    assert_none(&ours.flat_map(|file| text_faults(&file)).collect::<Vec<_>>());
}

#[cfg(test)]
fn file(text: &str) -> File {
    File { path: "a.rs".into(), text: text.into() }
}

#[test]
fn leftovers_are_caught() {
    assert_caught(&word_faults(&file("\nfn f() { todo!() }\n")), "a.rs:2: `todo!`");
    assert_caught(&word_faults(&file("fn f() { unimplemented!(\"x\") }\n")), "unimplemented");
    assert_caught(&word_faults(&file("let a = dbg!(b);\n")), "dbg");
    assert_caught(&word_faults(&file("std::thread::sleep(ONE);\n")), "sleep");
    let pauses = |text: &str| word_faults(&File { path: PAUSES.into(), text: text.into() });
    assert_none(&pauses("thread::sleep(time);\n"));
    assert_caught(&pauses("todo!()\n"), "todo");
    assert_caught(&word_faults(&file("#[ignore = \"slow\"]\n")), "ignore");
    assert_none(&word_faults(&file("// todo!()\nlet a = \"dbg!\"; let ignored = 1;\n")));
}

#[test]
fn untidy_text_is_caught() {
    assert_caught(&text_faults(&file("a\n\tb\n")), "a.rs:2: a tab");
    assert_caught(&text_faults(&file("a \n")), "a.rs:1: white space");
    assert_caught(&text_faults(&file("a")), "line break");
    assert_caught(&text_faults(&file("a\n\n")), "line break");
    let path = ["see ", "home", "me/x\n"].join("/");
    assert_caught(&text_faults(&file(&path)), "a path of one machine, in home");
    assert_none(&text_faults(&file("/proc/self/root/etc and rust-work/shop\n")));
}
