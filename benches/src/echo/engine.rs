//! The engine: one ring, a recv or a send of each connection in flight, the default configuration.
#![allow(unsafe_code, reason = "pushes calls with addresses")]

use std::fmt::{self, Debug};
use std::net::TcpStream;
use std::os::fd::{AsFd as _, AsRawFd as _};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use syslet::{CompletionEvent, Config, Engine, Params, Ring, Submission, WaitError};

use super::threads::{BUFFER_BYTES, copies, set_nonblocking};
use super::{PATIENCE, Server};
use crate::contender::landing::Landing;

/// Ring bytes for each connection.
const RING_BYTES: usize = 256;
/// A ring has so many at least.
const RING_BYTES_MIN: usize = 128 << 10;

struct Rings {
    engine: Engine,
    ring: Ring,
    /// An event loop waits on this; without it, the ring is waited on.
    event: Option<CompletionEvent>,
    connections: Vec<Connection>,
    streams: Vec<TcpStream>,
    bytes: usize,
}

struct Connection {
    buffer: Box<[u8; BUFFER_BYTES]>,
    recv: Submission,
    send: Submission,
    /// What of the buffer is to be sent back, and from where.
    got: usize,
    sent: usize,
    /// Bytes that have not come yet.
    left: usize,
}

/// The submitter sleeps in `wait`.
pub(super) fn waiting(connections: &[TcpStream], bytes: usize) -> Result<Box<dyn Server>, String> {
    Ok(Box::new(Rings::prepare(connections, bytes)?))
}

/// The submitter sleeps in a poll of its own, for the descriptor that tells of completions.
pub(super) fn event_loop(connections: &[TcpStream], bytes: usize) -> Result<Box<dyn Server>, String> {
    let rings = Rings::prepare(connections, bytes)?;
    let event = Some(rings.ring.event().map_err(|error| error.to_string())?);
    Ok(Box::new(Rings { event, ..rings }))
}

impl Rings {
    fn prepare(connections: &[TcpStream], bytes: usize) -> Result<Rings, String> {
        let streams = copies(connections)?;
        let engine = Engine::start(Config::default()).map_err(|error| error.to_string())?;
        let count = connections.len();
        let size = |bytes: usize| u32::try_from(bytes.next_power_of_two()).map_err(|error| error.to_string());
        let ring_bytes = size((count * RING_BYTES).max(RING_BYTES_MIN))?;
        let params = Params {
            slots: size(count)?.max(Params::default().slots),
            submission_bytes: ring_bytes,
            completion_bytes: ring_bytes,
            ..Params::default()
        };
        let ring = engine.ring(&params).map_err(|error| error.to_string())?;
        let connections =
            (0..).zip(&streams).map(|(number, stream)| Connection::new(stream, number)).collect();
        Ok(Rings { engine, ring, event: None, connections, streams, bytes })
    }

    fn push(&mut self, number: usize) -> Result<(), String> {
        let submission = self.connections[number].next();
        // SAFETY: the buffer belongs to the connection, which lives until `turn` has seen every completion.
        unsafe { self.ring.push(submission) }.map(|_| ()).map_err(|refused| refused.to_string())
    }

    /// Sleeps until there is a completion, the calls that are pushed being made meanwhile.
    fn wait(&mut self) -> Result<(), String> {
        let Some(event) = &self.event else {
            return match self.ring.submit_and_wait(1) {
                Ok(_) | Err(WaitError::Interrupted { .. }) => Ok(()),
                Err(error) => Err(error.to_string()),
            };
        };
        self.ring.submit();
        let mut polled = [PollFd::new(event.as_fd(), PollFlags::POLLIN)];
        let timeout = PollTimeout::try_from(PATIENCE).map_err(|error| error.to_string())?;
        match poll(&mut polled, timeout) {
            Ok(0) => Err(format!("nothing is over after {PATIENCE:?}")),
            Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
            Err(errno) => Err(errno.to_string()),
        }
    }
}

impl Connection {
    fn new(stream: &TcpStream, number: u64) -> Connection {
        let (fd, mut buffer) = (i64::from(stream.as_raw_fd()), Box::new([0; BUFFER_BYTES]));
        let address = buffer.as_mut_ptr().expose_provenance() as u64;
        let call = |nr: i64, flags: i32| {
            let call =
                Submission::call(nr).int(fd).value(address).value(BUFFER_BYTES as u64).int(flags.into());
            call.value(0).value(0).user_data(number).build()
        };
        let (recv, send) = (call(libc::SYS_recvfrom, 0), call(libc::SYS_sendto, libc::MSG_NOSIGNAL));
        Connection { buffer, recv, send, got: 0, sent: 0, left: 0 }
    }

    /// The next call of this connection.
    fn next(&mut self) -> &Submission {
        if self.sent == self.got {
            return &self.recv;
        }
        let rest = &self.buffer[self.sent..self.got];
        self.send.set_arg(1, rest.as_ptr().expose_provenance() as u64);
        self.send.set_arg(2, rest.len() as u64);
        &self.send
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

impl Server for Rings {
    fn turn(&mut self) -> Result<(), String> {
        set_nonblocking(&self.streams, false)?;
        let landing = Landing;
        let mut in_flight = 0;
        for number in 0..self.connections.len() {
            let connection = &mut self.connections[number];
            (connection.got, connection.sent, connection.left) = (0, 0, self.bytes);
            self.push(number)?;
            in_flight += 1;
        }
        let (mut failed, mut over) = (None, Vec::new());
        while in_flight > 0 {
            self.wait()?;
            over.extend(self.ring.completions().map(|done| (done.user_data(), done.result().0)));
            for (number, result) in over.drain(..) {
                in_flight -= 1;
                let number = usize::try_from(number).map_err(|error| error.to_string())?;
                match self.connections[number].done(result) {
                    Ok(true) if failed.is_none() => {
                        self.push(number)?;
                        in_flight += 1;
                    }
                    Ok(_) => {}
                    Err(error) => failed = Some(error),
                }
            }
            if failed.is_some() {
                // The others end as well, so that no buffer is in use.
                let mut all = self.streams.iter();
                all.try_for_each(|each| each.shutdown(std::net::Shutdown::Both)).unwrap_or_default();
            }
        }
        landing.over();
        failed.map_or(Ok(()), Err)
    }

    fn settings(&self) -> String {
        let waits = if self.event.is_some() { "CompletionEvent polled, submit" } else { "submit_and_wait" };
        format!("default configuration, one ring, {waits}, recv and send")
    }

    fn end(self: Box<Self>) -> Result<(), String> {
        let Rings { engine, ring, event, .. } = *self;
        drop((ring, event));
        engine.close(PATIENCE).map_err(|unfinished| unfinished.to_string())
    }
}

impl Debug for Rings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rings").field("engine", &self.engine).finish_non_exhaustive()
    }
}
