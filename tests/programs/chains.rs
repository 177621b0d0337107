//! What chains of io_uring are written for, as programs; each beside the same by plain calls.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use syslet::attrs::DeadlineAsked;
use syslet::program::build::calls::{close, getppid, lseek, read, write};
use syslet::program::{Builder, Call, Fd, Program, Test};
use syslet::{AttributeFlags, AttributeId, CallFlags, DoneFlags, Ring};

use crate::rig::{everywhere, next, pipe_ends, program, push, ring, run};

/// Bytes that are no multiple of what one read takes.
fn content() -> Vec<u8> {
    (0..200_003_u32).map(|at| at.to_le_bytes()[0] ^ at.to_le_bytes()[1]).collect()
}

/// A copy in pieces of 64 KiB is the copy that plain calls make, and its result is what the last read gave.
#[test]
fn read_then_write() {
    let mut from = tempfile::tempfile().unwrap();
    from.write_all(&content()).unwrap();
    let plain = {
        let (mut copy, mut piece, mut from) = (Vec::new(), vec![0; 65536], from.try_clone().unwrap());
        std::io::Seek::rewind(&mut from).unwrap();
        loop {
            let read = from.read(&mut piece).unwrap();
            if read == 0 {
                break copy;
            }
            copy.extend_from_slice(&piece[..read]);
        }
    };
    let to = tempfile::NamedTempFile::new().unwrap();
    let (source, target) = (from.as_raw_fd(), to.as_file().as_raw_fd());
    everywhere(
        |p| {
            let (buffer, total) = (p.scratch(65536), p.register(0));
            p.call(lseek(source, 0, libc::SEEK_SET)).or_stop();
            p.call(lseek(target, 0, libc::SEEK_SET)).or_stop();
            p.repeat(|p| {
                let count = p.call(read(source, buffer, 65536)).or_stop();
                p.break_if(count, Test::zero());
                p.call(write(target, buffer, count).until_count()).or_stop();
                p.add(total, count);
            });
            p.stop_if(total, Test::non_zero());
        },
        |came| {
            assert_eq!(came.end(), (200_003, DoneFlags::NONE));
            assert!(std::fs::read(to.path()).unwrap() == plain && plain == content());
            to.as_file().set_len(0).unwrap();
        },
    );
}

/// A connection is accepted, what comes is sent back, and it is closed, as by plain calls.
#[test]
fn accept_then_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let accepts = listener.as_raw_fd();
    let ask = || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"question").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    };
    let plain = std::thread::scope(|scope| {
        let asked = scope.spawn(ask);
        let (mut stream, _) = listener.accept().unwrap();
        let mut piece = [0; 64];
        let read = stream.read(&mut piece).unwrap();
        stream.write_all(&piece[..read]).unwrap();
        drop(stream);
        asked.join().unwrap()
    });
    let serving = |flags| {
        program(flags, |p: &mut Builder<'_>| {
            let buffer = p.area(64);
            let accept =
                Call::<Fd>::new(libc::SYS_accept4).arg(accepts).arg(0).arg(0).arg(libc::SOCK_CLOEXEC);
            let stream = p.call(accept).or_stop();
            let count = p.call(read(stream, buffer, 64)).or_stop();
            p.call(write(stream, buffer, count)).or_stop();
            p.finally(close(stream));
        })
    };
    let mut ring = ring(2);
    for flags in [CallFlags::NONE, CallFlags::ASYNC] {
        push(&mut ring, &serving(flags)).unwrap();
        ring.submit();
        assert_eq!(ask(), plain);
        let came = next(&mut ring);
        assert_eq!((came.end(), &came.data()[..8]), ((8, DoneFlags::NONE), &b"question"[..]));
        assert_eq!(came.atoms().len(), 4);
    }
}

/// By plain calls: what the last one gives, where the first waits no longer than that.
fn plainly_bounded(reads: &OwnedFd, after: Duration) -> i64 {
    let mut ready = [PollFd::new(reads.as_fd(), PollFlags::POLLIN)];
    if poll(&mut ready, PollTimeout::try_from(after).expect("it fits")) == Ok(0) {
        return -i64::from(libc::ETIME);
    }
    nix::unistd::read(reads, &mut [0; 8]).expect("it is there");
    nix::unistd::getppid().as_raw().into()
}

/// A chain has a time for all of it, as by plain calls: what waits for ever ends, and what is quick is not touched.
#[test]
fn bounded_by_time() {
    let ((reads, writes), from, _) = pipe_ends();
    let mut ring = ring(2);
    let bounded = |after: Duration| {
        let ns = u64::try_from(after.as_nanos()).unwrap();
        program(CallFlags::NONE, |p| {
            let (buffer, deadline) = (p.area(8), DeadlineAsked::After(ns).emit());
            p.attribute(AttributeId::DEADLINE, AttributeFlags::REQUIRED, &deadline);
            p.call(read(from, buffer, 8)).or_stop();
            p.call(getppid()).value();
        })
    };
    let (soon, late) = (Duration::from_millis(10), Duration::from_secs(600));
    assert_eq!(run(&mut ring, &bounded(soon)).result, plainly_bounded(&reads, soon));
    nix::unistd::write(&writes, b"in time").unwrap();
    let by_chain = run(&mut ring, &bounded(late)).end();
    nix::unistd::write(&writes, b"in time").unwrap();
    assert_eq!(by_chain, (plainly_bounded(&reads, late), DoneFlags::NONE));
}

/// By plain calls: what the last one gives of `asked` bytes of which five are there, and what is in the pipe then.
fn plainly_after_a_short_read(asked: usize, stops: bool) -> (i64, Vec<u8>) {
    let ((reads, writes), ..) = pipe_ends();
    nix::unistd::write(&writes, b"short").expect("written");
    let mut last = nix::unistd::read(&reads, &mut vec![0; asked]).expect("read");
    if !(stops && last < asked) {
        last = nix::unistd::write(&writes, b"behind").expect("written");
    }
    drop(writes);
    let mut left = Vec::new();
    std::fs::File::from(reads).read_to_end(&mut left).expect("read");
    (i64::try_from(last).expect("a few"), left)
}

/// What a chain does of `asked` bytes of which five are there; and the word that it writes behind, if it does.
fn after_a_short_read(ring: &mut Ring, asked: u64, stops: bool, flags: CallFlags) -> (i64, Vec<u8>) {
    let ((reads, writes), from, to) = pipe_ends();
    nix::unistd::write(&writes, b"short").expect("written");
    let chain = Program::build(|p| {
        p.flags(flags);
        let (buffer, word) = (p.area(16), p.bytes(b"behind"));
        let call = read(from, buffer, asked).storage();
        let made = p.call(call);
        if stops {
            made.stop_if(Test::less(asked))
        } else {
            made.value()
        };
        p.call(write(to, word, 6)).value();
    });
    let came = run(ring, &chain.expect("a program"));
    drop(writes);
    let mut left = Vec::new();
    std::fs::File::from(reads).read_to_end(&mut left).expect("read");
    (came.result, left)
}

/// A short read stops the chain, or does not, as the chain says; by plain calls that is an `if`.
#[test]
fn short_reads() {
    for (workers_max, flags) in [(0, CallFlags::NONE), (2, CallFlags::NONE), (2, CallFlags::ASYNC)] {
        let mut ring = ring(workers_max);
        for (asked, stops) in [(8, true), (5, true), (8, false)] {
            let plain = plainly_after_a_short_read(asked, stops);
            let by_chain = after_a_short_read(&mut ring, asked as u64, stops, flags);
            assert_eq!(by_chain, plain, "{asked} {stops}");
        }
    }
}

/// SYSLET-2: the flags of 2007, each as the table of the specification writes it.
#[test]
fn flags_of_2007() {
    /// Non-zero, zero, negative, non-positive: whether −1, 0 and 1 stop there.
    const STOPS: [[bool; 3]; 4] =
        [[true, false, true], [false, true, false], [true, false, false], [true, true, false]];
    fn test<'p>(case: usize) -> Test<'p> {
        [Test::non_zero(), Test::zero(), Test::negative(), Test::non_positive()][case]
    }
    for (case, stops) in STOPS.iter().enumerate() {
        for (value, stops) in [-1_i64, 0, 1].into_iter().zip(stops) {
            everywhere(
                |p| {
                    let value = p.register(value.cast_unsigned());
                    p.stop_if(value, test(case));
                    p.stop_if(7_u64, Test::non_zero());
                },
                |came| assert_eq!(came.result, if *stops { value } else { 7 }),
            );
            // SKIP_TO_NEXT_ON_STOP: where it would stop, the next one in memory; else the one that was linked.
            everywhere(
                |p| {
                    let value = p.register(value.cast_unsigned());
                    p.when_else(
                        value,
                        test(case),
                        |p| p.stop_if(8_u64, Test::non_zero()),
                        |p| p.stop_if(9_u64, Test::non_zero()),
                    );
                },
                |came| assert_eq!(came.result, if *stops { 8 } else { 9 }),
            );
        }
    }
}
