//! Calls on open files: positions, sizes, what a file is, locks, descriptors. Bytes are in `transfer`.

use std::fs;

use crate::case::{Arg, Case, args, case, input, ints, out, room, sleeping, text, words};
use crate::direct::{address, must, sys};
use crate::world::World;

/// Asks for a file's block size; the C library has no name for it.
const FIGETBSZ: i32 = 2;

pub(crate) fn cases() -> Vec<Case> {
    [positions(), storage(), nature(), locks(), descriptors()].into_iter().flatten().collect()
}

fn positions() -> Vec<Case> {
    vec![
        case("lseek", |w| args![w.file(), 3, libc::SEEK_END])
            .bad(|w| args![w.file(), 3, 99])
            .bad(|w| args![w.file(), -30, libc::SEEK_CUR])
            .bad(|w| args![w.pipe().0, 0, libc::SEEK_SET]),
        case("ftruncate", |w| args![w.file(), 4]).bad(|w| args![w.file(), -4]).bad(|w| args![w.pipe().1, 4]),
        case("fallocate", |w| args![w.file(), 0, 0, 100])
            .bad(|w| args![w.file(), 0, 0, 0])
            .bad(|w| args![w.dir(), 0, 0, 100]),
        case("fallocate", |w| args![w.file(), libc::FALLOC_FL_KEEP_SIZE, 5, 4096]),
        case("fadvise64", |w| args![w.file(), 0, 0, libc::POSIX_FADV_RANDOM])
            .bad(|w| args![w.file(), 0, 0, 77])
            .bad(|w| args![w.pipe().0, 0, 0, 0]),
        case("readahead", |w| args![w.file(), 0, 100]).bad(|w| args![w.pipe().0, 0, 100]),
        case("cachestat", |w| args![w.file(), input(words(&[0, 4096])), out(), 0])
            .any_bytes(2, 8..40)
            .bad(|w| args![w.dir(), input(words(&[0, 4096])), out(), 1]),
    ]
}

fn storage() -> Vec<Case> {
    vec![
        case("fsync", |w| args![w.file()]).bad(|w| args![w.pipe().0]),
        case("fdatasync", |w| args![w.file()]).bad(|w| args![w.pipe().0]),
        case("sync_file_range", |w| args![w.file(), 0, 0, 2]).bad(|w| args![w.pipe().0, 0, 0, 2]),
        case("syncfs", |w| args![w.dir()]).bad(|_| args![77_777]),
        case("sync", |_| args![]),
    ]
}

/// Bytes of a stat that are the file's own: device, inode, and its times.
fn nature() -> Vec<Case> {
    vec![
        case("fstat", |w| args![w.file(), out()]).any_bytes(1, 8..16).any_bytes(1, 72..120),
        case("fstat", |w| args![w.pipe().0, out()]).any_bytes(1, 8..16).any_bytes(1, 72..120),
        case("fstatfs", |w| args![w.file(), out()]).any_bytes(1, 24..56),
        case("getdents", |w| args![empty(w), out(), 512]).any_bytes(1, 0..512),
        case("getdents64", |w| args![empty(w), out(), 512])
            .any_bytes(1, 0..16)
            .any_bytes(1, 24..40)
            .bad(|w| args![w.dir(), room(8), 8])
            .bad(|w| args![w.file(), out(), 512]),
        case("fchmod", |w| args![w.file(), 0o640]).bad(|_| args![77_777, 0o640]),
        case("fchown", |w| args![w.file(), 12, 34]).bad(|_| args![77_777, 12, 34]),
        case("fchdir", |w| {
            w.undo(|| {
                must("chdir", &[address(b"/\0")]);
            });
            args![w.dir()]
        })
        .left(|w| w.anonymous(&std::env::current_dir().unwrap_or_default().to_string_lossy()))
        .bad(|w| args![w.file()])
        .alone(),
    ]
}

/// A folder with nothing in it.
fn empty(w: &mut World) -> i32 {
    let path = w.at("sub");
    let folder = fs::File::open(path).expect("a temporary folder works");
    w.keep(folder)
}

/// A lock of the first four bytes, of this type.
fn lock(kind: i32) -> Vec<u8> {
    let kind = i64::from(kind);
    words(&[kind, 0, 4, 0])
}

/// The file once more, locked; the first number is its descriptor.
fn locked(w: &mut World) -> i32 {
    let other = w.file();
    must("flock", &[other.into(), libc::LOCK_EX.into()]);
    w.note(other.into());
    w.file()
}

/// The same with an open file description's own lock.
fn range_locked(w: &mut World) -> i32 {
    let other = w.file();
    must("fcntl", &[other.into(), libc::F_OFD_SETLK.into(), address(&lock(libc::F_WRLCK))]);
    w.note(other.into());
    w.file()
}

fn locks() -> Vec<Case> {
    vec![
        case("flock", |w| args![w.file(), libc::LOCK_EX])
            .bad(|w| args![w.file(), 77])
            .bad(|w| args![locked(w), libc::LOCK_SH | libc::LOCK_NB]),
        case("flock", |w| {
            locked(w);
            args![w.numbers[0], libc::LOCK_UN]
        }),
        sleeping(
            "flock",
            |w| args![locked(w), libc::LOCK_EX],
            |w| {
                must("flock", &[w.numbers[0], libc::LOCK_UN.into()]);
            },
        ),
        case("fcntl", |w| args![w.file(), libc::F_GETFL]).bad(|w| args![w.file(), 7777]),
        case("fcntl", |w| args![w.file(), libc::F_SETFL, libc::O_APPEND | libc::O_NONBLOCK]),
        case("fcntl", |w| args![w.pipe().1, libc::F_GETPIPE_SZ]),
        case("fcntl", |w| args![w.file(), libc::F_OFD_SETLK, w.memory(lock(libc::F_RDLCK))]),
        case("fcntl", |w| args![range_locked(w), libc::F_OFD_SETLK, w.memory(lock(libc::F_WRLCK))]).fails(),
        case("fcntl", |w| args![range_locked(w), libc::F_OFD_GETLK, w.memory(lock(libc::F_WRLCK))]),
        case("fcntl", |w| args![w.file(), libc::F_OFD_SETLK, w.memory(lock(99))]).fails(),
        sleeping(
            "fcntl",
            |w| args![range_locked(w), libc::F_OFD_SETLKW, w.memory(lock(libc::F_WRLCK))],
            |w| {
                let unlock = lock(libc::F_UNLCK);
                must("fcntl", &[w.numbers[0], libc::F_OFD_SETLK.into(), address(&unlock)]);
            },
        ),
    ]
}

/// A descriptor that nobody owns, far from those that other tests use.
fn loose(w: &mut World) -> i64 {
    let file = w.file();
    must("fcntl", &[file.into(), libc::F_DUPFD.into(), FAR])
}

const FAR: i64 = 700;

fn is_open(fd: i64) -> bool {
    sys("fcntl", &[fd, libc::F_GETFD.into()]) >= 0
}

fn descriptors() -> Vec<Case> {
    vec![
        case("close", |w| args![w.note_loose()])
            .left(|w| format!("{}", is_open(w.number(0))))
            .bad(|_| args![77_777])
            .alone(),
        case("close_range", |w| args![w.note_loose(), FAR + 50, 0])
            .left(|w| format!("{}", is_open(w.number(0))))
            .bad(|_| args![9, 8, 0])
            .alone(),
        case("close_range", |w| args![w.note_loose(), FAR + 50, 4])
            .left(|w| format!("{}", sys("fcntl", &[w.number(0), libc::F_GETFD.into()])))
            .alone(),
        case("dup", |w| args![w.file()]).bad(|_| args![77_777]),
        case("dup2", |w| args![w.file(), w.note_loose()]).bad(|w| args![w.file(), 1 << 30]).alone(),
        case("dup3", |w| args![w.file(), w.note_loose(), libc::O_CLOEXEC])
            .bad(|w| {
                let file = w.file();
                args![file, file, 0]
            })
            .alone(),
        case("pipe", |_| args![out()]).descriptors(0).bad(|_| args![Arg::Value(1 << 63)]),
        case("pipe2", |_| args![out(), libc::O_CLOEXEC]).descriptors(0),
        case("memfd_create", |_| args![text("name"), libc::MFD_CLOEXEC])
            .bad(|_| args![input([b"n".repeat(300), vec![0]].concat()), 0]),
        case("memfd_secret", |_| args![0]).bad(|_| args![1]).fails(),
        case("ioctl", |w| args![w.pipe_with(b"seven b").0, libc::FIONREAD, w.memory(ints(&[-1]))])
            .bad(|w| args![w.file(), libc::TCGETS, w.memory([0; 64])]),
        case("ioctl", |w| args![w.pipe().0, libc::FIONBIO, w.memory(ints(&[1]))]),
        case("ioctl", |w| args![w.file(), libc::FIOCLEX]).keep(1),
        case("ioctl", |w| args![w.pipe_with(b"seven b").0, libc::FIONREAD, room(4)]),
        case("ioctl", |w| args![w.pipe().0, libc::FIONBIO, input(ints(&[1]))]),
        case("ioctl", |w| args![w.file(), libc::FIOQSIZE, room(8)]),
        case("ioctl", |w| args![w.file(), FIGETBSZ, room(4)]),
    ]
}

impl World {
    /// A descriptor that nobody owns; the last number.
    fn note_loose(&mut self) -> i64 {
        let fd = loose(self);
        self.note(fd)
    }
}
