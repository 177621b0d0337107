//! What an engine that does nothing takes, in a process of its own.

use std::io;

use syslet::{Config, Engine, Params};

use super::report::Idle;
use super::system::{Memory, threads};

/// Starts an engine with the default configuration and a ring, and compares memory with what it was before. To be
/// called in a process that has done nothing else.
///
/// # Errors
/// When the engine cannot start, or the system does not say what is asked.
pub fn idle() -> io::Result<Idle> {
    // The first look allocates; that is not the engine's.
    Memory::now()?;
    let before = Memory::now()?;
    let engine = Engine::start(Config::default()).map_err(io::Error::other)?;
    let ring = engine.ring(&Params::default()).map_err(io::Error::other)?;
    let grown = Memory::now()?.since(before);
    let threads = threads()?;
    drop(ring);
    Ok(Idle { rss_kib: grown.rss_kib, pss_kib: grown.pss_kib, threads })
}
