//! Sends.

use std::io::Read;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::thread;

use crate::nonblocking::Attempt;
use crate::nonblocking::tests::rig::{
    at, attempt_with, enter, error, fd, finished, nonblocking, plain, tries,
};

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

/// TWIN-20: what a second part would do differently is not sent in two.
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
