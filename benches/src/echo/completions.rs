//! The loop of a server that has one call of each connection in flight and goes by completions: the engine and io_uring share it.

use std::net::{Shutdown, TcpStream};
use std::ops::Range;

use super::threads::set_nonblocking;
use crate::contender::landing::Landing;

/// A ring of calls and their completions.
pub(super) trait Completions {
    /// Puts the next call of a connection into the ring: it receives, or sends that part of its buffer.
    fn push(&mut self, number: usize, to_send: Option<Range<usize>>) -> Result<(), String>;

    /// Sleeps until a call is over, and adds the connections and results of those that are.
    fn wait(&mut self, over: &mut Vec<(u64, i64)>) -> Result<(), String>;
}

/// How far one connection is.
#[derive(Clone, Debug, Default)]
struct Echo {
    /// The end of the part of the buffer that is to be sent back, and its begin.
    got: usize,
    sent: usize,
    /// Bytes that have not come yet.
    left: usize,
}

impl Echo {
    fn to_send(&self) -> Option<Range<usize>> {
        (self.sent < self.got).then_some(self.sent..self.got)
    }

    /// Notes the result of its call. Returns whether another one follows.
    fn done(&mut self, result: i64) -> Result<bool, String> {
        let moved = usize::try_from(result).map_err(|_| format!("a call has failed: {result}"))?;
        if self.sent < self.got {
            self.sent += moved;
            return Ok(self.sent < self.got || self.left > 0);
        }
        if moved == 0 {
            return Err("a connection has ended early".to_owned());
        }
        (self.got, self.sent, self.left) = (moved, 0, self.left.saturating_sub(moved));
        Ok(true)
    }
}

/// Sends back as many bytes on each of these connections.
pub(super) fn turn(ring: &mut impl Completions, streams: &[TcpStream], bytes: usize) -> Result<(), String> {
    set_nonblocking(streams, false)?;
    let landing = Landing;
    let mut echoes = vec![Echo { left: bytes, ..Echo::default() }; streams.len()];
    for number in 0..streams.len() {
        ring.push(number, None)?;
    }
    let (mut in_flight, mut failed, mut over) = (streams.len(), None, Vec::new());
    while in_flight > 0 {
        ring.wait(&mut over)?;
        for (number, result) in over.drain(..) {
            in_flight -= 1;
            let number = usize::try_from(number).map_err(|error| error.to_string())?;
            match echoes[number].done(result) {
                Ok(true) if failed.is_none() => {
                    ring.push(number, echoes[number].to_send())?;
                    in_flight += 1;
                }
                Ok(_) => {}
                Err(error) => failed = Some(error),
            }
        }
        if failed.is_some() {
            // The others end as well, so that no buffer is in use.
            streams.iter().try_for_each(|each| each.shutdown(Shutdown::Both)).unwrap_or_default();
        }
    }
    landing.over();
    failed.map_or(Ok(()), Err)
}
