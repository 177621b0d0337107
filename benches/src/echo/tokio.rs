//! tokio: a task for each connection, a multi-thread runtime as it comes.

use std::fmt::{self, Debug};
use std::io::ErrorKind;
use std::net::TcpStream;

use ::tokio::net::TcpStream as Stream;
use ::tokio::runtime::{Builder, Runtime};

use super::Server;
use super::threads::{BUFFER_BYTES, copies, set_nonblocking};

struct Tokio {
    runtime: Runtime,
    connections: Vec<TcpStream>,
    bytes: usize,
}

pub(super) fn prepare(connections: &[TcpStream], bytes: usize) -> Result<Box<dyn Server>, String> {
    let connections = copies(connections)?;
    let runtime = Builder::new_multi_thread().enable_io().build().map_err(|error| error.to_string())?;
    Ok(Box::new(Tokio { runtime, connections, bytes }))
}

async fn serve(stream: Stream, mut left: usize) -> Result<(), String> {
    let mut buffer = [0; BUFFER_BYTES];
    while left > 0 {
        let got = match stream.try_read(&mut buffer) {
            Ok(0) => return Err("a connection has ended early".to_owned()),
            Ok(got) => got,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                stream.readable().await.map_err(|error| error.to_string())?;
                continue;
            }
            Err(error) => return Err(error.to_string()),
        };
        let mut sent = 0;
        while sent < got {
            match stream.try_write(&buffer[sent..got]) {
                Ok(more) => sent += more,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    stream.writable().await.map_err(|error| error.to_string())?;
                }
                Err(error) => return Err(error.to_string()),
            }
        }
        left = left.saturating_sub(got);
    }
    Ok(())
}

impl Server for Tokio {
    fn turn(&mut self) -> Result<(), String> {
        set_nonblocking(&self.connections, true)?;
        let connections = copies(&self.connections)?;
        self.runtime.block_on(async {
            let started: Result<Vec<_>, String> = connections
                .into_iter()
                .map(|stream| {
                    let stream = Stream::from_std(stream).map_err(|error| error.to_string())?;
                    Ok(::tokio::spawn(serve(stream, self.bytes)))
                })
                .collect();
            for task in started? {
                task.await.map_err(|error| error.to_string())??;
            }
            Ok(())
        })
    }

    fn settings(&self) -> String {
        "a task for each connection, multi-thread runtime as it comes".to_owned()
    }

    fn end(self: Box<Self>) -> Result<(), String> {
        Ok(())
    }
}

impl Debug for Tokio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokio").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
