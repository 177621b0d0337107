//! Connections over TCP on loopback, and the descriptors for them. Called by the echo servers and the sleepers.

use std::net::{TcpListener, TcpStream};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Both ends of so many connections: the clients', and those that a listener has accepted.
pub(crate) fn connections(count: usize) -> Result<(Vec<TcpStream>, Vec<TcpStream>), String> {
    let connect = || {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let mut ends = (Vec::new(), Vec::new());
        for _ in 0..count {
            let (client, (server, _)) = (TcpStream::connect(address)?, listener.accept()?);
            for end in [&client, &server] {
                end.set_nodelay(true)?;
            }
            ends.0.push(client);
            ends.1.push(server);
        }
        Ok(ends)
    };
    connect().map_err(|error: std::io::Error| format!("{count} connections: {error}"))
}

/// Lets this process have so many descriptors.
pub(crate) fn raise_descriptors(wanted: u64) -> Result<(), String> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).map_err(|errno| errno.to_string())?;
    if soft >= wanted {
        return Ok(());
    }
    let raised = setrlimit(Resource::RLIMIT_NOFILE, wanted, hard.max(wanted));
    raised.map_err(|errno| format!("{wanted} descriptors, of which {hard} are allowed: {errno}"))
}
