//! `syslet table`.

use crate::syslet::syslet;

/// SCRIPT-36: all rows, one line each behind the heading.
#[test]
fn all_rows() {
    let run = syslet(&["table"]);
    let (code, text) = run.quiet();
    let read = "   0  read                     descriptor  read(fd, out buf[arg 2], count)";
    assert!(code == 0 && text.lines().any(|line| line == read), "{text}");
    assert!(text.lines().count() > 60);
    assert_eq!(syslet(&["table", "--json"]).json().len(), text.lines().count() - 1);
}

/// SCRIPT-36: one call, by name or by number, with every argument.
#[test]
fn one_row() {
    let by_name = syslet(&["table", "read"]);
    let (code, text) = by_name.quiet();
    assert_eq!(code, 0);
    for line in [
        "number       x86_64 0, aarch64 63",
        "class        descriptor",
        "arg 0        fd             fd           value",
        "arg 1        buf            out          out     length arg 2",
        "arg 2        count          size         value",
    ] {
        assert!(text.lines().any(|found| found == line), "{line:?} is not in\n{text}");
    }
    assert_eq!(syslet(&["table", "0"]).quiet(), (0, text));
    let json = syslet(&["table", "--json", "read"]).json();
    assert_eq!((&json[0]["nr"], &json[0]["args"][1]["direction"]), (&0.into(), &"out".into()));
}

/// SCRIPT-36: what is not in the table is an error that names the nearest.
#[test]
fn unknown_rows() {
    let run = syslet(&["table", "raed"]);
    let message = "syslet: the table has no call `raed`; the nearest name is `read`\n";
    assert_eq!((run.code, &*run.stdout, &*run.stderr), (Some(2), "", message));
    assert_eq!(syslet(&["table", "4095"]).code, Some(2));
}
