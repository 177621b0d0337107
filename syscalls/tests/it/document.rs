//! The lists in `specs/syscalls.md` are those of the rows.

use std::collections::BTreeSet;

use syslet_syscalls::{Harm, Row, Scope, rows};

const DOCUMENT: &str = include_str!("../../../specs/syscalls.md");

/// The cells of the table that stands behind this rule, without its heading.
fn table_behind(rule: &str) -> Vec<Vec<&'static str>> {
    let (_, rest) = DOCUMENT.split_once(&format!("**{rule}.**")).expect("the rule is there");
    let lines =
        rest.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect();
    lines.skip(2).map(cells).collect()
}

/// TABLE-8: the document gives each reason with the sentence that a refusal carries.
#[test]
fn reasons_stand_in_the_document() {
    let there: Vec<(String, &str)> =
        table_behind("TABLE-8").iter().map(|cells| (cells[0].to_owned(), cells[1])).collect();
    let here: Vec<(String, &str)> = Harm::ALL.iter().map(|harm| (format!("{harm:?}"), harm.why())).collect();
    assert_eq!(there, here);
}

/// TABLE-9: the document says of every call that changes its thread what it would leave there, and of no other.
#[test]
fn calls_that_change_their_thread_stand_in_the_document() {
    let writes = |row: &&Row| {
        let mut scopes = row.scope_when.iter().map(|when| when.scope).chain([row.scope]);
        scopes.any(|scope| scope == Scope::WritesThread)
    };
    let here: BTreeSet<&str> = rows().iter().filter(writes).map(|row| row.name).collect();
    let lines = table_behind("TABLE-9");
    let there: Vec<&str> = lines.iter().flat_map(|cells| cells[0].split(", ")).collect();
    assert_eq!(there.iter().copied().collect::<BTreeSet<_>>(), here);
    assert_eq!(there.len(), here.len(), "none stands twice");
}
