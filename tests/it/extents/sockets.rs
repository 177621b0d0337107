//! A socket of each kind, to ask for its options.

use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixStream};

use super::raw;

type Make = fn() -> Option<Vec<OwnedFd>>;

/// Each kind, and how one is made: the first is asked, the others keep it connected. Nothing where the kernel has none.
pub(super) const KINDS: &[(&str, Make)] = &[
    ("tcp", || socket(libc::AF_INET, libc::SOCK_STREAM, 0)),
    ("tcp6", || socket(libc::AF_INET6, libc::SOCK_STREAM, 0)),
    ("tcp, connected", || connected(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?)),
    ("tcp6, connected", || connected(TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).ok()?)),
    ("tcp, listening", || Some(vec![TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?.into()])),
    ("mptcp", || socket(libc::AF_INET, libc::SOCK_STREAM, libc::IPPROTO_MPTCP)),
    ("udp", || socket(libc::AF_INET, libc::SOCK_DGRAM, 0)),
    ("udp, filtered", || filtered(socket(libc::AF_INET, libc::SOCK_DGRAM, 0)?)),
    ("udp, in a group", || member(socket(libc::AF_INET, libc::SOCK_DGRAM, 0)?)),
    ("udp6", || socket(libc::AF_INET6, libc::SOCK_DGRAM, 0)),
    ("udp6, in a group", || member6(socket(libc::AF_INET6, libc::SOCK_DGRAM, 0)?)),
    ("unix", || UnixStream::pair().ok().map(|(one, other)| vec![one.into(), other.into()])),
    ("unix datagrams", || UnixDatagram::pair().ok().map(|(one, other)| vec![one.into(), other.into()])),
    ("icmp", || socket(libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_ICMP)),
    ("icmp6", || socket(libc::AF_INET6, libc::SOCK_RAW, libc::IPPROTO_ICMPV6)),
    ("raw", || socket(libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_RAW)),
    ("raw6", || socket(libc::AF_INET6, libc::SOCK_RAW, libc::IPPROTO_UDP)),
    ("netlink", || socket(libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_ROUTE)),
    ("packet", || socket(libc::AF_PACKET, libc::SOCK_DGRAM, 0)),
    ("vsock", || socket(libc::AF_VSOCK, libc::SOCK_STREAM, 0)),
];

fn socket(family: i32, kind: i32, protocol: i32) -> Option<Vec<OwnedFd>> {
    let [family, kind, protocol] =
        [family, kind | libc::SOCK_CLOEXEC, protocol].map(|number| i64::from(number).cast_unsigned());
    raw::adopt(raw::call(libc::SYS_socket, [family, kind, protocol, 0, 0])).map(|fd| vec![fd])
}

fn connected(listener: TcpListener) -> Option<Vec<OwnedFd>> {
    let caller = TcpStream::connect(listener.local_addr().ok()?).ok()?;
    let (called, _) = listener.accept().ok()?;
    Some(vec![called.into(), caller.into(), listener.into()])
}

/// With a filter of three instructions.
fn filtered(sockets: Vec<OwnedFd>) -> Option<Vec<OwnedFd>> {
    // Load a number, twice, and return another.
    let load = [0_u8, 0, 0, 0, 7, 0, 0, 0];
    let filter = [load, load, [6, 0, 0, 0, 0xff, 0xff, 0, 0]].concat();
    let program = [3, filter.as_ptr().expose_provenance() as u64];
    let at = program.as_ptr().expose_provenance() as u64;
    let done = raw::set(&sockets[0], [libc::SOL_SOCKET, libc::SO_ATTACH_FILTER], at, 16);
    (done == 0).then_some(sockets)
}

/// 224.0.0.9, on the loopback.
const GROUP: [u8; 8] = [224, 0, 0, 9, 127, 0, 0, 1];

/// In a group that has five sources.
fn member(sockets: Vec<OwnedFd>) -> Option<Vec<OwnedFd>> {
    let is_done = (1..=5).all(|source| {
        let request = [GROUP.as_slice(), &[10, 0, 0, source]].concat();
        let at = request.as_ptr().expose_provenance() as u64;
        raw::set(&sockets[0], [libc::IPPROTO_IP, libc::IP_ADD_SOURCE_MEMBERSHIP], at, 12) == 0
    });
    is_done.then_some(sockets)
}

/// `struct sockaddr_storage` of ff02::9:N or of fd00::N.
pub(super) fn address6(first: [u8; 2], last: u8) -> [u8; 128] {
    let mut address = [0; 128];
    address[0] = u8::try_from(libc::AF_INET6).expect("small");
    address[8..10].copy_from_slice(&first);
    address[23] = last;
    address
}

/// In a group of IPv6 that has five sources.
fn member6(sockets: Vec<OwnedFd>) -> Option<Vec<OwnedFd>> {
    let is_done = (1..=5).all(|source| {
        // `struct group_source_req`, on the first interface, which is the loopback.
        let request =
            [&[1, 0, 0, 0, 0, 0, 0, 0], &address6([0xff, 2], 9)[..], &address6([0xfd, 0], source)].concat();
        let at = request.as_ptr().expose_provenance() as u64;
        raw::set(&sockets[0], [libc::IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP], at, 264) == 0
    });
    is_done.then_some(sockets)
}

const MCAST_JOIN_SOURCE_GROUP: i32 = 46;

/// What a group is joined or left with, by the options of IPv4 and of both, with or without a source.
pub(super) fn memberships() -> [Vec<u8>; 4] {
    let of_any = |group: &[u8], source: &[u8]| [&[1, 0, 0, 0, 0, 0, 0, 0], group, source].concat();
    let address4 = |last: [u8; 4]| [&[2, 0, 0, 0][..], &last, &[0; 120]].concat();
    [
        [GROUP.as_slice(), &[10, 0, 0, 7]].concat(),
        of_any(&address4([224, 0, 0, 9]), &address4([10, 0, 0, 7])),
        of_any(&address6([0xff, 2], 9), &address6([0xfd, 0], 7)),
        [&address6([0xff, 2], 9)[8..24], &[1, 0, 0, 0]].concat(),
    ]
}

/// The number that says which descriptor the option made, if it makes one.
pub(super) fn made(option: [i32; 2], bytes: &[u8]) -> Option<OwnedFd> {
    let is_maker = option == [libc::SOL_SOCKET, libc::SO_PEERPIDFD];
    let number = bytes.first_chunk().map(|number| i32::from_ne_bytes(*number));
    number.filter(|_| is_maker).and_then(|number| raw::adopt(number.into()))
}
