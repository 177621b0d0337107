//! One contender's turn: it makes calls, is timed, and every result is checked outside of the time taken.

use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::call::RawCall;
use crate::contender::Contender;
use crate::pause::pause;
use crate::workload::Batch;

/// Somebody who takes part.
#[derive(Debug)]
pub struct Entrant {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub contender: Box<dyn Contender>,
}

/// So long nobody does anything after a turn: threads that look around for work give up, what they used is counted
/// (the kernel counts a running thread up to its last tick only), and nobody is in the way of the next turn.
const REST: Duration = Duration::from_micros(300);

/// What a turn took.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// From its begin to its end.
    pub wall: Duration,
    /// CPU time of the whole process, that of threads which go on looking for work included.
    pub cpu: Duration,
}

/// Lets one contender fill `results`, batch by batch.
///
/// # Errors
/// When the contender fails, or a call gives another result than it must.
pub fn turn(batch: &Batch<'_>, entrant: &mut Entrant, results: &mut [i64]) -> Result<Took, String> {
    forget(results);
    batch.renew()?;
    let (cpu, started) = (cpu_time(), Instant::now());
    for part in results.chunks_mut(batch.len()) {
        entrant.contender.run(batch, part).map_err(|error| format!("{}: {error}", entrant.name))?;
    }
    let wall = started.elapsed();
    pause(REST);
    let took = Took { wall, cpu: cpu_time().saturating_sub(cpu) };
    check(batch, results).map_err(|error| format!("{}: {error}", entrant.name))?;
    Ok(took)
}

/// A result that is never written must not pass for one that is right.
pub fn forget(results: &mut [i64]) {
    results.fill(i64::MIN);
}

/// Compares the results of `batch`, made any number of times, with what they must be.
///
/// # Errors
/// When one differs.
pub fn check(batch: &[RawCall<'_>], results: &[i64]) -> Result<(), String> {
    for (index, (call, result)) in batch.iter().cycle().zip(results).enumerate() {
        if call.expected() != *result {
            let (name, expected) = (call.name(), call.expected());
            return Err(format!("call {index} ({name}) gave {result}, not {expected}"));
        }
    }
    Ok(())
}

/// What all threads of this process have used in user and kernel mode. The kernel's workers for an `io_uring` are
/// threads of the process that set it up, and are among them. Work in interrupts and in the kernel's own threads is
/// not.
fn cpu_time() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return Duration::ZERO };
    let microseconds = |time: TimeVal| u64::try_from(time.num_microseconds()).unwrap_or(0);
    Duration::from_micros(microseconds(usage.user_time()) + microseconds(usage.system_time()))
}

#[test]
fn cpu_time_counts_other_threads() {
    let before = cpu_time();
    std::thread::spawn(|| {
        let own = || nix::time::clock_gettime(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap();
        while own().num_milliseconds() < 20 {}
    })
    .join()
    .unwrap();
    assert!(cpu_time() - before >= Duration::from_millis(19));
}

/// What this thread has had fetched from storage.
#[cfg(test)]
fn fetched_bytes() -> u64 {
    let counters = std::fs::read_to_string("/proc/thread-self/io").unwrap();
    let line = counters.lines().find_map(|line| line.strip_prefix("read_bytes: ")).unwrap();
    line.parse().unwrap()
}

#[test]
fn each_cold_read_of_each_turn_fetches_its_page() {
    use crate::contender::Direct;
    use crate::workload::{PreadCold, Workload as _};

    let mut workload = PreadCold::prepare(1).unwrap();
    if workload.note().contains("tmpfs") {
        // Memory is the only place that has its pages.
        return;
    }
    let batch = workload.batch(256);
    let mut results = vec![0; batch.len()];
    let mut entrant = Entrant { name: "direct", contender: Box::new(Direct) };
    for _ in 0..3 {
        let before = fetched_bytes();
        turn(&batch, &mut entrant, &mut results).unwrap();
        assert_eq!(fetched_bytes() - before, 256 * 4096);
    }
}
