//! One call of a program, all its numbers known: made, watched as far as its attributes ask, stopped when its own time is up; and the
//! calls of a group, made like this by several threads. The calls of a program ([`program_calls`](super::program_calls)) end here.
#![allow(unsafe_code, reason = "makes the calls that `push` was asked for")]

use syslet_abi::{AtomFlags, AttributeId, Call, DONE_BYTES_MIN, DoneFlags, DoneWriter, RawResult};
use syslet_attrs::{DeadlineAsked, Needs, RunBy};
use syslet_syscalls::{Class, RawArgs, Row, row};

use crate::exec::attempt::{Way, enter};
use crate::exec::attributes::{Asked, AttributeContext, Sight};
use crate::exec::checksum::{Moved, asked_bytes};
use crate::exec::claim::{NEVER, reason};
use crate::exec::outcome::Outcome;
use crate::exec::usage::{Counters, Unwatched, Watched};
use crate::exec::{Progress, Step};
use crate::nonblocking::Abilities;
use crate::program::interpreter::Value;
use crate::program::member::{Member, Name};
use crate::program::parallel::{NONE, ParallelGroup, Team};
use crate::program::validate::Wanted;
use crate::slots::maker::Maker;
use crate::sys::clock::now_ns;
use crate::sys::hold::Hold;
use crate::sys::sync::{Arc, AtomicU32, Ordering, lock};

/// The means by which a thread makes one call.
#[derive(Debug)]
pub(crate) struct Tools<'a> {
    pub(crate) context: &'a AttributeContext,
    pub(crate) counters: &'a mut Counters,
    /// Where returns of attributes are written.
    pub(crate) returns: &'a mut Vec<u64>,
    pub(crate) by: By,
    /// Where a submitter shows a call that may be taken from it.
    pub(crate) hold: Option<&'a Hold>,
    pub(crate) team: Option<Team<'a>>,
}

/// Which kind of thread makes the calls, and under which limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct By {
    /// A worker.
    pub(crate) is_pooled: bool,
    pub(crate) run_by: RunBy,
    /// If set, no call that could block may be made but by a non-blocking attempt.
    pub(crate) abilities: Option<Abilities>,
    /// On the way out no call is stopped, but by a close in haste.
    pub(crate) is_leaving: bool,
}

/// A call about to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready<'a> {
    pub(crate) call: &'a Call<'a>,
    pub(crate) row: Option<&'static Row>,
    pub(crate) args: &'a RawArgs,
    pub(crate) way: Way<'a>,
    /// The word that keeps it from beginning.
    pub(crate) cancel: &'a AtomicU32,
    /// The name by which it is found.
    pub(crate) name: Name,
    /// The member as which it is stopped, if it is one of a group.
    pub(crate) member: Option<&'a Arc<Member>>,
}

impl Tools<'_> {
    /// Makes one call. Suspended when another thread has to go on.
    ///
    /// # Safety
    /// As for [`syslet_syscalls::invoke`].
    #[inline(always)]
    pub(crate) unsafe fn make(&mut self, ready: Ready<'_>) -> Step<(Value, usize)> {
        let flags = AtomFlags(ready.call.flags().0);
        let is_own = ready.member.is_some()
            || flags.contains(AtomFlags::STOPPABLE)
            || self.is_hurried(ready.row, ready.args);
        if ready.call.attribute_count() > 0 || is_own {
            // SAFETY: the caller promises that the kernel may make this call with these arguments.
            return unsafe { self.make_asked(ready) };
        }
        let Ready { call, args, way, cancel, .. } = ready;
        // SAFETY: the caller promises that the kernel may make this call with these arguments.
        let entered =
            unsafe { enter(&way, call, cancel, args, Needs::NONE, self.by.is_pooled, &mut Unwatched) };
        match entered {
            Step::Done(outcome) => Step::Done((Value::of(&outcome), 0)),
            Step::Suspended(progress) => Step::Suspended(progress),
        }
    }

    /// The same for a call with attributes, or one that can be stopped alone.
    ///
    /// # Safety
    /// As for [`Tools::make`].
    #[inline(never)]
    unsafe fn make_asked(&mut self, ready: Ready<'_>) -> Step<(Value, usize)> {
        let Ready { call, row, args, way, .. } = ready;
        let wanted = Wanted::of(call, self.context);
        let needs = wanted.needs;
        let queued_ns = if needs.contains(Needs::CLOCK) { now_ns() } else { 0 };
        let mut asked = Asked::of(call, wanted.answers, queued_ns, self.context);
        let mut sight = Sight::default();
        let traced = self.context.traced(call, needs);
        if asked.required_refusal().is_none() {
            asked.look_before();
        }
        let outcome = if let Some(errno) = asked.required_refusal() {
            Outcome::not_run(errno)
        } else {
            let is_leaving = self.by.is_leaving;
            let is_own = ready.member.is_some()
                || if is_leaving { self.is_hurried(row, args) } else { is_own(call, needs) };
            let is_away = matches!(way, Way::Attempt(..) | Way::Held(_) | Way::Plain(RunBy::INLINE))
                && self.by.abilities.is_some();
            if is_away && (!wanted.may_run_inline || is_own) {
                return Step::Suspended(Progress::default());
            }
            let none = Progress::default();
            let way =
                if needs.contains(Needs::RETRY) && way.seen().is_none() { Way::Rest(&none) } else { way };
            if let Some((trace, id)) = traced.filter(|_| !way.is_traced()) {
                trace.begin(id, call.nr(), self.by.is_pooled);
            }
            let mut watch = Watched::new(needs, self.counters, way.seen(), &mut sight.seen);
            let is_pooled = self.by.is_pooled;
            let mut make = |cancel: &AtomicU32| {
                // SAFETY: the caller promises that the kernel may make this call with these arguments.
                unsafe { enter(&way, call, cancel, args, needs, is_pooled, &mut watch) }
            };
            let entered = match self.team.filter(|_| is_own && is_pooled) {
                Some(team) if is_leaving => on_the_way_out(team, &ready, make),
                Some(team) => stoppable(team, &ready, queued_ns, make),
                None => make(ready.cancel),
            };
            match entered {
                Step::Done(outcome) => outcome,
                Step::Suspended(progress) => {
                    return Step::Suspended(Progress { is_traced: traced.is_some(), ..progress });
                }
            }
        };
        if let Some((trace, id)) = traced {
            trace.end(id, outcome.result, self.by.is_pooled);
        }
        if needs.contains(Needs::RETRY) {
            asked.note(AttributeId::RETRY, outcome.retry.token());
        }
        if let Some(moved) = row.filter(|_| needs.contains(Needs::BYTES)).and_then(Moved::of) {
            // SAFETY: the arguments are those of the call, and its submitter answers for the memory that they name.
            sight.transferred = unsafe { moved.checksum(call, args, outcome.result) };
        }
        self.returns.resize((DONE_BYTES_MIN + wanted.bytes) / 8, 0);
        let mut writer = DoneWriter::new(bytemuck::cast_slice_mut(self.returns));
        asked.look_after((&outcome, &sight), &mut writer);
        let bytes = writer.finish(0, RawResult(0), outcome.flags) - DONE_BYTES_MIN;
        Step::Done((Value::of(&outcome), bytes))
    }

    /// Makes one call of a group.
    ///
    /// # Safety
    /// As for [`syslet_syscalls::invoke`]; the thread that has the program waits until all calls of the group are over.
    pub(crate) unsafe fn make_member(&mut self, group: &ParallelGroup, index: usize, team: Team<'_>) {
        let place = &group.places[index];
        if lock(&place.came).is_none() {
            let call = Call::sharing(bytemuck::cast_slice(&place.words), &[], place.out_len);
            let ready = Ready {
                call: &call,
                row: row(call.nr()),
                args: &place.args,
                way: Way::Plain(self.by.run_by),
                cancel: &NEVER,
                name: place.name,
                member: Some(&place.member),
            };
            // SAFETY: the caller promises that the kernel may make the calls of the group, and that their memory stays
            // until all are over.
            let Step::Done((value, returned)) = (unsafe { self.make(ready) }) else {
                unreachable!("the plain call is final")
            };
            *lock(&place.came) = Some((value, self.returned(returned).to_vec()));
        }
        group.finish(index, team);
    }

    /// Makes the calls of a group that no worker takes, and waits for the others.
    ///
    /// # Safety
    /// As for [`Tools::make_member`]: the calling thread has the program, and waits here.
    pub(crate) unsafe fn join(&mut self, group: &ParallelGroup, team: Team<'_>, program: &AtomicU32) {
        while let Some(index) = group.take() {
            if program.load(Ordering::Relaxed) != 0 {
                group.stop(team);
            }
            group.own.store(u32::try_from(index).unwrap_or(NONE), Ordering::Relaxed);
            // SAFETY: the same promise.
            unsafe { self.make_member(group, index, team) };
            group.own.store(NONE, Ordering::Relaxed);
        }
        let mut is_stopped = false;
        group.over.wait(|| {
            // A signal that ends the sleep says that the program is to stop.
            if !is_stopped && program.load(Ordering::Relaxed) != 0 {
                group.stop(team);
                is_stopped = true;
            }
            team.host.will_sleep(team.activity);
        });
    }

    /// Whether it may sleep on the way out, in a worker: a close that has waited long enough stops it.
    #[inline(always)]
    pub(crate) fn is_hurried(&self, row: Option<&Row>, args: &RawArgs) -> bool {
        let By { is_pooled, is_leaving, .. } = self.by;
        is_leaving && is_pooled && self.team.is_some() && may_sleep(row, args)
    }

    /// The returns that were written last.
    pub(crate) fn returned(&self, bytes: usize) -> &[u8] {
        &bytemuck::cast_slice(self.returns)[DONE_BYTES_MIN..DONE_BYTES_MIN + bytes]
    }
}

/// Whether the call may sleep for longer than storage lets it.
fn may_sleep(row: Option<&Row>, args: &RawArgs) -> bool {
    row.is_none_or(|row| matches!(row.class_with(args), Class::Descriptor | Class::Sleeps))
}

/// Whether the call can be stopped without its program.
fn is_own(call: &Call<'_>, needs: Needs) -> bool {
    needs.contains(Needs::DEADLINE) || AtomFlags(call.flags().0).contains(AtomFlags::STOPPABLE)
}

/// Makes a call that can be stopped alone.
fn stoppable(
    team: Team<'_>,
    ready: &Ready<'_>,
    queued_ns: u64,
    make: impl FnMut(&AtomicU32) -> Step<Outcome>,
) -> Step<Outcome> {
    let call = ready.call;
    let member = ready.member.map_or_else(|| Arc::new(Member::new()), Arc::clone);
    let asked = call.asks().find(|ask| ask.id == AttributeId::DEADLINE);
    if let Some(deadline) = asked.and_then(|ask| DeadlineAsked::parse(ask.payload).ok()) {
        let at_ns = deadline.instant(queued_ns);
        if at_ns <= now_ns() {
            return Step::Done(Outcome::late());
        }
        team.host.stop_at(at_ns, &member);
    }
    team.programs.running.add(ready.name, &member);
    let entered = watched(&member, team.maker, ready, make);
    team.programs.running.remove(ready.name);
    stopped(&member, ready, entered, member.reason() == reason::LATE)
}

/// Makes a call on the way out, which only a close in haste stops (SYSLET-38).
fn on_the_way_out(
    team: Team<'_>,
    ready: &Ready<'_>,
    mut make: impl FnMut(&AtomicU32) -> Step<Outcome>,
) -> Step<Outcome> {
    let mut wait_ns = HASTE_NS;
    loop {
        let member = Arc::new(Member::new());
        team.programs.leaving.add(ready.name, &member);
        // Behind the list's lock: a thread that closes in haste finds the call in the list, or has said so before it was added.
        if team.host.is_in_haste() {
            team.host.stop_at(now_ns() + wait_ns, &member);
        }
        let entered = watched(&member, team.maker, ready, &mut make);
        team.programs.leaving.remove(ready.name);
        let has_begun =
            !matches!(&entered, Step::Done(outcome) if outcome.flags.contains(DoneFlags::NOT_RUN));
        if has_begun || wait_ns > HASTE_NS_MAX {
            return stopped(&member, ready, entered, false);
        }
        // It was stopped before it had begun: this thread was away for long.
        wait_ns *= 8;
    }
}

/// On ways out that are in haste a call lasts no longer than that, once it has begun.
const HASTE_NS: u64 = 1_000_000;
/// A thread that is away for longer does not come to begin one.
const HASTE_NS_MAX: u64 = 1_000_000_000;

/// Makes a call that other threads find as that member.
fn watched(
    member: &Member,
    maker: Maker,
    ready: &Ready<'_>,
    mut make: impl FnMut(&AtomicU32) -> Step<Outcome>,
) -> Step<Outcome> {
    if !member.begin(maker) {
        Step::Done(Outcome::cancelled())
    } else if ready.cancel.load(Ordering::Relaxed) != 0 {
        member.end();
        Step::Done(Outcome::cancelled())
    } else {
        let entered = make(member.cancel());
        member.end();
        entered
    }
}

/// The outcome of a call that was perhaps stopped as that member.
fn stopped(member: &Member, ready: &Ready<'_>, entered: Step<Outcome>, is_late: bool) -> Step<Outcome> {
    match entered {
        Step::Done(outcome) if member.reason() != 0 => {
            // SAFETY: the arguments are those of the call, and its submitter answers for the memory that they name.
            let asked = unsafe { asked_bytes(ready.call, ready.args) };
            Step::Done(outcome.stopped(asked, is_late))
        }
        entered => entered,
    }
}
