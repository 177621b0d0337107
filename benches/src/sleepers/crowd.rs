//! Many calls asleep at once: in nanosleep, on one futex word until that is changed, in a recv until its peer sends, or half and half.
#![allow(
    unsafe_code,
    reason = "pushes waits on a futex word and recvs into buffers, and there is no safe futex call"
)]

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use syslet::{CallFlags, Config, Engine, Params, Ring, Submission};

use super::Kind;
use crate::loopback::{connections, raise_descriptors};
use crate::pause::pause;

/// So long all calls may take to fall asleep, or to end: against hanging only.
const PATIENCE: Duration = Duration::from_secs(120);
const TICK: Duration = Duration::from_millis(1);
/// Workers without work go after this time: those that calls needed to fall asleep are not there when all sleep.
const RETIRE: Duration = Duration::from_millis(100);

/// Descriptors beside those of connections.
const OTHER_DESCRIPTORS: u64 = 256;
/// What a peer sends to the call numbered so.
fn sent(number: usize) -> u8 {
    number.to_le_bytes()[0]
}

/// An engine, a ring with room for all calls, and what they wait for.
#[derive(Debug)]
pub(super) struct Crowd {
    pub(super) engine: Engine,
    ring: Ring,
    kind: Kind,
    word: &'static AtomicU32,
    calls: u32,
    /// Both ends of a connection for each recv, and a byte that it reads into.
    peers: Vec<TcpStream>,
    connections: Vec<TcpStream>,
    bytes: &'static [AtomicU8],
}

impl Crowd {
    /// An engine with so many workers at most, and a ring for so many calls.
    pub(super) fn new(kind: Kind, workers_max: u32, calls: u32) -> Result<Crowd, String> {
        let engine = Engine::start(Config::default().workers_max(workers_max).idle(RETIRE))
            .map_err(|e| e.to_string())?;
        let bytes = (calls * 256).next_power_of_two().max(1 << 17);
        let params = Params {
            slots: calls.next_power_of_two(),
            submission_bytes: bytes,
            completion_bytes: bytes,
            ..Params::default()
        };
        let ring = engine.ring(&params).map_err(|error| error.to_string())?;
        let wanted = if kind == Kind::Recv { calls } else { 0 };
        raise_descriptors(u64::from(wanted) * 2 + OTHER_DESCRIPTORS)?;
        let (peers, connections) = connections(wanted as usize)?;
        // Leaked: a thread that sleeps on them may outlive the crowd.
        let word = Box::leak(Box::new(AtomicU32::new(0)));
        let bytes = Vec::leak((0..wanted).map(|_| AtomicU8::new(0)).collect());
        Ok(Crowd { engine, ring, kind, word, calls, peers, connections, bytes })
    }

    /// Submits all calls. Those in nanosleep end by themselves after `sleep`.
    pub(super) fn submit(&mut self, sleep: Duration) -> Result<(), String> {
        let seconds = i64::try_from(sleep.as_secs()).unwrap_or(i64::MAX);
        let time = [seconds, i64::from(sleep.subsec_nanos())].map(i64::to_ne_bytes).concat();
        let sleep =
            Submission::call(libc::SYS_nanosleep).input(&time).value(0).flags(CallFlags::ASYNC).build();
        let operation = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
        let wait = Submission::call(libc::SYS_futex).value(self.word.as_ptr().expose_provenance() as u64);
        let wait =
            wait.int(operation.into()).value(0).value(0).value(0).value(0).flags(CallFlags::ASYNC).build();
        for index in 0..self.calls as usize {
            let recv;
            let call = match self.kind {
                Kind::Nanosleep => &sleep,
                Kind::Mixed if index % 2 == 0 => &sleep,
                Kind::Mixed | Kind::Futex => &wait,
                Kind::Recv => {
                    recv = self.recv(index);
                    &recv
                }
            };
            // SAFETY: nanosleep's time travels with it, and futex word and bytes are never freed.
            unsafe { self.ring.push(call) }.map_err(|refused| refused.to_string())?;
        }
        self.ring.submit();
        Ok(())
    }

    /// Reads the byte that a peer sends, when it does.
    fn recv(&self, number: usize) -> Submission {
        let fd = self.connections[number].as_raw_fd();
        let recv = Submission::call(libc::SYS_recvfrom).int(fd.into());
        let recv = recv.value(self.bytes[number].as_ptr().expose_provenance() as u64).value(1).value(0);
        recv.value(0).value(0).user_data(number as u64).build()
    }

    /// Calls that end when [`Crowd::wake`] is called, and not before.
    pub(super) fn waiters(&self) -> u32 {
        match self.kind {
            Kind::Mixed => self.calls / 2,
            Kind::Nanosleep => 0,
            Kind::Recv | Kind::Futex => self.calls,
        }
    }

    /// Waits until so many calls sleep, as the engine counts.
    pub(super) fn wait_blocked(&self, count: u32) -> Result<(), String> {
        self.until(|| {
            let stats = self.engine.stats();
            stats.blocked + stats.parked >= count
        })
    }

    /// Waits until every other thread sleeps, as the kernel says. A worker counts as blocked just before.
    pub(super) fn wait_asleep(&self) -> Result<(), String> {
        self.until(|| others_awake() == 0)
    }

    fn until(&self, is_so: impl Fn() -> bool) -> Result<(), String> {
        let began = Instant::now();
        while !is_so() {
            if began.elapsed() > PATIENCE {
                return Err(format!("not all asleep after {PATIENCE:?}: {:?}", self.engine.stats()));
            }
            pause(TICK);
        }
        Ok(())
    }

    /// Ends the calls that wait for it: each peer sends its byte, and all who wait on the word are woken with one call. Gives how
    /// many bytes were sent and how many waits that call found.
    pub(super) fn wake(&mut self) -> Result<i64, String> {
        for (number, peer) in self.peers.iter_mut().enumerate() {
            peer.write_all(&[sent(number)]).map_err(|error| error.to_string())?;
        }
        self.word.store(1, Ordering::Release);
        let operation = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
        // SAFETY: wakes who waits on a word that is alive, and touches no memory.
        let woken = unsafe { libc::syscall(libc::SYS_futex, self.word.as_ptr(), operation, i32::MAX) };
        Ok(woken + i64::try_from(self.peers.len()).unwrap_or(0))
    }

    /// Waits for so many completions and looks at their results and bytes; gives how many waits have ended because they were
    /// woken, not too late for it.
    pub(super) fn collect(&mut self, count: u32) -> Result<u32, String> {
        let (began, mut seen, mut woken) = (Instant::now(), 0, 0);
        while seen < count {
            let left = PATIENCE.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Err(format!("{seen} of {count} over after {PATIENCE:?}: {:?}", self.engine.stats()));
            }
            self.ring.wait((count - seen) as usize, Some(left)).map_err(|error| error.to_string())?;
            for done in self.ring.completions() {
                let result = done.result().0;
                let is_right = if self.kind == Kind::Recv {
                    let number = usize::try_from(done.user_data()).unwrap_or(usize::MAX);
                    let byte = self.bytes.get(number).map(|byte| byte.load(Ordering::Relaxed));
                    result == 1 && byte == Some(sent(number))
                } else {
                    result == 0 || result == -i64::from(libc::EAGAIN)
                };
                if !is_right {
                    return Err(format!("result {result}, or another byte"));
                }
                seen += 1;
                woken += u32::from(result >= 0);
            }
        }
        Ok(woken)
    }

    pub(super) fn in_flight(&mut self) -> usize {
        self.ring.in_flight()
    }

    /// Closes the engine.
    pub(super) fn close(self) -> Result<(), String> {
        drop(self.ring);
        self.engine.close(PATIENCE).map_err(|unfinished| unfinished.to_string())
    }
}

/// Threads of this process that do not sleep, this one not counted.
fn others_awake() -> usize {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let states = tasks.filter_map(|task| fs::read_to_string(task.path().join("stat")).ok());
    let awake = states.filter(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('S')));
    awake.count().saturating_sub(1)
}
