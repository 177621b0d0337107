//! Performs the actions that attributes ask for on the calling thread, which ends after its call.
//!
//! Every call is entered raw: the C library would change all threads of the process in the place of one, and it would
//! write its error number to storage that this thread has only borrowed.
#![allow(unsafe_code, reason = "calls that change one thread have no safe form")]

#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests;

use std::ffi::c_long;

use syslet_attrs::{Action, CpuMask, Credentials, Needs};
use syslet_syscalls::{Invoked, invoke};

use crate::sys::sync::AtomicU32;

/// Why an action was not performed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Failed {
    /// The kernel's error number. Nothing has changed.
    Refused(i32),
    /// Something has changed, and cannot be put back: no call may be made here any more.
    Halfway,
    /// The call is to stop: its cancel word keeps it from beginning, however much has changed.
    Stopped,
}

/// The calling thread, as the actions change it.
#[derive(Clone, Copy, Debug)]
struct Actor<'a> {
    /// The word of the call that the thread is for. A change of the thread stops with that call.
    cancel: &'a AtomicU32,
}

/// Changes the calling thread; gives the value in force then, where the kernel tells it.
/// `needs` are those that the call's thread was made for: an action that would change the process is refused. `cancel` is the cancel word
/// of that call.
pub(crate) fn perform(action: &Action, needs: Needs, cancel: &AtomicU32) -> Result<u64, Failed> {
    if !needs.contains(action.needs()) {
        return Err(Failed::Refused(libc::EINVAL));
    }
    Actor { cancel }.perform(action)
}

/// The calling thread, where a call wants a number of one.
const OWN: u64 = 0;
const PRIO_PROCESS: u64 = libc::PRIO_PROCESS as u64;
const IOPRIO_WHO_PROCESS: u64 = 1;
const PR_SET_TIMERSLACK: u64 = libc::PR_SET_TIMERSLACK as u64;
const PR_GET_TIMERSLACK: u64 = libc::PR_GET_TIMERSLACK as u64;
/// No id: setfsuid and setfsgid then only tell the one in force.
const NO_ID: u32 = u32::MAX;

fn sign_extended(number: i32) -> u64 {
    i64::from(number).cast_unsigned()
}

fn address<T>(words: &[T]) -> u64 {
    words.as_ptr().expose_provenance() as u64
}

impl Actor<'_> {
    fn perform(self, action: &Action) -> Result<u64, Failed> {
        match action {
            Action::SetAffinity(mask) => self.set_affinity(mask),
            Action::SetScheduling(scheduling) => {
                let parameters = [scheduling.priority];
                self.ask(
                    libc::SYS_sched_setscheduler,
                    [OWN, scheduling.policy.0.into(), address(&parameters), 0],
                )?;
                self.ask(libc::SYS_sched_getscheduler, [OWN, 0, 0, 0])
            }
            Action::SetNice(nice) => {
                self.ask(libc::SYS_setpriority, [PRIO_PROCESS, OWN, sign_extended(*nice), 0])?;
                // The kernel answers with 20 less the value, which is never negative.
                let weight = self.ask(libc::SYS_getpriority, [PRIO_PROCESS, OWN, 0, 0])?;
                Ok((20 - weight.cast_signed()).cast_unsigned())
            }
            Action::SetIoPriority(priority) => {
                self.ask(libc::SYS_ioprio_set, [IOPRIO_WHO_PROCESS, OWN, priority.word().into(), 0])?;
                self.ask(libc::SYS_ioprio_get, [IOPRIO_WHO_PROCESS, OWN, 0, 0])
            }
            Action::SetTimerSlack(ns) => {
                self.ask(libc::SYS_prctl, [PR_SET_TIMERSLACK, *ns, 0, 0])?;
                self.ask(libc::SYS_prctl, [PR_GET_TIMERSLACK, 0, 0, 0])
            }
            Action::SetUmask(mask) => self.ask(libc::SYS_umask, [(*mask).into(), 0, 0, 0]),
            Action::ChangeDirectory(fd) => self.ask(libc::SYS_fchdir, [sign_extended(*fd), 0, 0, 0]),
            Action::SetCredentials(credentials) => self.set_credentials(credentials),
        }
    }

    /// Makes a call whose addresses, if it has any, are those of values that outlive it; again, if a signal has interrupted
    /// it and the thread's call is not to stop.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "call numbers are small")]
    fn ask(self, nr: c_long, [a, b, c, d]: [u64; 4]) -> Result<u64, Failed> {
        const INTERRUPTED: i64 = -(libc::EINTR as i64);
        loop {
            // SAFETY: the calls of this file read or write nothing but the values that their callers hold for them, and
            // change nothing but the calling thread, which is used for nothing else.
            match unsafe { invoke(self.cancel, nr as u32, &[a, b, c, d, 0, 0].into()) } {
                Invoked::Result(result @ 0..) => return Ok(result.cast_unsigned()),
                Invoked::Result(INTERRUPTED) => {}
                Invoked::Result(error) => return Err(Failed::Refused(-error as i32)),
                Invoked::NeverBegan => return Err(Failed::Stopped),
            }
        }
    }

    /// Gives how many CPUs the thread may run on then.
    fn set_affinity(self, CpuMask(mask): &CpuMask) -> Result<u64, Failed> {
        let bytes = size_of_val(mask) as u64;
        self.ask(libc::SYS_sched_setaffinity, [OWN, bytes, address(mask), 0])?;
        let mut in_force = CpuMask::default().0;
        let place = in_force.as_mut_ptr().expose_provenance() as u64;
        self.ask(libc::SYS_sched_getaffinity, [OWN, bytes, place, 0])?;
        Ok(std::hint::black_box(in_force).iter().map(|word| u64::from(word.count_ones())).sum())
    }

    /// Changes ids one after the other. The groups come last, because they alone could not be put back.
    fn set_credentials(self, credentials: &Credentials) -> Result<u64, Failed> {
        let (user, group) = (libc::SYS_setfsuid, libc::SYS_setfsgid);
        let old_user = credentials.fsuid.map(|id| self.set_id(user, id)).transpose()?;
        let old_group = match credentials.fsgid.map(|id| self.set_id(group, id)).transpose() {
            Ok(old_group) => old_group,
            Err(failed) => return Err(self.put_back(failed, &[(user, old_user)])),
        };
        match credentials.groups.as_deref().map(|groups| self.set_groups(groups)).transpose() {
            Ok(_) => Ok(0),
            Err(failed) => Err(self.put_back(failed, &[(group, old_group), (user, old_user)])),
        }
    }

    /// Sets one of the ids for files; gives the one before. The kernel does not say whether it has: it is asked again.
    fn set_id(self, nr: c_long, id: u32) -> Result<u32, Failed> {
        let before = self.ask_id(nr, id)?;
        if self.ask_id(nr, NO_ID)? == id { Ok(before) } else { Err(Failed::Refused(libc::EPERM)) }
    }

    /// Tells the id in force, and sets another.
    #[allow(clippy::cast_possible_truncation, reason = "the kernel gives 32 bits")]
    fn ask_id(self, nr: c_long, id: u32) -> Result<u32, Failed> {
        self.ask(nr, [id.into(), 0, 0, 0]).map(|before| before as u32)
    }

    /// Puts ids back that were in force, and says whether the thread is whole then.
    fn put_back(self, failed: Failed, before: &[(c_long, Option<u32>)]) -> Failed {
        if failed == Failed::Stopped {
            return failed;
        }
        let mut changed = before.iter().filter_map(|&(nr, id)| Some((nr, id?)));
        let is_whole = changed.all(|(nr, id)| self.set_id(nr, id).is_ok());
        if is_whole { failed } else { Failed::Halfway }
    }

    fn set_groups(self, groups: &[u32]) -> Result<u64, Failed> {
        self.ask(libc::SYS_setgroups, [groups.len() as u64, address(groups), 0, 0])
    }
}
