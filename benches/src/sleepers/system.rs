//! What the system says about memory, threads and limits.

use std::fs;
use std::io;

use nix::sys::resource::{Resource, getrlimit};

/// Memory at one moment, in KiB.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// Resident pages of this process.
    pub rss_kib: i64,
    /// The same, shared pages counted in parts.
    pub pss_kib: i64,
    /// What the whole system could still give.
    pub available_kib: i64,
    /// The kernel's own objects.
    pub slab_kib: i64,
    /// The kernel's stacks.
    pub kernel_stack_kib: i64,
    /// The tables of all address spaces.
    pub page_tables_kib: i64,
}

impl Memory {
    /// As it is now.
    ///
    /// # Errors
    /// When /proc cannot be read.
    pub fn now() -> io::Result<Memory> {
        let own = fs::read_to_string("/proc/self/smaps_rollup")?;
        let all = fs::read_to_string("/proc/meminfo")?;
        Ok(Memory {
            rss_kib: field(&own, "Rss:"),
            pss_kib: field(&own, "Pss:"),
            available_kib: field(&all, "MemAvailable:"),
            slab_kib: field(&all, "Slab:"),
            kernel_stack_kib: field(&all, "KernelStack:"),
            page_tables_kib: field(&all, "PageTables:"),
        })
    }

    /// How much more it is than `before`; what is available is counted as taken.
    #[must_use]
    pub fn since(self, before: Memory) -> Memory {
        Memory {
            rss_kib: self.rss_kib - before.rss_kib,
            pss_kib: self.pss_kib - before.pss_kib,
            available_kib: before.available_kib - self.available_kib,
            slab_kib: self.slab_kib - before.slab_kib,
            kernel_stack_kib: self.kernel_stack_kib - before.kernel_stack_kib,
            page_tables_kib: self.page_tables_kib - before.page_tables_kib,
        }
    }
}

fn field(text: &str, name: &str) -> i64 {
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    value.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Mappings of this process.
///
/// # Errors
/// When /proc cannot be read.
pub(super) fn mappings() -> io::Result<usize> {
    Ok(fs::read_to_string("/proc/self/maps")?.lines().count())
}

/// Threads of this process.
///
/// # Errors
/// When /proc cannot be read.
pub(crate) fn threads() -> io::Result<usize> {
    Ok(fs::read_dir("/proc/self/task")?.count())
}

/// What bounds the number of threads here: name, limit, and how much of it one worker takes.
pub(super) fn bounds() -> Vec<(&'static str, u64, u64)> {
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse().ok();
    let processes = getrlimit(Resource::RLIMIT_NPROC).ok().map(|(soft, _)| soft);
    let bounds = [
        // A stack and its guard.
        ("vm.max_map_count", number("/proc/sys/vm/max_map_count"), 2),
        ("kernel.threads-max", number("/proc/sys/kernel/threads-max"), 1),
        ("kernel.pid_max", number("/proc/sys/kernel/pid_max"), 1),
        ("RLIMIT_NPROC", processes.filter(|&limit| limit != libc::RLIM_INFINITY), 1),
        ("cgroup pids.max", pids_max(), 1),
    ];
    bounds.into_iter().filter_map(|(name, limit, each)| Some((name, limit?, each))).collect()
}

/// The limit of the process's own group, in either version of the hierarchy.
fn pids_max() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let paths = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        match (parts.next()?, parts.next()?) {
            ("pids", path) => Some(format!("/sys/fs/cgroup/pids{path}/pids.max")),
            ("", path) => Some(format!("/sys/fs/cgroup{path}/pids.max")),
            _ => None,
        }
    });
    let limits = paths.filter_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok());
    limits.min()
}
