//! Calls that take a path.

use crate::case::{Arg, Case, args, case, input, ints, out, room, text, words};
use crate::direct::{address, must};
use crate::world::World;

pub(crate) fn cases() -> Vec<Case> {
    [opening(), looking(), names(), renaming(), changing(), times(), own_place()]
        .into_iter()
        .flatten()
        .collect()
}

const HERE: i32 = libc::AT_FDCWD;

fn opening() -> Vec<Case> {
    let how = |flags: i32, resolve: i64| input(words(&[flags.into(), 0, resolve]));
    vec![
        case("open", |w| args![w.path("file"), libc::O_RDWR | libc::O_CLOEXEC, 0])
            .bad(|w| args![w.path("none"), libc::O_RDONLY, 0])
            .bad(|w| args![w.path("file/x"), libc::O_RDONLY, 0]),
        case("open", |w| args![w.path("new"), libc::O_CREAT | libc::O_EXCL | libc::O_WRONLY, 0o600])
            .bad(|w| args![w.path("file"), libc::O_CREAT | libc::O_EXCL, 0o600]),
        case("creat", |w| args![w.path("new"), 0o640]).bad(|w| args![w.path("sub"), 0o640]),
        case("creat", |w| args![w.path("file"), 0o640]),
        case("openat", |w| args![w.dir(), text("link"), libc::O_RDONLY, 0])
            .bad(|w| args![w.dir(), text("link"), libc::O_NOFOLLOW, 0])
            .bad(|w| args![w.file(), text("link"), libc::O_RDONLY, 0]),
        case("openat", |w| args![HERE, w.path("sub"), libc::O_DIRECTORY, 0]),
        case("openat2", move |w| args![w.dir(), text("file"), how(libc::O_RDONLY, 8), 24])
            .bad(move |w| args![w.dir(), text("../x"), how(libc::O_RDONLY, 8), 24])
            .bad(move |w| args![w.dir(), text("file"), how(libc::O_RDONLY, 1 << 40), 24])
            .bad(|w| args![w.dir(), text("file"), input(words(&[0, 0])), 16]),
        case("openat2", move |w| args![w.dir(), text("file"), input(words(&[2, 0, 0, 0])), 32])
            .bad(move |w| args![w.dir(), text("file"), input(words(&[2, 0, 0, 1])), 32]),
        case("name_to_handle_at", |w| args![w.dir(), text("file"), handle(w), out(), 0])
            .any_bytes(3, 0..8)
            .bad(|w| args![w.dir(), text("file"), w.memory([0; 8]), out(), 0])
            .any_memory(8..128)
            .loose(3),
        case("open_by_handle_at", |w| args![w.dir(), filled_handle(w), libc::O_RDONLY])
            .bad(|w| args![w.dir(), handle(w), libc::O_RDONLY]),
    ]
}

/// Room for a handle of 120 bytes.
fn handle(w: &mut World) -> Arg {
    w.memory([ints(&[120, 0]), vec![0; 120]].concat())
}

/// The file's own handle.
fn filled_handle(w: &mut World) -> Arg {
    let file = w.file();
    let handle = [ints(&[120, 0]), vec![0; 120], vec![0; 8]].concat();
    let empty = b"\0";
    let mount = address(&handle) + 128;
    let at = i64::from(libc::AT_EMPTY_PATH);
    must("name_to_handle_at", &[file.into(), address(empty), address(&handle), mount, at]);
    w.memory(&handle[..128])
}

fn looking() -> Vec<Case> {
    let stat = |case: Case, arg| case.any_bytes(arg, 8..16).any_bytes(arg, 72..120);
    vec![
        stat(case("stat", |w| args![w.path("link"), out()]), 1).bad(|w| args![w.path("none"), out()]),
        stat(case("lstat", |w| args![w.path("link"), out()]), 1).bad(|w| args![w.path("none"), out()]),
        stat(case("newfstatat", |w| args![w.dir(), text("file"), out(), 0]), 2)
            .bad(|w| args![w.dir(), text("none"), out(), 0]),
        stat(case("newfstatat", |w| args![w.file(), text(""), out(), libc::AT_EMPTY_PATH]), 2),
        case("statx", |w| args![w.dir(), text("file"), 0, libc::STATX_BASIC_STATS, out()])
            .any_bytes(4, 32..40)
            .any_bytes(4, 64..128)
            .any_bytes(4, 144..152)
            .bad(|w| args![w.dir(), text("file"), 0, 1_u32 << 31, out()]),
        case("access", |w| args![w.path("file"), libc::R_OK]).bad(|w| args![w.path("file"), 99]),
        case("faccessat", |w| args![w.dir(), text("file"), libc::W_OK])
            .bad(|w| args![w.dir(), text("none"), libc::W_OK]),
        case("faccessat2", |w| args![w.dir(), text("file"), libc::R_OK, libc::AT_EACCESS])
            .bad(|w| args![w.dir(), text("file"), 99, 0]),
        case("readlink", |w| args![w.path("link"), out(), 3]).bad(|w| args![w.path("file"), out(), 30]),
        case("readlink", |w| args![w.path("link"), out(), 300]).bad(|w| args![w.path("link"), room(0), 0]),
        case("readlinkat", |w| args![w.dir(), text("link"), out(), 64])
            .bad(|w| args![w.dir(), text("file"), out(), 64]),
        case("statfs", |w| args![w.path("file"), out()])
            .any_bytes(1, 24..56)
            .bad(|w| args![w.path("none"), out()]),
        case("ustat", |w| {
            let device =
                std::os::unix::fs::MetadataExt::dev(&std::fs::metadata(w.folder()).expect("it is there"));
            args![device, out()]
        })
        .any_bytes(1, 0..16)
        .bad(|_| args![0xfff_fff, out()]),
    ]
}

fn names() -> Vec<Case> {
    let fifo = libc::S_IFIFO | 0o600;
    vec![
        case("mkdir", |w| args![w.path("new"), 0o700]).bad(|w| args![w.path("file"), 0o700]),
        case("mkdirat", |w| args![w.dir(), text("new"), 0o755]).bad(|w| args![w.dir(), text("sub"), 0o755]),
        case("rmdir", |w| args![w.path("sub")]).bad(|w| args![w.path("file")]),
        case("mknod", move |w| args![w.path("new"), fifo, 0]).bad(move |w| args![w.path("file"), fifo, 0]),
        case("mknodat", move |w| args![w.dir(), text("new"), fifo, 0])
            .bad(|w| args![w.dir(), text("new"), libc::S_IFDIR, 0]),
        case("link", |w| args![w.path("file"), w.path("hard")]).bad(|w| args![w.path("sub"), w.path("hard")]),
        case("linkat", |w| args![w.dir(), text("link"), w.dir(), text("hard"), libc::AT_SYMLINK_FOLLOW])
            .bad(|w| args![w.dir(), text("none"), w.dir(), text("hard"), 0]),
        case("symlink", |w| args![text("target"), w.path("soft")]).bad(|w| args![text("t"), w.path("file")]),
        case("symlinkat", |w| args![text("target"), w.dir(), text("soft")])
            .bad(|w| args![text("target"), w.dir(), text("file")]),
        case("unlink", |w| args![w.path("file")]).bad(|w| args![w.path("sub")]),
        case("unlinkat", |w| args![w.dir(), text("sub"), libc::AT_REMOVEDIR])
            .bad(|w| args![w.dir(), text("sub"), 0])
            .bad(|w| args![w.dir(), text("file"), libc::AT_REMOVEDIR]),
    ]
}

fn renaming() -> Vec<Case> {
    vec![
        case("rename", |w| args![w.path("file"), w.path("moved")])
            .bad(|w| args![w.path("file"), w.path("sub")])
            .bad(|w| args![w.path("none"), w.path("moved")]),
        case("renameat", |w| args![w.dir(), text("file"), w.dir(), text("sub/moved")])
            .bad(|w| args![w.dir(), text("sub"), w.dir(), text("sub/sub")]),
        case("renameat2", |w| args![w.dir(), text("file"), w.dir(), text("sub"), libc::RENAME_EXCHANGE])
            .bad(|w| args![w.dir(), text("file"), w.dir(), text("sub"), libc::RENAME_NOREPLACE]),
    ]
}

fn changing() -> Vec<Case> {
    vec![
        case("chmod", |w| args![w.path("file"), 0o604]).bad(|w| args![w.path("none"), 0o604]),
        case("fchmodat", |w| args![w.dir(), text("file"), 0o604])
            .bad(|w| args![w.dir(), text("none"), 0o604]),
        case("fchmodat2", |w| args![w.dir(), text("file"), 0o604, 0])
            .bad(|w| args![w.dir(), text("link"), 0o604, libc::AT_SYMLINK_NOFOLLOW]),
        case("chown", |w| args![w.path("link"), 12, -1]).bad(|w| args![w.path("none"), 1, 1]),
        case("lchown", |w| args![w.path("link"), 12, 34]).bad(|w| args![w.path("none"), 1, 1]),
        case("fchownat", |w| args![w.dir(), text("link"), 12, 34, libc::AT_SYMLINK_NOFOLLOW])
            .bad(|w| args![w.dir(), text("none"), 1, 1, 0]),
        case("truncate", |w| args![w.path("file"), 3])
            .bad(|w| args![w.path("file"), -3])
            .bad(|w| args![w.path("sub"), 3]),
        case("file_getattr", |w| args![w.dir(), text("file"), out(), 24, 0])
            .bad(|w| args![w.dir(), text("file"), out(), 8, 0])
            .bad(|w| args![w.dir(), text("none"), out(), 24, 0]),
        case("file_setattr", |w| args![w.dir(), text("file"), input(words(&[0, 0, 0])), 24, 0])
            .bad(|w| args![w.dir(), text("file"), input(words(&[1 << 50, 0, 0])), 24, 0]),
    ]
}

fn times() -> Vec<Case> {
    let spec = |nanoseconds: i64| input(words(&[1, 2, 3, nanoseconds]));
    vec![
        case("utime", |w| args![w.path("file"), input(words(&[1, 2]))])
            .bad(|w| args![w.path("none"), input(words(&[1, 2]))]),
        case("utimes", move |w| args![w.path("file"), spec(4)])
            .bad(move |w| args![w.path("file"), spec(-4)])
            .bad(move |w| args![w.path("none"), spec(4)]),
        case("futimesat", move |w| args![w.dir(), text("file"), spec(4)])
            .bad(move |w| args![w.dir(), text("file"), spec(1 << 40)]),
        case("utimensat", move |w| args![w.dir(), text("link"), spec(4), libc::AT_SYMLINK_NOFOLLOW])
            .bad(move |w| args![w.dir(), text("file"), spec(1 << 40), 0]),
        case("utimensat", move |w| args![w.file(), 0, spec(4), 0]),
    ]
}

/// A path to go to; the process is elsewhere at the end.
fn left_again(w: &mut World, name: &str) -> Arg {
    w.undo(|| {
        must("chdir", &[address(b"/\0")]);
    });
    w.path(name)
}

fn own_place() -> Vec<Case> {
    let here = |w: &World| w.anonymous(&std::env::current_dir().unwrap_or_default().to_string_lossy());
    vec![
        case("chdir", |w| args![left_again(w, "sub")]).left(here).bad(|w| args![w.path("file")]).alone(),
        case("chroot", |_| args![text("/")]).bad(|w| args![w.path("file")]).alone(),
        case("getcwd", |_| args![out(), 4096]).bad(|_| args![out(), 1]),
    ]
}
