//! A promise has a number, and a test has its name. `specs/README.md` describes the notation.

use std::collections::BTreeMap;

use super::files::{self, File};
use super::{assert_caught, assert_none, mask};

const PENDING: &str = "[test pending]";

/// A numbered rule of a specification.
#[derive(Debug)]
struct Rule {
    id: String,
    place: String,
    /// Its paragraph on one line: the mark may stand across a line's end.
    paragraph: String,
}

impl Rule {
    fn is_pending(&self) -> bool {
        self.paragraph.contains(PENDING)
    }
}

/// A rule number at the start of a line of a doc comment.
#[derive(Debug)]
struct Name {
    id: String,
    place: String,
    is_above_a_test: bool,
}

/// The rules of one file, and the rule numbers that stand where none may.
fn rules(spec: &File) -> (Vec<Rule>, Vec<String>) {
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    let mut in_fence = false;
    let mut paragraph_has_rule = false;
    for (at, line) in spec.text.lines().enumerate() {
        let place = format!("{}:{}", spec.path, at + 1);
        let text = line.trim_start();
        if text.starts_with("```") {
            in_fence = !in_fence;
        }
        if in_fence {
            continue;
        }
        let item = text.strip_prefix("- ").or_else(|| text.strip_prefix("* "));
        if text.is_empty() || item.is_some() {
            paragraph_has_rule = false;
        }
        let rest = match bold_id(item.unwrap_or(text)) {
            Some((id, rest)) => {
                found.push(Rule { id: id.to_owned(), place: place.clone(), paragraph: String::new() });
                paragraph_has_rule = true;
                rest
            }
            None => text,
        };
        if let Some(id) = bold_id_within(rest) {
            faults.push(format!("{place}: {id} is bold, but not at the start of a paragraph or list item"));
        }
        if let Some(rule) = found.last_mut().filter(|_| paragraph_has_rule) {
            rule.paragraph.push_str(rest.trim());
            rule.paragraph.push(' ');
        }
    }
    (found, faults)
}

/// `ABI-12` and what follows, from `**ABI-12.** What follows` or `**ABI-12** What follows`.
fn bold_id(text: &str) -> Option<(&str, &str)> {
    let (bold, rest) = text.strip_prefix("**")?.split_once("**")?;
    let id = bold.strip_suffix('.').unwrap_or(bold);
    is_id(id).then_some((id, rest))
}

/// The first bold rule number in a line that is not quoted as code.
fn bold_id_within(text: &str) -> Option<&str> {
    let at = |(at, _): (usize, &str)| bold_id(&text[at..]).filter(|_| !text[..at].ends_with('`'));
    text.match_indices("**").find_map(at).map(|(id, _)| id)
}

fn is_id(text: &str) -> bool {
    let is_number = |number: &str| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('-').is_some_and(|(area, number)| {
        area.len() >= 2 && area.bytes().all(|byte| byte.is_ascii_uppercase()) && is_number(number)
    })
}

/// The rule numbers that doc comments begin a line with: `/// ABI-7, ABI-8: what is tested`.
fn names(source: &File) -> Vec<Name> {
    let text = mask::code_and_comments(&source.text);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(ids) = line.strip_prefix("/// ").and_then(|doc| doc.split_once(':')).map(|(ids, _)| ids)
        else {
            continue;
        };
        if ids.split(", ").all(is_id) {
            let is_above_a_test = is_above_a_test(&lines[at..]);
            let place = format!("{}:{}", source.path, at + 1);
            found.extend(ids.split(", ").map(|id| Name {
                id: id.to_owned(),
                place: place.clone(),
                is_above_a_test,
            }));
        }
    }
    found
}

/// Whether nothing but docs and attributes stands between the first line and `#[test]`.
fn is_above_a_test(lines: &[&str]) -> bool {
    let mut heading = lines.iter().take_while(|line| line.starts_with("///") || line.starts_with("#["));
    heading.any(|line| *line == "#[test]")
}

fn faults(specs: &[File], sources: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut known: BTreeMap<String, Rule> = BTreeMap::new();
    for spec in specs {
        let (found, misplaced) = rules(spec);
        faults.extend(misplaced);
        for rule in found {
            if let Some(first) = known.get(&rule.id) {
                faults.push(format!("{}: {} is already a rule at {}", rule.place, rule.id, first.place));
            } else {
                known.insert(rule.id.clone(), rule);
            }
        }
    }
    let names: Vec<Name> = sources.iter().flat_map(names).collect();
    for name in &names {
        if !name.is_above_a_test {
            faults.push(format!("{}: {} is named above something that is no #[test]", name.place, name.id));
        } else if !known.contains_key(&name.id) {
            faults.push(format!("{}: {} is a rule of no specification", name.place, name.id));
        }
    }
    for rule in known.values() {
        let test = names.iter().find(|name| name.id == rule.id && name.is_above_a_test);
        match (test, rule.is_pending()) {
            (None, false) => faults.push(format!("{}: no test names {}", rule.place, rule.id)),
            (Some(test), true) => {
                faults.push(format!("{}: {} is {PENDING}, but {} tests it", rule.place, rule.id, test.place));
            }
            _ => {}
        }
    }
    faults
}

#[test]
fn every_rule_has_its_test_and_every_test_its_rule() {
    // The README describes the notation and has no rules.
    let is_spec = |file: &File| {
        file.path.starts_with("specs/") && file.has_extension("md") && file.path != "specs/README.md"
    };
    let specs: Vec<File> = files::all().into_iter().filter(is_spec).collect();
    assert!(!specs.is_empty(), "specs/ holds the rules");
    assert_none(&faults(&specs, &files::rust()));
}

#[cfg(test)]
fn check(spec: &str, source: &str) -> Vec<String> {
    let file = |path: &str, text: &str| File { path: path.into(), text: text.into() };
    faults(&[file("specs/a.md", spec)], &[file("a.rs", source)])
}

#[test]
fn a_rule_that_no_test_names_is_caught() {
    assert_caught(
        &check("**ABI-1.** One.\n\n**ABI-2.** Two\nlines.\n", "/// ABI-1: x\n#[test]\n"),
        "md:3: no test",
    );
    assert_caught(&check("- **ABI-1** One.\n", ""), "no test names ABI-1");
    assert_none(&check("- **ABI-1** One.\n- **ABI-2** Two.\n", "/// ABI-1, ABI-2: x\n#[test]\nfn x() {}\n"));
}

#[test]
fn a_pending_rule_needs_no_test_and_may_have_none() {
    assert_none(&check("**ABI-1.** One,\nlater. [test pending]\n", ""));
    assert_none(&check("**ABI-1.** One, later. [test\npending]\n", ""));
    assert_caught(
        &check("**ABI-1.** One.\n\nNot its paragraph. [test pending]\n", ""),
        "no test names ABI-1",
    );
    assert_caught(&check("**ABI-1.** One. [test pending]\n", "/// ABI-1: x\n#[test]\n"), "a.rs:1 tests it");
}

#[test]
fn a_name_without_a_rule_is_caught() {
    assert_caught(&check("", "/// ABI-9: x\n#[test]\n"), "a.rs:1: ABI-9 is a rule of no specification");
    assert_caught(
        &check("```\n**ABI-9.** Only an example.\n```\n", "/// ABI-9: x\n#[test]\n"),
        "no specification",
    );
    assert_none(&check("", "const A: &str = \"\n/// ABI-9: in a string\n\";\n// ABI-9: no doc comment\n"));
}

#[test]
fn a_name_above_something_else_is_caught() {
    let spec = "**ABI-1.** One.\n";
    let source = "/// ABI-1: x\n#[test]\nfn a() {}\n/// ABI-1: y\nfn b() {}\n";
    assert_caught(&check(spec, source), "a.rs:4: ABI-1 is named above something that is no #[test]");
    assert_none(&check(
        spec,
        "    /// ABI-1: x\n    /// More.\n    #[cfg(unix)]\n    #[test]\n    fn a() {}\n",
    ));
}

#[test]
fn a_number_given_twice_is_caught() {
    let source = "/// ABI-1: x\n#[test]\n";
    assert_caught(&check("**ABI-1.** One.\n\n**ABI-1.** Other.\n", source), "md:3: ABI-1 is already a rule");
}

#[test]
fn a_number_that_is_bold_inside_a_sentence_is_caught() {
    assert_caught(&check("As **ABI-1** says.\n", ""), "md:1: ABI-1 is bold");
    assert_none(&check("As ABI-1 and `**ABI-1**` and **words** say.\n", ""));
}
