//! The attributes of one call: the registry of the engine, the facts of the call that they see before and after it runs,
//! and the actions that they ask for. The runner and the interpreter of programs call it around each call, and admission asks it for facts.

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use syslet_abi::{ARGS_MAX, ATTRIBUTES_MAX, Ask, AttributeId, Call, DoneWriter, Errno, Status};
use syslet_attrs::{
    Action, CallFacts, DeadlineAsked, Nature, Needs, Observed, Registry, Token, TraceValue, Transferred,
};
use syslet_syscalls::{
    ArgType, Class, Memory, Narrowed, NonBlockingForm, RawArgs, Row, is_foreign, row, rows,
};

use crate::exec::checksum::Moved;
use crate::exec::outcome::Outcome;
use crate::exec::thread_setup::{Failed, perform};
use crate::exec::trace::Trace;
use crate::exec::usage::Seen;
use crate::slots::Slot;
use crate::slots::admission::Answers;
use crate::sys::clock::now_ns;
use crate::sys::sync::AtomicU32;

/// The attributes of an engine, and where it writes lines of traced calls.
#[derive(Debug)]
pub(crate) struct AttributeContext {
    pub(crate) registry: Registry,
    /// Where lines of calls with TRACE go, if anywhere.
    pub(crate) trace: Option<Trace>,
}

impl AttributeContext {
    /// Where lines of a call that needs this go, if it has TRACE, and its id there.
    pub(crate) fn traced(&self, call: &Call<'_>, needs: Needs) -> Option<(&Trace, u64)> {
        if !needs.contains(Needs::TRACE) {
            return None;
        }
        let ask = call.asks().find(|ask| ask.id == AttributeId::TRACE)?;
        Some((self.trace.as_ref()?, TraceValue::parse(ask.payload)?.id))
    }
}

impl Deref for AttributeContext {
    type Target = Registry;

    fn deref(&self) -> &Registry {
        &self.registry
    }
}

/// The attributes that are asked for one call, the decision of admission about each, and their tokens.
pub(crate) struct Asked<'a> {
    pub(crate) call: &'a Call<'a>,
    pub(crate) answers: Answers,
    pub(crate) registry: &'a Registry,
    queued_ns: u64,
    /// From `before` to `after`, for attributes that are honoured.
    pub(crate) tokens: [Token; ATTRIBUTES_MAX],
}

/// Writes the value of ATOMS, of a program, and gives its length in bytes.
pub(crate) type AtomsWriter<'a> = &'a dyn Fn(&mut [u8]) -> usize;

/// The cost and the bytes of a call that ran, beside its outcome.
#[derive(Default)]
pub(crate) struct Sight<'a> {
    pub(crate) seen: Seen,
    pub(crate) transferred: Option<Transferred>,
    pub(crate) atoms: Option<AtomsWriter<'a>>,
}

impl<'a> Asked<'a> {
    /// The attributes of the call of that slot.
    pub(crate) fn new(call: &'a Call<'a>, slot: &Slot, registry: &'a Registry) -> Asked<'a> {
        Asked::of(call, slot.answers(), slot.queued_ns(), registry)
    }

    /// The attributes of a call, with the decisions about them and the time when the call was queued.
    pub(crate) fn of(
        call: &'a Call<'a>,
        answers: Answers,
        queued_ns: u64,
        registry: &'a Registry,
    ) -> Asked<'a> {
        let tokens = [Token::default(); ATTRIBUTES_MAX];
        Asked { call, answers, registry, queued_ns, tokens }
    }

    /// The error for the first REQUIRED attribute that cannot be honoured, if there is one.
    #[inline]
    pub(crate) fn required_refusal(&self) -> Option<Errno> {
        if self.answers.has_refused() { self.first_refusal() } else { None }
    }

    #[cold]
    fn first_refusal(&self) -> Option<Errno> {
        let required = self.call.asks().enumerate().filter(|(_, ask)| ask.flags.is_required());
        let mut refused = required.filter_map(|(index, _)| self.answers.verdict(index));
        refused.find_map(Status::required_errno)
    }

    /// Whether the call has a deadline that has passed.
    pub(crate) fn is_late(&self, slot: &Slot) -> bool {
        self.deadline_ns(slot).is_some_and(|deadline_ns| deadline_ns <= now_ns())
    }

    /// The call's deadline, in nanoseconds of CLOCK_MONOTONIC.
    pub(crate) fn deadline_ns(&self, slot: &Slot) -> Option<u64> {
        if !slot.needs().contains(Needs::DEADLINE) {
            return None;
        }
        let asked = self.call.asks().find(|ask| ask.id == AttributeId::DEADLINE);
        let deadline = asked.and_then(|ask| DeadlineAsked::parse(ask.payload).ok());
        deadline.map(|deadline| deadline.instant(slot.queued_ns()))
    }

    /// Shows the call to every attribute that is honoured; the engine's own have nothing to see there. One that panics
    /// is refused with UNAVAILABLE; if it is required, those behind it are not shown the call, which will not run.
    #[inline]
    pub(crate) fn look_before(&mut self) {
        if self.registry.has_applications() {
            self.show();
        }
    }

    /// The same, where there are any.
    fn show(&mut self) {
        for (index, ask) in self.call.asks().enumerate().filter(|(_, ask)| ask.id.is_application()) {
            let (None, Some(attribute)) = (self.answers.verdict(index), self.registry.get(ask.id)) else {
                continue;
            };
            if let Some(token) = contained(ask.id, || attribute.before(ask.payload, &facts(self.call))) {
                self.tokens[index] = token;
                continue;
            }
            self.answers.refuse(index, Status::UNAVAILABLE);
            if ask.flags.is_required() {
                return;
            }
        }
    }

    /// Keeps a token for an attribute that the engine has honoured itself, if it is asked for.
    pub(crate) fn note(&mut self, id: AttributeId, token: Token) {
        if let Some(index) = self.call.asks().position(|ask| ask.id == id) {
            self.tokens[index] = token;
        }
    }

    /// Performs the actions of every attribute that is honoured, on the calling thread, which is the call's own. One that
    /// fails makes its attribute UNAVAILABLE; if that is required, nothing more is changed and the call will not run. Gives the
    /// error for a call that must not run although it could do without. Once `cancel`, the call's cancel word, is set, nothing
    /// more is changed: it keeps the call from beginning.
    pub(crate) fn act(&mut self, needs: Needs, cancel: &AtomicU32) -> Option<Errno> {
        let mut actions: Vec<(usize, Action)> = Vec::new();
        for (index, ask) in self.call.asks().enumerate() {
            let (None, Some(attribute)) = (self.answers.verdict(index), self.registry.get(ask.id)) else {
                continue;
            };
            match contained(ask.id, || attribute.action(ask.payload)) {
                Some(Some(action)) => actions.push((index, action)),
                Some(None) => {}
                None => self.answers.refuse(index, Status::UNAVAILABLE),
            }
        }
        actions.sort_by_key(|(_, action)| action.rank());
        for (index, action) in actions {
            if self.required_refusal().is_some() {
                break;
            }
            match perform(&action, needs, cancel) {
                Ok(in_force) => self.tokens[index] = Token(in_force),
                Err(Failed::Stopped) => break,
                Err(Failed::Refused(_)) => self.answers.refuse(index, Status::UNAVAILABLE),
                Err(Failed::Halfway) => {
                    self.answers.refuse(index, Status::UNAVAILABLE);
                    return Some(Errno::EOPNOTSUPP);
                }
            }
        }
        None
    }

    /// Writes the returns of all attributes but DATA; says whether all were handled.
    pub(crate) fn look_after(
        &self,
        (outcome, sight): (&Outcome, &Sight<'_>),
        writer: &mut DoneWriter<'_>,
    ) -> bool {
        let mut asks = self.call.asks().enumerate().filter(|(_, ask)| ask.id != AttributeId::DATA).peekable();
        if asks.peek().is_none() {
            return true;
        }
        let observed = Observed {
            call: facts(self.call),
            result: outcome.result,
            queued_ns: self.queued_ns,
            started_ns: outcome.started_ns,
            finished_ns: outcome.finished_ns,
            worker: outcome.worker,
            spent: sight.seen.spent,
            evidence: sight.seen.evidence,
            transferred: sight.transferred,
            counted: sight.seen.counted,
        };
        let mut all_handled = true;
        for (index, ask) in asks {
            let refused = match self.answers.verdict(index) {
                // DEADLINE says how late a call was that it has kept from beginning.
                None if ask.id == AttributeId::DEADLINE && outcome.is_late() => None,
                None => outcome.status_of_attributes(),
                verdict => verdict,
            };
            writer.attribute(ask.id, self.answers.room(index), |value| {
                if let (None, AttributeId::ATOMS, Some(atoms)) = (refused, ask.id, sight.atoms) {
                    return (Status::HANDLED, atoms(value));
                }
                let answer =
                    refused.map_or_else(|| self.answer(index, &ask, &observed, value), |status| (status, 0));
                all_handled &= answer.0 == Status::HANDLED;
                answer
            });
        }
        all_handled
    }

    /// The answer of one attribute; UNAVAILABLE when it panics, or answers with a status that has no meaning after the call.
    fn answer(&self, index: usize, ask: &Ask<'_>, observed: &Observed, value: &mut [u8]) -> (Status, usize) {
        const FAILED: (Status, usize) = (Status::UNAVAILABLE, 0);
        let Some(attribute) = self.registry.get(ask.id) else { return FAILED };
        if ask.id.is_application() {
            // Its code may say that it wrote more than it did, and the bytes of other calls stand there.
            value.fill(0);
        }
        match contained(ask.id, || attribute.after(ask.payload, self.tokens[index], observed, value)) {
            Some(answer @ (Status::HANDLED | Status::MISMATCH, _)) => answer,
            _ => FAILED,
        }
    }
}

/// Runs a method of the attribute with this id; `None` when it is the application's own and panicked (ENGINE-27).
pub(crate) fn contained<T>(id: AttributeId, method: impl FnOnce() -> T) -> Option<T> {
    if !id.is_application() {
        return Some(method());
    }
    // The payload is the application's as well: dropping it could panic again.
    catch_unwind(AssertUnwindSafe(method)).map_err(std::mem::forget).ok()
}

/// The facts of one call.
pub(crate) fn facts(call: &Call<'_>) -> CallFacts {
    let (raw, nature) = (RawArgs::of(call), known(call.nr()));
    let (nature, args) = match row(call.nr()).map(|row| row.narrow(&raw)) {
        Some(args) if discards_bytes(call.nr(), args) => (nature.without(Nature::TRANSFERS), args.all()),
        args => (nature, args.map_or([0; ARGS_MAX], Narrowed::all)),
    };
    CallFacts { nr: call.nr(), args, out_len: call.out_len(), nature, atoms_bytes_max: None }
}

/// Whether the call counts bytes that it throws away, as a receive that truncates does.
fn discards_bytes(nr: u32, args: Narrowed<'_>) -> bool {
    let flags = receive_flags(nr).map_or(0, |index| args.get(index));
    flags & u64::from(libc::MSG_TRUNC.cast_unsigned()) != 0
}

/// The argument that holds the flags of a receive.
fn receive_flags(nr: u32) -> Option<usize> {
    match nr.into() {
        libc::SYS_recvfrom => Some(3),
        libc::SYS_recvmsg => Some(2),
        _ => None,
    }
}

/// The arguments that the plans of the engine's own attributes depend on, one bit for each: those read for [`Nature`].
pub(crate) fn deciders(nr: u32) -> u8 {
    receive_flags(nr).map_or(0, |index| 1 << index)
}

/// Numbers above this have no row.
const NUMBERS_MAX: usize = 512;

/// The nature of a number without a row: its effects are not known.
const UNKNOWN: Nature = Nature::READS_STORAGE;

/// The nature of each number.
static KNOWN: LazyLock<Box<[Nature]>> = LazyLock::new(|| {
    let mut natures = vec![UNKNOWN; NUMBERS_MAX];
    for row in rows() {
        if let Some(nature) = row.numbers.here().and_then(|nr| natures.get_mut(usize::from(nr))) {
            *nature = nature_of(row);
        }
    }
    natures.into()
});

fn known(nr: u32) -> Nature {
    let nature = usize::try_from(nr).ok().and_then(|nr| KNOWN.get(nr));
    // A program of calls is none of them.
    nature.copied().unwrap_or(if is_foreign(nr) { Nature::NONE } else { UNKNOWN })
}

fn nature_of(row: &Row) -> Nature {
    let may_wait_for_storage = |class| matches!(class, Class::Storage | Class::Descriptor);
    let reads_storage = may_wait_for_storage(row.class)
        || row.when.iter().any(|when| may_wait_for_storage(when.class))
        || matches!(row.nonblocking, Some(NonBlockingForm::Cached(_) | NonBlockingForm::Vectored(_)));
    let is_about_a_range =
        matches!(row.args, [start, len, ..] if start.ty == ArgType::Address && len.ty == ArgType::Size);
    let acts_on_mappings = row.memory != Memory::Kept || is_about_a_range && row.class == Class::Storage;
    let natures = [
        (reads_storage, Nature::READS_STORAGE),
        (acts_on_mappings, Nature::ACTS_ON_MAPPINGS),
        (Moved::of(row).is_some(), Nature::TRANSFERS),
    ];
    natures.into_iter().filter(|(is, _)| *is).fold(Nature::NONE, |all, (_, nature)| all.with(nature))
}

#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests;
