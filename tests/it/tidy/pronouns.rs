//! The subject of a sentence is the thing: `syslet_tests::house::words` has the pronouns that hide it.

use syslet_tests::house::table::{self, Prose};
use syslet_tests::house::words::{in_markdown, in_rust};

use super::{assert_caught, assert_none};

/// So many pronouns 1,000 words of a package's comments or of a document may have. The numbers only go down.
const PRONOUNS_MAX: [(&str, f64); 8] = [
    ("abi/src", 0.5),
    ("syscalls/src", 0.5),
    ("attrs/src", 0.5),
    ("engine/src", 0.5),
    ("engine/cli/src", 0.5),
    ("README.md", 0.5),
    ("CONTRIBUTING.md", 0.5),
    ("specs/", 0.5),
];

fn faults(prose: &[Prose]) -> Vec<String> {
    let mut faults = Vec::new();
    for prose in prose {
        let of_it = PRONOUNS_MAX.iter().find(|(name, _)| prose.name.starts_with(name));
        let Some((_, allowed)) = of_it else {
            faults.push(format!("{}: no number says how many pronouns it may have", prose.name));
            continue;
        };
        let found = prose.total().pronouns_per_1000();
        if found > *allowed {
            let name = &prose.name;
            faults.push(format!(
                "{name}: {found:.1} pronouns in 1,000 words, at most {allowed}; `house -- --list`"
            ));
        }
    }
    faults
}

#[test]
fn prose_has_no_more_pronouns_than_before() {
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
    assert_caught(&faults(&prose("elsewhere", in_markdown(""))), "elsewhere: no number");
    assert_none(&faults(&prose(
        "engine/src",
        in_rust("fn whoever() -> &'static str { \"nobody\" } // `who`\n"),
    )));
}
