//! One byte through a pipe and back through another.
//!
//! The other side is a plain thread for each pair of pipes, the same for every contender: it reads a byte from the
//! first pipe and writes it to the second. A contender writes to the first pipe and reads from the second, so that
//! every answer needs another thread to run. If the contender made both sides' calls, one that makes them in order
//! would find each byte where it wants to read it, and never sleep.
//!
//! A batch is write, read, write, read, …, each two on a pair of their own among the calls in flight: who makes them
//! in order gets through, a read never comes before its write. In order each read sleeps; with many in flight
//! sleeping reads overlap, which is what the contenders differ in. The time of the plain threads is part of
//! everybody's: it is the work that is waited for.

use std::cell::Cell;
use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::AsFd;
use std::thread::{self, JoinHandle};

use super::{Batch, Workload};
use crate::call::RawCall;

/// `write` of one byte, and `read` of the answer.
#[derive(Debug)]
pub struct PipePingpong {
    pairs: Vec<Pair>,
}

#[derive(Debug)]
struct Pair {
    /// Taken only to end the other side.
    there: Option<PipeWriter>,
    back: PipeReader,
    byte: u8,
    echo: Option<JoinHandle<()>>,
}

impl PipePingpong {
    /// Makes pipes and the threads on their other side.
    ///
    /// # Errors
    /// When the system has no pipe or thread to give.
    pub fn prepare(depth: usize) -> io::Result<PipePingpong> {
        let pairs = (0..depth.div_ceil(2)).map(|_| Pair::open()).collect::<io::Result<_>>()?;
        Ok(PipePingpong { pairs })
    }
}

impl Pair {
    fn open() -> io::Result<Pair> {
        let (from, there) = pipe()?;
        let (back, to) = pipe()?;
        let echo = thread::Builder::new().stack_size(64 << 10).spawn(move || echo(from, to))?;
        Ok(Pair { there: Some(there), back, byte: 0, echo: Some(echo) })
    }
}

/// Sends every byte back, until there is nobody to do so for.
fn echo(mut from: PipeReader, mut to: PipeWriter) {
    let mut byte = [0];
    while from.read_exact(&mut byte).is_ok() && to.write_all(&byte).is_ok() {}
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.there = None;
        let _ = self.echo.take().map(JoinHandle::join);
    }
}

impl Workload for PipePingpong {
    fn note(&self) -> String {
        "half of the calls write, half read the answer of a plain thread; a pair of pipes for each two in flight".to_owned()
    }

    fn batch(&mut self, count: usize) -> Batch<'_> {
        let pairs: Vec<[RawCall<'_>; 2]> = self.pairs.iter_mut().filter_map(Pair::calls).collect();
        Batch::from(pairs.into_iter().cycle().flatten().take(count).collect::<Vec<_>>())
    }
}

impl Pair {
    fn calls(&mut self) -> Option<[RawCall<'_>; 2]> {
        let there = self.there.as_ref()?.as_fd();
        let answer = Cell::from_mut(&mut self.byte);
        Some([RawCall::write_byte(there, &b'x'), RawCall::read_byte(self.back.as_fd(), answer)])
    }
}

#[test]
fn reads_in_flight_together_have_pipes_of_their_own() {
    let mut workload = PipePingpong::prepare(6).unwrap();
    let pipes: Vec<u64> = workload.batch(12).iter().map(|call| call.args()[0]).collect();
    let mut first = pipes[..6].to_vec();
    first.sort_unstable();
    first.dedup();
    assert_eq!(first.len(), 6);
    assert_eq!(pipes[..6], pipes[6..]);
}
