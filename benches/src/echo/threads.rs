//! A thread for each connection, as one writes it with the standard library.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;

use super::Server;

/// Room for what comes at once.
pub(super) const BUFFER_BYTES: usize = 4096;

#[derive(Debug)]
struct Threads {
    connections: Vec<TcpStream>,
    bytes: usize,
}

pub(super) fn prepare(connections: &[TcpStream], bytes: usize) -> Result<Box<dyn Server>, String> {
    let connections = copies(connections)?;
    Ok(Box::new(Threads { connections, bytes }))
}

/// Descriptors of one's own for these connections.
pub(super) fn copies(connections: &[TcpStream]) -> Result<Vec<TcpStream>, String> {
    connections.iter().map(|each| each.try_clone().map_err(|error| error.to_string())).collect()
}

/// Sets whether calls on these connections come back at once.
pub(super) fn set_nonblocking(connections: &[TcpStream], is_so: bool) -> Result<(), String> {
    let mut all = connections.iter().map(|each| each.set_nonblocking(is_so));
    all.try_for_each(|each| each.map_err(|error| error.to_string()))
}

fn serve(mut stream: &TcpStream, mut left: usize) -> Result<(), String> {
    let mut buffer = [0; BUFFER_BYTES];
    while left > 0 {
        let got = stream.read(&mut buffer).map_err(|error| error.to_string())?;
        if got == 0 {
            return Err("a connection has ended early".to_owned());
        }
        stream.write_all(&buffer[..got]).map_err(|error| error.to_string())?;
        left = left.saturating_sub(got);
    }
    Ok(())
}

impl Server for Threads {
    fn turn(&mut self) -> Result<(), String> {
        set_nonblocking(&self.connections, false)?;
        thread::scope(|scope| {
            let bytes = self.bytes;
            let start = |stream| {
                thread::Builder::new()
                    .spawn_scoped(scope, move || serve(stream, bytes))
                    .map_err(|e| e.to_string())
            };
            let started: Vec<_> = self.connections.iter().map(start).collect();
            let ended = started
                .into_iter()
                .map(|each| each?.join().map_err(|_| "a thread has panicked".to_owned())?);
            // Each is joined, whatever the others say.
            ended.fold(Ok(()), Result::and)
        })
    }

    fn settings(&self) -> String {
        "a std::thread for each connection".to_owned()
    }

    fn end(self: Box<Self>) -> Result<(), String> {
        Ok(())
    }
}
