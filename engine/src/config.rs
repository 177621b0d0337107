//! The configuration that `Engine::start` takes: limits with their ranges, attributes, and the errors of a start.

use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use syslet_abi::Errno;
use syslet_attrs::{Attribute, DuplicateId};

use crate::cancel::signal::SignalError;
use crate::confinement::Confine;
use crate::nonblocking::NonBlocking;
use crate::shortage::Shortage;

/// The configuration of an engine. Every limit has a default and a range; `specs/pool.md` lists them.
#[derive(Clone, Debug)]
#[must_use]
pub struct Config {
    pub(crate) limits: PoolLimits,
    pub(crate) attributes: Vec<Arc<dyn Attribute>>,
    pub(crate) gate: Option<SpawnGate>,
    pub(crate) nonblocking: NonBlocking,
    pub(crate) cancel_signal: Option<i32>,
    pub(crate) kick: bool,
    pub(crate) program_steps_max: u32,
    pub(crate) trace: Option<Arc<OwnedFd>>,
    pub(crate) confine: Confine,
    pub(crate) parks_input: bool,
}

/// The limits of a pool.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct PoolLimits {
    pub(crate) workers_max: u32,
    pub(crate) runnable_max: u32,
    pub(crate) stall_ns: u64,
    pub(crate) idle_ns: u64,
    pub(crate) spin_ns: u64,
    pub(crate) abandoned_max: u32,
}

/// The application's function that is asked before each thread is started.
#[derive(Clone)]
pub(crate) struct SpawnGate(pub(crate) Arc<dyn Fn() -> Result<(), Errno> + Send + Sync>);

/// The reason why an engine cannot start.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum StartError {
    /// A limit beyond its range.
    Limit(LimitError),
    /// An attribute with an id that is taken, or that is not the application's to define.
    Attribute(DuplicateId),
    /// No signal is available to interrupt workers with.
    Signal(SignalError),
    /// The trace cannot be written to; EINVAL when a write to it could block for ever.
    Trace(nix::Error),
    /// The monitor or the first worker cannot be started.
    Thread(nix::Error),
    /// The system did not give the memory that is needed.
    System(Shortage),
}

/// A limit beyond its range.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LimitError {
    /// The limit's name.
    pub name: &'static str,
    /// The value that was asked for.
    pub value: u64,
    /// The least it can be.
    pub min: u64,
    /// The most it can be.
    pub max: u64,
}

/// At a nanosecond or two for each atom, a program with so many is over in less than a minute.
const PROGRAM_STEPS_MAX: u32 = 1 << 24;
/// No process has more threads than this.
const WORKERS_MAX: u64 = 65_536;

impl Default for Config {
    fn default() -> Config {
        let cpus = available_parallelism().map_or(1, NonZeroUsize::get);
        let limits = PoolLimits {
            workers_max: 512,
            runnable_max: u32::try_from(cpus).unwrap_or(u32::MAX),
            stall_ns: 1_000_000,
            idle_ns: 10_000_000_000,
            spin_ns: if cpus > 1 { 50_000 } else { 0 },
            abandoned_max: 16,
        };
        Config {
            limits,
            attributes: Vec::new(),
            gate: None,
            nonblocking: NonBlocking::default(),
            cancel_signal: None,
            kick: true,
            program_steps_max: PROGRAM_STEPS_MAX,
            trace: None,
            confine: Confine::default(),
            parks_input: false,
        }
    }
}

impl Config {
    /// At most this many workers, 0 to 65,536; 512 by default. With 0 the submitters run all calls inline, while they wait.
    pub fn workers_max(mut self, workers_max: u32) -> Config {
        self.limits.workers_max = workers_max;
        self
    }

    /// About this many workers run at once, those that sleep in a call not counted. By default it is the number of
    /// CPUs that the process may use.
    pub fn runnable_max(mut self, runnable_max: u32) -> Config {
        self.limits.runnable_max = runnable_max;
        self
    }

    /// A worker that stays in one call for this time counts as blocked: 10 µs to 10 s, 1 ms by default.
    pub fn stall(mut self, stall: Duration) -> Config {
        self.limits.stall_ns = nanoseconds(stall);
        self
    }

    /// A worker without work retires after this time: at least 1 ms, 10 s by default. One worker stays.
    pub fn idle(mut self, idle: Duration) -> Config {
        self.limits.idle_ns = nanoseconds(idle);
        self
    }

    /// A thread without work spins for at most this time before it sleeps: up to 1 ms; 50 µs by default, 0 on one
    /// CPU.
    pub fn spin(mut self, spin: Duration) -> Config {
        self.limits.spin_ns = nanoseconds(spin);
        self
    }

    /// At most this many calls at once are abandoned while they run ([`crate::Escalation::abandon_after`]). Each
    /// keeps its worker until the kernel lets the worker return. Up to 65,536, 16 by default; 0 is never.
    pub fn abandoned_max(mut self, abandoned_max: u32) -> Config {
        self.limits.abandoned_max = abandoned_max;
        self
    }

    /// The real-time signal that interrupts workers; by default the highest below SIGRTMAX that the application does
    /// not handle. All engines of a process use the signal that the first one has chosen. Its handler is installed
    /// when the first engine with workers is started, and stays.
    pub fn cancel_signal(mut self, signal: i32) -> Config {
        self.cancel_signal = Some(signal);
        self
    }

    /// Whether a submitter that is held in an inline call is taken out of it by a signal, so that a worker goes on and the wait can
    /// return (`specs/kick.md`); true by default. The signal is a second real-time signal, chosen as the first one is.
    pub fn kick(mut self, kick: bool) -> Config {
        self.kick = kick;
        self
    }

    /// The largest budget of atoms that a program may ask for; 16,777,216 by default.
    pub fn program_steps_max(mut self, steps: u32) -> Config {
        self.program_steps_max = steps;
        self
    }

    /// Writes a line to `fd` when a call with TRACE begins, and one when it ends (`specs/attributes.md`, TRACE): a file, a
    /// pipe, or /sys/kernel/tracing/trace_marker, where perf and ftrace show them beside the kernel's events. A file
    /// that is not regular must be non-blocking; a line that cannot be written is [counted](crate::Engine::trace_lost).
    pub fn trace(mut self, fd: OwnedFd) -> Config {
        self.trace = Some(Arc::new(fd));
        self
    }

    /// The extent of the comparison before calls of a thread are given to workers: [`Confine::Checked`] by default.
    pub fn confine(mut self, confine: Confine) -> Config {
        self.confine = confine;
        self
    }

    /// The non-blocking attempts that a waiting submitter may make of calls that could sleep; all by default. When
    /// the engine starts, a forked child finds out which of them this kernel has, with addresses that are wrong on
    /// purpose: valgrind's memcheck reports them, unless this is [`NonBlocking::Off`].
    pub fn nonblocking(mut self, nonblocking: NonBlocking) -> Config {
        self.nonblocking = nonblocking;
        self
    }

    /// Whether calls that wait for input of a pipe or a socket (read, readv, recvfrom) wait without a worker (`specs/parking.md`); false
    /// by default. One more thread of the engine, with a table of descriptors of its own, makes them when input comes. Cancelled, such a
    /// call ends with −ECANCELED, as one that is queued, and not with −EINTR.
    pub fn parking(mut self, parks_input: bool) -> Config {
        self.parks_input = parks_input;
        self
    }

    /// The limit on the number of workers.
    #[must_use]
    pub fn get_workers_max(&self) -> u32 {
        self.limits.workers_max
    }

    /// The number of workers that run at once, about.
    #[must_use]
    pub fn get_runnable_max(&self) -> u32 {
        self.limits.runnable_max
    }

    /// The time in one call after which a worker counts as blocked.
    #[must_use]
    pub fn get_stall(&self) -> Duration {
        Duration::from_nanos(self.limits.stall_ns)
    }

    /// The time without work after which a worker retires.
    #[must_use]
    pub fn get_idle(&self) -> Duration {
        Duration::from_nanos(self.limits.idle_ns)
    }

    /// The longest time for which a thread without work spins.
    #[must_use]
    pub fn get_spin(&self) -> Duration {
        Duration::from_nanos(self.limits.spin_ns)
    }

    /// The limit on the number of calls that are abandoned at once.
    #[must_use]
    pub fn get_abandoned_max(&self) -> u32 {
        self.limits.abandoned_max
    }

    /// Adds an attribute of the application's own, with an id from [`syslet_abi::AttributeId::APPLICATION`] up.
    pub fn attribute(mut self, attribute: Arc<dyn Attribute>) -> Config {
        self.attributes.push(attribute);
        self
    }

    /// Asks `gate` before each thread is started; its error counts as the system's refusal. This is for applications
    /// that keep an account of threads, and for tests with refusals.
    pub fn spawn_gate(mut self, gate: impl Fn() -> Result<(), Errno> + Send + Sync + 'static) -> Config {
        self.gate = Some(SpawnGate(Arc::new(gate)));
        self
    }
}

impl PoolLimits {
    /// Checks every limit against its range.
    pub(crate) fn check(&self) -> Result<(), LimitError> {
        in_range("workers_max", self.workers_max.into(), 0, WORKERS_MAX)?;
        in_range("runnable_max", self.runnable_max.into(), 1, WORKERS_MAX)?;
        in_range("stall_ns", self.stall_ns, 10_000, 10_000_000_000)?;
        in_range("idle_ns", self.idle_ns, 1_000_000, u64::MAX)?;
        in_range("spin_ns", self.spin_ns, 0, 1_000_000)?;
        in_range("abandoned_max", self.abandoned_max.into(), 0, WORKERS_MAX)
    }
}

/// Checks one limit.
pub(crate) fn in_range(name: &'static str, value: u64, min: u64, max: u64) -> Result<(), LimitError> {
    if (min..=max).contains(&value) { Ok(()) } else { Err(LimitError { name, value, min, max }) }
}

/// The range of the number of workers that a running engine can be given.
pub(crate) const fn workers_max_range() -> [u64; 2] {
    [1, WORKERS_MAX]
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl std::fmt::Debug for SpawnGate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SpawnGate")
    }
}

impl std::fmt::Display for LimitError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let LimitError { name, value, min, max } = self;
        if *max == u64::MAX {
            write!(f, "{name} is {value}; it is at least {min}")
        } else {
            write!(f, "{name} is {value}; it is from {min} to {max}")
        }
    }
}

impl std::error::Error for LimitError {}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StartError::Limit(error) => error.fmt(f),
            StartError::Attribute(DuplicateId(id)) if !id.is_application() => {
                write!(f, "attribute id {:#x} is below 0x8000, where the application's own begin", id.0)
            }
            StartError::Attribute(taken) => taken.fmt(f),
            StartError::Signal(error) => error.fmt(f),
            StartError::Trace(errno) => write!(f, "the trace is no file and not non-blocking, or: {errno}"),
            StartError::Thread(errno) => Shortage::thread("the monitor and the first worker", *errno).fmt(f),
            StartError::System(shortage) => shortage.fmt(f),
        }
    }
}

impl std::error::Error for StartError {}
