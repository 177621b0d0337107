//! Commands whose argument is a number: of each of them the kernel takes as many bits as it likes.

use crate::case::{Arg, Case, args, case, text};
use crate::direct::{must, sys};
use crate::world::World;

pub(crate) fn cases() -> Vec<Case> {
    [descriptors(), owners(), keys(), others()].into_iter().flatten().collect()
}

/// Where no other test has descriptors.
const FAR: i64 = 640;

fn descriptors() -> Vec<Case> {
    let closed = |_: &World| {
        let open: Vec<i64> = (FAR..FAR + 20).filter(|fd| sys("close", &[*fd]) == 0).collect();
        format!("{open:?}")
    };
    vec![
        case("fcntl", |w| args![w.file(), libc::F_DUPFD, FAR]).left(closed).alone(),
        case("fcntl", |w| args![w.file(), libc::F_DUPFD_CLOEXEC, FAR + 5]).left(closed).alone(),
        case("fcntl", |w| args![w.file(), libc::F_SETFD, libc::FD_CLOEXEC]),
        case("fcntl", |w| args![w.note_file(), libc::F_SETFD, 0])
            .left(|w| format!("{}", sys("fcntl", &[w.number(0), libc::F_GETFD.into()]))),
        case("fcntl", |w| args![w.note_pipe(), libc::F_SETPIPE_SZ, 8192])
            .left(|w| format!("{}", sys("fcntl", &[w.number(0), libc::F_GETPIPE_SZ.into()]))),
        case("fcntl", |w| args![sealed(w), libc::F_ADD_SEALS, libc::F_SEAL_GROW])
            .left(|w| format!("{}", sys("fcntl", &[w.number(0), libc::F_GET_SEALS.into()]))),
        case("fcntl", |w| args![w.dir(), libc::F_NOTIFY, 0]),
        case("fcntl", |w| args![w.file(), libc::F_SETLEASE, libc::F_UNLCK]).fails(),
        case("fcntl", |w| {
            let file = w.file();
            args![file, DUPFD_QUERY, file]
        })
        .fails(),
    ]
}

/// Since Linux 6.10.
const DUPFD_QUERY: i32 = 0x403;

fn sealed(w: &mut World) -> i64 {
    let fd = must("memfd_create", &[crate::direct::address(b"m\0"), libc::MFD_ALLOW_SEALING.into()]);
    let fd = w.keep_raw(fd);
    w.note(fd.into())
}

impl World {
    fn note_file(&mut self) -> i64 {
        let file = self.file();
        self.note(file.into())
    }

    fn note_pipe(&mut self) -> i64 {
        let pipe = self.pipe().0;
        self.note(pipe.into())
    }
}

fn owners() -> Vec<Case> {
    let own = || i64::from(std::process::id());
    vec![
        case("fcntl", move |w| args![w.note_pipe(), libc::F_SETOWN, own()])
            .left(|w| format!("{}", sys("fcntl", &[w.number(0), libc::F_GETOWN.into()]))),
        case("kcmp", move |w| {
            let file = w.file();
            args![own(), own(), 0, file, file]
        }),
        case("kcmp", move |_| args![own(), own(), 1, 5, 6]),
        case("prctl", |_| args![libc::PR_SET_TIMERSLACK, 70_000, 0, 0, 0]),
        case("prctl", |_| args![libc::PR_CAPBSET_READ, 0, 0, 0, 0]),
    ]
}

/// Keyrings by their special numbers, and keys by theirs.
fn keys() -> Vec<Case> {
    const THREAD_KEYRING: i32 = -1;
    const PROCESS_KEYRING: i32 = -2;
    const KEYCTL_GET_KEYRING_ID: i32 = 0;
    const KEYCTL_DESCRIBE: i32 = 6;
    const KEYCTL_SEARCH: i32 = 10;
    const KEYCTL_CHOWN: i32 = 4;
    const KEYCTL_SETPERM: i32 = 5;
    const KEYCTL_CLEAR: i32 = 7;
    const KEYCTL_LINK: i32 = 8;
    const KEYCTL_SET_TIMEOUT: i32 = 15;
    const KEYCTL_MOVE: i32 = 30;
    vec![
        case("keyctl", |_| args![KEYCTL_CHOWN, THREAD_KEYRING, -1, -1]),
        case("keyctl", |_| args![KEYCTL_SETPERM, THREAD_KEYRING, 0x3f3f_0000]),
        case("keyctl", |_| args![KEYCTL_CLEAR, THREAD_KEYRING]),
        case("keyctl", |_| args![KEYCTL_LINK, THREAD_KEYRING, THREAD_KEYRING]).fails(),
        case("keyctl", |_| args![KEYCTL_SET_TIMEOUT, THREAD_KEYRING, 1000]),
        case("keyctl", |_| args![KEYCTL_MOVE, THREAD_KEYRING, THREAD_KEYRING, THREAD_KEYRING, 0]).fails(),
        case("keyctl", |_| args![KEYCTL_GET_KEYRING_ID, PROCESS_KEYRING, 1]).any_result(),
        case("keyctl", |_| args![KEYCTL_DESCRIBE, PROCESS_KEYRING, Arg::Value(0), 0]).fails(),
        case("keyctl", |_| args![KEYCTL_SEARCH, PROCESS_KEYRING, text("user"), text("none"), 0]).fails(),
    ]
}

fn others() -> Vec<Case> {
    vec![
        case("semctl", |w| args![semaphores(w), 0, libc::SETVAL, 7])
            .left(|w| format!("{}", sys("semctl", &[w.number(0), 0, libc::GETVAL.into(), 0]))),
    ]
}

fn semaphores(w: &mut World) -> i64 {
    let id = must("semget", &[libc::IPC_PRIVATE.into(), 1, 0o600]);
    w.undo(move || {
        must("semctl", &[id, 0, libc::IPC_RMID.into(), 0]);
    });
    w.note(id)
}
