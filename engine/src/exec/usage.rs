//! Looking at what a call costs the thread that makes it: as much as its attributes need, and nothing for others.

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};
use nix::time::{ClockId, clock_gettime};
use syslet_attrs::{Counted, Evidence, Needs, Spent};

use crate::exec::counters::{Counters, Reading};
use crate::sys::clock::now_ns;

/// Looks at one attempt at a call.
pub(crate) trait Watch {
    /// An attempt begins; `may_be_enough`: if it is, how it went says all about the cache.
    fn begin(&mut self, may_be_enough: bool);
    /// The plain call is made after all.
    fn plain(&mut self);
    /// A first attempt that cannot wait was enough.
    fn enough(&mut self);
    /// A first attempt was refused, perhaps by storage.
    fn refused(&mut self, by_storage: impl FnOnce() -> bool);
    /// The attempt is over.
    fn end(&mut self);
    /// What was seen, for who goes on.
    fn hand_on(&mut self) -> Option<Box<Seen>>;
}

/// Of calls without attributes nothing is looked at.
#[derive(Debug)]
pub(crate) struct Unwatched;

impl Watch for Unwatched {
    #[inline(always)]
    fn begin(&mut self, _may_be_enough: bool) {}

    #[inline(always)]
    fn plain(&mut self) {}

    #[inline(always)]
    fn enough(&mut self) {}

    #[inline(always)]
    fn refused(&mut self, _by_storage: impl FnOnce() -> bool) {}

    #[inline(always)]
    fn end(&mut self) {}

    #[inline(always)]
    fn hand_on(&mut self) -> Option<Box<Seen>> {
        None
    }
}

/// What was seen of a call, over all attempts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) spent: Spent,
    pub(crate) evidence: Evidence,
    /// Nothing before the first attempt, and when counting failed in one.
    pub(crate) counted: Option<Counted>,
    has_counted: bool,
}

/// Watches a call with attributes.
#[derive(Debug)]
pub(crate) struct Watched<'a> {
    needs: Needs,
    counters: &'a mut Counters,
    seen: &'a mut Seen,
    began: Option<(Spent, Option<Reading>)>,
}

/// What is read at the beginning of an attempt and at its end.
const READ: Needs = Needs::CPU.with(Needs::RESOURCES).with(Needs::WALL).with(Needs::COUNTERS);
/// What has a call watched.
pub(crate) const WATCHED: Needs = READ.with(Needs::CACHE);

impl<'a> Watched<'a> {
    /// Watches as far as needed, and adds to what was seen of the attempts before.
    pub(crate) fn new(
        needs: Needs,
        counters: &'a mut Counters,
        before: Option<&Seen>,
        seen: &'a mut Seen,
    ) -> Watched<'a> {
        if let Some(before) = before {
            *seen = *before;
        }
        Watched { needs, counters, seen, began: None }
    }

    #[cold]
    fn read_first(&mut self) {
        let counted = if self.needs.contains(Needs::COUNTERS) { self.counters.read() } else { None };
        let mut spent = Spent::default();
        if self.needs.intersects(Needs::RESOURCES.with(Needs::CACHE)) {
            read_resources(&mut spent);
        }
        if self.needs.contains(Needs::CPU) {
            spent.cpu_ns = cpu_ns();
        }
        if self.needs.contains(Needs::WALL) {
            spent.wall_ns = now_ns();
        }
        self.began = Some((spent, counted));
    }

    /// In the opposite order: time is off the processor only if it is for certain.
    #[cold]
    fn read_last(&mut self, began: &Spent, counted: Option<&Reading>) {
        let mut spent = Spent::default();
        if self.needs.contains(Needs::WALL) {
            spent.wall_ns = now_ns();
        }
        if self.needs.contains(Needs::CPU) {
            spent.cpu_ns = cpu_ns();
        }
        if self.needs.intersects(Needs::RESOURCES.with(Needs::CACHE)) {
            read_resources(&mut spent);
        }
        self.seen.spent = self.seen.spent.plus(&spent.since(began));
        if self.needs.contains(Needs::COUNTERS) {
            let counted = counted.and_then(|first| self.counters.since(first));
            self.seen.counted = match (self.seen.has_counted, self.seen.counted, counted) {
                (false, _, counted) => counted,
                (true, Some(before), Some(counted)) => Some(before.plus(&counted)),
                _ => None,
            };
            self.seen.has_counted = true;
        }
    }
}

impl Watch for Watched<'_> {
    #[inline]
    fn begin(&mut self, may_be_enough: bool) {
        if self.needs.intersects(READ) {
            self.read_first();
        }
        if !may_be_enough {
            self.plain();
        }
    }

    #[inline]
    fn plain(&mut self) {
        if self.needs.contains(Needs::CACHE) {
            self.seen.evidence = self.seen.evidence.with(Evidence::WATCHED);
            if self.began.is_none() {
                self.read_first();
            }
        }
    }

    #[inline]
    fn enough(&mut self) {
        self.seen.evidence = self.seen.evidence.with(Evidence::NONBLOCKING_SUCCEEDED);
    }

    #[inline]
    fn refused(&mut self, by_storage: impl FnOnce() -> bool) {
        if self.needs.contains(Needs::CACHE) {
            let evidence = self.seen.evidence.with(Evidence::NONBLOCKING_REFUSED);
            self.seen.evidence = evidence.with_if(Evidence::STORAGE, by_storage());
        }
    }

    #[inline]
    fn end(&mut self) {
        if let Some((spent, counted)) = self.began.take() {
            self.read_last(&spent, counted.as_ref());
        }
    }

    #[inline]
    fn hand_on(&mut self) -> Option<Box<Seen>> {
        Some(Box::new(*self.seen))
    }
}

/// The calling thread's time on the processor, in nanoseconds.
fn cpu_ns() -> u64 {
    let Ok(now) = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID) else { return 0 };
    now.tv_sec().cast_unsigned() * 1_000_000_000 + now.tv_nsec().cast_unsigned()
}

/// What getrusage knows of the calling thread.
fn read_resources(spent: &mut Spent) {
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
