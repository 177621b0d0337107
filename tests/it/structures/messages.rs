//! Messages.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use syslet::{Message, MessageRoom, Refusal, Submission, SubmissionBuilder};

use super::direct::compare;
use crate::rig;

/// A socket with a name, and one without, not connected.
fn datagrams(folder: &Path) -> (Arc<UnixDatagram>, Arc<UnixDatagram>, Vec<u8>) {
    let named = UnixDatagram::bind(folder.join("a")).expect("bound");
    let other = UnixDatagram::bind(folder.join("b")).expect("bound");
    let mut name = libc::AF_UNIX.unsigned_abs().to_ne_bytes()[..2].to_vec();
    name.extend_from_slice(folder.join("a").as_os_str().as_encoded_bytes());
    name.push(0);
    (Arc::new(named), Arc::new(other), name)
}

fn send(socket: &Arc<UnixDatagram>, message: &Message<'_>) -> SubmissionBuilder {
    Submission::call(libc::SYS_sendmsg).lend(socket).message(message).value(0)
}

fn receive(socket: &Arc<UnixDatagram>, room: &MessageRoom<'_>, flags: i32) -> SubmissionBuilder {
    let call = Submission::call(libc::SYS_recvmsg).lend(socket);
    call.message_room(room).value(flags.unsigned_abs().into())
}

/// Folders of equal length, so that names that come back are.
fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("m").rand_bytes(8).tempdir().expect("a folder")
}

/// A name differs by its folder: what comes back of it is masked, at a header's own offset.
fn masked((result, mut out): (i64, Vec<u8>), folder: &Path) -> (i64, Vec<u8>) {
    let path = folder.as_os_str().as_encoded_bytes();
    while let Some(at) = out.windows(path.len()).position(|window| window == path) {
        out[at..at + path.len()].fill(b'#');
    }
    (result, out)
}

/// ABI-58, ABI-62, ENGINE-12: datagrams with names, sent and received by safe code, whole and truncated.
#[test]
fn datagrams_have_names() {
    compare(true, |make| {
        let folder = folder();
        let (named, other, name) = datagrams(folder.path());
        let message = Message { name: &name, parts: &[b"twelve", b"", b" bytes"], control: &[] };
        let sent: Vec<_> = (0..5).map(|_| make(send(&other, &message))).collect();
        assert_eq!(sent[0].0, 12);
        let rooms = [
            MessageRoom { name: 110, parts: &[4, 20], control: 0 },
            MessageRoom { name: 110, parts: &[4, 4], control: 0 },
            MessageRoom { name: 2, parts: &[20], control: 0 },
            MessageRoom { name: 0, parts: &[20], control: 0 },
        ];
        let mut received: Vec<_> = rooms.iter().map(|room| make(receive(&named, room, 0))).collect();
        received.push(make(receive(&named, &MessageRoom::default(), libc::MSG_TRUNC)));
        received.push(make(receive(&named, &rooms[0], libc::MSG_DONTWAIT)));
        let bad = Message { name: &name[..1], ..message };
        let received: Vec<_> = received.into_iter().map(|got| masked(got, folder.path())).collect();
        (sent, received, make(send(&other, &bad)))
    });
}

/// ABI-58, ABI-62: several messages at once, each with lengths and flags of its own.
#[test]
fn several_messages() {
    compare(true, |make| {
        let folder = folder();
        let (named, other, name) = datagrams(folder.path());
        let messages = [
            Message { name: &name, parts: &[b"first"], control: &[] },
            Message { name: &name, parts: &[b"sec", b"ond"], control: &[] },
            Message { name: &name[..1], parts: &[b"bad name"], control: &[] },
        ];
        let call = |count| {
            Submission::call(libc::SYS_sendmmsg).lend(&other).messages(&messages).value(count).value(0)
        };
        let sent = [make(call(3)), make(call(0))];
        assert_eq!(sent[0].0, 2);
        let room = MessageRoom { name: 110, parts: &[2, 3], control: 0 };
        let call = Submission::call(libc::SYS_recvmmsg).lend(&named).message_rooms(&[room; 3]);
        let flags = libc::MSG_DONTWAIT.unsigned_abs().into();
        let received = make(call.value(3).value(flags).value(0));
        assert_eq!(received.0, 2);
        (sent, masked(received, folder.path()))
    });
}

/// ABI-63: a message that its first attempt found nothing for.
#[test]
fn a_message_waits() {
    compare(true, |make| {
        let (own, mut peer) = UnixStream::pair().expect("a pair");
        let own = Arc::new(own);
        let writing = thread::spawn(move || peer.write_all(b"late bytes").expect("written"));
        let room = MessageRoom { name: 16, parts: &[4, 60], control: 0 };
        let got = make(Submission::call(libc::SYS_recvmsg).lend(&own).message_room(&room).value(0));
        writing.join().expect("written");
        got
    });
}

/// `struct cmsghdr` with one descriptor.
fn rights(fd: i32) -> Vec<u8> {
    let mut control = 20_u64.to_ne_bytes().to_vec();
    for word in [libc::SOL_SOCKET, libc::SCM_RIGHTS, fd, 0] {
        control.extend_from_slice(&word.to_ne_bytes());
    }
    control
}

/// ABI-58, ABI-62: control data goes both ways for who answers for the descriptors in it.
#[test]
fn control_data_carries_descriptors() {
    let file = tempfile::tempfile().expect("a file");
    compare(false, |make| {
        let (own, peer) = UnixDatagram::pair().expect("a pair");
        let (own, peer) = (Arc::new(own), Arc::new(peer));
        let control = rights(file.as_raw_fd());
        let sent = make(send(&own, &Message { parts: &[b"x"], control: &control, ..Message::default() }));
        let room = MessageRoom { parts: &[8], control: 64, ..MessageRoom::default() };
        let (result, out) = make(receive(&peer, &room, libc::MSG_CMSG_CLOEXEC));
        let number = i32::from_ne_bytes(out[56 + 16..56 + 20].try_into().expect("four bytes"));
        let came = nix::sys::stat::fstat(owned(number)).expect("it is open").st_ino;
        assert_eq!(came, nix::sys::stat::fstat(&file).expect("it is open").st_ino);
        let mut masked = out;
        masked[56 + 16..56 + 20].fill(0);
        (sent, result, masked)
    });
}

/// A descriptor that came, closed when the test has looked at it.
fn owned(number: i32) -> std::os::fd::OwnedFd {
    super::direct::owned(number)
}

/// ENGINE-12: safe code sends no control data and has no room for any.
#[test]
fn safe_code_has_no_control_data() {
    let (own, _peer) = UnixDatagram::pair().expect("a pair");
    let own = Arc::new(own);
    let file = tempfile::tempfile().expect("a file");
    let message = Message { parts: &[b"x"], control: &rights(file.as_raw_fd()), ..Message::default() };
    let room = MessageRoom { parts: &[8], control: 64, ..MessageRoom::default() };
    let refusal = |call: SubmissionBuilder| {
        rig::ring().push_safe(&rig::sync(call).build()).expect_err("not safe").refusal()
    };
    assert_eq!(refusal(send(&own, &message)), Refusal::NOT_SAFE_DESCRIPTOR);
    assert_eq!(refusal(receive(&own, &room, 0)), Refusal::NOT_SAFE_DESCRIPTOR);
    let many = Submission::call(libc::SYS_sendmmsg).lend(&own).messages(&[Message::default(), message]);
    assert_eq!(refusal(many.value(2).value(0)), Refusal::NOT_SAFE_DESCRIPTOR);
}
