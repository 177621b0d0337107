//! openat2 and connect; random bytes, which are storage's class as openat2 is.

use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};

use syslet::attrs::RunBy;
use syslet::{Submission, SubmissionBuilder};

use super::rig::{Bench, at, error, fd, owned, plain, same};

const OPENAT2: i64 = libc::SYS_openat2;
const CACHED: u64 = 0x20;

fn open(path: &str, flags: i32, resolve: u64) -> SubmissionBuilder {
    let mode = if flags & libc::O_CREAT != 0 { 0o600 } else { 0 };
    let how: Vec<u8> = [u64::from(flags.cast_unsigned()), mode, resolve].map(u64::to_ne_bytes).concat();
    let path = std::ffi::CString::new(path).expect("no NUL");
    let call = Submission::call(OPENAT2).int(libc::AT_FDCWD.into()).input(path.as_bytes_with_nul());
    call.input(&how).value(24)
}

/// TWIN-45: a path in the cache is opened, or found missing, by the submitter.
#[test]
fn cached_paths_are_opened() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let mut bench = Bench::new();
    drop(owned(bench.ready(open(path, libc::O_RDONLY, 0)).result));
    assert_eq!(bench.ready(open(path, libc::O_RDONLY | libc::O_DIRECTORY, 0)).result, error(libc::ENOTDIR));
    let missing = format!("{path}.missing");
    assert!(!std::path::Path::new(&missing).exists(), "that it is missing is in the cache as well");
    assert_eq!(bench.ready(open(&missing, libc::O_RDONLY, 0)).result, error(libc::ENOENT));
    drop(owned(bench.ready(open("/", libc::O_PATH, 0)).result));
}

/// TWIN-45: a path that is not in the cache is opened by a worker; where the caller asks for the cache alone, it is told.
#[test]
fn other_paths_are_a_workers() {
    // Names of descriptors come into the cache when they are first looked for.
    let held: Vec<_> = (0..2).map(|_| std::fs::File::open("/").unwrap()).collect();
    let path = |file: &std::fs::File| format!("/proc/thread-self/fdinfo/{}", file.as_raw_fd());
    let mut bench = Bench::new();
    let cached = bench.here(open(&path(&held[0]), libc::O_RDONLY, CACHED));
    assert_eq!((cached.0.result, cached.1), (error(libc::EAGAIN), RunBy::INLINE));
    bench.begin(open(&format!("/proc/self/fdinfo/{}", held[1].as_raw_fd()), libc::O_RDONLY, 0));
    bench.let_go();
    let (done, by) = bench.end();
    drop(owned(done.result));
    assert_eq!(by.attempts, 2);
}

/// TWIN-45: an open that changes the file system is the plain call in place, once.
#[test]
fn paths_that_are_made_are_opened_in_place() {
    let (folder, mut bench) = (tempfile::tempdir().unwrap(), Bench::new());
    let path = folder.path().join("new");
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL;
    let (done, by) = bench.here(open(path.to_str().unwrap(), flags, 0));
    drop(owned(done.result));
    assert_eq!((by, path.exists()), (RunBy::INLINE, true));
    let (again, _) = bench.here(open(path.to_str().unwrap(), flags, 0));
    assert_eq!(again.result, error(libc::EEXIST));
    let unnamed = libc::O_TMPFILE | libc::O_RDWR;
    let (done, by) = bench.here(open(folder.path().to_str().unwrap(), unnamed, 0));
    drop(owned(done.result));
    assert_eq!(by, RunBy::INLINE);
    let (done, by) = bench.here(open(path.to_str().unwrap(), libc::O_WRONLY | libc::O_TRUNC, 0));
    drop(owned(done.result));
    assert_eq!(by, RunBy::INLINE);
}

/// TWIN-45, TWIN-47: a fault is refused as the plain call refuses it.
#[test]
fn wrong_opens_are_refused() {
    let (here, root, nowhere) = (i64::from(libc::AT_FDCWD).cast_unsigned(), at("/\0"), 8);
    let how = |flags: u64, mode: u64, resolve: u64| [flags, mode, resolve, 1];
    assert_eq!(same(OPENAT2, &[here, root, nowhere, 24]), error(libc::EFAULT));
    assert_eq!(same(OPENAT2, &[here, nowhere, at(&how(0, 0, 0)), 24]), error(libc::EFAULT));
    assert_eq!(same(OPENAT2, &[here, root, at(&how(0, 0, 0)), 23]), error(libc::EINVAL));
    assert_eq!(same(OPENAT2, &[here, root, at(&how(0, 0, 0)), 32]), error(libc::E2BIG));
    assert_eq!(same(OPENAT2, &[here, root, at(&how(0, 0o600, 0)), 24]), error(libc::EINVAL));
    assert_eq!(same(OPENAT2, &[here, root, at(&how(0, 0, 1 << 40)), 24]), error(libc::EINVAL));
    assert_eq!(same(OPENAT2, &[1 << 20, at("x\0"), at(&how(0, 0, 0)), 24]), error(libc::EBADF));
}

/// An address of IPv4, and a socket to connect to it.
fn client(port: u16, flags: i32) -> (OwnedFd, Vec<u8>) {
    let kind = u64::from((libc::SOCK_STREAM | flags).cast_unsigned());
    let family = u16::try_from(libc::AF_INET).expect("small");
    let address = [family.to_ne_bytes(), port.to_be_bytes(), [127, 0], [0, 1]].concat();
    (owned(plain(libc::SYS_socket, &[2, kind, 0])), [address, vec![0; 8]].concat())
}

/// TWIN-46: a connection of a socket that never waits is begun by the submitter, another one by a worker.
#[test]
fn connections_are_begun_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let connect = |(socket, address): &(OwnedFd, Vec<u8>)| {
        let call = Submission::call(libc::SYS_connect).int(socket.as_raw_fd().into());
        call.input(address).value(16)
    };
    let mut bench = Bench::new();
    let (never, waiting) = (client(port, libc::SOCK_NONBLOCK), client(port, 0));
    let (done, by) = bench.here(connect(&never));
    assert_eq!(by, RunBy::INLINE);
    assert!([0, error(libc::EINPROGRESS)].contains(&done.result), "{done:?}");
    bench.begin(connect(&waiting));
    bench.let_go();
    let (done, by) = bench.end();
    assert_eq!((done.result, by.attempts), (0, 1));
    let peers: Vec<TcpStream> = (0..2).map(|_| listener.accept().unwrap().0).collect();
    assert_eq!(peers.len(), 2, "one connection for each");
    let address = client(port, libc::SOCK_NONBLOCK).1;
    assert_eq!(same(libc::SYS_connect, &[fd(&never.0), 8, 16]), error(libc::EFAULT));
    assert_eq!(same(libc::SYS_connect, &[fd(&waiting.0), at(address.as_slice()), 16]), error(libc::EISCONN));
    assert_eq!(same(libc::SYS_connect, &[1 << 20, at(address.as_slice()), 16]), error(libc::EBADF));
}

/// TWIN-27: random bytes are asked for with GRND_NONBLOCK by the submitter, though they are storage's class.
#[test]
fn random_bytes_come_at_once() {
    let done = Bench::new().ready(Submission::call(libc::SYS_getrandom).output(16).value(16).value(0));
    assert_eq!((done.result, done.data().len()), (16, 16));
    assert_eq!(same(libc::SYS_getrandom, &[8, 16, 1 << 20]), error(libc::EINVAL));
}
