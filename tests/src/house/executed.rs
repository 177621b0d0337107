//! Which files and functions a stretch of a program executes, read from a profile of `valgrind --tool=callgrind`.

use std::collections::{BTreeMap, BTreeSet};

/// Each executed source file with its executed functions.
pub type Executed = BTreeMap<String, BTreeSet<String>>;

/// Reads a profile; a file or function counts if at least one of its instructions was collected.
///
/// Lines `fl=`, `fi=` and `fe=` name the file of the lines below them, `fn=` the function; `(7) name` gives a number
/// to a name, `(7)` means it again. A `lib.rs` has no code here; valgrind puts instances of foreign generic functions there. The line after `calls=` is the cost of a callee, which is listed by itself.
#[must_use]
pub fn read(profile: &str) -> Executed {
    let mut found = Executed::new();
    let (mut files, mut functions) = (BTreeMap::new(), BTreeMap::new());
    let (mut file, mut function) = (String::new(), String::new());
    let mut is_callee = false;
    for line in profile.lines() {
        let (key, value) = line.split_once('=').unwrap_or_default();
        match key {
            "fl" | "fi" | "fe" => file = name(value, &mut files),
            "fn" => function = name(value, &mut functions),
            "cfi" | "cfl" => _ = name(value, &mut files),
            "cfn" => _ = name(value, &mut functions),
            "calls" => is_callee = true,
            _ if !line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) => {}
            _ if std::mem::take(&mut is_callee) || file.ends_with("/lib.rs") => {}
            _ => _ = found.entry(file.clone()).or_default().insert(without_closure(&function)),
        }
    }
    found
}

/// A closure belongs to its function; `f'2` is a recursion of `f`.
fn without_closure(function: &str) -> String {
    let of = function.split("::{{closure}}").next().unwrap_or_default();
    of.trim_end_matches(|last: char| last.is_ascii_digit()).strip_suffix('\'').unwrap_or(of).to_owned()
}

/// The name that `(7) name` or `(7)` means.
fn name(value: &str, known: &mut BTreeMap<String, String>) -> String {
    let (number, name) = value.split_once(' ').unwrap_or((value, ""));
    if !name.is_empty() {
        known.insert(number.to_owned(), name.to_owned());
    }
    known.get(number).cloned().unwrap_or_else(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn names_are_followed_and_callees_are_not_taken_twice() {
        let profile = "fl=(1) a.rs\nfn=(1) f\n3 5\ncfi=(2) b.rs\ncfn=(2) g\ncalls=1 9\n4 70\nfi=(3) c.rs\n8 1\n\nfl=(2)\nfn=(2)\n+1 2\n";
        let found = read(profile);
        let names: Vec<String> = found.iter().map(|(file, names)| format!("{file} {names:?}")).collect();
        assert_eq!(names, ["a.rs {\"f\"}", "b.rs {\"g\"}", "c.rs {\"f\"}"]);
    }
}
