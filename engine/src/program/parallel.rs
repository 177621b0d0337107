//! Calls of a program that run side by side: the group, the list in which workers find its calls, and the pool as programs ask it. The
//! thread that has the program and the workers that make calls of the group call it; the pool implements [`Host`].

use std::collections::VecDeque;
use std::fmt::Debug;

use syslet_syscalls::RawArgs;

use crate::notify::futex::OwnWord;
use crate::notify::latch::Latch;
use crate::program::interpreter::Value;
use crate::program::member::{Leaving, Member, Name, Running};
use crate::slots::maker::Maker;
use crate::slots::phase::Stop;
use crate::sys::activity::Activity;
use crate::sys::sync::{Arc, AtomicU32, AtomicU64, Mutex, Ordering, lock};

/// The pool, as programs ask it.
pub(crate) trait Host: Debug {
    /// A group of the ring has calls that other workers may take.
    fn share(&self);

    /// The thread is about to sleep until other threads have made their calls: another worker may take its place.
    fn will_sleep(&self, activity: &Activity);

    /// Stops one call of a program now, and sees to it that it stops.
    fn stop(&self, member: &Arc<Member>) -> Stop;

    /// Stops one call of a program at that time, in nanoseconds of CLOCK_MONOTONIC.
    fn stop_at(&self, at_ns: u64, member: &Arc<Member>);

    /// Whether ways out of programs are to end soon.
    fn is_in_haste(&self) -> bool;
}

/// Calls of one ring's programs.
#[derive(Debug, Default)]
pub(crate) struct RingPrograms {
    /// Calls that run side by side.
    pub(crate) groups: Groups,
    /// Calls that can be stopped alone.
    pub(crate) running: Running,
    /// Calls on the way out of their program.
    pub(crate) leaving: Leaving,
}

/// The pool behind the thread that makes the calls of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Team<'a> {
    pub(crate) host: &'a dyn Host,
    /// Calls of the ring's programs, where other threads find them.
    pub(crate) programs: &'a RingPrograms,
    /// The thread, as the monitor sees it.
    pub(crate) activity: &'a Activity,
    /// How a signal gets to the thread.
    pub(crate) maker: Maker,
    /// Whether other workers may make calls of its programs.
    pub(crate) may_share: bool,
}

/// The calls of one group.
#[derive(Debug)]
pub(crate) struct ParallelGroup {
    pub(super) places: Box<[Place]>,
    /// The first call that is not taken.
    next: AtomicU32,
    /// The call that the thread with the program is making, or [`NONE`].
    pub(super) own: AtomicU32,
    /// The thread with the program waits here.
    pub(super) over: Latch<OwnWord>,
    pub(super) succeeded: AtomicU64,
    /// So many successes are enough (SYSLET-26); 0 if all calls are to be made.
    pub(super) enough: u64,
}

/// No call of a group.
pub(super) const NONE: u32 = u32::MAX;

/// One call of a group.
#[derive(Debug)]
pub(crate) struct Place {
    pub(super) member: Arc<Member>,
    /// The call with all numbers in it.
    pub(super) words: Vec<u64>,
    /// Its arguments as the kernel gets them: addresses of memory that outlives the group.
    pub(super) args: RawArgs,
    pub(super) name: Name,
    pub(super) out_len: usize,
    /// Its value and the returns of its attributes, once it is over.
    pub(super) came: Mutex<Option<(Value, Vec<u8>)>>,
}

impl Place {
    /// A call to be made; with a value, a call that is over without being made.
    pub(crate) fn new(
        words: Vec<u64>,
        args: RawArgs,
        (name, out_len): (Name, usize),
        value: Option<Value>,
    ) -> Place {
        let came = Mutex::new(value.map(|value| (value, Vec::new())));
        Place { member: Arc::new(Member::new()), words, args, name, out_len, came }
    }
}

impl ParallelGroup {
    pub(crate) fn new(places: Vec<Place>, enough: u64) -> ParallelGroup {
        ParallelGroup {
            over: Latch::new(OwnWord::default(), u32::try_from(places.len()).unwrap_or(u32::MAX)),
            places: places.into(),
            next: AtomicU32::new(0),
            own: AtomicU32::new(NONE),
            succeeded: AtomicU64::new(0),
            enough,
        }
    }

    /// How many calls it has.
    pub(crate) fn calls(&self) -> u64 {
        self.places.len() as u64
    }

    /// Whether the group is of the program with this ticket.
    pub(crate) fn is_of(&self, program: u64) -> bool {
        self.places.iter().any(|place| place.name.program == program)
    }

    /// Takes a call that no thread has.
    pub(crate) fn take(&self) -> Option<usize> {
        // Relaxed: only the number is shared. The places were written before the group was added to the list, whose lock the
        // taking thread has had since.
        let taken = self.next.fetch_add(1, Ordering::Relaxed) as usize;
        (taken < self.places.len()).then_some(taken)
    }

    /// Whether there is such a call; a hint.
    pub(crate) fn has_more(&self) -> bool {
        (self.next.load(Ordering::Relaxed) as usize) < self.places.len()
    }

    /// How many have succeeded.
    pub(crate) fn succeeded(&self) -> u64 {
        self.succeeded.load(Ordering::Relaxed)
    }

    /// Value and returns of one call, once all are over (SYSLET-33).
    pub(crate) fn came(&self, index: usize) -> (Value, Vec<u8>) {
        lock(&self.places[index].came).take().unwrap_or((Value::error(libc::EOWNERDEAD), Vec::new()))
    }

    /// One more call is over. The success that makes it enough stops the others (SYSLET-26), and the last call ends the wait of the
    /// thread that has the program.
    pub(crate) fn finish(&self, index: usize, team: Team<'_>) {
        let is_success = lock(&self.places[index].came).as_ref().is_some_and(|(value, _)| !value.is_error());
        // Relaxed: the adds of one word have one order, so one thread finds the number enough. The thread with the program reads the
        // word behind G3, which pairs with G1 in `arrive` below.
        let succeeded =
            self.succeeded.fetch_add(is_success.into(), Ordering::Relaxed) + u64::from(is_success);
        if is_success && succeeded == self.enough {
            self.stop(team);
        }
        self.over.arrive();
    }

    /// The thread that made the call has died: the call is over with EOWNERDEAD.
    pub(crate) fn reap(&self, index: usize, team: Team<'_>) {
        let place = &self.places[index];
        place.member.reap();
        team.programs.running.remove(place.name);
        lock(&place.came).get_or_insert((Value::error(libc::EOWNERDEAD), Vec::new()));
        self.finish(index, team);
    }

    /// The thread that had the program has died: calls that have not begun are not made, the others are stopped (SYSLET-37).
    pub(crate) fn orphan(self: &Arc<Self>, team: Team<'_>) {
        team.programs.groups.remove(self);
        while let Some(index) = self.take() {
            *lock(&self.places[index].came) = Some((Value::cancelled(), Vec::new()));
            self.finish(index, team);
        }
        let own = self.own.load(Ordering::Relaxed);
        if own != NONE {
            self.reap(own as usize, team);
        }
        self.stop(team);
    }

    /// Waits for all calls that are being made, in the place of the thread that died (SYSLET-37).
    pub(crate) fn outlast(&self, team: Option<Team<'_>>) {
        self.over.wait(|| team.iter().for_each(|team| team.host.will_sleep(team.activity)));
    }

    /// Stops all that are not over.
    pub(crate) fn stop(&self, team: Team<'_>) {
        for place in &self.places {
            let _found = team.host.stop(&place.member);
        }
    }
}

/// The groups of one ring.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    /// The length of `queue`, read without its lock.
    count: AtomicU32,
    /// Calls of groups that are not over, beyond the programs they are of.
    calls: AtomicU64,
    /// Groups with calls that are not taken.
    queue: Mutex<VecDeque<Arc<ParallelGroup>>>,
    /// All groups that are not over.
    begun: Mutex<Vec<Arc<ParallelGroup>>>,
}

impl Groups {
    /// The group that the program with this ticket is in.
    pub(crate) fn of(&self, program: u64) -> Option<Arc<ParallelGroup>> {
        let begun = lock(&self.begun);
        let found = begun.iter().find(|group| group.is_of(program));
        found.map(Arc::clone)
    }

    pub(crate) fn add(&self, group: &Arc<ParallelGroup>) {
        self.calls.fetch_add(group.calls(), Ordering::Relaxed);
        lock(&self.begun).push(Arc::clone(group));
        let mut queue = lock(&self.queue);
        queue.push_back(Arc::clone(group));
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// All calls of the group are over.
    pub(crate) fn remove(&self, group: &Arc<ParallelGroup>) {
        self.calls.fetch_sub(group.calls(), Ordering::Relaxed);
        lock(&self.begun).retain(|other| !Arc::ptr_eq(other, group));
        let mut queue = lock(&self.queue);
        if let Some(at) = queue.iter().position(|other| Arc::ptr_eq(other, group)) {
            queue.remove(at);
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Whether no call of a group waits to be taken; a hint: the list itself is read under its lock, and [`Host::share`] has workers
    /// look again once a group was added.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    /// Calls that are not over.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Takes a call that no thread has, and says whether there are more.
    pub(crate) fn take(&self) -> Option<(Arc<ParallelGroup>, usize, bool)> {
        if self.is_empty() {
            return None;
        }
        let mut queue = lock(&self.queue);
        while let Some(group) = queue.front() {
            if let Some(index) = group.take() {
                let group = Arc::clone(group);
                let has_more = group.has_more() || queue.len() > 1;
                return Some((group, index, has_more));
            }
            queue.pop_front();
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
        None
    }
}

#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests;
