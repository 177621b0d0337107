//! Lengths at their edges: structures longer or shorter than the kernel's, counts that are no multiple, room that is
//! not used, and calls whose result says more than they write.

use crate::case::{Arg, Case, args, case, inout, input, ints, length, out, room, text, words};
use crate::direct::must;
use crate::world::World;

pub(crate) fn cases() -> Vec<Case> {
    [structures(), results(), sets(), lengths()].into_iter().flatten().collect()
}

const NONE: Arg = Arg::Value(0);

fn structures() -> Vec<Case> {
    let attributes = |bytes: usize| input(vec![0; bytes]);
    vec![
        case("file_getattr", |w| args![w.dir(), text("file"), out(), 64, 0]),
        case("file_setattr", move |w| args![w.dir(), text("file"), attributes(64), 64, 0]),
        case("sched_getattr", |_| args![0, out(), 56, 0]),
        case("sched_getattr", |_| args![0, out(), 4096, 0]),
        // With no room for the answer a wrong version is no error: the header says which one is right.
        case("capget", |_| args![inout(ints(&[99, 0])), NONE]),
        case("capget", |_| args![inout(ints(&[0x1998_0330, 0])), out()]).loose(1),
        case("openat2", |w| args![w.dir(), text("file"), input(vec![0; 88]), 88]),
        case("name_to_handle_at", |w| {
            let handle = [ints(&[120, 0]), vec![0; 120]].concat();
            args![w.dir(), text("file"), w.memory(handle), out(), 1]
        })
        .any_memory(8..128)
        .keep(4),
        case("prlimit64", |_| args![0, libc::RLIMIT_CORE, input(words(&[4096, 8192])), out()]).alone(),
        case("mq_getsetattr", |w| {
            let (name, flags) =
                (w.folder().file_name().map(|name| name.as_encoded_bytes().to_vec()), libc::O_CREAT);
            let name = [name.unwrap_or_default(), vec![0]].concat();
            let at = crate::direct::address(&name);
            let queue = must("mq_open", &[at, (flags | libc::O_RDWR).into(), 0o600, 0]);
            must("mq_unlink", &[at]);
            args![w.keep_raw(queue), input(words(&[2048, 0, 0, 0, 0, 0, 0, 0])), out()]
        }),
        case("landlock_create_ruleset", |_| args![input(words(&[1, 0, 0, 0])), 32, 0]),
    ]
}

fn results() -> Vec<Case> {
    vec![
        case("syslog", |_| args![10, out(), 16]),
        case("getgroups", |_| args![0, room(0)]),
        case("sched_getaffinity", |_| args![0, 1024, out()]),
        case("readlinkat", |w| args![w.dir(), text("link"), room(1), 1]),
        case("getdents64", |w| args![crowded(w), out(), 4096]).any_bytes(1, 0..4096).any_result(),
        case("getrandom", |_| args![out(), 1000, libc::GRND_INSECURE]).any_bytes(0, 0..1000),
        case("pread64", |w| args![w.file(), out(), 30, 100]),
        case("read", |w| args![w.file(), room(0), 0]),
    ]
}

/// A folder with more entries than fit.
fn crowded(w: &mut World) -> i32 {
    for number in 0..200 {
        std::fs::write(w.at(&format!("sub/{number}")), b"").expect("a temporary folder works");
    }
    let sub = std::fs::File::open(w.at("sub")).expect("a temporary folder works");
    w.keep(sub)
}

fn sets() -> Vec<Case> {
    let at_once = || inout(words(&[0, 0]));
    vec![
        case("select", move |_| args![1, inout([0; 8]), inout([0; 8]), inout([0; 8]), at_once()]),
        case("select", move |_| args![65, inout([0; 16]), NONE, inout([0; 16]), at_once()]),
        // More than the process can have: the kernel looks at less, and writes less.
        case("select", move |_| args![20_000, inout(vec![0; 2504]), NONE, NONE, at_once()]),
        case("pselect6", move |_| args![63, NONE, inout([0; 8]), NONE, at_once(), NONE]),
        case("get_mempolicy", |_| args![NONE, out(), 1025, 0, 0]).loose(1),
        case("mbind", |_| args![4096, 0, 0, input(words(&[0, 0])), 65, 0]),
        case("poll", |_| args![inout([]), 0, 0]),
    ]
}

fn lengths() -> Vec<Case> {
    let tcp = |w: &mut World| {
        let socket = must("socket", &[libc::AF_INET.into(), libc::SOCK_STREAM.into(), 0]);
        w.keep_raw(socket)
    };
    vec![
        case("getsockopt", move |w| args![tcp(w), libc::IPPROTO_TCP, libc::TCP_INFO, out(), length(400)])
            .any_bytes(3, 8..400),
        case("getsockopt", move |w| args![tcp(w), libc::SOL_SOCKET, libc::SO_LINGER, out(), length(8)]),
        case("getsockopt", move |w| args![tcp(w), libc::SOL_SOCKET, libc::SO_RCVTIMEO, out(), length(3)]),
        case("getsockopt", move |w| {
            args![tcp(w), libc::IPPROTO_TCP, libc::TCP_CONGESTION, out(), length(64)]
        }),
        case("getsockopt", move |w| args![tcp(w), libc::SOL_SOCKET, libc::SO_TYPE, out(), length(0)]),
        case("getpeername", |w| args![w.datagrams().0, out(), length(0)]),
        case("recvfrom", |w| args![w.pipe().0, out(), 8, 0, out(), length(16)]).fails(),
        case("lsm_list_modules", |_| args![out(), length(4096), 0]),
        case("setsockopt", move |w| {
            args![tcp(w), libc::SOL_SOCKET, libc::SO_LINGER, input(ints(&[1, 5, 9])), 12]
        }),
    ]
}
