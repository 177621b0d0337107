//! Arguments of which the kernel takes fewer than 64 bits.

use std::io::{Write, pipe};

use crate::nonblocking::Attempt;
use crate::nonblocking::tests::rig::{at, at_mut, fd, file, finished, nonblocking, plain};

/// What the kernel takes nothing of, for an argument of 32 bits.
const HIGH: u64 = 0xdead_beef << 32;

/// ENGINE-32: of a count of buffers the kernel takes 32 bits: none of 2^32 are looked at, and one of 2^32 + 1.
#[test]
fn buffers_are_counted_as_the_kernel_does() {
    let mut file = file();
    file.write_all(b"sixteen bytes are").expect("room");
    let mut buffer = [0u8; 32];
    // Behind the one entry is nothing that an entry could be.
    let vector = [at_mut(&mut buffer[..]), 16, u64::MAX, u64::MAX];
    for name in ["preadv", "preadv2"] {
        let args = |count| [fd(&file) | HIGH, at(&vector), count, 0, HIGH, 0];
        assert_eq!(
            (plain(name, args(1 << 32)), nonblocking(name, args(1 << 32))),
            (0, Attempt::Final(0)),
            "{name}"
        );
        let one = 1 << 32 | 1;
        assert_eq!(
            (plain(name, args(one)), nonblocking(name, args(one))),
            (16, Attempt::Final(16)),
            "{name}"
        );
        assert_eq!(nonblocking(name, args(HIGH | 1)), Attempt::Final(16), "{name}");
    }
    // Short: whether the file goes on is asked about the same descriptor.
    let long = [at_mut(&mut buffer), 32];
    assert_eq!(nonblocking("preadv", [fd(&file) | HIGH, at(&long), HIGH | 1, 0]), Attempt::Final(17));
}

/// ENGINE-32: what is left of a write is counted by the same 32 bits, and the rest of each argument is passed on.
#[test]
fn the_rest_is_counted_as_the_kernel_does() {
    let (reader, writer) = pipe().expect("a pipe");
    let bytes = vec![7u8; 100_000];
    let vector = [at(&bytes[..]), 50_000, at(&bytes[..]), 50_000, u64::MAX, u64::MAX];
    let args = [fd(&writer) | HIGH, at(&vector), HIGH | 2];
    if !crate::nonblocking::tests::rig::writes_are_twinned() {
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

/// ENGINE-32: a time of milliseconds is an int: what is above it makes no wait of none.
#[test]
fn no_time_is_no_time() {
    let (reader, _writer) = pipe().expect("a pipe");
    let mut wanted = fd(&reader) | u64::from(libc::POLLIN.cast_unsigned()) << 32;
    assert_eq!(nonblocking("poll", [at_mut(&mut wanted), HIGH | 1, HIGH]), Attempt::Final(0));
    assert_eq!(nonblocking("poll", [at_mut(&mut wanted), HIGH | 1, HIGH | 1]), Attempt::WouldBlock);
}
