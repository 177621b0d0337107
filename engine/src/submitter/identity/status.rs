//! The lines of a thread's status file that tell what it may do.

use std::str::FromStr;

/// What `/proc/…/status` says that matters here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Status {
    /// How far the thread is restricted, and by how many filters; `None` where the kernel has no seccomp, or does not
    /// count.
    seccomp: Option<u32>,
    seccomp_filters: Option<u32>,
    no_new_privs: u32,
    /// Real, effective, saved and of file systems.
    uids: [u32; 4],
    gids: [u32; 4],
    /// Sorted by the kernel.
    groups: Vec<u32>,
    /// Inheritable, permitted, effective, bounding, ambient.
    capabilities: [u64; 5],
}

impl Status {
    /// Reads the text of a status file. `None` if a line is missing, unreadable, or there twice: a thread's name stands
    /// in the same file, and nothing in it may pass for an answer.
    pub(super) fn parse(text: &str) -> Option<Status> {
        let mut capabilities = [0; 5];
        for (bits, name) in capabilities.iter_mut().zip(["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
            *bits = u64::from_str_radix(required(text, name)?, 16).ok()?;
        }
        Some(Status {
            seccomp: optional(text, "Seccomp")?,
            seccomp_filters: optional(text, "Seccomp_filters")?,
            no_new_privs: required(text, "NoNewPrivs")?.parse().ok()?,
            uids: numbers(required(text, "Uid")?)?.try_into().ok()?,
            gids: numbers(required(text, "Gid")?)?.try_into().ok()?,
            groups: numbers(required(text, "Groups")?)?,
            capabilities,
        })
    }
}

/// The number of the thread in its own PID namespace, the last of those that the text of its status file gives.
pub(super) fn own_tid(text: &str) -> Option<i32> {
    required(text, "NSpid")?.split_whitespace().last()?.parse().ok()
}

/// All lines of this name, without it.
fn lines<'a>(text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

fn required<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = lines(text, name);
    let line = lines.next()?;
    lines.next().is_none().then_some(line)
}

/// The outer `None` says that the text is not to be trusted, the inner one that there is no such line.
fn optional(text: &str, name: &str) -> Option<Option<u32>> {
    if lines(text, name).next().is_none() {
        return Some(None);
    }
    Some(Some(required(text, name)?.parse().ok()?))
}

fn numbers<T: FromStr>(line: &str) -> Option<Vec<T>> {
    line.split_whitespace().map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Status, own_tid};

    const TEXT: &str = "Name:\tsyslet-1\nNSpid:\t4711\t12\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 \n\
        CapInh:\t0000000000000001\nCapPrm:\t0000000000000002\nCapEff:\t0000000000000003\n\
        CapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\n";

    fn parsed() -> Status {
        Status {
            seccomp: Some(2),
            seccomp_filters: Some(3),
            no_new_privs: 1,
            uids: [1, 2, 3, 4],
            gids: [5, 6, 7, 8],
            groups: vec![9, 10],
            capabilities: [1, 2, 3, 0x1ff_ffff_ffff, 0],
        }
    }

    #[test]
    fn every_line_is_read() {
        assert_eq!(Status::parse(TEXT), Some(parsed()));
        assert_eq!(own_tid(TEXT), Some(12));
    }

    #[test]
    fn no_groups_are_no_groups() {
        let text = TEXT.replace("Groups:\t9 10 ", "Groups:\t ");
        assert_eq!(Status::parse(&text), Some(Status { groups: vec![], ..parsed() }));
    }

    #[test]
    fn a_kernel_without_seccomp_has_no_such_lines() {
        let text = TEXT.replace("Seccomp:\t2\nSeccomp_filters:\t3\n", "");
        let none = Status { seccomp: None, seccomp_filters: None, ..parsed() };
        assert_eq!(Status::parse(&text), Some(none));
    }

    /// Each line that is needed, taken out, doubled, and broken.
    #[test]
    fn what_is_missing_doubled_or_broken_is_no_answer() {
        for line in TEXT.lines().filter(|line| !line.starts_with("Name") && !line.starts_with("NSpid")) {
            let doubled = format!("{TEXT}{line}\n");
            assert_eq!(Status::parse(&doubled), None, "{line} twice");
            let (name, _) = line.split_once('\t').unwrap();
            for broken in ["x", "-1", "99999999999999999999"] {
                let broken = TEXT.replace(line, &format!("{name}\t{broken}"));
                assert_eq!(Status::parse(&broken), None, "{broken}");
            }
            if !name.starts_with("Seccomp") {
                let without = TEXT.replace(&format!("{line}\n"), "");
                assert_eq!(Status::parse(&without), None, "without {line}");
            }
        }
    }

    #[test]
    fn five_ids_and_three_ids_are_no_four() {
        assert_eq!(Status::parse(&TEXT.replace("Uid:\t1\t2\t3\t4", "Uid:\t1\t2\t3\t4\t5")), None);
        assert_eq!(Status::parse(&TEXT.replace("Gid:\t5\t6\t7\t8", "Gid:\t5\t6\t7")), None);
    }

    /// A thread may call itself what it likes.
    #[test]
    fn a_name_is_no_answer() {
        let named = |name: &str| TEXT.replace("syslet-1", name);
        assert_eq!(Status::parse(&named("Seccomp:\t0")), Some(parsed()));
        assert_eq!(Status::parse(&named("x\nSeccomp:\t0")), None);
        assert_eq!(own_tid(&named("x\nNSpid:\t1")), None);
    }

    proptest! {
        /// Any text is parsed or not, without a panic; a parsed one had all its lines.
        #[test]
        fn any_text_is_bearable(text in "(?s).{0,200}", at in 0..TEXT.len(), cut in 0..TEXT.len()) {
            prop_assert_eq!(Status::parse(&text), None);
            own_tid(&text);
            Status::parse(&format!("{}{text}{}", &TEXT[..at], &TEXT[cut..]));
        }
    }
}
