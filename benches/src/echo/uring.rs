//! io_uring: one thread, a recv or a send of each connection in flight.
#![allow(unsafe_code, reason = "hands addresses to the kernel")]

use std::fmt::{self, Debug};
use std::net::TcpStream;
use std::os::fd::AsRawFd as _;

use ::io_uring::squeue::Entry;
use ::io_uring::{IoUring, Probe, opcode, types};

use super::Server;
use super::threads::{BUFFER_BYTES, copies, set_nonblocking};
use crate::contender::io_uring::set_up;
use crate::contender::landing::Landing;

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
    /// What of the buffer is to be sent back, and from where.
    got: usize,
    sent: usize,
    /// Bytes that have not come yet.
    left: usize,
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
        Connection { fd, buffer, got: 0, sent: 0, left: 0 }
    };
    let connections = streams.iter().map(connection).collect();
    Ok(Box::new(Uring { ring, setup, connections, streams, bytes }))
}

impl Connection {
    /// The next call of this connection.
    fn entry(&mut self, number: usize) -> Entry {
        let entry = if self.sent < self.got {
            let rest = &self.buffer[self.sent..self.got];
            opcode::Send::new(self.fd, rest.as_ptr(), length(rest)).flags(libc::MSG_NOSIGNAL).build()
        } else {
            let buffer = &mut self.buffer[..];
            opcode::Recv::new(self.fd, buffer.as_mut_ptr(), length(buffer)).build()
        };
        entry.user_data(number as u64)
    }

    /// Notes the result of its call. Returns whether another one follows.
    fn done(&mut self, result: i32) -> Result<bool, String> {
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

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(0)
}

impl Uring {
    fn push(&mut self, number: usize) -> Result<(), String> {
        let entry = self.connections[number].entry(number);
        // SAFETY: the buffer belongs to the connection, which lives until `turn` has seen every completion.
        if unsafe { self.ring.submission().push(&entry) }.is_err() {
            self.ring.submit().map_err(|error| error.to_string())?;
            // SAFETY: as above.
            unsafe { self.ring.submission().push(&entry) }.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

impl Server for Uring {
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
            match self.ring.submit_and_wait(1) {
                Ok(_) => {}
                Err(error)
                    if matches!(error.raw_os_error(), Some(libc::EINTR | libc::EAGAIN | libc::EBUSY)) => {}
                Err(error) => panic!("io_uring_enter with calls in flight: {error}"),
            }
            over.extend(self.ring.completion().map(|done| (done.user_data(), done.result())));
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
