//! Receives and sends, and descriptors that are non-blocking already.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::thread;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::nonblocking::Attempt;
use crate::nonblocking::tests::rig::{
    at, at_mut, attempt_with, enter, error, fd, file, finished, nonblocking, owned, plain, tries,
};

const WAITALL: u64 = libc::MSG_WAITALL as u64;
const PEEK: u64 = libc::MSG_PEEK as u64;

/// TWIN-16: a message that is there is the answer; a wait takes nothing.
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

/// TWIN-17: a boundary that the plain call does not cross ends the attempt too.
#[test]
fn waiting_for_all_stops_at_descriptors() {
    let outcomes = [false, true].map(|is_tried| {
        let (left, mut right) = UnixStream::pair().expect("a pair");
        send_descriptor(&right, b"ab");
        right.write_all(b"cd").expect("room");
        let mut buffer = [0u8; 4];
        let args = [fd(&left), at_mut(&mut buffer), 4, WAITALL, 0, 0];
        if is_tried { nonblocking("recvfrom", args) } else { Attempt::Final(plain("recvfrom", args)) }
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

/// More than a socket holds.
const LONG: usize = 1 << 20;

/// Control data with one descriptor, as words: length, level and type, descriptor.
fn control(descriptor: u64) -> [u64; 3] {
    [
        20,
        u64::from(libc::SOL_SOCKET.cast_unsigned()) | u64::from(libc::SCM_RIGHTS.cast_unsigned()) << 32,
        descriptor,
    ]
}

/// Sends bytes with a descriptor beside them, by the plain call.
pub(crate) fn send_descriptor(socket: &UnixStream, bytes: &[u8]) {
    let (vector, control) = ([at(bytes), bytes.len() as u64], control(fd(socket)));
    let header = [0, 0, at(&vector), 1, at(&control), 24, 0];
    assert_eq!(plain("sendmsg", [fd(socket), at(&header), 0]), bytes.len().cast_signed() as i64);
}

/// TWIN-19: a short send on a stream is finished, from the middle of its vector.
#[test]
fn long_sends_are_finished() {
    let bytes: Vec<u8> = (0..LONG).map(|at| u8::try_from(at % 251).expect("small")).collect();
    let vector: Vec<[u64; 2]> = bytes.chunks(4099).map(|part| [at(part), part.len() as u64]).collect();
    let header = [0, 0, at(&vector[..]), vector.len() as u64, 0, 0, 0];
    for name in ["sendto", "sendmsg"] {
        let (left, mut right) = UnixStream::pair().expect("a pair");
        let args = match name {
            "sendto" => [fd(&left), at(&bytes[..]), LONG as u64, 0, 0, 0],
            _ => [fd(&left), at(&header), 0, 0, 0, 0],
        };
        let Attempt::Partial(done) = nonblocking(name, args) else {
            panic!("{name} is longer than a socket")
        };
        assert_eq!(nonblocking(name, args), Attempt::WouldBlock, "{name}");
        let reading = thread::spawn(move || {
            let mut all = Vec::new();
            right.read_to_end(&mut all).expect("readable");
            all
        });
        assert_eq!(finished(name, args, done), LONG.cast_signed() as i64, "{name}");
        drop(left);
        assert!(reading.join().expect("the reader ends") == bytes, "{name}");
    }
    assert_eq!(header[..4], [0, 0, at(&vector[..]), vector.len() as u64], "the caller's header stays");
}

/// TWIN-19: a datagram goes whole or not at all.
#[test]
fn datagrams_are_whole() {
    let (left, right) = UnixDatagram::pair().expect("a pair");
    let args = [fd(&left), at(b"abc"), 3, 0, 0, 0];
    let mut sent = 0u32;
    while let Attempt::Final(result) = nonblocking("sendto", args) {
        assert_eq!(result, 3);
        sent += 1;
    }
    assert_eq!(nonblocking("sendto", args), Attempt::WouldBlock);
    right.set_nonblocking(true).expect("a socket");
    let mut buffer = [0u8; 8];
    let received = std::iter::from_fn(|| right.recv(&mut buffer).ok()).count();
    assert_eq!(received, sent as usize);
}

/// TWIN-20: a send that a second part would change is not sent in two.
#[test]
fn sends_that_cannot_be_split_are_left_to_a_worker() {
    let (left, _right) = UnixStream::pair().expect("a pair");
    let (vector, control) = ([at(b"x"), 1], control(fd(&left)));
    let header = [0, 0, at(&vector), 1, at(&control), 24, 0];
    assert_eq!(nonblocking("sendmsg", [fd(&left), at(&header), 0]), Attempt::NotHere, "control data");
    for flag in [libc::MSG_OOB, libc::MSG_ZEROCOPY, libc::MSG_FASTOPEN] {
        assert!(!tries("sendto", [fd(&left), at(b"x"), 1, flag.cast_unsigned().into()]), "{flag:#x}");
        assert!(!tries("sendmsg", [fd(&left), at(&header), flag.cast_unsigned().into()]), "{flag:#x}");
    }
    let more = libc::MSG_MORE.cast_unsigned().into();
    let mut seen = 0;
    let never = std::sync::atomic::AtomicU32::new(0);
    let attempt = attempt_with("sendto", [fd(&left), at(b"x"), 1, more, 0, 0], |nr, args| {
        seen = args[3];
        enter(&never, nr, args)
    });
    assert_eq!(attempt, Attempt::Final(1));
    let added = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    assert_eq!(seen, more | u64::from(added.cast_unsigned()), "the caller's flags are kept");
    let connecting = |_, _: &[u64; 6]| syslet_syscalls::Invoked::Result(error(libc::EINPROGRESS));
    assert_eq!(attempt_with("sendto", [fd(&left), at(b"x"), 1], connecting), Attempt::WouldBlock);
}

/// EAGAIN as a raw result.
const AGAIN: i64 = -(libc::EAGAIN as i64);

fn make_non_blocking(of: &impl AsFd) {
    fcntl(of, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).expect("the flag is set");
}

/// TWIN-34: EAGAIN is the answer of pipes and sockets that say so, and only of those.
#[test]
fn nothing_to_read_is_an_answer() {
    let mut buffer = [0u8; 8];
    let (reader, _writer) = std::io::pipe().expect("a pipe");
    let (left, mut right) = UnixStream::pair().expect("a pair");
    let read = [fd(&reader), at_mut(&mut buffer), 8];
    let receive = [fd(&left), at_mut(&mut buffer), 8, 0, 0, 0];
    assert_eq!(
        (nonblocking("read", read), nonblocking("recvfrom", receive)),
        (Attempt::WouldBlock, Attempt::WouldBlock)
    );
    make_non_blocking(&reader);
    make_non_blocking(&left);
    assert_eq!((nonblocking("read", read), plain("read", read)), (Attempt::Final(AGAIN), AGAIN));
    assert_eq!(
        (nonblocking("recvfrom", receive), plain("recvfrom", receive)),
        (Attempt::Final(AGAIN), AGAIN)
    );
    // MSG_WAITALL gives the bytes that there are.
    let all = [fd(&left), at_mut(&mut buffer), 8, u64::from(libc::MSG_WAITALL.cast_unsigned()), 0, 0];
    right.write_all(b"abc").expect("room");
    assert_eq!((nonblocking("recvfrom", all), plain("recvfrom", all)), (Attempt::Plain, 3));
}

/// TWIN-34: the part for which there is room is the answer, and then EAGAIN.
#[test]
fn a_part_is_an_answer() {
    const LONG: i64 = 1 << 20;
    let bytes = vec![7u8; 1 << 20];
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let (mut left, right) = UnixStream::pair().expect("a pair");
    make_non_blocking(&writer);
    make_non_blocking(&right);
    let write = [fd(&writer), at(&bytes[..]), LONG.cast_unsigned()];
    let send = [fd(&right), at(&bytes[..]), LONG.cast_unsigned(), 0, 0, 0];
    for (name, args) in [("write", write), ("write", [fd(&right), at(&bytes[..]), LONG.cast_unsigned()])] {
        let Attempt::Final(part) = nonblocking(name, args) else { panic!("{name} is over") };
        assert!(part > 0 && part < LONG, "{part}");
        assert_eq!((nonblocking(name, args), plain(name, args)), (Attempt::Final(AGAIN), AGAIN));
    }
    assert_eq!(nonblocking("sendto", send), Attempt::Final(AGAIN));
    let mut room = vec![0; 1 << 20];
    assert!(left.read(&mut room).expect("something is there") > 0);
    assert!(reader.read(&mut room).expect("something is there") > 0);
    let Attempt::Final(part) = nonblocking("sendto", send) else { panic!("the send is over") };
    assert!(part > 0 && part < LONG, "{part}");
}

/// TWIN-34: storage makes its readers wait with and without the flag.
#[test]
fn storage_does_not_care() {
    let file = file();
    make_non_blocking(&file);
    let mut buffer = [0u8; 8];
    assert_eq!(nonblocking("read", [fd(&file), at_mut(&mut buffer), 8]), Attempt::Plain);
}

/// TWIN-35: accept is made inline only where it cannot wait.
#[test]
fn accept_is_made_where_it_cannot_wait() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback");
    assert_eq!(nonblocking("accept", [fd(&listener), 0, 0]), Attempt::NotHere);
    make_non_blocking(&listener);
    for name in ["accept", "accept4"] {
        let args = [fd(&listener), 0, 0, 0];
        assert_eq!((nonblocking(name, args), plain(name, args)), (Attempt::Plain, AGAIN));
    }
    let _peer = TcpStream::connect(listener.local_addr().expect("bound")).expect("a connection");
    assert!(plain("accept", [fd(&listener), 0, 0]) >= 0, "nothing was lost");
}
