//! The engine: the application's handle by which it is started, opens rings, is tuned, and is closed. Called by the
//! application.
#![allow(unsafe_code, reason = "declares an unsafe entry and calls it from the safe one")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use syslet_abi::{ABI_VERSION, Features, PAGE_BYTES, Params};
use syslet_attrs::{Attribute, DuplicateId, Registry};

use crate::admission::Terms;
use crate::cancel::{kick, signal};
use crate::config::{Config, LimitError, StartError, in_range, workers_max_range};
use crate::confinement::{Comparison, Stamp};
use crate::engine_state::EngineState;
use crate::exec::attributes::AttributeContext;
use crate::exec::trace::Trace;
use crate::nonblocking::{self, Abilities};
use crate::pool::registry::RingRegistry;
use crate::pool::{self, Pool, Stats, Unfinished};
use crate::refused::Refused;
use crate::ring::cancel::Canceller;
use crate::ring::here::{OwnedCompletion, try_here};
use crate::ring::{Ring, RingError};
use crate::shortage::{Shortage, expect_small};
use crate::submission::Submission;
use crate::sys::fork::ForkGuard;
use crate::sys::interrupt;

/// Runs system calls for any number of rings.
#[derive(Clone, Debug)]
pub struct Engine {
    engine: Arc<EngineState>,
}

/// The parameters of a ring where its set-up says zero.
const DEFAULTS: Params = Params {
    abi_version: ABI_VERSION,
    features_required: Features::NONE,
    features_wanted: Features::NONE,
    features_granted: Features::NONE,
    submission_bytes: 64 << 10,
    completion_bytes: 256 << 10,
    submission_record_max: 4 << 10,
    completion_record_max: 64 << 10,
    slots: 1024,
};

/// The number of the next engine.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// The features of an engine without workers.
const QUEUED_PRIVATE: Features = Features::INLINE.or(Features::SYSLETS);

impl Engine {
    /// The features of this version. Rings of an engine without workers have neither WORKERS nor CANCEL.
    pub const FEATURES: Features = QUEUED_PRIVATE.or(Features::WORKERS).or(Features::CANCEL);

    /// Starts an engine: its monitor and, unless `workers_max` is 0, one worker. Workers are confined as the calling
    /// thread is, so a thread that confines itself does that before.
    ///
    /// # Errors
    /// When the configuration asks for a feature that is missing or a value beyond its range, or when the system has
    /// no memory or no thread.
    pub fn start(config: Config) -> Result<Engine, StartError> {
        config.limits.check().map_err(StartError::Limit)?;
        let trace = config.trace.clone().map(Trace::new).transpose().map_err(StartError::Trace)?;
        let context = Arc::new(AttributeContext { registry: registry(&config)?, trace });
        expect_small("an engine").map_err(StartError::System)?;
        let page =
            |errno| StartError::System(Shortage::memory("the engine's page", PAGE_BYTES as u64, errno));
        let guard = Arc::new(ForkGuard::new().map_err(page)?);
        let (abilities, pool) = if config.limits.workers_max == 0 {
            (Abilities::NONE, None)
        } else {
            signal::claim(config.cancel_signal).map_err(StartError::Signal)?;
            if config.kick {
                kick::claim();
            }
            let abilities = nonblocking::probe(config.nonblocking);
            let pool = pool::start(&config, Arc::clone(&context), abilities).map_err(StartError::Thread)?;
            (abilities, Some(pool))
        };
        Ok(Engine {
            engine: Arc::new(EngineState {
                terms: Terms {
                    context,
                    abilities,
                    has_workers: pool.is_some(),
                    program_steps_max: config.program_steps_max,
                    number: NUMBER.fetch_add(1, Ordering::Relaxed),
                },
                guard,
                pool,
                is_closed: AtomicBool::new(false),
                registry: RingRegistry::new(),
            }),
        })
    }

    /// The signal by which engines of this process take a submitter out of an inline call that holds it ([`Config::kick`]); `None` where
    /// none does. A thread that blocks it is not taken out.
    #[must_use]
    pub fn kick_signal(&self) -> Option<i32> {
        self.engine.pool.as_ref().filter(|pool| pool.may_kick).and_then(|_| interrupt::KICK.get())
    }

    /// Opens a pair of rings for one thread. Zeros in `params` ask for the default.
    ///
    /// # Errors
    /// When the set-up is wrong, the system has no memory, the engine is closed, or this is a forked child.
    pub fn ring(&self, params: &Params) -> Result<Ring, RingError> {
        if !self.engine.guard.is_home() {
            return Err(RingError::Forked);
        }
        if self.engine.is_closed() {
            return Err(RingError::Closed);
        }
        let features = if self.engine.pool.is_some() { Engine::FEATURES } else { QUEUED_PRIVATE };
        let granted = params.grant(&DEFAULTS, features).map_err(RingError::Setup)?;
        Ring::open(Arc::clone(&self.engine), granted)
    }

    /// Makes a call now, in the calling thread, if nothing can hold it up, and if an attempt at it has all of its effect or none;
    /// `None` when it would have slept, or is another thread's: nothing has happened then. Any thread may call it, and needs no
    /// ring. The limits are those of a ring with default parameters.
    ///
    /// # Errors
    /// As for [`Ring::push`], but for room and slots.
    ///
    /// # Safety
    /// As for [`Ring::push`], until this returns.
    pub unsafe fn try_here(&self, submission: &Submission) -> Result<Option<OwnedCompletion>, Refused> {
        // SAFETY: this function's contract.
        unsafe { try_here(&self.engine, &DEFAULTS, submission, false) }
    }

    /// [`Engine::try_here`] for submissions that cannot break memory.
    ///
    /// # Errors
    /// As for [`Ring::push_safe`], but for room and slots.
    pub fn try_here_safe(&self, submission: &Submission) -> Result<Option<OwnedCompletion>, Refused> {
        // SAFETY: the call is made after the check for safe code, which stands for the promise.
        unsafe { try_here(&self.engine, &DEFAULTS, submission, true) }
    }

    /// Lines of the [trace](Config::trace) that could not be written.
    #[must_use]
    pub fn trace_lost(&self) -> u64 {
        self.engine.terms.context.trace.as_ref().map_or(0, Trace::lost)
    }

    /// Returns a handle that stops calls of all rings of this engine, from any thread.
    ///
    /// A call that a submitter may make itself, and that is queued already when the handle is made, cannot be removed
    /// by it before that ring is pushed to again: it is found pending, and stopped by the thread that begins it.
    ///
    /// # Errors
    /// In a forked child.
    pub fn canceller(&self) -> Result<Canceller, RingError> {
        if !self.engine.guard.is_home() {
            return Err(RingError::Forked);
        }
        Ok(Canceller::of_all(Arc::clone(&self.engine)))
    }

    /// The attributes that this engine knows.
    pub fn attributes(&self) -> impl Iterator<Item = &dyn Attribute> {
        self.engine.terms.context.iter()
    }

    /// The numbers of workers and calls; zeros without workers, and in a forked child.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.pool().map_or_else(Stats::default, Pool::stats)
    }

    /// Reports that the calling thread has confined itself in a way that the engine may not see: Landlock, another
    /// filter in the place of one, keyrings. From now on it differs from the workers of every engine, so its rings
    /// run calls inline only: calls that need a worker are refused with NEEDS_WORKER, those pushed and not published
    /// are completed with −EPERM and NOT_RUN. An engine that the thread starts afterwards has workers confined as it
    /// is, and takes its calls.
    ///
    /// This is about the calling thread alone. A thread that it has started since, and that is confined as it is,
    /// reports that for itself. No thread takes the report back.
    pub fn confined(&self) {
        Stamp::anew();
    }

    /// The way in which submitters are compared with workers; `None` without workers, and as long as the system lacks
    /// descriptors or memory for the comparison: until then rings run calls inline only.
    #[must_use]
    pub fn comparison(&self) -> Option<Comparison> {
        self.pool()?.reference.comparison()
    }

    /// Changes the limit on the number of workers. Idle workers above the limit end at once, others when their call
    /// is over; one always stays. Without workers this changes nothing.
    ///
    /// # Errors
    /// When the limit is beyond its range, 1 to 65,536.
    pub fn set_workers_max(&self, workers_max: u32) -> Result<(), LimitError> {
        let [min, max] = workers_max_range();
        in_range("workers_max", workers_max.into(), min, max)?;
        self.pool().inspect(|pool| pool.set_workers_max(workers_max));
        Ok(())
    }

    /// Changes the number of workers that run at once, about. Without workers this changes nothing.
    ///
    /// # Errors
    /// When the limit is beyond its range, 1 to 65,536.
    pub fn set_runnable_max(&self, runnable_max: u32) -> Result<(), LimitError> {
        let [min, max] = workers_max_range();
        in_range("runnable_max", runnable_max.into(), min, max)?;
        self.pool().inspect(|pool| pool.set_runnable_max(runnable_max));
        Ok(())
    }

    /// Ends the engine: new calls are refused (CLOSED), queued ones end with −ECANCELED and NOT_RUN, running ones are
    /// waited for, at most for `patience`. Programs on their way out have half of it: then the call that one of them
    /// is in is stopped, and so is each that follows after a millisecond; their completions have FINALLY_FAILED.
    /// Rings stay, and their completions can be read. In a forked child this does nothing.
    ///
    /// # Errors
    /// The calls that still run in workers when `patience` is over. They end by themselves, or never; another close
    /// waits again.
    pub fn close(&self, patience: Duration) -> Result<(), Unfinished> {
        if !self.engine.guard.is_home() {
            return Ok(());
        }
        self.engine.is_closed.store(true, Ordering::Relaxed);
        self.pool().map_or(Ok(()), |pool| pool.close(patience, || self.engine.registry.rings()))
    }

    fn pool(&self) -> Option<&Pool> {
        // In a forked child the pool's threads do not exist, so a lock that one of them held is never released.
        self.engine.pool.as_deref().filter(|_| self.engine.guard.is_home())
    }
}

/// All attributes: the engine's, and the application's own.
fn registry(config: &Config) -> Result<Registry, StartError> {
    let mut registry = Registry::built_in();
    for attribute in &config.attributes {
        let id = attribute.id();
        if !id.is_application() {
            return Err(StartError::Attribute(DuplicateId(id)));
        }
        registry.add(Arc::clone(attribute)).map_err(StartError::Attribute)?;
    }
    Ok(registry)
}
