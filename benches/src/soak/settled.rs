//! What must be so when nothing is in flight any more.

use std::fs;
use std::io;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::close;

use super::world::{World, lock};
use crate::pause::pause;

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
        names.filter(|name| name.strip_prefix("syslet-").is_some_and(is_engines)).collect::<Vec<_>>()
    };
    until(|| names().is_empty(), || format!("threads of a closed engine: {:?}", names()))
}

/// Whether it is the end of a name that an engine gives: `monitor`, or a number.
fn is_engines(end: &str) -> bool {
    end.trim_end() == "monitor" || end.starts_with(|first: char| first.is_ascii_digit())
}

/// Pipes, connections and locks that are open; those of the process's own included.
pub(super) fn descriptors() -> Result<Vec<(RawFd, String)>, String> {
    let links = fs::read_dir("/proc/self/fd").map_err(text)?.collect::<io::Result<Vec<_>>>().map_err(text)?;
    let open = links.iter().filter_map(|link| {
        let target = fs::read_link(link.path()).ok()?.to_string_lossy().into_owned();
        Some((link.file_name().to_str()?.parse().ok()?, target))
    });
    Ok(open.filter(|(_, target)| !target.starts_with("/proc/")).collect())
}

/// What was not open `before` is closed. Files that calls of dropped rings have opened are not, and are closed here.
pub(super) fn no_descriptor_is_left(before: &[(RawFd, String)]) -> Result<(), String> {
    let mut left = descriptors()?;
    left.retain(|open| !before.contains(open));
    let (opened, left): (Vec<_>, Vec<_>) =
        left.into_iter().partition(|(_, target)| target.ends_with("/data (deleted)"));
    for (fd, _) in opened {
        close(fd).map_err(|error| error.to_string())?;
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
        pause(TICK);
    }
    Ok(())
}
