//! What safe code may push, and the descriptors it lends.

use std::fs::File;
use std::io::{Read, Write};
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use syslet::attrs::Cwd;
use syslet::{AttributeFlags, AttributeId, Config, Params, Refusal, Ring, Submission, SubmissionBuilder};

use crate::rig::{self, drain, getpid, pipe};

fn reason(submission: SubmissionBuilder) -> Refusal {
    rig::ring().push_safe(&submission.build()).expect_err("not safe").refusal()
}

fn run(ring: &mut Ring, submission: SubmissionBuilder) -> rig::Seen {
    ring.push_safe(&submission.build()).expect("safe");
    ring.submit_and_wait(1).expect("waited");
    drain(ring).remove(0)
}

/// ENGINE-12: what can break memory or other code's descriptors is refused.
#[test]
fn unsafe_rows_are_refused() {
    let file = Arc::new(File::open("/dev/null").unwrap());
    let dup2 = Submission::call(libc::SYS_dup2).lend(&file).lend(&file);
    let mmap = (0..6).fold(Submission::call(libc::SYS_mmap), SubmissionBuilder::value);
    for submission in [
        Submission::call(libc::SYS_close).lend(&file),
        dup2,
        mmap,
        Submission::call(libc::SYS_munmap).value(0).value(0),
        Submission::call(libc::SYS_timer_create).value(0).value(0).output(4),
        Submission::call(510),
    ] {
        assert_eq!(reason(submission), Refusal::NOT_SAFE_ROW);
    }
}

/// ENGINE-12: an address as VALUE is refused, NULL is not.
#[test]
fn addresses_are_refused() {
    let file = Arc::new(File::open("/dev/null").unwrap());
    let read = Submission::call(libc::SYS_read).lend(&file);
    assert_eq!(reason(read.clone().value(0x1000).value(1)), Refusal::NOT_SAFE_ADDRESS);
    assert_eq!(run(&mut rig::ring(), read.value(0).value(0)).result, 0);
}

/// ENGINE-12: a descriptor has to be lent; AT_FDCWD is none.
#[test]
fn descriptors_have_to_be_lent() {
    let mut ring = rig::ring();
    let read = |fd: i64| Submission::call(libc::SYS_read).int(fd).output(1).value(1);
    assert_eq!(reason(read(0)), Refusal::NOT_SAFE_DESCRIPTOR);
    assert_eq!(reason(read(1 << 32)), Refusal::NOT_SAFE_DESCRIPTOR, "the kernel takes the low 32 bits");
    assert_eq!(reason(Submission::call(libc::SYS_fsync)), Refusal::NOT_SAFE_DESCRIPTOR, "left out is zero");
    assert_eq!(run(&mut ring, read(-1)).result, -i64::from(libc::EBADF));
    let open = Submission::call(libc::SYS_openat).int(libc::AT_FDCWD.into()).path(c"/no/such").value(0);
    assert_eq!(run(&mut ring, open).result, -i64::from(libc::ENOENT));
    let stdin = Submission::call(libc::SYS_lseek).lend_static(std::os::fd::AsFd::as_fd(borrowed()));
    assert!(ring.push_safe(&stdin.value(0).value(1).build()).is_ok(), "a descriptor that is open for ever");
}

fn borrowed() -> &'static File {
    Box::leak(Box::new(File::open("/dev/null").expect("opens")))
}

/// ENGINE-12: a lent descriptor stays open until its call is over, whatever the application drops, and not longer.
#[test]
fn lent_descriptors_stay_open_until_the_call_is_over() {
    let mut ring = rig::ring();
    let (mut reader, writer) = pipe();
    let writer = Arc::new(writer);
    let number = writer.as_raw_fd();
    let submission = Submission::call(libc::SYS_write).lend(&writer).input(b"late").value(4).build();
    ring.push_safe(&submission).unwrap();
    let watch = Arc::downgrade(&writer);
    drop((submission, writer));
    assert_eq!(watch.strong_count(), 1, "the ring holds its share");
    assert_eq!(ring.submit_and_wait(1), Ok(1));
    assert_eq!(drain(&mut ring)[0].result, 4, "descriptor {number} was open");
    assert_eq!(watch.strong_count(), 0, "the call is over");
    let mut text = String::new();
    reader.read_to_string(&mut text).expect("the pipe's end was closed");
    assert_eq!(text, "late");
}

/// A descriptor whose owner panics when it is dropped.
struct Bomb(File);

impl std::os::fd::AsFd for Bomb {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("on purpose, in drop");
    }
}

/// ENGINE-4, ENGINE-12: an owner that panics when the engine's share was the last takes no completion along.
#[test]
fn a_panicking_owner_takes_nothing_along() {
    let mut ring = rig::ring();
    let bomb = Arc::new(Bomb(File::open("/dev/null").unwrap()));
    let lseek = Submission::call(libc::SYS_lseek).lend(&bomb).value(0).value(0).build();
    ring.push_safe(&lseek).unwrap();
    for _ in 0..3 {
        ring.push_safe(&getpid().build()).unwrap();
    }
    drop((lseek, bomb));
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let ready = ring.submit_and_wait(4);
    std::panic::set_hook(hook);
    assert_eq!((ready, drain(&mut ring).len(), ring.in_flight()), (Ok(4), 4, 0));
}

/// ENGINE-12: what is lent stays open for an unsafe push, too.
#[test]
fn an_unsafe_push_keeps_what_is_lent() {
    let mut ring = rig::ring();
    let (_reader, writer) = pipe();
    let writer = Arc::new(writer);
    let write = Submission::call(libc::SYS_write).lend(&writer).input(b"x").value(1).build();
    rig::push(&mut ring, &write).unwrap();
    drop((write, writer));
    ring.submit_and_wait(1).unwrap();
    assert_eq!(drain(&mut ring)[0].result, 1);
}

/// ENGINE-12, ENGINE-25: a dropped ring gives back what was lent to calls that never ran.
#[test]
fn a_dropped_ring_gives_descriptors_back() {
    let mut ring = rig::ring();
    let (_reader, writer) = pipe();
    let writer = Arc::new(writer);
    ring.push_safe(&Submission::call(libc::SYS_fsync).lend(&writer).build()).unwrap();
    assert_eq!(Arc::strong_count(&writer), 2);
    drop(ring);
    assert_eq!(Arc::strong_count(&writer), 1);
}

/// ENGINE-12: a safe submission needs no promise and does the whole of an ordinary job.
#[test]
fn files_can_be_read_safely() {
    let mut ring = rig::ring();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"0123456789").unwrap();
    let file = Arc::new(file);
    let pread = Submission::call(libc::SYS_pread64).lend(&file).output(4).value(4).value(3);
    assert_eq!(run(&mut ring, pread).data(), b"3456");
    assert_eq!(run(&mut ring, getpid()).result, rig::pid());
}

fn option(number: i64, owner: &Arc<UdpSocket>, [level, option]: [i32; 2]) -> SubmissionBuilder {
    Submission::call(number).lend(owner).int(level.into()).int(option.into())
}

/// ENGINE-12, TABLE-21: an option that the row does not list is refused, whatever room it has; one that counts otherwise than
/// in bytes has the room that the kernel fills.
#[test]
fn options_are_those_listed() {
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").expect("a loopback"));
    let get = |name, room: usize, len: u32| {
        option(libc::SYS_getsockopt, &socket, name).output(room).inout(&len.to_ne_bytes())
    };
    let filter = |head: usize, count: u32, len: u32, name| {
        let mut content = vec![0; head];
        content[head - 4..].copy_from_slice(&count.to_ne_bytes());
        option(libc::SYS_getsockopt, &socket, name).inout(&content).inout(&len.to_ne_bytes())
    };
    const GET_FILTER: [i32; 2] = [libc::SOL_SOCKET, libc::SO_GET_FILTER];
    assert_eq!(reason(get(GET_FILTER, 16, 16)), Refusal::OUT_OUTSIDE_AREA, "16 instructions are 128 bytes");
    assert_eq!(run(&mut rig::ring(), get(GET_FILTER, 128, 16)).result, 0);
    let few = [Refusal::IN_OUTSIDE_DATA, Refusal::OUT_OUTSIDE_AREA];
    assert!(few.contains(&reason(filter(144, 5, 144, [libc::IPPROTO_IP, 48]))), "MCAST_MSFILTER");
    assert!(few.contains(&reason(filter(16, 5, 16, [libc::IPPROTO_IP, libc::IP_MSFILTER]))));
    assert!(
        run(&mut rig::ring(), filter(144, 0, 144, [libc::IPPROTO_IP, 48])).result < 0,
        "it is in no group"
    );
    for name in [[libc::IPPROTO_TCP, 41], [libc::IPPROTO_TCP, 35], [libc::SOL_SOCKET, 999], [300, 1]] {
        assert_eq!(reason(get(name, 512, 4)), Refusal::LENGTH_UNKNOWN, "{name:?}");
        let by_address = option(libc::SYS_getsockopt, &socket, name).value(0).inout(&[0; 4]);
        assert_eq!(reason(by_address), Refusal::NOT_SAFE_ROW, "{name:?}");
    }
    let set = |name| option(libc::SYS_setsockopt, &socket, name).input(&[1, 0, 0, 0]).value(4);
    assert_eq!(run(&mut rig::ring(), set([libc::SOL_SOCKET, libc::SO_BROADCAST])).result, 0);
    for name in [libc::SO_ATTACH_BPF, libc::SO_ATTACH_REUSEPORT_EBPF, libc::SO_ZEROCOPY] {
        assert_eq!(reason(set([libc::SOL_SOCKET, name])), Refusal::NOT_SAFE_ROW, "{name}");
    }
    assert_eq!(reason(set([libc::SOL_SOCKET, libc::SO_ATTACH_FILTER])), Refusal::LENGTH_UNKNOWN);
}

/// ENGINE-12, TABLE-21: a command of ioctl that the kernel has for every file has its size; another is its driver's.
#[test]
fn ioctls_are_those_listed() {
    let file = Arc::new(File::open("/proc/self/exe").unwrap());
    let ioctl = |command: u64| Submission::call(libc::SYS_ioctl).lend(&file).value(command);
    assert_eq!(run(&mut rig::ring(), ioctl(libc::FIOCLEX).value(0)).result, 0);
    assert_eq!(run(&mut rig::ring(), ioctl(2).output(4)).result, 0, "FIGETBSZ");
    assert_eq!(reason(ioctl(libc::FS_IOC_GETFLAGS).output(3)), Refusal::OUT_OUTSIDE_AREA);
    rig::ring().push_safe(&ioctl(libc::FS_IOC_GETFLAGS).output(4).build()).expect("four bytes are enough");
    for command in [libc::TCGETS, libc::BLKSSZGET, 0x8008_7601] {
        assert_eq!(reason(ioctl(command).output(64)), Refusal::LENGTH_UNKNOWN, "{command:#x}");
        assert_eq!(reason(ioctl(command).value(0)), Refusal::NOT_SAFE_ROW, "{command:#x}");
    }
    assert_eq!(reason(ioctl(0x4004_9409).int(0)), Refusal::NOT_SAFE_DESCRIPTOR, "FICLONE");
    assert_eq!(reason(ioctl(0x4020_940d).input(&[0; 32])), Refusal::NOT_SAFE_ROW, "FICLONERANGE");
}

/// ENGINE-12, TABLE-19: numbers that are descriptors are lent, wherever they stand.
#[test]
fn numbers_that_are_descriptors_are_lent() {
    let directory = Arc::new(File::open("/").unwrap());
    let cwd = |fd| {
        Submission::call(libc::SYS_getcwd).output(64).value(64).attribute(
            AttributeId::CWD,
            AttributeFlags::REQUIRED,
            &Cwd::payload(fd),
        )
    };
    let refused = |call: SubmissionBuilder| rig::pooled().push_safe(&call.build()).expect_err("not safe");
    assert_eq!(refused(cwd(3)).refusal(), Refusal::NOT_SAFE_DESCRIPTOR);
    assert_eq!(refused(cwd(directory.as_raw_fd())).refusal(), Refusal::NOT_SAFE_DESCRIPTOR);
    let lent =
        Submission::call(libc::SYS_getcwd).output(64).value(64).cwd(AttributeFlags::REQUIRED, &directory);
    let done = run(&mut rig::ring_with(Config::default(), &Params::default()), lent);
    assert_eq!((done.result, done.data()), (2, &b"/\0"[..]));

    let waitid = |kind: u32, number| {
        Submission::call(libc::SYS_waitid).value(kind.into()).int(number).value(0).value(libc::WNOHANG as u64)
    };
    assert_eq!(reason(waitid(libc::P_PIDFD, 0)), Refusal::NOT_SAFE_DESCRIPTOR);
    assert_eq!(run(&mut rig::ring(), waitid(libc::P_PID, 1)).result, -i64::from(libc::EINVAL));
    let compare = |kind| {
        let own = i64::from(std::process::id());
        Submission::call(libc::SYS_kcmp).int(own).int(own).int(kind).int(0).int(0)
    };
    assert_eq!(reason(compare(0)), Refusal::NOT_SAFE_ROW, "two files");
    rig::ring().push_safe(&compare(1).build()).expect("two memories");
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").expect("a loopback"));
    let shares = [44, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0];
    let bind = Submission::call(libc::SYS_bind).lend(&socket).input(&shares).value(16);
    assert_eq!(reason(bind), Refusal::NOT_SAFE_DESCRIPTOR, "an AF_XDP socket's address");
    let tunnel = [&[24, 0, 1, 0, 0, 0][..], &[0; 32]].concat();
    let connect = rig::sync(Submission::call(libc::SYS_connect)).lend(&socket).input(&tunnel).value(38);
    assert_eq!(reason(connect), Refusal::NOT_SAFE_DESCRIPTOR, "an L2TP session's address");
    let late = rig::sync(Submission::call(libc::SYS_sendto)).lend(&socket).input(b"late").value(4);
    assert_eq!(reason(late.int(libc::MSG_ZEROCOPY.into())), Refusal::NOT_SAFE_ROW, "read after the call");
}
