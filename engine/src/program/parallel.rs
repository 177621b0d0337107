//! Calls of a program that run side by side: whoever has the program puts them where workers find them, makes those that
//! nobody has taken, and goes on when all are over.
#![allow(unsafe_code, reason = "makes the calls that `push` was asked for")]

use syslet_abi::Call;
use syslet_syscalls::{RawArgs, row};

use crate::exec::attempt::Way;
use crate::exec::claim::NEVER;
use crate::notify::futex::OwnWord;
use crate::notify::latch::Latch;
use crate::program::member::{Member, Name};
use crate::program::one::{Ready, Team, Tools};
use crate::program::value::Value;
use crate::sys::sync::{Arc, AtomicU32, AtomicU64, Mutex, Ordering, lock};

/// The calls of one group.
#[derive(Debug)]
pub(crate) struct ParallelGroup {
    places: Box<[Place]>,
    /// The first that nobody has taken.
    next: AtomicU32,
    /// The one that who has the program makes just now, or [`NONE`].
    own: AtomicU32,
    /// Who has the program waits here.
    over: Latch<OwnWord>,
    succeeded: AtomicU64,
    /// So many successes are enough; all, if it is 0.
    enough: u64,
}

/// No call of a group.
const NONE: u32 = u32::MAX;

/// One call of a group.
#[derive(Debug)]
pub(crate) struct Place {
    member: Arc<Member>,
    /// The call with all numbers in it.
    words: Vec<u64>,
    /// Its arguments as the kernel gets them: addresses of what outlives the group.
    args: RawArgs,
    name: Name,
    out_len: usize,
    /// What it came to, and what its attributes returned.
    came: Mutex<Option<(Value, Vec<u8>)>>,
}

impl Place {
    /// A call to be made; or, with a value, one that is not.
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

    /// Whether they are of the program with this ticket.
    pub(crate) fn is_of(&self, program: u64) -> bool {
        self.places.iter().any(|place| place.name.program == program)
    }

    /// Takes a call that nobody has.
    pub(crate) fn take(&self) -> Option<usize> {
        // Relaxed: what the place holds was written before the group could be found.
        let taken = self.next.fetch_add(1, Ordering::Relaxed) as usize;
        (taken < self.places.len()).then_some(taken)
    }

    /// Whether there is one.
    pub(crate) fn has_more(&self) -> bool {
        (self.next.load(Ordering::Relaxed) as usize) < self.places.len()
    }

    /// Makes one call.
    ///
    /// # Safety
    /// As for [`syslet_syscalls::invoke`]; whoever has the program waits until all are over.
    pub(crate) unsafe fn make(&self, index: usize, tools: &mut Tools<'_>, team: Team<'_>) {
        let place = &self.places[index];
        if lock(&place.came).is_none() {
            let call = Call::sharing(bytemuck::cast_slice(&place.words), &[], place.out_len);
            let ready = Ready {
                call: &call,
                row: row(call.nr()),
                args: &place.args,
                way: Way::Plain(tools.by.run_by),
                cancel: &NEVER,
                name: place.name,
                member: Some(&place.member),
            };
            // SAFETY: the caller's promise, passed on.
            let (value, returned) =
                unsafe { tools.make(ready) }.unwrap_or_else(|_| unreachable!("the plain call is final"));
            *lock(&place.came) = Some((value, tools.returned(returned).to_vec()));
        }
        self.finish(index, team);
    }

    /// One more is over. The last one, and the one that makes it enough, end the wait of who has the program.
    fn finish(&self, index: usize, team: Team<'_>) {
        let is_success = lock(&self.places[index].came).as_ref().is_some_and(|(value, _)| !value.is_error());
        let succeeded =
            self.succeeded.fetch_add(is_success.into(), Ordering::Relaxed) + u64::from(is_success);
        if is_success && succeeded == self.enough {
            self.stop(team);
        }
        self.over.arrive();
    }

    /// The thread that made it has died.
    pub(crate) fn reap(&self, index: usize, team: Team<'_>) {
        let place = &self.places[index];
        place.member.reap();
        team.ring.running.remove(place.name);
        lock(&place.came).get_or_insert((Value::error(libc::EOWNERDEAD), Vec::new()));
        self.finish(index, team);
    }

    /// The thread that had the program has died: what nobody has begun is not made, what is being made is stopped.
    pub(crate) fn orphan(self: &Arc<Self>, team: Team<'_>) {
        team.ring.groups.remove(self);
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

    /// Waits for all that are being made, in the place of a thread that died.
    pub(crate) fn outlast(&self, team: Option<Team<'_>>) {
        self.over.wait(|| team.iter().for_each(|team| team.pool.brace(team.watch, true, true)));
    }

    /// Stops all that are not over.
    fn stop(&self, team: Team<'_>) {
        for place in &self.places {
            let _found = team.pool.stop_member(&place.member);
        }
    }

    /// Makes what nobody else takes, and waits for the rest.
    ///
    /// # Safety
    /// As for [`Together::make`].
    pub(crate) unsafe fn join(&self, tools: &mut Tools<'_>, team: Team<'_>, program: &AtomicU32) {
        while let Some(index) = self.take() {
            if program.load(Ordering::Relaxed) != 0 {
                self.stop(team);
            }
            self.own.store(u32::try_from(index).unwrap_or(NONE), Ordering::Relaxed);
            // SAFETY: the caller's promise, passed on.
            unsafe { self.make(index, tools, team) };
            self.own.store(NONE, Ordering::Relaxed);
        }
        let mut is_stopped = false;
        self.over.wait(|| {
            // A signal that ends the sleep says that the program is to stop.
            if !is_stopped && program.load(Ordering::Relaxed) != 0 {
                self.stop(team);
                is_stopped = true;
            }
            team.pool.brace(team.watch, true, true);
        });
    }

    /// How many have succeeded.
    pub(crate) fn succeeded(&self) -> u64 {
        self.succeeded.load(Ordering::Relaxed)
    }

    /// What each has come to, once all are over.
    pub(crate) fn came(&self, index: usize) -> (Value, Vec<u8>) {
        lock(&self.places[index].came).take().unwrap_or((Value::error(libc::EOWNERDEAD), Vec::new()))
    }
}
