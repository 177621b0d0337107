//! Calls of a program that run side by side: whoever has the program puts them where workers find them, makes those that
//! nobody has taken, and goes on when all are over.
#![allow(unsafe_code, reason = "makes the calls that `push` was asked for")]

use syslet_abi::Call;
use syslet_syscalls::row;

use crate::exec::Step;
use crate::exec::attempt::Way;
use crate::exec::claim::NEVER;
use crate::program::groups::{NONE, ParallelGroup};
use crate::program::one::{Ready, Team, Tools};
use crate::program::value::Value;
use crate::sys::sync::{Arc, AtomicU32, Ordering, lock};

impl ParallelGroup {
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
            let Step::Done((value, returned)) = (unsafe { tools.make(ready) }) else {
                unreachable!("the plain call is final")
            };
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
        team.programs.running.remove(place.name);
        lock(&place.came).get_or_insert((Value::error(libc::EOWNERDEAD), Vec::new()));
        self.finish(index, team);
    }

    /// The thread that had the program has died: what nobody has begun is not made, what is being made is stopped.
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

    /// Waits for all that are being made, in the place of a thread that died.
    pub(crate) fn outlast(&self, team: Option<Team<'_>>) {
        self.over.wait(|| team.iter().for_each(|team| team.host.will_sleep(team.activity)));
    }

    /// Stops all that are not over.
    fn stop(&self, team: Team<'_>) {
        for place in &self.places {
            let _found = team.host.stop(&place.member);
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
            team.host.will_sleep(team.activity);
        });
    }
}
