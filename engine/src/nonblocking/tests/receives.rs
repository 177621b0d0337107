//! Receives.

use std::io::Write;
use std::net::UdpSocket;
use std::os::unix::net::{UnixDatagram, UnixStream};

use crate::nonblocking::Attempt;
use crate::nonblocking::tests::rig::{
    at, at_mut, attempt_with, enter, fd, finished, nonblocking, owned, plain, tries,
};

const WAITALL: u64 = libc::MSG_WAITALL as u64;
const PEEK: u64 = libc::MSG_PEEK as u64;

/// TWIN-16: what is there is the answer; what would be waited for is left alone.
#[test]
fn what_is_there_is_received() {
    let (left, right) = UnixDatagram::pair().expect("a pair");
    let mut buffer = [0u8; 8];
    let vector = [at_mut(&mut buffer), 8];
    let mut header = [0, 0, at(&vector), 1, 0, 0, 0, 0];
    let from = [fd(&left), at_mut(&mut buffer), 8, 0, 0, 0];
    let msg = [fd(&left), at_mut(&mut header), 0, 0, 0, 0];
    let mmsg = [fd(&left), at_mut(&mut header), 1, 0, 0, 0];
    for (name, args, one) in [("recvfrom", from, 3), ("recvmsg", msg, 3), ("recvmmsg", mmsg, 1)] {
        assert_eq!(nonblocking(name, args), Attempt::WouldBlock, "{name}");
        right.send(b"abc").expect("room");
        right.send(b"de").expect("room");
        assert_eq!(nonblocking(name, args), Attempt::Final(one), "{name}");
        assert_eq!(&buffer[..3], b"abc", "{name}");
        let flags = header[6];
        assert!(plain(name, args) > 0, "{name}");
        assert_eq!(header[6], flags, "{name}: the same message flags");
    }
    let udp = UdpSocket::bind("127.0.0.1:0").expect("a loopback");
    let args = [fd(&udp), at_mut(&mut buffer), 8, 0, 0, 0];
    assert_eq!(nonblocking("recvfrom", args), Attempt::WouldBlock);
    udp.send_to(b"", udp.local_addr().expect("bound")).expect("room");
    assert_eq!(nonblocking("recvfrom", args), Attempt::Final(0), "an empty datagram");
    assert_eq!(nonblocking("recvfrom", args), Attempt::WouldBlock, "and only one");
}

/// TWIN-17: MSG_WAITALL takes nothing before all is there.
#[test]
fn waiting_for_all_starts_when_all_is_there() {
    let (left, mut right) = UnixStream::pair().expect("a pair");
    let mut buffer = [0u8; 8];
    let args = [fd(&left), at_mut(&mut buffer), 4, WAITALL, 0, 0];
    right.write_all(b"abc").expect("room");
    assert_eq!(nonblocking("recvfrom", args), Attempt::WouldBlock);
    right.write_all(b"de").expect("room");
    assert_eq!(nonblocking("recvfrom", args), Attempt::Final(4));
    assert_eq!(&buffer[..4], b"abcd");
    drop(right);
    assert_eq!(nonblocking("recvfrom", args), Attempt::WouldBlock, "one byte is left");
    assert_eq!(finished("recvfrom", args, 0), 1, "and then the end");
    for flags in [PEEK, u64::from(libc::MSG_OOB.cast_unsigned())] {
        assert!(!tries("recvfrom", [fd(&left), args[1], 4, WAITALL | flags, 0, 0]));
    }
    assert!(!tries("recvmsg", [fd(&left), args[1], WAITALL]));
}

/// TWIN-17: when another reader is faster, the rest is waited for.
#[test]
fn waiting_for_all_shares_with_other_readers() {
    let (left, mut right) = UnixStream::pair().expect("a pair");
    let (mut buffer, mut stolen) = ([0u8; 4], [0u8; 2]);
    let args = [fd(&left), at_mut(&mut buffer), 4, WAITALL, 0, 0];
    right.write_all(b"abcd").expect("room");
    let never = std::sync::atomic::AtomicU32::new(0);
    let attempt = attempt_with("recvfrom", args, |nr, args| {
        assert_eq!(plain("read", [fd(&left), at_mut(&mut stolen), 2]), 2);
        enter(&never, nr, args)
    });
    assert_eq!(attempt, Attempt::Partial(2));
    right.write_all(b"ef").expect("room");
    assert_eq!(finished("recvfrom", args, 2), 4);
    assert_eq!((&stolen, &buffer), (b"ab", b"cdef"));
}

/// TWIN-17: a boundary that the plain call does not cross ends the twin too.
#[test]
fn waiting_for_all_stops_at_descriptors() {
    let outcomes = [false, true].map(|through_twin| {
        let (left, mut right) = UnixStream::pair().expect("a pair");
        crate::nonblocking::tests::sends::send_descriptor(&right, b"ab");
        right.write_all(b"cd").expect("room");
        let mut buffer = [0u8; 4];
        let args = [fd(&left), at_mut(&mut buffer), 4, WAITALL, 0, 0];
        if through_twin { nonblocking("recvfrom", args) } else { Attempt::Final(plain("recvfrom", args)) }
    });
    assert_eq!(outcomes, [Attempt::Final(2); 2]);
}

/// TWIN-18: sockets of other families, and several messages that are waited for, are a worker's.
#[test]
fn families_that_differ_are_left_to_a_worker() {
    let family = libc::AF_NETLINK.cast_unsigned().into();
    let netlink = owned(plain("socket", [family, 3, 0]));
    let mut buffer = [0u8; 8];
    assert_eq!(nonblocking("recvfrom", [fd(&netlink), at_mut(&mut buffer), 8]), Attempt::NotHere);
    assert_eq!(nonblocking("sendto", [fd(&netlink), at_mut(&mut buffer), 8]), Attempt::NotHere);
    assert_eq!(nonblocking("read", [fd(&netlink), at_mut(&mut buffer), 8]), Attempt::NotHere);
    let (reader, _writer) = std::io::pipe().expect("a pipe");
    assert_eq!(nonblocking("recvfrom", [fd(&reader), at_mut(&mut buffer), 8]), Attempt::NotHere, "no socket");
    let one = u64::from(libc::MSG_WAITFORONE.cast_unsigned());
    assert!(tries("recvmmsg", [fd(&netlink), 8, 2, one, 0]));
    assert!(!tries("recvmmsg", [fd(&netlink), 8, 2, 0, 0]));
    assert!(!tries("recvmmsg", [fd(&netlink), 8, 1, 0, at(&[1u64, 0])]), "a time limit is written back");
}
