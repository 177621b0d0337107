//! Room in the completion ring is filled where it is claimed.

use super::files::{self, File};
use super::{assert_caught, assert_none, mask};

/// How engine code claims room for a completion.
const CLAIM: &str = "completions.claim(";

/// Claims that are not committed in the same expression: between the two could stand a call or a wait.
fn faults(source: &File) -> Vec<String> {
    let code = mask::code(&source.text);
    let open = code.match_indices(CLAIM).filter(|(at, _)| {
        let rest = behind_the_call(&code[at + CLAIM.len()..]);
        !rest.trim_start().starts_with(".commit(")
    });
    open.map(|(at, _)| {
        let line = code[..at].lines().count();
        format!("{}:{line}: room is claimed and not committed in the same expression", source.path)
    })
    .collect()
}

/// What follows the parenthesis that closes a call whose arguments begin here.
fn behind_the_call(arguments: &str) -> &str {
    let mut depth = 1;
    let end = arguments.find(|c| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    });
    end.map_or("", |at| &arguments[at + 1..])
}

/// RING-15: no call, no wait and nothing else stands between a claim and its commit.
#[test]
fn room_is_filled_where_it_is_claimed() {
    let engine: Vec<File> = files::rust()
        .into_iter()
        .filter(|file| file.path.starts_with("engine/src/") && !file.path.contains("/tests/"))
        .collect();
    assert!(engine.iter().any(|file| file.text.contains(CLAIM)), "the engine claims room as `{CLAIM}…)`");
    assert_none(&engine.iter().flat_map(faults).collect::<Vec<_>>());
}

#[test]
fn a_claim_that_is_kept_is_caught() {
    let file = |text: &str| File { path: "a.rs".into(), text: text.into() };
    assert_none(&faults(&file("f();\nself.completions.claim(g(h()))\n    .commit(done);\n")));
    assert_caught(
        &faults(&file("\nlet room = completions.claim(len(1));\nwait();\nroom.commit(d);\n")),
        "a.rs:2",
    );
}
