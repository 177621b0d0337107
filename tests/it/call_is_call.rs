//! The call is the call: made directly and through the engine on equal fresh state, everything is equal.
#![allow(unsafe_code, reason = "makes the plain calls to compare with")]

use std::ffi::CString;
use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;

use syslet::syscalls::row_by_name;
use syslet::{Ring, Submission};

use crate::rig::{self, run, sync};

/// An argument, as both ways of making the call can pass it.
#[derive(Clone, Debug)]
enum Arg {
    Value(i64),
    /// The descriptor of the file `name` in the state.
    Open,
    /// The descriptor of the state's folder.
    Folder,
    /// A path in the state's folder.
    Path(&'static str),
    In(Vec<u8>),
    Out(usize),
    InOut(Vec<u8>),
}

use Arg::{Folder, In, InOut, Open, Out, Path as PathArg, Value};

/// A fresh folder with a file of twelve bytes, a subfolder and a link, the file open for reading and writing.
struct State {
    folder: tempfile::TempDir,
    handle: fs::File,
    open: fs::File,
}

impl State {
    fn fresh() -> State {
        let folder = tempfile::tempdir().expect("a temporary folder works");
        let path = folder.path().join("file");
        fs::write(&path, b"twelve bytes").expect("a temporary folder works");
        fs::create_dir(folder.path().join("sub")).expect("a temporary folder works");
        std::os::unix::fs::symlink("file", folder.path().join("link")).expect("a temporary folder works");
        let open = fs::File::options().read(true).write(true).open(&path).expect("a temporary folder works");
        let handle = fs::File::open(folder.path()).expect("a temporary folder works");
        State { folder, handle, open }
    }

    fn path(&self, name: &str) -> CString {
        CString::new(self.folder.path().join(name).as_os_str().as_bytes()).expect("a temporary folder works")
    }

    /// What is in the folder afterwards: names, kinds, modes, contents.
    fn contents(&self) -> Vec<(String, u32, Vec<u8>)> {
        use std::os::unix::fs::MetadataExt;
        let mut found: Vec<_> = fs::read_dir(self.folder.path())
            .expect("a temporary folder works")
            .map(|entry| {
                let entry = entry.expect("a temporary folder works");
                let mode = entry.metadata().expect("a temporary folder works").mode();
                let text = if mode & libc::S_IFMT == libc::S_IFREG {
                    fs::read(entry.path()).unwrap_or_default()
                } else {
                    Vec::new()
                };
                (entry.file_name().into_string().expect("a temporary folder works"), mode, text)
            })
            .collect();
        found.sort();
        found
    }
}

/// Result and written bytes of the plain call. Areas are zero before it.
fn directly(state: &State, nr: u32, args: &[Arg]) -> (i64, Vec<Vec<u8>>) {
    let mut memory: Vec<Vec<u8>> = args
        .iter()
        .map(|arg| match arg {
            PathArg(name) => state.path(name).into_bytes_with_nul(),
            In(bytes) | InOut(bytes) => bytes.clone(),
            Out(len) => vec![0; *len],
            _ => Vec::new(),
        })
        .collect();
    let mut raw = [0_i64; 6];
    for ((raw, arg), memory) in raw.iter_mut().zip(args).zip(&mut memory) {
        *raw = match arg {
            Value(value) => *value,
            Open => state.open.as_raw_fd().into(),
            Folder => state.handle.as_raw_fd().into(),
            _ => (memory.as_mut_ptr().expose_provenance() as u64).cast_signed(),
        };
    }
    let [a, b, c, d, e, f] = raw;
    // SAFETY: every address is of memory that lives beyond the call and is as long as the call is told.
    let result = unsafe { libc::syscall(nr.into(), a, b, c, d, e, f) };
    let result = if result == -1 {
        -i64::from(std::io::Error::last_os_error().raw_os_error().expect("an error has a number"))
    } else {
        result
    };
    let written = args.iter().zip(memory).filter(|(arg, _)| matches!(arg, Out(_) | InOut(_)));
    (result, written.map(|(_, memory)| memory).collect())
}

/// The same through the engine.
fn through(ring: &mut Ring, state: &State, nr: u32, args: &[Arg]) -> (i64, Vec<Vec<u8>>) {
    let mut areas = Vec::new();
    let mut end = 0;
    let mut submission = sync(Submission::call(nr));
    for arg in args {
        submission = match arg {
            Value(value) => submission.int(*value),
            Open => submission.int(state.open.as_raw_fd().into()),
            Folder => submission.int(state.handle.as_raw_fd().into()),
            PathArg(name) => submission.path(&state.path(name)),
            In(bytes) => submission.input(bytes),
            Out(len) => submission.output(*len),
            InOut(bytes) => submission.inout(bytes),
        };
        let len = match arg {
            Out(len) => *len,
            InOut(bytes) => bytes.len(),
            _ => continue,
        };
        let at = usize::next_multiple_of(end, 8);
        areas.push((at, len));
        end = at + len;
    }
    let done = run(ring, submission);
    let mut data = done.data().to_vec();
    data.resize(end, 0);
    (done.result, areas.into_iter().map(|(at, len)| data[at..at + len].to_vec()).collect())
}

fn number(name: &str) -> u32 {
    row_by_name(name).and_then(|row| row.numbers.here()).expect("a call of this architecture").into()
}

/// Makes the call both ways, each on a state of its own, and compares result, bytes and what is left behind.
fn compare(ring: &mut Ring, name: &str, args: &[Arg]) -> i64 {
    let (plain, engine) = (State::fresh(), State::fresh());
    let mut expected = directly(&plain, number(name), args);
    let got = through(ring, &engine, number(name), args);
    if expected.0 < 0 {
        // What a failed call has left in an out area does not come back: the list of deviations says so.
        let areas = args.iter().filter(|arg| matches!(arg, Out(_) | InOut(_)));
        let outs = areas.zip(&mut expected.1).filter(|(arg, _)| matches!(arg, Out(_)));
        outs.for_each(|(_, bytes)| bytes.fill(0));
    }
    assert_eq!(got, expected, "{name} {args:?}");
    assert_eq!(engine.contents(), plain.contents(), "after {name} {args:?}");
    got.0
}

fn flag(bits: i32) -> Arg {
    Value(bits.into())
}

const HERE: Arg = Value(libc::AT_FDCWD as i64);
const BAD: Arg = Value(-1);

/// A timespec, an itimerspec's half, anything of two words.
fn words(words: &[i64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// ENGINE-19, ENGINE-10: files: bytes, positions, sizes, descriptors.
#[test]
fn calls_on_files() {
    let ring = &mut rig::ring();
    let calls: &[(&str, &[Arg])] = &[
        ("read", &[Open, Out(20), Value(20)]),
        ("read", &[Open, Out(5), Value(5)]),
        ("pread64", &[Open, Out(20), Value(20), Value(7)]),
        ("pread64", &[Open, Out(20), Value(20), Value(-7)]),
        ("pread64", &[Open, Out(20), Value(20), Value(1 << 32)]),
        ("write", &[Open, In(b"hello".to_vec()), Value(5)]),
        ("pwrite64", &[Open, In(b"hello".to_vec()), Value(5), Value(30)]),
        ("lseek", &[Open, Value(3), flag(libc::SEEK_END)]),
        ("lseek", &[Open, Value(3), Value(99)]),
        ("ftruncate", &[Open, Value(4)]),
        ("ftruncate", &[Open, Value(-4)]),
        ("fallocate", &[Open, Value(0), Value(0), Value(100)]),
        ("fallocate", &[Open, Value(1 << 30), Value(0), Value(100)]),
        ("fsync", &[Open]),
        ("fdatasync", &[Open]),
        ("fadvise64", &[Open, Value(0), Value(0), flag(libc::POSIX_FADV_RANDOM)]),
        ("fchmod", &[Open, Value(0o640)]),
        ("fchown", &[Open, BAD, BAD]),
        ("flock", &[Open, flag(libc::LOCK_EX)]),
        ("flock", &[Open, Value(77)]),
        ("fcntl", &[Open, flag(libc::F_GETFL)]),
        ("fcntl", &[Open, Value(7777)]),
        ("getdents64", &[Open, Out(64), Value(64)]),
        ("fgetxattr", &[Open, PathArg("user.none"), Out(8), Value(8)]),
        ("fsetxattr", &[Open, PathArg(""), In(vec![1]), Value(1), Value(0)]),
        ("copy_file_range", &[Open, InOut(words(&[0])), Open, InOut(words(&[20])), Value(5), Value(0)]),
        ("sendfile", &[Open, Open, InOut(words(&[2])), Value(5)]),
        ("epoll_create1", &[Value(77)]),
        ("eventfd2", &[Value(0), Value(77)]),
        ("memfd_create", &[In(b"name\0".to_vec()), Value(1 << 20)]),
    ];
    for (name, args) in calls {
        compare(ring, name, args);
        if matches!(args[0], Open) {
            let mut bad = args.to_vec();
            bad[0] = BAD;
            assert!(compare(ring, name, &bad) < 0, "{name} on no file");
        }
    }
}

/// ENGINE-19, ENGINE-10: paths.
#[test]
fn calls_on_paths() {
    let ring = &mut rig::ring();
    let calls: &[(&str, &[Arg])] = &[
        ("openat", &[HERE, PathArg("none"), flag(libc::O_RDONLY)]),
        ("openat", &[HERE, PathArg("file/x"), flag(libc::O_RDONLY)]),
        ("faccessat", &[HERE, PathArg("file"), flag(libc::R_OK)]),
        ("access", &[PathArg("none"), Value(0)]),
        ("mkdirat", &[HERE, PathArg("new"), Value(0o700)]),
        ("mkdir", &[PathArg("file"), Value(0o700)]),
        ("unlinkat", &[HERE, PathArg("file"), Value(0)]),
        ("unlinkat", &[HERE, PathArg("sub"), Value(0)]),
        ("unlinkat", &[HERE, PathArg("sub"), flag(libc::AT_REMOVEDIR)]),
        ("rmdir", &[PathArg("sub")]),
        ("renameat2", &[HERE, PathArg("file"), HERE, PathArg("moved"), Value(0)]),
        ("renameat2", &[HERE, PathArg("file"), HERE, PathArg("link"), Value(1)]),
        ("linkat", &[HERE, PathArg("file"), HERE, PathArg("hard"), Value(0)]),
        ("symlinkat", &[In(b"target\0".to_vec()), HERE, PathArg("soft")]),
        ("readlinkat", &[HERE, PathArg("link"), Out(3), Value(3)]),
        ("readlinkat", &[HERE, PathArg("file"), Out(64), Value(64)]),
        ("readlinkat", &[Folder, In(b"link\0".to_vec()), Out(64), Value(64)]),
        ("fchmodat", &[HERE, PathArg("file"), Value(0o600)]),
        ("truncate", &[PathArg("file"), Value(3)]),
        ("utimensat", &[HERE, PathArg("file"), In(words(&[1, 2, 3, 4])), Value(0)]),
        ("mknodat", &[HERE, PathArg("fifo"), Value((libc::S_IFIFO | 0o600) as i64), Value(0)]),
        ("statfs", &[PathArg("none"), Out(120)]),
        ("getxattr", &[PathArg("file"), In(b"user.none\0".to_vec()), Out(8), Value(8)]),
        ("chdir", &[PathArg("none")]),
        ("name_to_handle_at", &[HERE, PathArg("none"), Value(0), Value(0), Value(0)]),
    ];
    for (name, args) in calls {
        compare(ring, name, args);
    }
}

/// ENGINE-19: processes, times, limits; what answers about the thread answers about this one.
#[test]
fn calls_on_the_process() {
    let ring = &mut rig::ring();
    let pid = || Value(rig::pid());
    let calls: &[(&str, &[Arg])] = &[
        ("getpid", &[]),
        ("getppid", &[]),
        ("gettid", &[]),
        ("getuid", &[]),
        ("geteuid", &[]),
        ("getgid", &[]),
        ("getpgid", &[Value(0)]),
        ("getsid", &[Value(0)]),
        ("getresuid", &[Out(4), Out(4), Out(4)]),
        ("getgroups", &[Value(64), Out(256)]),
        ("getgroups", &[Value(-1), Value(0)]),
        ("uname", &[Out(390)]),
        ("prlimit64", &[Value(0), Value(libc::RLIMIT_CORE.into()), Value(0), Out(16)]),
        ("prlimit64", &[Value(0), Value(99), Value(0), Out(16)]),
        ("getrlimit", &[Value(libc::RLIMIT_NOFILE.into()), Out(16)]),
        ("clock_getres", &[flag(libc::CLOCK_MONOTONIC), Out(16)]),
        ("clock_getres", &[Value(99), Out(16)]),
        ("kill", &[pid(), Value(0)]),
        ("kill", &[pid(), Value(999)]),
        ("getpriority", &[Value(0), Value(0)]),
        ("getpriority", &[Value(9), Value(0)]),
        ("sched_getscheduler", &[Value(0)]),
        ("sched_getaffinity", &[Value(0), Value(128), Out(128)]),
        ("sched_yield", &[]),
        ("nanosleep", &[In(words(&[0, 1000])), Out(16)]),
        ("nanosleep", &[In(words(&[0, -1])), Out(16)]),
        ("clock_nanosleep", &[flag(libc::CLOCK_MONOTONIC), Value(0), In(words(&[0, 1])), Out(16)]),
        ("getrandom", &[Out(0), Value(0), Value(0)]),
        ("getrandom", &[Out(8), Value(8), Value(999)]),
        ("wait4", &[pid(), Out(4), Value(0), Out(144)]),
        ("poll", &[InOut(Vec::new()), Value(0), Value(0)]),
        ("socket", &[Value(999), Value(1), Value(0)]),
        ("socketpair", &[Value(999), Value(1), Value(0), Out(8)]),
        ("timerfd_create", &[Value(99), Value(0)]),
        ("getcwd", &[Out(4096), Value(4096)]),
        ("getcwd", &[Out(1), Value(1)]),
        ("sysinfo", &[Value(1)]),
        ("futex", &[Value(1), Value(0), Value(0), Value(0), Value(0), Value(0)]),
    ];
    for (name, args) in calls {
        compare(ring, name, args);
    }
}

/// ENGINE-19: a bad address is the kernel's to refuse.
#[test]
fn bad_addresses() {
    let ring = &mut rig::ring();
    for (name, args) in [
        ("read", vec![Open, Value(8), Value(4)]),
        ("write", vec![Open, Value(8), Value(4)]),
        ("uname", vec![Value(8)]),
        ("openat", vec![HERE, Value(8), Value(0)]),
        ("getcwd", vec![Value(8), Value(4096)]),
        ("pipe2", vec![Value(8), Value(0)]),
        ("nanosleep", vec![Value(8), Value(0)]),
        ("statx", vec![HERE, PathArg("file"), Value(0), Value(0), Value(8)]),
    ] {
        assert_eq!(compare(ring, name, &args), -i64::from(libc::EFAULT), "{name}");
    }
}
