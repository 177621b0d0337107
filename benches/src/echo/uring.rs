//! io_uring: one thread, a recv or a send of each connection in flight.
#![allow(unsafe_code, reason = "hands addresses to the kernel")]

use std::fmt::{self, Debug};
use std::net::TcpStream;
use std::ops::Range;
use std::os::fd::AsRawFd as _;

use ::io_uring::squeue::Entry;
use ::io_uring::{IoUring, Probe, opcode, types};

use super::Server;
use super::completions::{Completions, turn};
use super::threads::{BUFFER_BYTES, copies};
use crate::contender::io_uring::set_up;

/// The kernel takes no larger ring.
const ENTRIES_MAX: usize = 1 << 15;

struct Uring {
    ring: IoUring,
    setup: &'static str,
    connections: Vec<Connection>,
    streams: Vec<TcpStream>,
    bytes: usize,
}

struct Connection {
    fd: types::Fd,
    buffer: Box<[u8; BUFFER_BYTES]>,
}

pub(super) fn prepare(connections: &[TcpStream], bytes: usize) -> Result<Box<dyn Server>, String> {
    let streams = copies(connections)?;
    let entries = connections.len().min(ENTRIES_MAX);
    let (ring, setup) = set_up(u32::try_from(entries).map_err(|error| error.to_string())?)?;
    let mut probe = Probe::new();
    ring.submitter().register_probe(&mut probe).map_err(|error| format!("io_uring_register: {error}"))?;
    if !probe.is_supported(opcode::Recv::CODE) || !probe.is_supported(opcode::Send::CODE) {
        return Err("this kernel's io_uring has no recv and send".to_owned());
    }
    let connection = |stream: &TcpStream| {
        let (fd, buffer) = (types::Fd(stream.as_raw_fd()), Box::new([0; BUFFER_BYTES]));
        Connection { fd, buffer }
    };
    let connections = streams.iter().map(connection).collect();
    Ok(Box::new(Uring { ring, setup, connections, streams, bytes }))
}

impl Connection {
    /// The next call of this connection.
    fn entry(&mut self, number: usize, to_send: Option<Range<usize>>) -> Entry {
        let entry = if let Some(to_send) = to_send {
            let rest = &self.buffer[to_send];
            opcode::Send::new(self.fd, rest.as_ptr(), length(rest)).flags(libc::MSG_NOSIGNAL).build()
        } else {
            let buffer = &mut self.buffer[..];
            opcode::Recv::new(self.fd, buffer.as_mut_ptr(), length(buffer)).build()
        };
        entry.user_data(number as u64)
    }
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(0)
}

impl Completions for Uring {
    fn push(&mut self, number: usize, to_send: Option<Range<usize>>) -> Result<(), String> {
        let entry = self.connections[number].entry(number, to_send);
        // SAFETY: the buffer belongs to the connection, which lives until `turn` has seen every completion.
        if unsafe { self.ring.submission().push(&entry) }.is_err() {
            self.ring.submit().map_err(|error| error.to_string())?;
            // SAFETY: as above.
            unsafe { self.ring.submission().push(&entry) }.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn wait(&mut self, over: &mut Vec<(u64, i64)>) -> Result<(), String> {
        match self.ring.submit_and_wait(1) {
            Ok(_) => {}
            Err(error) if matches!(error.raw_os_error(), Some(libc::EINTR | libc::EAGAIN | libc::EBUSY)) => {}
            Err(error) => panic!("io_uring_enter with calls in flight: {error}"),
        }
        over.extend(self.ring.completion().map(|done| (done.user_data(), done.result().into())));
        Ok(())
    }
}

impl Server for Uring {
    fn turn(&mut self) -> Result<(), String> {
        let streams = std::mem::take(&mut self.streams);
        let turned = turn(self, &streams, self.bytes);
        self.streams = streams;
        turned
    }

    fn settings(&self) -> String {
        format!("{}, one thread, recv and send", self.setup)
    }

    fn end(self: Box<Self>) -> Result<(), String> {
        Ok(())
    }
}

impl Debug for Uring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uring").field("setup", &self.setup).finish_non_exhaustive()
    }
}
