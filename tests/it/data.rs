//! Bytes that travel with the call: in, out, and both ways.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;

use syslet::abi::{ArgKind, ArgKinds, CallRepr};
use syslet::{AttributeFlags, AttributeId, Submission, SubmissionBuilder};

use crate::rig::{self, Seen, getpid, pipe, run};

fn fd(of: &impl AsRawFd) -> i64 {
    of.as_raw_fd().into()
}

fn read(of: &impl AsRawFd, len: usize) -> SubmissionBuilder {
    Submission::call(libc::SYS_read).int(fd(of)).output(len).value(len as u64)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// Fills the engine's buffers with bytes that must not be seen again.
fn soil(ring: &mut syslet::Ring) {
    let noise = std::fs::File::open("/dev/urandom").expect("opens");
    assert_eq!(run(ring, read(&noise, 4096)).data().len(), 4096);
}

/// ENGINE-11: what a call writes to an address given as VALUE is the caller's memory.
#[test]
fn values_are_the_callers_memory() {
    let (reader, mut writer) = pipe();
    writer.write_all(b"direct").unwrap();
    let mut buffer = [0_u8; 8];
    let address = buffer.as_mut_ptr().expose_provenance() as u64;
    let done =
        run(&mut rig::ring(), Submission::call(libc::SYS_read).int(fd(&reader)).value(address).value(8));
    assert_eq!((done.result, &buffer), (6, b"direct\0\0"));
    assert_eq!(done.returns, []);
}

/// ENGINE-21, ATTR-26: an out area is cut to what the call wrote.
#[test]
fn out_is_cut_to_what_was_written() {
    let mut ring = rig::ring();
    soil(&mut ring);
    let (reader, mut writer) = pipe();
    writer.write_all(b"seven b").unwrap();
    let done = run(&mut ring, read(&reader, 4096));
    assert_eq!((done.result, done.data()), (7, &b"seven b"[..]));
    drop(writer);
    assert_eq!(run(&mut ring, read(&reader, 4096)).data(), b"", "end of file");
    assert_eq!(
        run(&mut ring, Submission::call(libc::SYS_read).int(-1).output(64).value(64)).data(),
        b"",
        "an error"
    );
    let link = Submission::call(libc::SYS_readlinkat).int(libc::AT_FDCWD.into()).path(c"/proc/self");
    assert_eq!(run(&mut ring, link.output(64).value(64)).data(), rig::pid().to_string().as_bytes());
    let cwd = run(&mut ring, Submission::call(libc::SYS_getcwd).output(4096).value(4096));
    assert_eq!(
        cwd.data().strip_suffix(&[0]).unwrap(),
        std::env::current_dir().unwrap().as_os_str().as_encoded_bytes()
    );
    let size = Submission::call(libc::SYS_getxattr).path(c"/").path(c"user.none").output(0).value(0);
    assert_eq!(run(&mut ring, size).data(), b"", "nothing asked, nothing back");
}

/// ENGINE-21: what lies between written parts is zero, never the bytes of an earlier call.
#[test]
fn nothing_stale_comes_back() {
    let mut ring = rig::ring();
    soil(&mut ring);
    // Two areas: the first is not written (a null timeval is asked for), the second is.
    let times = Submission::call(libc::SYS_gettimeofday).output(16).output(8);
    let done = run(&mut ring, times.clone());
    assert_eq!(done.data().len(), 24);
    soil(&mut ring);
    let offset_hole = Submission::call(libc::SYS_getresuid).output(64).output(4).output(4);
    let done = run(&mut ring, offset_hole);
    assert_eq!(done.result, 0);
    assert!(done.data()[4..64].iter().all(|&byte| byte == 0), "the hole is zero: {:?}", done.data());
}

/// ENGINE-10, ENGINE-21: an area that begins inside the out area is written there, and what is before it is zero.
#[test]
fn areas_lie_where_they_are_asked_for() {
    let mut ring = rig::ring();
    soil(&mut ring);
    let (reader, mut writer) = pipe();
    writer.write_all(b"inside").unwrap();
    let args = [reader.as_raw_fd().unsigned_abs().into(), 16, 8];
    let kinds = ArgKinds::default().with(1, ArgKind::OUT);
    let nr = u32::try_from(libc::SYS_read).unwrap();
    let (flags, attributes) = (syslet::CallFlags::NONE, &[]);
    let record = CallRepr { flags, user_data: 0, nr, kinds, args: &args, out_len: 24, attributes };
    let mut bytes = vec![0; record.len_bytes()];
    record.emit(&mut bytes);
    rig::push_bytes(&mut ring, &bytes).unwrap();
    assert_eq!(ring.submit_and_wait(1), Ok(1));
    assert_eq!(rig::drain(&mut ring)[0].data(), [&[0; 16][..], b"inside"].concat());
}

/// ENGINE-10, ENGINE-21: structures come back whole.
#[test]
fn structures_come_back() {
    let mut ring = rig::ring();
    let statx = Submission::call(libc::SYS_statx).int(libc::AT_FDCWD.into()).path(c"/etc/passwd").value(0);
    let done = run(&mut ring, statx.value(u64::from(libc::STATX_BASIC_STATS)).output(256));
    let size = u64::from_ne_bytes(done.data()[40..48].try_into().unwrap());
    assert_eq!((done.data().len(), size), (256, std::fs::metadata("/etc/passwd").unwrap().size()));
    let pipe = run(
        &mut ring,
        Submission::call(libc::SYS_pipe2).output(8).value(libc::O_CLOEXEC.unsigned_abs().into()),
    );
    let ends = [u32_at(pipe.data(), 0), u32_at(pipe.data(), 4)];
    for end in ends {
        assert_eq!(run(&mut ring, Submission::call(libc::SYS_close).value(end.into())).result, 0);
    }
    let directory = std::fs::File::open("/proc/self").unwrap();
    let entries = Submission::call(libc::SYS_getdents64).int(fd(&directory)).output(4096).value(4096);
    let done = run(&mut ring, entries);
    assert_eq!(done.data().len(), usize::try_from(done.result).unwrap());
    assert!(done.data().windows(6).any(|name| name == b"status"));
}

/// ENGINE-22: INOUT bytes go in, and come back as the call left them.
#[test]
fn inout_goes_both_ways() {
    let mut ring = rig::ring();
    let (reader, mut writer) = pipe();
    let mut entry = [0_u8; 8];
    entry[..4].copy_from_slice(&reader.as_raw_fd().to_ne_bytes());
    entry[4..6].copy_from_slice(&libc::POLLIN.to_ne_bytes());
    let poll = Submission::call(libc::SYS_poll).inout(&entry).value(1).value(0);
    assert_eq!(run(&mut ring, poll.clone()).data(), entry, "nothing to read");
    writer.write_all(b"x").unwrap();
    let done = run(&mut ring, poll);
    assert_eq!((done.result, u32_at(done.data(), 4) >> 16), (1, u32::from(libc::POLLIN.unsigned_abs())));
}

/// ENGINE-22: INOUT comes back whole when the call fails, too.
#[test]
fn inout_comes_back_on_failure() {
    let sockname = Submission::call(libc::SYS_getsockname).int(-1).output(16).inout(&16_u32.to_ne_bytes());
    let done = run(&mut rig::ring(), sockname);
    assert_eq!((done.result, done.data().len()), (-i64::from(libc::EBADF), 20));
    assert_eq!((u32_at(done.data(), 16), &done.data()[..16]), (16, &[0; 16][..]));
}

/// ENGINE-10, ENGINE-22: a socket's address comes back as long as its length says.
#[test]
fn socket_lengths() {
    let mut ring = rig::ring();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let name = |room: u32| {
        let call = Submission::call(libc::SYS_getsockname).int(fd(&listener));
        call.output(room as usize).inout(&room.to_ne_bytes())
    };
    let check = |done: &Seen, room: usize| {
        assert_eq!(done.result, 0);
        assert_eq!(u32_at(done.data(), room.next_multiple_of(8)), 16, "the length it has");
        assert_eq!(done.data()[2..4], port.to_be_bytes());
    };
    check(&run(&mut ring, name(128)), 128);
    check(&run(&mut ring, name(4)), 4);
    let _peer = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let accept = rig::sync(Submission::call(libc::SYS_accept4).int(fd(&listener)));
    let done = run(&mut ring, accept.output(16).inout(&16_u32.to_ne_bytes()).value(0));
    assert!(done.result >= 0 && u32_at(done.data(), 0) & 0xffff == libc::AF_INET.unsigned_abs());
    assert_eq!(run(&mut ring, Submission::call(libc::SYS_close).int(done.result)).result, 0);
}

/// ENGINE-21, ATTR-25: an out area comes back without DATA having been asked for; DATA asked for without one is empty.
#[test]
fn data_comes_back_unasked() {
    let mut ring = rig::ring();
    let (reader, mut writer) = pipe();
    writer.write_all(b"ab").unwrap();
    let done = run(&mut ring, read(&reader, 2));
    assert_eq!(done.returns.len(), 1);
    let asked = run(&mut ring, getpid().attribute(AttributeId::DATA, AttributeFlags::REQUIRED, b"unused"));
    assert_eq!(asked.answer(AttributeId::DATA), Some((syslet::Status::HANDLED, &[][..])));
}
