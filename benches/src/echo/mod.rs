//! An echo server of many clients: every message of a client comes back before it sends the next. Contenders are ways of
//! writing the server; the clients are the same for all, and their CPU time is not counted.

mod clients;
mod completions;
mod engine;
mod report;
mod threads;
mod tokio;
mod uring;

use std::fmt::Debug;
use std::net::{Shutdown, TcpStream};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use clients::Clients;
use nix::time::{ClockId, clock_gettime};
pub use report::{Line, Report};

use crate::compare::order;
use crate::loopback::{connections, raise_descriptors};
use crate::pause::pause;
use crate::sleepers::threads as threads_now;

/// A turn of the servers takes no longer: against hanging only.
const PATIENCE: Duration = Duration::from_secs(60);
/// After a turn, until threads that look for more work have gone to sleep: their time belongs to the turn.
const REST: Duration = Duration::from_micros(300);
/// Between two looks at whether the threads of the last contender are gone.
const TICK: Duration = Duration::from_millis(1);
/// Descriptors of a connection in this process: both its ends, and tokio's copy of one.
const DESCRIPTORS: u64 = 3;
/// Descriptors of everything else.
const OTHER_DESCRIPTORS: u64 = 256;

/// How much is echoed.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Connections.
    pub clients: usize,
    /// Messages of each.
    pub messages: usize,
    /// Bytes of each message.
    pub bytes: usize,
}

/// A way of writing the server.
pub trait Server: Debug {
    /// Sends back what comes until as many bytes of every connection are sent back as a client sends in a turn.
    ///
    /// # Errors
    /// A sentence that says what failed.
    fn turn(&mut self) -> Result<(), String>;

    /// What of its set-up the figures depend on, in a few words.
    fn settings(&self) -> String;

    /// Ends its threads.
    ///
    /// # Errors
    /// A sentence that says what failed.
    fn end(self: Box<Self>) -> Result<(), String>;
}

/// Prepares a server for these connections, each of which brings so many bytes a turn; or says why it cannot.
pub type Prepare = fn(&[TcpStream], usize) -> Result<Box<dyn Server>, String>;

/// A server by name.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The name it is asked for by.
    pub name: &'static str,
    /// Prepares it.
    pub prepare: Prepare,
}

/// Every server, in the order of the report. The first is what the others are compared with.
pub const ALL: &[Kind] = &[
    Kind { name: "tokio", prepare: tokio::prepare },
    Kind { name: "threads", prepare: threads::prepare },
    Kind { name: "io_uring", prepare: uring::prepare },
    Kind { name: "engine", prepare: engine::waiting },
    Kind { name: "engine-event", prepare: engine::event_loop },
];

/// The connections of a run.
#[derive(Debug)]
pub struct World {
    clients: Clients,
    servers: Vec<TcpStream>,
    size: Size,
}

/// What one turn took.
#[derive(Clone, Copy, Debug)]
struct Took {
    wall_ns: f64,
    cpu_ns: f64,
    /// The most threads of the process at a few moments of it, the clients' own not counted.
    threads: usize,
}

/// The turns of one server, in the order of the rounds.
#[derive(Clone, Debug, Default)]
struct Turns {
    wall_ns: Vec<f64>,
    cpu_ns: Vec<f64>,
}

/// Compares those of `kinds` that run here, in so many rounds that count. The first of them is the one that all are compared with.
///
/// # Errors
/// When a server fails, or a client gets another byte than it sent.
pub fn echo(kinds: &[&'static Kind], size: Size, rounds: usize) -> Result<Report, String> {
    let mut world = World::new(size)?;
    let mut lines = Vec::new();
    let mut servers = Vec::new();
    for kind in kinds {
        let used = world.threads_of(kind);
        let prepared = (kind.prepare)(&world.servers, size.turn_bytes());
        let prepared = used.and_then(|used| Ok((used, prepared?)));
        match prepared {
            Ok((used, server)) => {
                lines.push(Line::ran(kind.name, server.settings(), used));
                servers.push((kind.name, server));
            }
            Err(Left::Skipped(reason)) => lines.push(Line::skipped(kind.name, reason)),
            Err(Left::Failed(reason)) => return Err(format!("{}: {reason}", kind.name)),
        }
    }
    let turns = world.rounds(&mut servers, rounds)?;
    for (_, server) in servers {
        server.end()?;
    }
    Ok(Report::new(size, lines, &turns))
}

/// Why a server is not among those that run.
#[derive(Debug)]
enum Left {
    /// It cannot run here.
    Skipped(String),
    /// It has run, and failed.
    Failed(String),
}

impl From<String> for Left {
    fn from(reason: String) -> Left {
        Left::Skipped(reason)
    }
}

impl Size {
    /// Bytes that each client sends in a turn.
    fn turn_bytes(self) -> usize {
        self.messages * self.bytes
    }
}

impl World {
    /// Connects all clients over TCP on loopback.
    ///
    /// # Errors
    /// When the system refuses: the limit of descriptors, for example.
    pub fn new(size: Size) -> Result<World, String> {
        raise_descriptors(size.clients as u64 * DESCRIPTORS + OTHER_DESCRIPTORS)?;
        let (clients, servers) = connections(size.clients)?;
        Ok(World { clients: Clients::new(clients, size)?, servers, size })
    }

    /// Lets a server run alone, once, and gives how many threads it has used, the one that calls it included.
    fn threads_of(&mut self, kind: &Kind) -> Result<usize, Left> {
        let failed = |reason: String| Left::Failed(reason);
        let before = threads_now().map_err(|error| failed(error.to_string()))?;
        let mut server = (kind.prepare)(&self.servers, self.size.turn_bytes())?;
        let took = self.turn(&mut *server).map_err(failed)?;
        server.end().map_err(failed)?;
        let began = Instant::now();
        // A thread that is joined may be seen for a moment more.
        while threads_now().is_ok_and(|now| now > before) && began.elapsed() < PATIENCE {
            pause(TICK);
        }
        // The calling thread is among both.
        Ok(took.threads.saturating_sub(before) + 1)
    }

    /// Gives the turns of each server, in their order.
    fn rounds(
        &mut self,
        servers: &mut [(&'static str, Box<dyn Server>)],
        rounds: usize,
    ) -> Result<Vec<Turns>, String> {
        let mut turns = vec![Turns::default(); servers.len()];
        // The first round warms up and does not count.
        for round in 0..=rounds {
            for index in order(round, servers.len()) {
                let (name, server) = &mut servers[index];
                let took = self.turn(&mut **server).map_err(|error| format!("{name}: {error}"))?;
                if round > 0 {
                    turns[index].wall_ns.push(took.wall_ns);
                    turns[index].cpu_ns.push(took.cpu_ns);
                }
            }
        }
        Ok(turns)
    }

    /// One turn: this thread calls the server, another one is all clients.
    fn turn(&mut self, server: &mut dyn Server) -> Result<Took, String> {
        let World { clients, servers, .. } = self;
        let gate = &Barrier::new(2);
        thread::scope(|scope| {
            let clients = scope.spawn(move || {
                gate.wait();
                let done = clients.turn();
                if done.is_err() {
                    clients.shut_down();
                }
                (done, Instant::now(), cpu_ns(ClockId::CLOCK_THREAD_CPUTIME_ID))
            });
            let cpu_began = cpu_ns(ClockId::CLOCK_PROCESS_CPUTIME_ID);
            gate.wait();
            let began = Instant::now();
            let served = server.turn();
            if served.is_err() {
                // The clients learn of it, and do not wait.
                servers.iter().try_for_each(|each| each.shutdown(Shutdown::Both)).unwrap_or_default();
            }
            let (done, over, theirs_ns) =
                clients.join().map_err(|_| "the clients have panicked".to_owned())?;
            pause(REST);
            let cpu_ns = cpu_ns(ClockId::CLOCK_PROCESS_CPUTIME_ID) - cpu_began - theirs_ns;
            let threads = match (done, served) {
                (Ok(threads), Ok(())) => threads,
                (Err(error), Ok(())) | (Ok(_), Err(error)) => return Err(error),
                (Err(clients), Err(server)) => return Err(format!("{server}; {clients}")),
            };
            Ok(Took { wall_ns: over.duration_since(began).as_secs_f64() * 1e9, cpu_ns, threads })
        })
    }
}

/// What a clock of CPU time says.
fn cpu_ns(clock: ClockId) -> f64 {
    clock_gettime(clock).map_or(0.0, |now| Duration::from(now).as_secs_f64() * 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { clients: 7, messages: 5, bytes: 100 };

    #[test]
    fn every_server_sends_every_byte_back() {
        let mut world = World::new(SIZE).unwrap();
        for kind in ALL {
            let mut server = match (kind.prepare)(&world.servers, SIZE.turn_bytes()) {
                Ok(server) => server,
                Err(reason) => {
                    assert_eq!(kind.name, "io_uring", "{reason}");
                    continue;
                }
            };
            for _ in 0..3 {
                assert!(world.turn(&mut *server).unwrap().wall_ns > 0.0);
            }
            assert!(!server.settings().is_empty());
            server.end().unwrap();
        }
    }

    /// A server that changes one byte.
    #[derive(Debug)]
    struct Wrong(TcpStream);

    impl Server for Wrong {
        fn turn(&mut self) -> Result<(), String> {
            use std::io::{Read as _, Write as _};
            let mut bytes = [0; 100];
            self.0.read_exact(&mut bytes).unwrap();
            bytes[99] ^= 1;
            self.0.write_all(&bytes).unwrap();
            Ok(())
        }

        fn settings(&self) -> String {
            String::new()
        }

        fn end(self: Box<Self>) -> Result<(), String> {
            Ok(())
        }
    }

    #[test]
    fn a_byte_that_comes_back_changed_is_found() {
        let mut world = World::new(Size { clients: 1, ..SIZE }).unwrap();
        let mut server = Wrong(world.servers[0].try_clone().unwrap());
        let error = world.turn(&mut server).unwrap_err();
        assert!(error.contains("byte 99 of message 0 of client 0"), "{error}");
    }

    #[test]
    fn a_server_that_stops_early_is_told_by_its_clients() {
        let mut world = World::new(Size { clients: 1, ..SIZE }).unwrap();
        // Nothing comes back: the connection is closed before.
        world.servers[0].shutdown(Shutdown::Write).unwrap();
        let error = world.turn(&mut Silent).unwrap_err();
        assert!(error.contains("client 0"), "{error}");
    }

    /// A server that does nothing.
    #[derive(Debug)]
    struct Silent;

    impl Server for Silent {
        fn turn(&mut self) -> Result<(), String> {
            Ok(())
        }

        fn settings(&self) -> String {
            String::new()
        }

        fn end(self: Box<Self>) -> Result<(), String> {
            Ok(())
        }
    }
}
