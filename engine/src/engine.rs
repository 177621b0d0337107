//! The engine: what all rings share.

use std::sync::Arc;

use syslet_abi::{ABI_VERSION, Features, Params};
use syslet_attrs::{Attribute, DuplicateId, Registry};

use crate::fork::ForkGuard;
use crate::pair::{Ring, RingError};
use crate::shared::Shared;

/// Runs system calls for any number of rings.
#[derive(Clone, Debug)]
pub struct Engine {
    shared: Arc<Shared>,
}

/// What an engine is started with.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Config {
    workers_max: u32,
    attributes: Vec<Arc<dyn Attribute>>,
}

/// Why an engine cannot start.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum StartError {
    /// This version has no workers; only 0 can be asked for.
    Workers(u32),
    /// An attribute whose id is taken, or that is not the application's to define.
    Attribute(DuplicateId),
    /// The system did not give what is needed.
    System(nix::Error),
}

/// What a ring gets where its set-up says zero.
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

impl Config {
    /// At most this many workers. This version has none: 0 is the default and the only value.
    pub fn workers_max(mut self, workers_max: u32) -> Config {
        self.workers_max = workers_max;
        self
    }

    /// Adds an attribute of the application's own, with an id from [`syslet_abi::AttributeId::APPLICATION`] up.
    pub fn attribute(mut self, attribute: Arc<dyn Attribute>) -> Config {
        self.attributes.push(attribute);
        self
    }
}

impl Engine {
    /// What this version can do.
    pub const FEATURES: Features = Features::HELP;

    /// Starts an engine.
    ///
    /// # Errors
    /// When the configuration asks for what there is not, or the system has no memory.
    pub fn start(config: Config) -> Result<Engine, StartError> {
        if config.workers_max > 0 {
            return Err(StartError::Workers(config.workers_max));
        }
        let mut registry = Registry::built_in();
        for attribute in config.attributes {
            let id = attribute.id();
            if !id.is_application() {
                return Err(StartError::Attribute(DuplicateId(id)));
            }
            registry.add(attribute).map_err(StartError::Attribute)?;
        }
        let guard = Arc::new(ForkGuard::new().map_err(StartError::System)?);
        Ok(Engine { shared: Arc::new(Shared { registry: Arc::new(registry), guard }) })
    }

    /// Opens a pair of rings for one thread. Zeros in `params` ask for the default.
    ///
    /// # Errors
    /// When the set-up is wrong, the system has no memory, or this is a forked child.
    pub fn ring(&self, params: &Params) -> Result<Ring, RingError> {
        if !self.shared.guard.is_home() {
            return Err(RingError::Forked);
        }
        let granted = params.grant(&DEFAULTS, Engine::FEATURES).map_err(RingError::Setup)?;
        Ring::open(Arc::clone(&self.shared), granted)
    }

    /// The attributes this engine knows.
    pub fn attributes(&self) -> impl Iterator<Item = &dyn Attribute> {
        self.shared.registry.iter()
    }
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StartError::Workers(count) => {
                write!(f, "{count} workers asked for; this version has none, its submitters run the calls")
            }
            StartError::Attribute(DuplicateId(id)) if !id.is_application() => {
                write!(f, "attribute id {:#x} is below 0x8000, where the application's own begin", id.0)
            }
            StartError::Attribute(taken) => taken.fmt(f),
            StartError::System(errno) => write!(f, "the system refused memory: {errno}"),
        }
    }
}

impl std::error::Error for StartError {}
