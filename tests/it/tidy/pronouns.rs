//! The subject of a sentence is the thing: `syslet_tests::house::words` has the pronouns that hide it.

use syslet_tests::house::table::{self, Prose};
use syslet_tests::house::words::{in_markdown, in_rust};

use super::{assert_caught, assert_none};

/// So many pronouns 1,000 words of a package's comments or of a document may have.
const PRONOUNS_MAX: f64 = 0.5;

fn faults(prose: &[Prose]) -> Vec<String> {
    let found = prose.iter().map(|prose| (&prose.name, prose.total().pronouns_per_1000()));
    let fault = |(name, found): (&String, f64)| {
        format!("{name}: {found:.1} pronouns in 1,000 words, at most {PRONOUNS_MAX}; `house -- --list`")
    };
    found.filter(|(_, found)| *found > PRONOUNS_MAX).map(fault).collect()
}

#[test]
fn prose_has_few_pronouns() {
    assert_none(&faults(&table::prose()));
}

#[test]
fn pronouns_are_caught() {
    let prose = |name: &str, count| vec![Prose { name: name.into(), files: vec![("a".into(), count)] }];
    let text = "Nobody knows whose turn it is.\n";
    assert_caught(
        &faults(&prose("engine/src", in_rust(&format!("/// {text}")))),
        "engine/src: 333.3 pronouns",
    );
    assert_caught(&faults(&prose("specs/ring.md", in_markdown(text))), "specs/ring.md: 333.3");
    assert_caught(&faults(&prose("elsewhere", in_markdown(text))), "elsewhere: 333.3");
    assert_none(&faults(&prose(
        "engine/src",
        in_rust("fn whoever() -> &'static str { \"nobody\" } // `who`\n"),
    )));
}
