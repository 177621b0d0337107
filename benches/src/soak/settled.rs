//! What must be so when nothing is in flight any more.

use std::fs;
use std::io;
use std::os::fd::RawFd;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::close;

use super::world::{World, lock};

/// Against hanging only.
const PATIENCE: Duration = Duration::from_secs(30);
const TICK: Duration = Duration::from_millis(1);
/// Two workers are asked for at the end.
const FEW_WORKERS: u32 = 2;

/// Every pipe and connection of a call in flight is two descriptors.
pub(super) fn raise_descriptor_limit() -> nix::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)
}

/// The calls of all rings are over: none is counted, and workers above the limit leave.
pub(super) fn check(world: &World) -> Result<(), String> {
    let engine = &world.engine;
    let is_quiet = || engine.stats().in_flight == 0;
    // Calls of dropped rings may still run.
    until(is_quiet, || format!("nothing runs, and {:?}\n{}", engine.stats(), world.describe()))?;
    // Limits are left alone from now on.
    *lock(&world.is_calm) = true;
    engine.set_workers_max(FEW_WORKERS).map_err(|error| error.to_string())?;
    let workers = || engine.stats().workers <= FEW_WORKERS;
    until(workers, || format!("at most {FEW_WORKERS} workers, and {:?}", engine.stats()))
}

/// No thread of an engine is left.
pub(super) fn no_thread_is_left() -> Result<(), String> {
    let names = || {
        let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
        names.filter(|name| name.starts_with("syslet-")).collect::<Vec<_>>()
    };
    until(|| names().is_empty(), || format!("threads of a closed engine: {:?}", names()))
}

/// No pipe, connection or lock of the soak is open. Files that calls of dropped rings have opened are, and are closed.
pub(super) fn no_descriptor_is_left() -> Result<(), String> {
    let mut left = Vec::new();
    for link in fs::read_dir("/proc/self/fd").map_err(text)? {
        let link = link.map_err(text)?.path();
        let Ok(target) = fs::read_link(&link) else { continue };
        let name = link.file_name().and_then(|name| name.to_str()?.parse::<RawFd>().ok());
        let Some(fd) = name.filter(|fd| *fd > 2) else { continue };
        let target = target.to_string_lossy().into_owned();
        if target.ends_with("/data (deleted)") {
            close(fd).map_err(|error| error.to_string())?;
        } else if target.starts_with("pipe:")
            || target.starts_with("socket:")
            || target.ends_with("/lock (deleted)")
        {
            left.push(target);
        }
    }
    if left.is_empty() { Ok(()) } else { Err(format!("descriptors of a closed engine: {left:?}")) }
}

fn text(error: io::Error) -> String {
    error.to_string()
}

fn until(is_so: impl Fn() -> bool, fault: impl Fn() -> String) -> Result<(), String> {
    let began = Instant::now();
    while !is_so() {
        if began.elapsed() > PATIENCE {
            return Err(fault());
        }
        thread::sleep(TICK);
    }
    Ok(())
}
