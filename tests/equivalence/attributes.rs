//! Extended attributes of files.

use crate::case::{Arg, Case, args, case, input, out, room, text, words};
use crate::direct::{address, must};
use crate::world::World;

pub(crate) fn cases() -> Vec<Case> {
    [setting(), getting(), listing(), removing()].into_iter().flatten().collect()
}

const NAME: &str = "user.one";

/// The file, with an attribute of five bytes.
fn named(w: &mut World) -> i32 {
    let file = w.file();
    let value = b"value";
    must("fsetxattr", &[file.into(), address(b"user.one\0"), address(value), 5, 0]);
    file
}

/// The same by path.
fn named_path(w: &mut World, name: &str) -> Arg {
    named(w);
    w.path(name)
}

/// The same by folder.
fn named_dir(w: &mut World) -> i32 {
    named(w);
    w.dir()
}

/// All attributes of the file, after the call.
fn attributes(w: &World) -> String {
    let file = w.fd(0);
    let (mut names, mut value) = ([0_u8; 256], [0_u8; 64]);
    let listed = crate::direct::sys("flistxattr", &[file, crate::direct::address_mut(&mut names), 256]);
    let name = address(b"user.one\0");
    let got = crate::direct::sys("fgetxattr", &[file, name, crate::direct::address_mut(&mut value), 64]);
    format!("{listed} {} {got} {value:?}", String::from_utf8_lossy(&names))
}

fn setting() -> Vec<Case> {
    let value = || input(b"other");
    vec![
        case("setxattr", move |w| args![named_path(w, "link"), text(NAME), value(), 5, 0])
            .left(attributes)
            .bad(move |w| args![named_path(w, "file"), text(NAME), value(), 5, libc::XATTR_CREATE]),
        case("lsetxattr", move |w| args![named_path(w, "file"), text(NAME), value(), 4, libc::XATTR_REPLACE])
            .left(attributes)
            .bad(move |w| args![named_path(w, "link"), text(NAME), value(), 5, 0]),
        case("fsetxattr", move |w| args![named(w), text("user.two"), value(), 5, 0])
            .left(attributes)
            .bad(move |w| args![named(w), text(""), value(), 5, 0]),
        case("setxattrat", |w| args![named_dir(w), text("file"), 0, text(NAME), pointed(w, b"other"), 16])
            .left(attributes)
            .bad(|w| args![named_dir(w), text("file"), 0, text(NAME), pointed(w, b"other"), 8]),
    ]
}

/// `struct xattr_args`: the address of a value, its length, no flags.
fn pointed(w: &mut World, value: &[u8]) -> Arg {
    let at = w.block(value).cast_signed();
    w.memory(words(&[at, i64::try_from(value.len()).expect("few")]))
}

fn getting() -> Vec<Case> {
    vec![
        case("getxattr", |w| args![named_path(w, "link"), text(NAME), out(), 64])
            .bad(|w| args![named_path(w, "file"), text("user.none"), out(), 64])
            .bad(|w| args![named_path(w, "file"), text(NAME), out(), 2]),
        case("getxattr", |w| args![named_path(w, "link"), text(NAME), room(0), 0]),
        case("lgetxattr", |w| args![named_path(w, "file"), text(NAME), out(), 64])
            .bad(|w| args![named_path(w, "link"), text(NAME), out(), 64]),
        case("fgetxattr", |w| args![named(w), text(NAME), out(), 64])
            .bad(|w| args![named(w), text("none"), out(), 64]),
        case("getxattrat", |w| args![named_dir(w), text("file"), 0, text(NAME), pointed(w, &[0; 9]), 16])
            .bad(|w| args![named_dir(w), text("file"), 0, text(NAME), pointed(w, &[0; 2]), 16]),
    ]
}

fn listing() -> Vec<Case> {
    vec![
        case("listxattr", |w| args![named_path(w, "link"), out(), 64])
            .bad(|w| args![named_path(w, "file"), out(), 2]),
        case("listxattr", |w| args![named_path(w, "file"), room(0), 0]),
        case("llistxattr", |w| args![named_path(w, "link"), out(), 64])
            .bad(|w| args![w.path("none"), out(), 64]),
        case("flistxattr", |w| args![named(w), out(), 64]).bad(|w| args![named(w), out(), 2]),
        case("listxattrat", |w| args![named_dir(w), text("file"), 0, out(), 64])
            .bad(|w| args![named_dir(w), text("file"), 0, out(), 2]),
    ]
}

fn removing() -> Vec<Case> {
    vec![
        case("removexattr", |w| args![named_path(w, "link"), text(NAME)])
            .left(attributes)
            .bad(|w| args![named_path(w, "link"), text("user.none")]),
        case("lremovexattr", |w| args![named_path(w, "file"), text(NAME)])
            .left(attributes)
            .bad(|w| args![named_path(w, "link"), text(NAME)]),
        case("fremovexattr", |w| args![named(w), text(NAME)])
            .left(attributes)
            .bad(|w| args![named(w), text("user.none")]),
        case("removexattrat", |w| args![named_dir(w), text("file"), 0, text(NAME)])
            .left(attributes)
            .bad(|w| args![named_dir(w), text("file"), 0, text("user.none")]),
    ]
}
