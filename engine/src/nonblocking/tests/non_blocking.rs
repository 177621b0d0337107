//! Descriptors that are non-blocking already.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::nonblocking::Attempt;
use crate::nonblocking::tests::rig::{at, at_mut, fd, file, nonblocking, plain};

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
    // MSG_WAITALL gives what there is.
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

/// TWIN-34: storage makes its readers wait whatever the flag says.
#[test]
fn storage_does_not_care() {
    let file = file();
    make_non_blocking(&file);
    let mut buffer = [0u8; 8];
    assert_eq!(nonblocking("read", [fd(&file), at_mut(&mut buffer), 8]), Attempt::Plain);
}

/// TWIN-35: accept is made in place only where it cannot wait.
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
