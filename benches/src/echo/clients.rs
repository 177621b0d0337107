//! All clients in one thread: each sends a message, reads it back, looks at every byte, and sends the next.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Instant;

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::{PATIENCE, Size};
use crate::sleepers::threads;

/// Events of one look.
const EVENTS: usize = 256;

/// Looks at the number of threads in a turn.
const LOOKS: usize = 8;

/// Connections, and how far each is.
#[derive(Debug)]
pub(super) struct Clients {
    epoll: Epoll,
    clients: Vec<Client>,
    size: Size,
}

#[derive(Debug)]
struct Client {
    stream: TcpStream,
    number: usize,
    /// The message that is on its way.
    message: usize,
    /// What of it has come back.
    back: usize,
}

impl Clients {
    pub(super) fn new(streams: Vec<TcpStream>, size: Size) -> Result<Clients, String> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(|errno| errno.to_string())?;
        let mut clients = Vec::new();
        for (number, stream) in streams.into_iter().enumerate() {
            stream.set_nonblocking(true).map_err(|error| error.to_string())?;
            let event = EpollEvent::new(EpollFlags::EPOLLIN, number as u64);
            epoll.add(&stream, event).map_err(|errno| errno.to_string())?;
            clients.push(Client { stream, number, message: 0, back: 0 });
        }
        Ok(Clients { epoll, clients, size })
    }

    /// Sends all messages of a turn and gets them back. Gives the most threads that the process had at a few moments of it, the
    /// calling one not counted.
    pub(super) fn turn(&mut self) -> Result<usize, String> {
        let Size { messages, bytes, .. } = self.size;
        let (began, mut buffer) = (Instant::now(), vec![0; bytes]);
        for client in &mut self.clients {
            client.message = 0;
            client.send(&mut buffer)?;
        }
        let (mut left, mut used) = (self.clients.len() * messages, 0);
        let step = left.div_ceil(LOOKS);
        let mut events = [EpollEvent::empty(); EVENTS];
        while left > 0 {
            if began.elapsed() > PATIENCE {
                return Err(format!("{left} messages are not back after {PATIENCE:?}"));
            }
            let seen = match self.epoll.wait(&mut events, EpollTimeout::from(1000u16)) {
                Ok(seen) => seen,
                Err(Errno::EINTR) => 0,
                Err(errno) => return Err(errno.to_string()),
            };
            for event in &events[..seen] {
                let client = &mut self.clients[usize::try_from(event.data()).unwrap_or(0)];
                if !client.receive(&mut buffer)? {
                    continue;
                }
                left -= 1;
                client.message += 1;
                if client.message < messages {
                    client.send(&mut buffer)?;
                }
                if left.is_multiple_of(step) {
                    used = used.max(threads().map_err(|error| error.to_string())?.saturating_sub(1));
                }
            }
        }
        Ok(used)
    }

    /// Ends all connections, so that no server waits for more.
    pub(super) fn shut_down(&self) {
        for client in &self.clients {
            let _ = client.stream.shutdown(Shutdown::Both);
        }
    }
}

impl Client {
    /// Sends its present message.
    fn send(&mut self, buffer: &mut [u8]) -> Result<(), String> {
        for (at, byte) in buffer.iter_mut().enumerate() {
            *byte = expected(self.number, self.message, at);
        }
        self.back = 0;
        // The message before is back, so the socket has room.
        self.stream.write_all(buffer).map_err(|error| self.failed(&error))
    }

    /// Reads and checks what is back; returns whether that is the whole message.
    fn receive(&mut self, buffer: &mut [u8]) -> Result<bool, String> {
        let room = buffer.len() - self.back;
        let got = match self.stream.read(&mut buffer[..room]) {
            Ok(0) => return Err(format!("client {} is not answered any more", self.number)),
            Ok(got) => got,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                return Ok(false);
            }
            Err(error) => return Err(self.failed(&error)),
        };
        for (at, byte) in (self.back..).zip(&buffer[..got]) {
            if *byte != expected(self.number, self.message, at) {
                let Client { number, message, .. } = self;
                return Err(format!("byte {at} of message {message} of client {number} has changed"));
            }
        }
        self.back += got;
        Ok(self.back == buffer.len())
    }

    fn failed(&self, error: &std::io::Error) -> String {
        format!("client {}: {error}", self.number)
    }
}

/// The byte at that place. Neighbours in client, message and place all differ.
fn expected(client: usize, message: usize, at: usize) -> u8 {
    let mixed = (client as u64) << 40 ^ (message as u64) << 20 ^ at as u64;
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
}
