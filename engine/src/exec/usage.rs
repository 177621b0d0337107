//! Measures the cost of a call to the thread that makes it, as far as the call's attributes need it: its times, its resources, and
//! performance counters, which are opened when a call first asks for them. Every attempt at a call is looked at through [`Watch`].
#![allow(unsafe_code, reason = "perf_event_open and its ioctl have no safe form")]

use std::fs::File;
use std::io::Read;
use std::mem::ManuallyDrop;
use std::os::fd::{FromRawFd, RawFd};
use std::sync::OnceLock;

use syslet_attrs::{Counted, Evidence, Needs, Spent};

use crate::exec::thread_clock::{Kernel, Readings, ThreadClock};
use crate::sys::thread::own_tid;

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
    /// The cost so far, for the thread that goes on.
    fn hand_on(&mut self) -> Option<Box<Seen>>;
}

/// Calls without attributes are not looked at.
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

/// The cost of a call, over all attempts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) spent: Spent,
    pub(crate) evidence: Evidence,
    /// `None` before the first attempt, and when counting failed in one.
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

/// The needs that are read at the beginning of an attempt and at its end.
const READ: Needs = Needs::CPU.with(Needs::RESOURCES).with(Needs::WALL).with(Needs::COUNTERS);
/// The needs that are read together: the counts tell whether the thread's own clock has gone on as the other does.
const TIMES: Needs = Needs::CPU.with(Needs::RESOURCES);
/// The needs for which a call is watched.
pub(crate) const WATCHED: Needs = READ.with(Needs::CACHE);

impl<'a> Watched<'a> {
    /// Watches as far as needed, and adds to the cost of the attempts before.
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
        let spent = if self.needs.contains(TIMES) {
            self.counters.clock.first(&mut Kernel)
        } else {
            let mut spent = Spent::default();
            if self.needs.intersects(Needs::RESOURCES.with(Needs::CACHE)) {
                Kernel.counts(&mut spent);
            }
            if self.needs.contains(Needs::CPU) {
                spent.cpu_ns = Kernel.account_ns();
            }
            if self.needs.contains(Needs::WALL) {
                spent.wall_ns = Kernel.now_ns();
            }
            spent
        };
        self.began = Some((spent, counted));
    }

    /// In the opposite order: time is off the processor only if it is for certain.
    #[cold]
    fn read_last(&mut self, began: &Spent, counted: Option<&Reading>) {
        let spent = if self.needs.contains(TIMES) {
            self.counters.clock.last(&mut Kernel, began)
        } else {
            let mut spent = Spent::default();
            if self.needs.contains(Needs::WALL) {
                spent.wall_ns = Kernel.now_ns();
            }
            if self.needs.contains(Needs::CPU) {
                spent.cpu_ns = Kernel.account_ns();
            }
            if self.needs.intersects(Needs::RESOURCES.with(Needs::CACHE)) {
                Kernel.counts(&mut spent);
            }
            spent
        };
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

/// One kind of counter.
#[derive(Clone, Copy, Debug)]
struct Kind {
    /// PERF_TYPE_HARDWARE or PERF_TYPE_SOFTWARE.
    ty: u32,
    config: u64,
    /// Whether it means something while the kernel is not watched.
    counts_in_user_mode: bool,
    /// Whether that makes a difference.
    differs: bool,
}

const HARDWARE: u32 = 0;
const SOFTWARE: u32 = 1;

/// In the order of the bits of [`Counted`].
const KINDS: [Kind; Counted::COUNTERS] = [
    Kind { ty: SOFTWARE, config: 1, counts_in_user_mode: true, differs: false },
    Kind { ty: SOFTWARE, config: 3, counts_in_user_mode: false, differs: true },
    Kind { ty: HARDWARE, config: 1, counts_in_user_mode: true, differs: true },
    Kind { ty: HARDWARE, config: 0, counts_in_user_mode: true, differs: true },
];

/// The counters of one thread.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// The thread they count; zero when none are open.
    tid: i32,
    user_only: u32,
    events: [Option<Event>; Counted::COUNTERS],
    /// The processor time of the thread that makes the calls.
    clock: ThreadClock,
}

/// The counters at one instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading([Option<Sample>; Counted::COUNTERS]);

/// One counter: its count, how long it was enabled, how long it counted, its id.
type Sample = [u64; 4];

impl Counters {
    /// The calling thread's counters, opened if they are not; nothing when none may be.
    pub(crate) fn read(&mut self) -> Option<Reading> {
        let tid = own_tid();
        if self.tid != tid || self.events.iter().flatten().any(|event| !event.is_ours()) {
            *self = Counters { clock: self.clock, ..Counters::open(tid) };
        }
        self.sample()
    }

    /// The counts since then. Counters that did not count all the time are not valid; when none did they count a
    /// thread that is gone, and are closed.
    pub(crate) fn since(&mut self, first: &Reading) -> Option<Counted> {
        let last = self.sample()?;
        let mut counted = Counted { valid: 0, user_only: 0, counts: [0; Counted::COUNTERS] };
        for (at, (first, last)) in first.0.iter().zip(&last.0).enumerate() {
            let (Some(first), Some(last)) = (first, last) else { continue };
            let (enabled, running) = (last[1].wrapping_sub(first[1]), last[2].wrapping_sub(first[2]));
            if enabled > 0 && enabled == running {
                counted.valid |= 1 << at;
                counted.counts[at] = last[0].wrapping_sub(first[0]);
            }
        }
        counted.user_only = self.user_only & counted.valid;
        if counted.valid == 0 {
            *self = Counters { clock: self.clock, ..Counters::default() };
        }
        Some(counted)
    }

    fn open(tid: i32) -> Counters {
        let mut counters = Counters { tid, ..Counters::default() };
        for (at, kind) in KINDS.iter().enumerate() {
            let in_user_mode = || kind.counts_in_user_mode.then(|| Event::open(kind, true)).flatten();
            let (event, is_user_only) = match Event::open(kind, false) {
                Some(event) => (Some(event), false),
                None => (in_user_mode(), kind.differs),
            };
            counters.user_only |= u32::from(event.is_some() && is_user_only) << at;
            counters.events[at] = event;
        }
        counters
    }

    fn sample(&mut self) -> Option<Reading> {
        let samples = std::array::from_fn(|at| self.events[at].as_ref().and_then(Event::sample));
        samples.iter().any(Option::is_some).then_some(Reading(samples))
    }
}

/// Whether this process may count anything. A seccomp filter may kill a process that asks, so behind a filter the engine does not.
pub(crate) fn may_count() -> bool {
    static ANYTHING: OnceLock<bool> = OnceLock::new();
    *ANYTHING.get_or_init(|| !is_filtered() && Counters::open(own_tid()).sample().is_some())
}

fn is_filtered() -> bool {
    // SAFETY: prctl with this command touches no memory.
    unsafe { libc::prctl(libc::PR_GET_SECCOMP) != 0 }
}

/// One counter.
#[derive(Debug)]
struct Event {
    /// INVARIANT: the descriptor that perf_event_open gave; if the application has closed it, `is_ours` is false.
    fd: RawFd,
    id: u64,
}

/// The first version of `struct perf_event_attr`, in words.
const ATTR_WORDS: usize = 8;
/// With each count: time enabled, time running, id.
const READ_FORMAT: u64 = 1 | 2 | 4;
const EXCLUDE_KERNEL: u64 = 1 << 5;
const EXCLUDE_HYPERVISOR: u64 = 1 << 6;
const FLAG_CLOEXEC: u64 = 8;
/// PERF_EVENT_IOC_ID.
const GET_ID: u64 = 0x8008_2407;

impl Event {
    /// A counter of the calling thread, on every processor.
    fn open(kind: &Kind, user_only: bool) -> Option<Event> {
        let mut attr = [0_u64; ATTR_WORDS];
        attr[0] = u64::from(kind.ty) | (8 * ATTR_WORDS as u64) << 32;
        attr[1] = kind.config;
        attr[4] = READ_FORMAT;
        attr[5] = if user_only { EXCLUDE_KERNEL | EXCLUDE_HYPERVISOR } else { 0 };
        let (this_thread, any_processor, no_group) = (0, -1, -1);
        // SAFETY: the attributes outlive the call, which reads as many words as they say.
        let fd = unsafe {
            libc::syscall(
                libc::SYS_perf_event_open,
                attr.as_ptr(),
                this_thread,
                any_processor,
                no_group,
                FLAG_CLOEXEC,
            )
        };
        let fd = RawFd::try_from(fd).ok().filter(|fd| *fd >= 0)?;
        match id_of(fd) {
            Some(id) => Some(Event { fd, id }),
            None => {
                close(fd);
                None
            }
        }
    }

    /// Whether the number still stands for this counter: the application may have closed it, and got it again.
    fn is_ours(&self) -> bool {
        id_of(self.fd) == Some(self.id)
    }

    fn sample(&self) -> Option<Sample> {
        // SAFETY: the descriptor is open, by the invariant; it is not closed here.
        let mut file = ManuallyDrop::new(unsafe { File::from_raw_fd(self.fd) });
        let mut bytes = [0; size_of::<Sample>()];
        file.read_exact(&mut bytes).ok()?;
        let sample: Sample = bytemuck::cast(bytes);
        (sample[3] == self.id).then_some(sample)
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        if self.is_ours() {
            close(self.fd);
        }
    }
}

fn close(fd: RawFd) {
    // SAFETY: it has just been found to be a counter of ours.
    drop(unsafe { File::from_raw_fd(fd) });
}

/// The id of the counter behind this descriptor; nothing when it is no counter.
fn id_of(fd: RawFd) -> Option<u64> {
    let mut id = 0_u64;
    // SAFETY: the command writes one word; a file that is no counter refuses it.
    let result = unsafe { libc::ioctl(fd, GET_ID, &raw mut id) };
    (result == 0).then_some(id)
}
