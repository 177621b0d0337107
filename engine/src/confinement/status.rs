//! The lines of a thread's status file that tell what it may do, as they stand there.

use std::ops::Range;

/// Needed and not needed: the kernel may have no seccomp, not count filters, or be older than the umask's line.
const WANTED: [(&[u8], bool); 13] = [
    (PID, true),
    (b"Umask", false),
    (b"Uid", true),
    (b"Gid", true),
    (b"Groups", true),
    (b"CapInh", true),
    (b"CapPrm", true),
    (EFFECTIVE, true),
    (b"CapBnd", true),
    (b"CapAmb", true),
    (b"NoNewPrivs", true),
    (b"Seccomp", false),
    (b"Seccomp_filters", false),
];
/// The thread's number: two threads differ in it and may be equal, one that tells another is another thread's file.
const PID: &[u8] = b"Pid";
const EFFECTIVE: &[u8] = b"CapEff";

/// What was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    /// The wanted lines, one behind the other.
    kept: Vec<u8>,
    /// Where in the text a part of `kept` stood, and which part.
    spans: Vec<(usize, Range<usize>)>,
    /// The thread's number in `kept`.
    pid: Range<usize>,
    is_admin: bool,
}

impl Lines {
    /// Reads a status file. `None` if a line is missing, unreadable, or there twice: a thread's name stands in the same file,
    /// and nothing in it may pass for an answer.
    pub(crate) fn parse(text: &[u8]) -> Option<Lines> {
        let (mut lines, mut seen, mut at) = (Lines::default(), [false; WANTED.len()], 0);
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let start = at;
            at += line.len();
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = line.split_at(colon);
            let Some(wanted) = WANTED.iter().position(|(wanted, _)| *wanted == name) else { continue };
            if std::mem::replace(&mut seen[wanted], true) || !line.ends_with(b"\n") {
                return None;
            }
            if name == EFFECTIVE {
                lines.is_admin = is_admin(&value[1..])?;
            }
            lines.keep(start, line, name == PID);
        }
        let is_whole = WANTED.iter().zip(seen).all(|((_, is_needed), is_seen)| is_seen || !is_needed);
        is_whole.then_some(lines)
    }

    fn keep(&mut self, start: usize, line: &[u8], is_pid: bool) {
        let place = self.kept.len()..self.kept.len() + line.len();
        self.kept.extend_from_slice(line);
        if is_pid {
            self.pid = place.clone();
        }
        match self.spans.last_mut() {
            Some((at, last)) if *at + last.len() == start => last.end = place.end,
            _ => self.spans.push((start, place)),
        }
    }

    /// Whether a text of the same thread says the same. Other lines may have grown meanwhile.
    pub(crate) fn still(&mut self, text: &[u8]) -> bool {
        let placement = |(at, part): &(usize, Range<usize>)| {
            let is_line = *at == 0 || text.get(*at - 1) == Some(&b'\n');
            is_line && text.get(*at..*at + part.len()) == Some(&self.kept[part.clone()])
        };
        if !self.spans.is_empty() && self.spans.iter().all(placement) {
            return true;
        }
        let moved = Lines::parse(text).filter(|moved| moved.kept == self.kept);
        let is_same = moved.is_some();
        moved.into_iter().for_each(|moved| *self = moved);
        is_same
    }

    /// The line of the thread's number.
    pub(crate) fn number(&self) -> &[u8] {
        &self.kept[self.pid.clone()]
    }

    /// What two threads have in common, if they may do the same: the lines before and behind the number.
    pub(crate) fn essence(&self) -> [&[u8]; 2] {
        [&self.kept[..self.pid.start], &self.kept[self.pid.end..]]
    }

    /// Whether CAP_SYS_ADMIN is effective.
    pub(crate) fn is_admin(&self) -> bool {
        self.is_admin
    }
}

fn is_admin(value: &[u8]) -> Option<bool> {
    const SYS_ADMIN: u32 = 21;
    let text = std::str::from_utf8(value).ok()?;
    let effective = u64::from_str_radix(text.trim(), 16).ok()?;
    Some(effective >> SYS_ADMIN & 1 == 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Lines;

    const TEXT: &str = "Name:\tsyslet-1\nUmask:\t0022\nState:\tR (running)\nPid:\t4711\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n\
        FDSize:\t64\nGroups:\t9 10 \nNSpid:\t4711\t12\nVmRSS:\t10 kB\nCapInh:\t0000000000000001\nCapPrm:\t0000000000000002\n\
        CapEff:\t0000000000000003\nCapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n\
        Seccomp_filters:\t3\nThreads:\t1\n";

    fn lines(text: &str) -> Option<Lines> {
        Lines::parse(text.as_bytes())
    }

    fn still(text: &str) -> bool {
        lines(TEXT).unwrap().still(text.as_bytes())
    }

    const WANTED: [&str; 12] = [
        "Umask",
        "Uid",
        "Gid",
        "Groups",
        "CapInh",
        "CapPrm",
        "CapEff",
        "CapBnd",
        "CapAmb",
        "NoNewPrivs",
        "Seccomp",
        "Seccomp_filters",
    ];

    fn line(name: &str) -> &'static str {
        TEXT.lines().find(|line| line.split_once(':').unwrap().0 == name).unwrap()
    }

    /// Each line that matters, with another value, is another answer, wherever it stands; what else changes is none.
    #[test]
    fn what_matters_is_compared() {
        assert!(still(TEXT));
        for name in WANTED {
            let changed =
                TEXT.replace(line(name), &line(name).replace(|digit: char| digit.is_ascii_digit(), "7"));
            assert!(!still(&changed), "{name}");
            assert_ne!(lines(&changed).unwrap().essence(), lines(TEXT).unwrap().essence(), "{name}");
            let longer = TEXT.replace(line(name), &format!("{}1", line(name)));
            assert!(!still(&longer), "{name}");
        }
        assert!(still(&TEXT.replace("VmRSS:\t10 kB", "VmRSS:\t99 kB")));
        assert!(still(&TEXT.replace("FDSize:\t64", "FDSize:\t1024")), "lines that moved");
        assert!(!still(&TEXT.replace("Pid:\t4711", "Pid:\t4712")), "the file of another thread");
        let other = lines(&TEXT.replace("Pid:\t4711", "Pid:\t815")).unwrap();
        assert_eq!(other.essence(), lines(TEXT).unwrap().essence(), "which may do the same");
    }

    #[test]
    fn where_lines_moved_to_is_remembered() {
        let mut lines = lines(TEXT).unwrap();
        let moved = TEXT.replace("FDSize:\t64", "FDSize:\t1024");
        assert!(lines.still(moved.as_bytes()));
        assert_eq!(lines.spans.len(), Lines::parse(moved.as_bytes()).unwrap().spans.len());
        assert_eq!(lines.spans, Lines::parse(moved.as_bytes()).unwrap().spans);
    }

    #[test]
    fn an_admin_has_the_capability() {
        assert!(!lines(TEXT).unwrap().is_admin());
        let admin = TEXT.replace("CapEff:\t0000000000000003", "CapEff:\t0000000000200000");
        assert!(lines(&admin).unwrap().is_admin());
        assert!(lines(&TEXT.replace("CapEff:\t0000000000000003", "CapEff:\tx")).is_none());
    }

    #[test]
    fn a_kernel_without_seccomp_has_no_such_lines() {
        let text = TEXT.replace("Seccomp:\t2\nSeccomp_filters:\t3\n", "").replace("Umask:\t0022\n", "");
        assert!(lines(&text).is_some());
    }

    /// Each line that is needed, taken out and doubled.
    #[test]
    fn what_is_missing_or_doubled_is_no_answer() {
        for name in WANTED {
            assert!(lines(&format!("{TEXT}{}\n", line(name))).is_none(), "{name} twice");
            if !name.starts_with("Seccomp") && name != "Umask" {
                assert!(
                    lines(&TEXT.replace(&format!("\n{}\n", line(name)), "\n")).is_none(),
                    "without {name}"
                );
            }
        }
        assert!(lines(TEXT.trim_end().strip_suffix("\nThreads:\t1").unwrap()).is_none(), "half a line");
    }

    /// A thread may call itself what it likes.
    #[test]
    fn a_name_is_no_answer() {
        let named = |name: &str| TEXT.replace("syslet-1", name);
        assert!(still(&named("Seccomp:\t0")));
        assert!(!still(&named("x\nSeccomp:\t0")));
    }

    proptest! {
        /// Any text is parsed or not, without a panic; a parsed one has all its lines.
        #[test]
        fn any_text_is_bearable(text in "(?s).{0,200}", at in 0..TEXT.len(), cut in 0..TEXT.len()) {
            prop_assert!(lines(&text).is_none());
            still(&format!("{}{text}{}", &TEXT[..at], &TEXT[cut..]));
        }
    }
}
