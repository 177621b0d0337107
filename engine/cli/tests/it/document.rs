//! The table in `specs/syscalls.md` is the command's output.
#![cfg(target_arch = "x86_64")]

use std::path::{Path, PathBuf};

use crate::syslet::syslet;

const BEGIN: &str = "<!-- syslet table --markdown -->\n";
const END: &str = "<!-- end -->\n";
/// Set, it has the test write the document, not compare it.
const WRITE: &str = "SYSLET_WRITE_SPECS";

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs/syscalls.md")
}

/// The document with this text between its two lines.
fn with_table(text: &str, table: &str) -> String {
    let (before, rest) = text.split_once(BEGIN).expect("a line begins the table");
    let (_, after) = rest.split_once(END).expect("a line ends the table");
    format!("{before}{BEGIN}{table}{END}{after}")
}

/// TABLE-15, TABLE-17: the table and the counts before it are those of the rows.
#[test]
fn the_document_is_current() {
    let run = syslet(&["table", "--markdown"]);
    let (code, table) = run.quiet();
    assert_eq!(code, 0);
    let text = std::fs::read_to_string(document()).expect("the document is there");
    let current = with_table(&text, table);
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(document(), current).expect("the document can be written");
        return;
    }
    let differs = text.lines().zip(current.lines()).find(|(there, here)| there != here);
    assert!(
        text == current,
        "specs/syscalls.md is not current, at {differs:#?}\nThis writes it: {WRITE}=1 cargo test -p syslet-cli document"
    );
}
