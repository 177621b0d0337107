//! Compute threads on all processors but one, for a whole run; begun by the harness, before it measures.
//!
//! They run in a process of their own: CPU time of the harness is the contenders' alone. That process is this
//! program again, and ends when its standard input does, so it does not outlive the harness.

use std::env;
use std::hint::black_box;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;

use nix::sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use nix::unistd::Pid;

/// The name of the command that [`compute`] is the body of.
pub const COMMAND: &str = "compute";
/// The line that says that all threads run.
const READY: &str = "computing";

/// Keeps the other processors busy until it is dropped.
#[derive(Debug)]
pub struct Busy {
    child: Child,
    cores: Vec<usize>,
}

impl Busy {
    /// Starts a compute thread on every processor that this process may use, except the one that the calling thread
    /// runs on. Returns when all of them run.
    ///
    /// # Errors
    /// When there is no other processor, or the process cannot start.
    pub fn begin() -> io::Result<Busy> {
        let cores = others(&allowed(), sched_getcpu()?);
        if cores.is_empty() {
            return Err(io::Error::other("no other core to keep busy"));
        }
        let names: Vec<String> = cores.iter().map(usize::to_string).collect();
        let mut command = Command::new(env::current_exe()?);
        command.arg(COMMAND).args(names).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut busy = Busy { child: command.spawn()?, cores };
        let mut line = String::new();
        if let Some(stdout) = busy.child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        if line.trim_end() == READY { Ok(busy) } else { Err(io::Error::other("no compute threads")) }
    }

    /// The numbers of the processors that are busy.
    #[must_use]
    pub fn cores(&self) -> &[usize] {
        &self.cores
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The numbers of the processors that this process may run on.
#[must_use]
pub fn allowed() -> Vec<usize> {
    let Ok(set) = sched_getaffinity(Pid::from_raw(0)) else { return Vec::new() };
    (0..CpuSet::count()).filter(|&cpu| set.is_set(cpu).unwrap_or(false)).collect()
}

fn others(allowed: &[usize], own: usize) -> Vec<usize> {
    allowed.iter().copied().filter(|&core| core != own).collect()
}

/// Computes on each of `cores` until standard input ends.
///
/// # Errors
/// When a processor cannot be had.
pub fn compute(cores: &[usize]) -> io::Result<()> {
    for &core in cores {
        let mut set = CpuSet::new();
        set.set(core)?;
        // A thread begins on the processors of the thread that starts it.
        sched_setaffinity(Pid::from_raw(0), &set)?;
        thread::Builder::new().spawn(spin)?;
    }
    let mut stdout = io::stdout();
    writeln!(stdout, "{READY}")?;
    stdout.flush()?;
    io::stdin().read_to_end(&mut Vec::new()).map(drop)
}

fn spin() {
    let mut value = 1_u64;
    loop {
        value = black_box(value.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17));
    }
}

#[test]
fn every_core_but_the_submitters_is_busy() {
    assert_eq!(others(&[0, 1, 4, 5], 4), [0, 1, 5]);
    assert!(others(&[3], 3).is_empty());
    assert!(!allowed().is_empty());
}
