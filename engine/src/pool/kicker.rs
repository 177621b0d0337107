//! Takes submitters out of inline calls that hold them: the monitor looks at each ring's call, and has the thread signalled when it was in
//! the same one for too long, or is wanted (`specs/kick.md`). Called by the monitor.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use syslet_syscalls::{Kick, Restart, Row, row};

use crate::cancel::kick;
use crate::nonblocking::query::{Kind, kind};
use crate::pool::Pool;
use crate::pool::ring_work::RingWork;
use crate::sys::activity::Glance;
use crate::sys::clock::now_ns;
use crate::sys::hold::{HeldCall, word};
use crate::sys::interrupt;

/// How long the same call is left alone after another thread wants its submitter.
const GRACE_NS: u64 = 30_000;
/// The time between two looks at the same call: at most so long, however long a stall is.
const LOOK_NS: u64 = 1_000_000;

/// The monitor's state for this.
#[derive(Debug, Default)]
pub(super) struct Kicker {
    /// Submitters that were in such a call at the last look.
    held: Vec<Held>,
    /// The sum of the calls seen so far: it changes when a submitter begins one.
    calls: u64,
}

/// A submitter in a call.
#[derive(Debug)]
struct Held {
    ring: Arc<RingWork>,
    glance: Glance,
    /// When the call was seen first.
    since_ns: u64,
    /// A kick was tried: there is no second one for the same call.
    was_tried: bool,
}

impl Kicker {
    /// Looks at all rings, and kicks. Says whether such calls were made since the last look.
    pub(super) fn look(&mut self, pool: &Pool) -> bool {
        if !pool.may_kick {
            return false;
        }
        let before = std::mem::take(&mut self.held);
        let (now_ns, mut calls) = (now_ns(), 0_u64);
        for ring in pool.rings.rings() {
            let glance = ring.hold.glance();
            calls = calls.wrapping_add(glance.word());
            if !glance.is_inside() {
                // All that is wanted is done between calls.
                ring.hold.take_wanted();
                continue;
            }
            let seen = before.iter().find(|held| Arc::ptr_eq(&held.ring, &ring) && held.glance == glance);
            let (since_ns, was_tried) = seen.map_or((now_ns, false), |seen| (seen.since_ns, seen.was_tried));
            let mut held = Held { ring, glance, since_ns, was_tried };
            held.kick_if_due(pool, now_ns);
            self.held.push(held);
        }
        let is_busy = calls != self.calls || !self.held.is_empty();
        self.calls = calls;
        is_busy
    }

    /// The monitor stops looking: whether a submitter has begun such a call meanwhile.
    pub(super) fn stop(&mut self, pool: &Pool) -> bool {
        self.held.clear();
        pool.watching.set(false);
        pool.rings.rings().iter().any(|ring| ring.hold.settle().is_inside())
    }

    /// The engine is closed: whether a submitter is in a call that no kick was tried for. If none is, the monitor may end: no submitter
    /// begins such a call any more.
    pub(super) fn is_about_to_kick(&self, pool: &Pool) -> bool {
        pool.watching.end();
        let is_untried = |ring: &Arc<RingWork>| {
            let glance = ring.hold.settle();
            let is_it = |held: &&Held| Arc::ptr_eq(&held.ring, ring) && held.glance == glance;
            glance.is_inside() && !self.held.iter().find(is_it).is_some_and(|held| held.was_tried)
        };
        let is_needed = pool.may_kick && pool.rings.rings().iter().any(is_untried);
        if is_needed {
            pool.monitor.watch_closely();
        }
        is_needed
    }

    /// The time until the next look.
    pub(super) fn until_look(&self, pool: &Pool) -> Duration {
        if !pool.may_kick {
            return Duration::MAX;
        }
        let now_ns = now_ns();
        let left = |held: &Held| held.due_ns(pool).saturating_sub(now_ns).max(GRACE_NS);
        let untried = self.held.iter().filter(|held| !held.was_tried);
        let look_ns = LOOK_NS.min(u64::try_from(pool.limits.stall.as_nanos()).unwrap_or(LOOK_NS));
        Duration::from_nanos(untried.map(left).fold(look_ns, u64::min))
    }
}

impl Held {
    /// When the call has held its submitter for long enough.
    fn due_ns(&self, pool: &Pool) -> u64 {
        let stall_ns = u64::try_from(pool.limits.stall.as_nanos()).unwrap_or(u64::MAX);
        let stalled_ns = self.since_ns.saturating_add(stall_ns);
        let is_wanted = self.ring.hold.is_wanted()
            || self.ring.is_woken()
            || self.ring.lane.is_asked()
            || pool.is_closed();
        let wanted_ns = if is_wanted { self.since_ns } else { self.ring.hold.ends_ns().max(self.since_ns) };
        stalled_ns.min(wanted_ns.saturating_add(GRACE_NS))
    }

    fn kick_if_due(&mut self, pool: &Pool, now_ns: u64) {
        if self.was_tried || now_ns < self.due_ns(pool) {
            return;
        }
        self.was_tried = true;
        self.ring.hold.take_wanted();
        let call = self.ring.hold.call();
        let Some(told) = row(call.nr).and_then(|row| told(row, call)) else { return };
        // The answers about the thread hold for as long as it is in this call; `Hold::kick` looks whether it still is.
        let may_go = is_open_to_kicks(call.tid)
            && (self.ring.lane.is_open() || pool.reference.sees_equal(self.ring.number));
        if may_go {
            // Counted before the submitter goes on: it waits for the signal to be sent (K6).
            self.ring.hold.kick(self.glance, told, || {
                let is_sent = kick::send(call.tid);
                pool.monitor.count_kicks(is_sent.into());
                is_sent
            });
        }
    }
}

/// The word for the invocation of the call; `None` when it is not kicked.
fn told(row: &Row, call: HeldCall) -> Option<u32> {
    let may_go = match row.kick {
        Kick::Again => true,
        Kick::OnPipes => is_pipe(call.first),
        Kick::Never(_) => false,
    };
    may_go.then_some(if row.restart == Restart::Again { word::INTERRUPTED } else { word::RESTARTED })
}

/// Whether the descriptor is a pipe's or a FIFO's. The monitor's table is the submitter's, or the two are not equal.
fn is_pipe(fd: u64) -> bool {
    kind(fd) == Kind::Pipe
}

/// Whether the signal reaches the thread at once and does nothing else: the thread does not block it, and no filter sees its calls made
/// again (KICK-4).
fn is_open_to_kicks(tid: u32) -> bool {
    let Some(signal) = interrupt::KICK.get() else { return false };
    let Ok(status) = std::fs::read_to_string(PathBuf::from(format!("/proc/self/task/{tid}/status"))) else {
        return false;
    };
    may_signal(&status, signal)
}

/// The same, of the thread's status file.
fn may_signal(status: &str, signal: i32) -> bool {
    let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let blocked = line("SigBlk:").and_then(|set| u64::from_str_radix(set, 16).ok());
    let is_taken = blocked.is_some_and(|set| set & 1 << (signal - 1) == 0);
    is_taken && line("Seccomp:").is_none_or(|mode| mode == "0")
}
