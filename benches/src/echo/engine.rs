//! The engine: one ring, a recv or a send of each connection in flight, the default configuration.
#![allow(unsafe_code, reason = "pushes calls with addresses")]

use std::fmt::{self, Debug};
use std::net::TcpStream;
use std::ops::Range;
use std::os::fd::{AsFd as _, AsRawFd as _};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use syslet::{CompletionEvent, Config, Engine, Params, Ring, Submission, WaitError};

use super::completions::{Completions, turn};
use super::threads::{BUFFER_BYTES, copies};
use super::{PATIENCE, Server};

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

    /// Sleeps until there is a completion, the calls that are pushed being made meanwhile.
    fn sleep(&mut self) -> Result<(), String> {
        let Some(event) = &self.event else {
            return match self.ring.submit_and_wait(1) {
                Ok(_) | Err(WaitError::Interrupted { .. }) => Ok(()),
                Err(error) => Err(error.to_string()),
            };
        };
        if self.ring.run_inline().map_err(|error| error.to_string())? > 0 {
            return Ok(());
        }
        let mut polled = [PollFd::new(event.as_fd(), PollFlags::POLLIN)];
        let timeout = PollTimeout::try_from(PATIENCE).map_err(|error| error.to_string())?;
        match poll(&mut polled, timeout) {
            Ok(0) => Err(format!("nothing is over after {PATIENCE:?}")),
            Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
            Err(errno) => Err(errno.to_string()),
        }
    }
}

impl Completions for Rings {
    fn push(&mut self, number: usize, to_send: Option<Range<usize>>) -> Result<(), String> {
        let submission = self.connections[number].next(to_send);
        // SAFETY: the buffer belongs to the connection, which lives until `turn` has seen every completion.
        unsafe { self.ring.push(submission) }.map(|_| ()).map_err(|refused| refused.to_string())
    }

    fn wait(&mut self, over: &mut Vec<(u64, i64)>) -> Result<(), String> {
        self.sleep()?;
        over.extend(self.ring.completions().map(|done| (done.user_data(), done.result().0)));
        Ok(())
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
        Connection { buffer, recv, send }
    }

    /// The next call of this connection.
    fn next(&mut self, to_send: Option<Range<usize>>) -> &Submission {
        let Some(to_send) = to_send else { return &self.recv };
        let rest = &self.buffer[to_send];
        self.send.set_arg(1, rest.as_ptr().expose_provenance() as u64);
        self.send.set_arg(2, rest.len() as u64);
        &self.send
    }
}

impl Server for Rings {
    fn turn(&mut self) -> Result<(), String> {
        let streams = std::mem::take(&mut self.streams);
        let turned = turn(self, &streams, self.bytes);
        self.streams = streams;
        turned
    }

    fn settings(&self) -> String {
        let waits =
            if self.event.is_some() { "CompletionEvent polled, run_inline" } else { "submit_and_wait" };
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
