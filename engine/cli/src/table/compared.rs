//! The calls that a test compares with the plain call, for the counts: all of this architecture but those that
//! specs/testing.md lists.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use syslet::syscalls::Row;

const DOCUMENT: &str = include_str!("../../../../specs/testing.md");
/// The heading of the list: names in the first column, the reason beside them.
const HEADING: &str = "\n## Calls without an equivalence test\n";

/// The calls that are listed; none when there is no list.
static LISTED: LazyLock<Option<BTreeSet<&str>>> = LazyLock::new(|| listed(DOCUMENT));

fn listed(document: &str) -> Option<BTreeSet<&str>> {
    let (_, section) = document.split_once(HEADING)?;
    let lines = section.lines().take_while(|line| !line.starts_with("## "));
    let names = lines.filter_map(|line| line.strip_prefix("| `")?.split_once(" | ")).map(|(names, _)| names);
    Some(names.flat_map(|names| names.split(',')).map(|name| name.trim().trim_matches('`')).collect())
}

/// Whether it is known which calls are compared.
pub(super) fn is_known() -> bool {
    LISTED.is_some()
}

/// Whether a test compares this call with the plain call.
pub(super) fn is_compared(row: &Row) -> bool {
    row.numbers.here().is_some() && LISTED.as_ref().is_some_and(|listed| !listed.contains(row.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TABLE-15: the calls that are not compared are read from the list; without a list nothing is known.
    #[test]
    fn the_list_is_read() {
        let document = "# A\n\n## Calls without an equivalence test\n\n| calls | why |\n|---|---|\n\
                        | `reboot`, `vhangup` | it ends `all` |\n| `sync` | slow |\n\n## Next\n\n| `read` | x |\n";
        assert_eq!(listed(document), Some(BTreeSet::from(["reboot", "sync", "vhangup"])));
        assert_eq!(listed("# A\n\n| `read` | x |\n"), None);
    }
}
