//! Names for numbers: the constants that calls are written with. Values are the C library's, so the lists beside
//! this file hold names only. Scripts look a value up by its name, the decoder a name by its value.

mod errno;
mod named;
pub(crate) mod events;
pub(crate) mod files;
pub(crate) mod memory;
pub(crate) mod options;
pub(crate) mod process;
pub(crate) mod sockets;
pub(crate) mod system;

use std::sync::LazyLock;

pub use errno::errno_name;
pub(crate) use named::List;

static SORTED: LazyLock<Box<[(&str, i64)]>> = LazyLock::new(|| {
    let topics = [
        files::LISTS,
        memory::LISTS,
        sockets::LISTS,
        options::LISTS,
        events::LISTS,
        process::LISTS,
        system::LISTS,
        errno::LISTS,
    ];
    let mut all = topics.concat().concat();
    all.sort_unstable();
    all.into_boxed_slice()
});

/// The value of a constant, by its exact name: `constant("O_RDWR")`.
#[must_use]
pub fn constant(name: &str) -> Option<i64> {
    let all = constants();
    all.binary_search_by_key(&name, |&(known, _)| known).ok().map(|at| all[at].1)
}

/// All constants with their values, sorted by name.
#[must_use]
pub fn constants() -> &'static [(&'static str, i64)] {
    &SORTED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_unique() {
        assert!(constants().len() >= 400, "{}", constants().len());
        for pair in constants().windows(2) {
            assert!(pair[0].0 < pair[1].0, "{} {}", pair[0].0, pair[1].0);
        }
    }

    #[test]
    fn names_have_the_values_of_the_c_library() {
        assert_eq!(constant("O_CLOEXEC"), Some(i64::from(libc::O_CLOEXEC)));
        assert_eq!(constant("AT_FDCWD"), Some(-100));
        assert_eq!(constant("ENOENT"), Some(2));
        assert_eq!(constant("CLOCK_MONOTONIC"), Some(1));
        assert_eq!(constant("SIGUSR1"), Some(10));
        assert_eq!(constant("STATX_BASIC_STATS"), Some(0x7ff));
        assert_eq!(constant("EPOLLET"), Some(0x8000_0000), "a bit, not a negative number");
        assert_eq!(constant("O_CLOEXE"), None);
        assert_eq!(constant(""), None);
    }

    #[test]
    fn every_constant_is_found_by_its_name() {
        for &(name, value) in constants() {
            assert_eq!(constant(name), Some(value), "{name}");
        }
    }

    /// Names that scripts in the manual's style need.
    #[test]
    fn common_names_are_there() {
        for name in [
            "O_RDONLY",
            "O_TMPFILE",
            "S_IRUSR",
            "PROT_READ",
            "MAP_ANONYMOUS",
            "MSG_DONTWAIT",
            "SOCK_STREAM",
            "AF_UNIX",
            "SOL_SOCKET",
            "SO_REUSEADDR",
            "F_SETLKW",
            "F_OFD_SETLK",
            "F_ADD_SEALS",
            "F_SEAL_WRITE",
            "LOCK_EX",
            "POLLIN",
            "EPOLLIN",
            "EPOLL_CTL_ADD",
            "TFD_NONBLOCK",
            "EFD_SEMAPHORE",
            "SIGTERM",
            "SIG_BLOCK",
            "SEEK_HOLE",
            "RWF_NOWAIT",
            "GRND_NONBLOCK",
            "WNOHANG",
            "FUTEX_WAIT",
            "FALLOC_FL_PUNCH_HOLE",
            "MADV_DONTNEED",
            "RENAME_NOREPLACE",
            "XATTR_CREATE",
            "MFD_CLOEXEC",
            "PR_SET_NAME",
            "IPC_CREAT",
            "IPC_RMID",
            "RLIMIT_NOFILE",
            "AT_EMPTY_PATH",
            "FIONREAD",
            "EAGAIN",
            "EWOULDBLOCK",
            "TIMER_ABSTIME",
            "IN_CREATE",
            "CLONE_NEWNS",
            "MS_RDONLY",
            "SCHED_OTHER",
        ] {
            assert!(constant(name).is_some(), "{name}");
        }
    }
}
