//! The calls that io_uring has an operation for, for `--missing-in`.

mod operations;
mod probe;

use std::collections::BTreeSet;

use operations::{CALLS, DATED, OPERATIONS};

use crate::names;

/// The calls that io_uring can replace.
#[derive(Debug)]
pub(super) struct Uring {
    /// The calls it has an operation for.
    pub(super) calls: BTreeSet<&'static str>,
    /// Where that is known from.
    pub(super) source: String,
}

/// Asks the kernel; where it does not answer, the list of [`DATED`] counts.
pub(super) fn calls() -> Uring {
    from(probe::supported())
}

fn from(supported: Result<Vec<u8>, i32>) -> Uring {
    match supported {
        Ok(codes) => {
            let newer = codes.iter().filter(|code| usize::from(**code) >= OPERATIONS).count();
            let beyond =
                if newer == 0 { String::new() } else { format!(", {newer} of them newer than this command") };
            let calls = CALLS.iter().filter(|(code, _)| codes.contains(code)).flat_map(|(_, calls)| *calls);
            let source =
                format!("asked the running kernel: its io_uring has {} operations{beyond}", codes.len());
            Uring { calls: calls.copied().collect(), source }
        }
        Err(errno) => {
            let error = names::errno_name(errno).map_or_else(|| format!("errno {errno}"), str::to_owned);
            let source = format!("io_uring cannot be asked here ({error}): compared with {DATED}");
            Uring { calls: CALLS.iter().flat_map(|(_, calls)| *calls).copied().collect(), source }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TABLE-14: the kernel's answer counts; without one the list does, with its date.
    #[test]
    fn the_kernels_answer_comes_first() {
        let all = from(Err(libc::EPERM));
        assert!(all.source.contains("EPERM") && all.source.contains("Linux 6.18"), "{}", all.source);
        assert!(all.calls.contains("statx") && all.calls.contains("pipe2"));
        let few = from(Ok(vec![21, 22]));
        assert_eq!(few.calls, BTreeSet::from(["pread64", "read", "statx"]));
        assert!(few.source.ends_with("2 operations"), "{}", few.source);
        assert!(from(Ok(vec![200])).source.contains("1 of them newer"));
    }

    /// Every call that io_uring is said to have is a row, and no operation stands in the list twice.
    #[test]
    fn the_list_names_rows() {
        let codes: BTreeSet<u8> = CALLS.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes.len(), CALLS.len());
        assert!(codes.iter().all(|code| usize::from(*code) < OPERATIONS));
        for call in CALLS.iter().flat_map(|(_, calls)| *calls) {
            assert!(syslet::syscalls::row_by_name(call).is_some(), "{call}");
        }
    }
}
