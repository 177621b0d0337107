//! Sockets.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};

use crate::case::{Arg, Case, args, case, inout, input, ints, length, out, room, sleeping, words};
use crate::direct::{address, address_mut, must, sys};
use crate::world::{World, adopt, write};

pub(crate) fn cases() -> Vec<Case> {
    [making(), names(), options(), accepting(), sending(), receiving(), sleepers()]
        .into_iter()
        .flatten()
        .collect()
}

const STREAM: i32 = libc::SOCK_STREAM;
const INET: i32 = libc::AF_INET;

/// `struct sockaddr_in` of the loopback.
fn loopback(port: u16) -> Vec<u8> {
    let family = u16::try_from(INET).expect("small").to_ne_bytes();
    [&family[..], &port.to_be_bytes(), &[127, 0, 0, 1], &[0; 8]].concat()
}

fn socket(w: &mut World, kind: i32) -> RawFd {
    let fd = must("socket", &[INET.into(), kind.into(), 0]);
    w.keep_raw(fd)
}

fn listener(w: &mut World) -> (RawFd, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback");
    let port = listener.local_addr().expect("it is bound").port();
    w.note(port.into());
    (w.keep(listener), port)
}

/// A listener with one connection to accept.
fn called(w: &mut World) -> RawFd {
    let (listener, port) = listener(w);
    let caller = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a loopback");
    w.keep(caller);
    listener
}

fn making() -> Vec<Case> {
    vec![
        case("socket", |_| args![libc::AF_UNIX, STREAM | libc::SOCK_CLOEXEC, 0])
            .bad(|_| args![999, STREAM, 0])
            .bad(|_| args![INET, 99, 0]),
        case("socketpair", |_| args![libc::AF_UNIX, libc::SOCK_SEQPACKET, 0, out()])
            .descriptors(3)
            .bad(|_| args![999, STREAM, 0, out()])
            .bad(|_| args![INET, STREAM, 0, out()]),
        case("bind", |w| args![socket(w, STREAM), input(loopback(0)), 16])
            .bad(|w| args![socket(w, STREAM), input(loopback(0)), 2])
            .bad(|w| args![w.file(), input(loopback(0)), 16]),
        case("listen", |w| args![socket(w, STREAM), 4])
            .bad(|w| args![socket(w, libc::SOCK_DGRAM), 4])
            .bad(|w| args![w.file(), 4]),
        case("shutdown", |w| args![w.streams().0, libc::SHUT_WR])
            .bad(|w| args![w.streams().0, 99])
            .bad(|w| args![w.file(), 0]),
        case("connect", |w| {
            let port = listener(w).1;
            args![socket(w, STREAM), input(loopback(port)), 16]
        })
        .bad(|w| args![socket(w, STREAM), input(loopback(1)), 16])
        .bad(|w| args![socket(w, STREAM), input(loopback(1)), 3]),
    ]
}

fn names() -> Vec<Case> {
    vec![
        case("getsockname", |w| args![listener(w).0, out(), length(16)])
            .any_bytes(1, 2..4)
            .bad(|w| args![w.file(), out(), length(16)])
            .bad(|w| args![listener(w).0, w.memory([0; 16]), w.memory([0xff; 4])]),
        case("getsockname", |w| args![listener(w).0, out(), length(64)]).any_bytes(1, 2..4),
        case("getsockname", |w| args![listener(w).0, out(), length(1)]),
        case("getpeername", |w| args![w.streams().0, out(), length(110)])
            .bad(|w| args![listener(w).0, out(), length(16)])
            .bad(|w| args![w.file(), out(), length(16)]),
    ]
}

fn options() -> Vec<Case> {
    const LEVEL: i32 = libc::SOL_SOCKET;
    let on = || input(ints(&[1]));
    vec![
        case("setsockopt", move |w| args![socket(w, STREAM), LEVEL, libc::SO_KEEPALIVE, on(), 4])
            .left(|w| {
                let (mut value, len) = ([0; 4], [4, 0, 0, 0]);
                let option = libc::SO_KEEPALIVE.into();
                let args = [w.fd(0), LEVEL.into(), option, address_mut(&mut value), address(&len)];
                format!("{} {value:?}", sys("getsockopt", &args))
            })
            .bad(move |w| args![socket(w, STREAM), LEVEL, 999, on(), 4])
            .bad(move |w| args![socket(w, STREAM), LEVEL, libc::SO_KEEPALIVE, on(), 1]),
        case("getsockopt", |w| args![socket(w, STREAM), LEVEL, libc::SO_TYPE, out(), length(4)])
            .bad(|w| args![socket(w, STREAM), LEVEL, 999, room(4), length(4)])
            .bad(|w| args![w.file(), LEVEL, libc::SO_TYPE, out(), length(4)]),
        case("getsockopt", |w| args![w.streams().0, LEVEL, libc::SO_PEERCRED, out(), length(64)]),
        case("getsockopt", |w| args![socket(w, STREAM), LEVEL, libc::SO_TYPE, out(), length(2)]),
        // Lengths that count instructions, and contents that count sources.
        case("getsockopt", |w| args![filtered(w), LEVEL, libc::SO_GET_FILTER, out(), length(2)])
            .bad(|w| args![filtered(w), LEVEL, libc::SO_GET_FILTER, out(), length(1)]),
        case("getsockopt", |w| args![filtered(w), LEVEL, libc::SO_GET_FILTER, out(), length(7)]),
        case("getsockopt", |w| args![member(w), 0, libc::IP_MSFILTER, inout(sources(3)), length(16)]),
        case("getsockopt", |w| args![member(w), 0, libc::IP_MSFILTER, inout(sources(1)), length(400)]),
        case("setsockopt", |w| args![member(w), 0, libc::IP_MSFILTER, input(sources(3)), 28])
            .bad(|w| args![member(w), 0, libc::IP_MSFILTER, input(sources(3)), 24]),
    ]
}

/// A socket with a filter of two instructions.
fn filtered(w: &mut World) -> RawFd {
    let fd = socket(w, libc::SOCK_DGRAM);
    // Load a number, return another.
    let filter: Vec<u8> = [[0, 0, 0, 0, 7, 0, 0, 0], [6, 0, 0, 0, 0xff, 0xff, 0, 0]].concat();
    let program = words(&[2, address(&filter)]);
    let option = [fd, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER].map(i64::from);
    must("setsockopt", &[option[0], option[1], option[2], address(&program), 16]);
    fd
}

/// 224.0.0.9, on the loopback.
const GROUP: [u8; 8] = [224, 0, 0, 9, 127, 0, 0, 1];

/// A socket in a group, from two sources only.
fn member(w: &mut World) -> RawFd {
    let fd = socket(w, libc::SOCK_DGRAM);
    for source in 1..=2 {
        let request = [GROUP.as_slice(), &[10, 0, 0, source]].concat();
        let option = [fd, 0, libc::IP_ADD_SOURCE_MEMBERSHIP].map(i64::from);
        must("setsockopt", &[option[0], option[1], option[2], address(&request), 12]);
    }
    fd
}

/// `struct ip_msfilter` with room for so many sources, of those included.
fn sources(count: u8) -> Vec<u8> {
    let list = (0..count).flat_map(|source| [10, 0, 1, source]);
    GROUP.into_iter().chain(ints(&[1, count.into()])).chain(list).collect()
}

fn accepting() -> Vec<Case> {
    let none = || Arg::Value(0);
    vec![
        case("accept", |w| args![called(w), out(), length(16)])
            .any_bytes(1, 2..4)
            .bad(|w| args![w.streams().0, out(), length(16)])
            .bad(|w| args![w.file(), out(), length(16)]),
        case("accept", move |w| args![called(w), none(), none()]),
        case("accept4", |w| args![called(w), out(), length(5), libc::SOCK_CLOEXEC])
            .any_bytes(1, 2..4)
            .bad(|w| args![w.file(), out(), length(16), 0]),
        case("accept4", |w| {
            let listener = listener(w).0;
            must("fcntl", &[listener.into(), libc::F_SETFL.into(), libc::O_NONBLOCK.into()]);
            args![listener, out(), length(16), 0]
        })
        .fails(),
    ]
}

/// A `msghdr` with room for a name of 32 bytes and one vector with these bytes.
fn header(w: &mut World, bytes: &[u8], name: bool) -> Vec<u8> {
    let name_at = if name { w.block([0; 32]) } else { 0 };
    let data = w.block(bytes);
    let vector = w.block(words(&[data.cast_signed(), i64::try_from(bytes.len()).expect("few")]));
    let name_len = if name { 32 } else { 0 };
    words(&[name_at.cast_signed(), name_len, vector.cast_signed(), 1, 0, 0, 0])
}

fn message(w: &mut World, bytes: &[u8], name: bool) -> Arg {
    let header = header(w, bytes, name);
    w.memory(header)
}

/// Two `mmsghdr` in a row.
fn messages(w: &mut World) -> Arg {
    let two: Vec<u8> = (0..2).flat_map(|_| [header(w, b"message", false), words(&[0])].concat()).collect();
    w.memory(two)
}

/// What the other end has got.
fn received(w: &World) -> String {
    let mut bytes = [0; 64];
    let got = sys("recvfrom", &[w.fd(1), address_mut(&mut bytes), 64, libc::MSG_DONTWAIT.into()]);
    format!("{got} {bytes:?}")
}

fn sending() -> Vec<Case> {
    let none = || Arg::Value(0);
    let bytes = || input(b"bytes sent");
    vec![
        case("sendto", move |w| args![w.streams().0, bytes(), 10, 0, none(), 0])
            .left(received)
            .bad(move |w| args![w.file(), bytes(), 10, 0, none(), 0]),
        case("sendto", move |w| args![w.datagrams().0, bytes(), 10, libc::MSG_DONTWAIT, none(), 0])
            .left(received),
        case("sendto", move |w| {
            let (other, port) = datagram(w);
            let _ = other;
            args![socket(w, libc::SOCK_DGRAM), bytes(), 10, 0, input(loopback(port)), 16]
        })
        .bad(move |w| args![socket(w, libc::SOCK_DGRAM), bytes(), 10, 0, input(loopback(9)), 3]),
        case("sendmsg", |w| args![w.streams().0, message(w, b"bytes sent", false), 0])
            .left(received)
            .bad(|w| args![w.file(), message(w, b"bytes sent", false), 0]),
        case("sendmmsg", |w| args![w.datagrams().0, messages(w), 2, 0])
            .left(received)
            .bad(|w| args![w.file(), messages(w), 2, 0]),
    ]
}

/// A bound datagram socket of the loopback, and its port.
fn datagram(w: &mut World) -> (RawFd, u16) {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback");
    let port = socket.local_addr().expect("it is bound").port();
    (w.keep(socket), port)
}

/// One end of a pair to whose other end this was sent.
fn sent(w: &mut World, bytes: &[u8]) -> RawFd {
    let (one, other) = w.streams();
    write(other, bytes);
    one
}

/// The same in two datagrams.
fn sent_twice(w: &mut World) -> RawFd {
    let (one, other) = w.datagrams();
    write(other, b"first");
    write(other, b"second one");
    one
}

/// A connection over which some bytes have come.
fn sent_by_tcp(w: &mut World) -> RawFd {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback");
    let caller = TcpStream::connect(listener.local_addr().expect("it is bound")).expect("a loopback");
    let (called, _) = listener.accept().expect("a connection");
    let called = w.keep(called);
    let caller = w.keep(caller);
    write(caller, b"some bytes");
    let mut bytes = [0; 16];
    let peek = (libc::MSG_PEEK | libc::MSG_WAITALL).into();
    assert_eq!(must("recvfrom", &[called.into(), address_mut(&mut bytes), 10, peek]), 10, "all have come");
    called
}

/// A datagram that came from a port of the loopback.
fn sent_from(w: &mut World) -> RawFd {
    let (fd, port) = datagram(w);
    let from = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback");
    from.send_to(b"datagram", (Ipv4Addr::LOCALHOST, port)).expect("sent");
    let _ = from.as_raw_fd();
    fd
}

fn receiving() -> Vec<Case> {
    let none = || Arg::Value(0);
    vec![
        case("recvfrom", move |w| args![sent(w, b"some bytes"), out(), 32, 0, none(), none()])
            .bad(move |w| args![w.file(), out(), 32, 0, none(), none()])
            .bad(move |w| args![w.streams().0, out(), 32, libc::MSG_DONTWAIT, none(), none()]),
        case("recvfrom", move |w| args![sent_twice(w), out(), 3, libc::MSG_TRUNC, none(), none()]),
        case("recvfrom", move |w| args![sent(w, b"some bytes"), out(), 4, libc::MSG_PEEK, none(), none()]),
        // A stream that truncates throws bytes away and counts them.
        case("recvfrom", move |w| args![sent_by_tcp(w), out(), 32, libc::MSG_TRUNC, none(), none()]),
        case("recvfrom", |w| args![sent_from(w), out(), 32, 0, out(), length(16)]).any_bytes(4, 2..4),
        case("recvfrom", |w| args![sent_from(w), out(), 32, libc::MSG_DONTWAIT, out(), length(3)])
            .any_bytes(4, 2..4),
        case("recvfrom", |w| {
            args![sent(w, b"some bytes"), room(0), 0, libc::MSG_DONTWAIT, out(), length(16)]
        }),
        case("recvmsg", |w| args![sent(w, b"some bytes"), message(w, &[1; 20], true), 0])
            .bad(|w| args![w.file(), message(w, &[1; 20], true), 0])
            .bad(|w| args![w.streams().0, message(w, &[1; 20], true), libc::MSG_DONTWAIT]),
        case("recvmsg", |w| args![sent_twice(w), message(w, &[1; 3], false), libc::MSG_TRUNC]),
        case("recvmmsg", move |w| args![sent_twice(w), messages(w), 2, 0, none()])
            .bad(move |w| args![w.file(), messages(w), 2, 0, none()]),
        case("recvmmsg", |w| args![sent_twice(w), messages(w), 2, 0, inout(words(&[5, 0]))])
            .any_bytes(4, 0..16)
            .bad(|w| args![sent_twice(w), messages(w), 2, 0, inout(words(&[5, -1]))]),
    ]
}

/// Says something to the first end of a pair.
fn say(w: &World) {
    write(RawFd::try_from(w.fd(1)).expect("a descriptor"), b"now");
}

/// One end of a pair into which nothing more goes.
fn stuffed(w: &mut World) -> RawFd {
    let (reader, writer) = w.streams();
    let _ = reader;
    let bytes = [7; 4096];
    let args = [writer.into(), address(&bytes), 4096, libc::MSG_DONTWAIT.into()];
    while sys("sendto", &args) > 0 {}
    writer
}

/// Reads everything out of the other end.
fn swallow(w: &World) {
    let mut bytes = vec![0; 4096];
    let args = [w.fd(0), address_mut(&mut bytes), 4096, libc::MSG_DONTWAIT.into()];
    while sys("recvfrom", &args) > 0 {}
}

/// Connects to the listener; the connection outlives its caller.
fn call_it(w: &World) {
    let port = u16::try_from(w.number(0)).expect("a port");
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a loopback");
}

fn unix_socket(w: &mut World) -> RawFd {
    let fd = must("socket", &[libc::AF_UNIX.into(), STREAM.into(), 0]);
    w.keep_raw(fd)
}

/// The name of a listener that has as many connections to accept as it takes.
fn crowded(w: &mut World) -> Vec<u8> {
    let path = w.at("socket").to_string_lossy().into_owned();
    let family = u16::try_from(libc::AF_UNIX).expect("small").to_ne_bytes();
    let name = [&family[..], path.as_bytes(), b"\0"].concat();
    let (at, len) = (address(&name), i64::try_from(name.len()).expect("few"));
    let listener = i64::from(unix_socket(w));
    must("bind", &[listener, at, len]);
    must("listen", &[listener, 0]);
    loop {
        let caller = i64::from(unix_socket(w));
        must("fcntl", &[caller, libc::F_SETFL.into(), libc::O_NONBLOCK.into()]);
        if sys("connect", &[caller, at, len]) < 0 {
            return name;
        }
    }
}

/// Sleeps that another end ends.
fn sleepers() -> Vec<Case> {
    let none = || Arg::Value(0);
    vec![
        sleeping("recvfrom", move |w| args![w.streams().0, out(), 32, 0, none(), none()], say),
        sleeping("recvmsg", |w| args![w.datagrams().0, message(w, &[1; 20], false), 0], say),
        sleeping("recvmmsg", move |w| args![w.datagrams().0, messages(w), 1, 0, none()], say),
        sleeping("sendto", move |w| args![stuffed(w), input(b"late"), 4, 0, none(), 0], swallow),
        sleeping("sendmsg", |w| args![stuffed(w), message(w, b"late", false), 0], swallow),
        sleeping("sendmmsg", |w| args![stuffed(w), messages(w), 1, 0], swallow),
        sleeping("accept", |w| args![listener(w).0, out(), length(16)], call_it)
            .any_bytes(1, 2..4)
            .blocking_only(),
        sleeping("accept4", |w| args![listener(w).0, out(), length(16), libc::SOCK_CLOEXEC], call_it)
            .any_bytes(1, 2..4)
            .blocking_only(),
        sleeping(
            "connect",
            |w| {
                let name = crowded(w);
                let socket = unix_socket(w);
                let len = name.len();
                args![socket, input(name), len]
            },
            |w| {
                let accepted = must("accept", &[w.fd(0), 0, 0]);
                drop(adopt(RawFd::try_from(accepted).expect("a descriptor")));
            },
        )
        .blocking_only(),
    ]
}
