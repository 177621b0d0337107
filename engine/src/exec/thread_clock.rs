//! Reads the calling thread's time on the processor and its counts, before a call and behind it. `usage` asks, for the attributes that
//! need them.
//!
//! The scheduler's account of a thread's time is the dearest reading of all: it takes as long as two others. While the thread is not
//! switched away its time on the processor goes on as the clock does, and the counts tell whether it was. So the account is read
//! where the thread was switched away, and where the last reading is too old.

#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests;

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};
use syslet_attrs::Spent;

use crate::sys::clock::{now_ns, thread_cpu_ns};
use crate::sys::thread::own_number;

/// The readings that the kernel gives to the calling thread.
pub(crate) trait Readings {
    /// The thread's number, which no other thread of the process has or had.
    fn thread(&mut self) -> u64;
    /// The clock, in nanoseconds.
    fn now_ns(&mut self) -> u64;
    /// The scheduler's account of the thread's time on the processor, in nanoseconds.
    fn account_ns(&mut self) -> u64;
    /// Writes the thread's counts.
    fn counts(&mut self, spent: &mut Spent);
}

/// The kernel's own.
#[derive(Debug)]
pub(crate) struct Kernel;

impl Readings for Kernel {
    fn thread(&mut self) -> u64 {
        own_number()
    }

    fn now_ns(&mut self) -> u64 {
        now_ns()
    }

    fn account_ns(&mut self) -> u64 {
        thread_cpu_ns()
    }

    /// The numbers of getrusage.
    fn counts(&mut self, spent: &mut Spent) {
        /// The unit of the kernel's counts of blocks.
        const BLOCK_BYTES: u64 = 512;
        let Ok(usage) = getrusage(UsageWho::RUSAGE_THREAD) else { return };
        let count = |of: fn(&Usage) -> libc::c_long| of(&usage).cast_unsigned();
        let ns = |time: TimeVal| time.num_microseconds().cast_unsigned() * 1_000;
        spent.user_ns = ns(usage.user_time());
        spent.system_ns = ns(usage.system_time());
        spent.minor_faults = count(Usage::minor_page_faults);
        spent.major_faults = count(Usage::major_page_faults);
        spent.voluntary_switches = count(Usage::voluntary_context_switches);
        spent.involuntary_switches = count(Usage::involuntary_context_switches);
        spent.read_bytes = count(Usage::block_reads) * BLOCK_BYTES;
        spent.written_bytes = count(Usage::block_writes) * BLOCK_BYTES;
    }
}

/// An account is gone on with for so long. Two clocks differ a little, and so does what a host takes from the processor.
const ACCOUNT_NS_MAX: u64 = 10_000_000;
/// Two readings so close have no switch between them: it takes longer to go away and come back.
const CLOSE_NS: u64 = 2_000;

/// A reading of a thread's account, with the clock and the number of switches at that time.
#[derive(Clone, Copy, Debug)]
struct Account {
    thread: u64,
    switches: u64,
    now_ns: u64,
    cpu_ns: u64,
}

/// The last account that was read, for the next call of the same thread.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ThreadClock(Option<Account>);

impl ThreadClock {
    /// Counts, time on the processor and clock, before a call.
    pub(crate) fn first(&mut self, readings: &mut impl Readings) -> Spent {
        let (thread, before_ns) = (readings.thread(), readings.now_ns());
        let mut spent = Spent::default();
        readings.counts(&mut spent);
        spent.wall_ns = readings.now_ns();
        match self.go_on(thread, &spent).filter(|_| is_close(before_ns, spent.wall_ns)) {
            Some(cpu_ns) => spent.cpu_ns = cpu_ns,
            None => {
                spent.cpu_ns = readings.account_ns();
                spent.wall_ns = readings.now_ns();
                self.0 = Some(Account::of(thread, &spent));
            }
        }
        spent
    }

    /// The same, behind the call.
    pub(crate) fn last(&mut self, readings: &mut impl Readings, first: &Spent) -> Spent {
        let mut spent = Spent { wall_ns: readings.now_ns(), ..Spent::default() };
        readings.counts(&mut spent);
        let passed_ns = spent.wall_ns.saturating_sub(first.wall_ns);
        let always_ns = first.cpu_ns.saturating_add(passed_ns);
        if switches(&spent) == switches(first) {
            // From the first counts to these, and the call is between them.
            spent.cpu_ns = always_ns;
            return spent;
        }
        let cpu_ns = readings.account_ns();
        let now_ns = readings.now_ns();
        self.0 = Some(Account::of(readings.thread(), &Spent { cpu_ns, wall_ns: now_ns, ..spent }));
        // These readings are no part of the call.
        let reading_ns = if is_close(spent.wall_ns, now_ns) { now_ns - spent.wall_ns } else { 0 };
        spent.cpu_ns = cpu_ns.saturating_sub(reading_ns).clamp(first.cpu_ns, always_ns);
        spent
    }

    /// The thread's time on the processor at the clock and counts in `spent`, if it was not switched away since the last account.
    fn go_on(&self, thread: u64, spent: &Spent) -> Option<u64> {
        let account =
            self.0.filter(|account| account.thread == thread && account.switches == switches(spent))?;
        let passed_ns = spent.wall_ns.checked_sub(account.now_ns)?;
        (passed_ns < ACCOUNT_NS_MAX).then_some(account.cpu_ns + passed_ns)
    }
}

impl Account {
    fn of(thread: u64, spent: &Spent) -> Account {
        Account { thread, switches: switches(spent), now_ns: spent.wall_ns, cpu_ns: spent.cpu_ns }
    }
}

/// How often the thread was switched away. The kernel counts each time, by the reason.
fn switches(spent: &Spent) -> u64 {
    spent.voluntary_switches.wrapping_add(spent.involuntary_switches)
}

fn is_close(before_ns: u64, after_ns: u64) -> bool {
    after_ns.saturating_sub(before_ns) < CLOSE_NS
}
