//! Writes.

use std::io::{PipeReader, Read, Write, pipe};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::thread;

use crate::nonblocking::tests::rig::{
    ABILITIES, HIGH, at, at_mut, error, fd, file, finished, nonblocking, nonblocking_by, owned, plain, tries,
    writes_are_tried,
};
use crate::nonblocking::{Abilities, Ability, Attempt, NonBlocking};

/// More than a pipe or a socket holds.
const LONG: usize = 1 << 20;

fn pattern() -> Vec<u8> {
    (0..LONG).map(|at| u8::try_from(at % 251).expect("small")).collect()
}

/// Finishes a write while another thread reads, and gives the result and all that was read.
fn drained(
    name: &'static str,
    args: [u64; 6],
    done: u64,
    mut reader: impl Read + Send + 'static,
    writer: impl AsRawFd,
) -> (i64, Vec<u8>) {
    let reading = thread::spawn(move || {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).expect("readable");
        all
    });
    let result = finished(name, args, done);
    drop(writer);
    (result, reading.join().expect("the reader ends"))
}

/// TWIN-12: a short write to a pipe is finished, and the same bytes arrive.
#[test]
fn long_writes_to_pipes_are_finished() {
    if !writes_are_tried() {
        return;
    }
    let bytes = pattern();
    let (one, two) = bytes.split_at(100_000);
    let vector = [at(one), one.len() as u64, at(b""), 0, at(two), two.len() as u64];
    for name in ["write", "writev", "pwritev2"] {
        let (reader, writer) = pipe().expect("a pipe");
        let args = match name {
            "write" => [fd(&writer), at(&bytes[..]), LONG as u64, 0, 0, 0],
            _ => [fd(&writer), at(&vector), 3, u64::MAX, 0, 0],
        };
        let Attempt::Partial(done) = nonblocking(name, args) else { panic!("{name} is longer than a pipe") };
        assert_eq!(nonblocking(name, args), Attempt::WouldBlock, "{name}: full");
        let (result, read) = drained(name, args, done, reader, writer);
        assert_eq!(result, LONG.cast_signed() as i64, "{name}");
        assert!(read == bytes, "{name}");
    }
}

/// TWIN-12: so is one to a stream socket, from the middle of a vector.
#[test]
fn long_writes_to_streams_are_finished() {
    if !writes_are_tried() {
        return;
    }
    let bytes = pattern();
    for name in ["write", "writev"] {
        let (left, right) = UnixStream::pair().expect("a pair");
        let vector: Vec<[u64; 2]> = bytes.chunks(1021).map(|part| [at(part), part.len() as u64]).collect();
        assert!(vector.len() > 1000 && vector.len() < 1100);
        let count = vector.len().min(1024) as u64;
        let asked = if name == "write" { LONG } else { LONG.min(1021 * 1024) };
        let args = match name {
            "write" => [fd(&left), at(&bytes[..]), LONG as u64, 0, 0, 0],
            _ => [fd(&left), at(&vector[..]), count, 0, 0, 0],
        };
        let Attempt::Partial(done) = nonblocking(name, args) else {
            panic!("{name} is longer than a socket")
        };
        let (result, read) = drained(name, args, done, right, left);
        assert_eq!(result, asked.cast_signed() as i64, "{name}");
        assert!(read[..] == bytes[..asked], "{name}");
    }
}

/// TWIN-13: an error behind the first bytes is not seen.
#[test]
fn an_error_after_progress_is_a_short_write() {
    if !writes_are_tried() {
        return;
    }
    let bytes = pattern();
    let (reader, writer) = pipe().expect("a pipe");
    let args = [fd(&writer), at(&bytes[..]), LONG as u64];
    let Attempt::Partial(done) = nonblocking("write", args) else { panic!("longer than a pipe") };
    drop(reader);
    assert_eq!(finished("write", args, done), done.cast_signed());
    assert_eq!(nonblocking("write", args), Attempt::Final(error(libc::EPIPE)));
}

/// TWIN-14: at a broken pipe or socket, an attempt raises no SIGPIPE.
#[test]
fn no_signal_is_raised() {
    let (left, right) = UnixStream::pair().expect("a pair");
    let (reader, writer) = pipe().expect("a pipe");
    drop((right, reader));
    with_sigpipe_pending(|is_pending| {
        assert_eq!(
            nonblocking("sendto", [fd(&left), at(b"x"), 1, 0, 0, 0]),
            Attempt::Final(error(libc::EPIPE))
        );
        let vector = [at(b"x"), 1];
        let header = [0, 0, at(&vector), 1, 0, 0, 0];
        assert_eq!(nonblocking("sendmsg", [fd(&left), at(&header), 0]), Attempt::Final(error(libc::EPIPE)));
        if writes_are_tried() {
            assert_eq!(nonblocking("write", [fd(&writer), at(b"x"), 1]), Attempt::Final(error(libc::EPIPE)));
            assert_eq!(nonblocking("write", [fd(&left), at(b"x"), 1]), Attempt::Final(error(libc::EPIPE)));
        }
        assert!(!is_pending());
        assert_eq!(plain("write", [fd(&writer), at(b"x"), 1]), error(libc::EPIPE));
        assert!(is_pending(), "the plain call raises it");
    });
}

/// Runs in a thread of its own that blocks SIGPIPE, and can tell whether it was raised.
fn with_sigpipe_pending(test: impl FnOnce(&dyn Fn() -> bool) + Send) {
    let bit = 1u64 << (libc::SIGPIPE - 1);
    thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(plain("rt_sigprocmask", [0, at(&bit), 0, 8]), 0);
            test(&|| {
                let mut pending = 0u64;
                assert_eq!(plain("rt_sigpending", [at_mut(&mut pending), 8]), 0);
                pending & bit != 0
            });
        });
    });
}

/// TWIN-15: storage is written inline or by a worker, never in two parts; other files by a worker.
#[test]
fn storage_is_never_written_in_parts() {
    let file = file();
    let args = [fd(&file), at(b"abc"), 3, 0];
    let vector = [at(b"abc"), 3];
    for name in ["pwrite64", "pwritev"] {
        assert!(!tries(name, args), "{name} at a position, and O_APPEND would move it");
    }
    assert!(!tries("pwritev2", [fd(&file), at(&vector), 1, 0, 0, 0]));
    assert_eq!(nonblocking("write", args), Attempt::Plain);
    assert_eq!(nonblocking("writev", [fd(&file), at(&vector), 1]), Attempt::Plain);
    let append = u64::from(libc::RWF_APPEND.cast_unsigned());
    assert_eq!(nonblocking("pwritev2", [fd(&file), at(&vector), 1, u64::MAX, 0, append]), Attempt::Plain);
    assert_eq!(file.metadata().expect("a file").len(), 0, "nothing was written");
    assert!(!tries("write", [fd(&file), at(b"abc"), 0]), "writing nothing");
}

/// TWIN-15: null, zero and full take the plain call, inline; other devices, terminals and files without a place do not.
#[test]
fn sinks_are_written_inline() {
    let open = |path: &str| std::fs::File::options().write(true).open(path).expect("a device");
    for path in ["/dev/null", "/dev/zero", "/dev/full"] {
        assert_eq!(nonblocking("write", [fd(&open(path)), at(b"abc"), 3]), Attempt::Plain, "{path}");
    }
    for path in ["/dev/urandom", "/dev/ptmx"] {
        assert_eq!(nonblocking("write", [fd(&open(path)), at(b"abc"), 3]), Attempt::NotHere, "{path}");
    }
    let event = owned(plain("eventfd2", [0, 0]));
    assert_eq!(nonblocking("write", [fd(&event), at(&1u64), 8]), Attempt::NotHere);
}

/// TWIN-50: where the kernel knows no write without waiting, or none without SIGPIPE, or the application allows no other number, storage
/// and sinks are written inline still, and pipes by a worker.
#[test]
fn storage_needs_no_quiet_writes() {
    let quiet = Ability::NowaitWrites.bit();
    let old = Abilities { found: ABILITIES.found & !quiet, ..*ABILITIES };
    let same = Abilities { allowed: NonBlocking::SameNumber, ..*ABILITIES };
    let (_reader, writer) = pipe().expect("a pipe");
    let null = std::fs::File::options().write(true).open("/dev/null").expect("a device");
    for abilities in [old, same] {
        let written = |to: u64| nonblocking_by(abilities, "write", [to, at(b"abc"), 3]);
        assert_eq!(written(fd(&file())), Attempt::Plain);
        assert_eq!(written(fd(&null)), Attempt::Plain);
        assert_eq!(written(fd(&writer)), Attempt::NotHere);
    }
}

/// TWIN-12: a write that fits is an answer.
#[test]
fn what_fits_is_written_at_once() {
    if !writes_are_tried() {
        return;
    }
    let (reader, writer): (PipeReader, _) = pipe().expect("a pipe");
    assert_eq!(nonblocking("write", [fd(&writer), at(b"abc"), 3]), Attempt::Final(3));
    (&writer).write_all(b"def").expect("room");
    drop(writer);
    let mut read = String::new();
    (&reader).read_to_string(&mut read).expect("text");
    assert_eq!(read, "abcdef");
}

/// ENGINE-32: the rest of a write is counted by the same 32 bits, and the rest of each argument is passed on.
#[test]
fn the_rest_is_counted_as_the_kernel_does() {
    let (reader, writer) = pipe().expect("a pipe");
    let bytes = vec![7u8; 100_000];
    let vector = [at(&bytes[..]), 50_000, at(&bytes[..]), 50_000, u64::MAX, u64::MAX];
    let args = [fd(&writer) | HIGH, at(&vector), HIGH | 2];
    if !writes_are_tried() {
        return;
    }
    let Attempt::Partial(done) = nonblocking("writev", args) else { panic!("a pipe holds less") };
    assert!((1..100_000).contains(&done), "{done} bytes fit");
    let taken = std::thread::spawn(move || {
        let mut all = Vec::new();
        let mut reader = reader;
        std::io::Read::read_to_end(&mut reader, &mut all).expect("readable");
        all.len()
    });
    assert_eq!(finished("writev", args, done), 100_000);
    drop(writer);
    assert_eq!(taken.join().expect("no panic"), 100_000);
}
