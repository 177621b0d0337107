//! One claimed call: attributes look, the kernel is entered, attributes look again, the completion is built.
#![allow(unsafe_code, reason = "makes the call that `push` was asked for")]

use std::sync::Arc;

use syslet_abi::{
    ARGS_MAX, ATTRIBUTES_MAX, ArgKind, AttributeId, Call, CallFlags, DoneFlags, DoneWriter, Errno, Inout,
    RawResult, Status,
};
use syslet_attrs::{CallFacts, Needs, Observed, Registry, Token};
use syslet_syscalls::{Invoked, invoke, prepare, row, written};

use crate::admit::contained;
use crate::answers::Answers;
use crate::clock::now_ns;
use crate::slot::{Admitted, Slot, State};

/// Runs calls one after the other; each completion is built in the same buffer.
#[derive(Debug)]
pub(crate) struct Runner {
    registry: Arc<Registry>,
    done: Box<[u64]>,
}

/// How a call went.
#[derive(Clone, Copy, Debug)]
struct Outcome {
    result: RawResult,
    flags: DoneFlags,
    started_ns: u64,
    finished_ns: u64,
}

impl Outcome {
    /// The outcome of a call that never began.
    fn not_run(errno: Errno, why: DoneFlags) -> Outcome {
        let flags = DoneFlags::NOT_RUN.with(DoneFlags::ENGINE_RESULT).with(why);
        Outcome { result: RawResult::error(errno), flags, started_ns: 0, finished_ns: 0 }
    }

    fn ran(&self) -> bool {
        !self.flags.contains(DoneFlags::NOT_RUN)
    }
}

impl Runner {
    /// A runner whose completions are at most `completion_max` bytes long.
    pub(crate) fn new(registry: Arc<Registry>, completion_max: usize) -> Runner {
        Runner { registry, done: vec![0; completion_max / 8].into_boxed_slice() }
    }

    /// Runs one call and gives its completion; `None` when the submission wants success hidden and it succeeded.
    ///
    /// # Safety
    /// `record` was admitted by `push`, whose caller answers for what the call does, and `slot` is its slot.
    #[inline]
    pub(crate) unsafe fn run(&mut self, record: &[u64], slot: &Slot) -> Option<&[u64]> {
        let call = Call::admitted(bytemuck::cast_slice(record));
        let admitted = slot.admitted();
        let mut writer = DoneWriter::new(bytemuck::cast_slice_mut(&mut self.done));
        let (outcome, all_handled) = if call.attribute_count() == 0 && call.out_len() == 0 {
            // SAFETY: the caller's promise, passed on. Without an out area every argument is a value.
            (unsafe { enter(&call, slot, &call.args(), Needs::NONE) }, true)
        } else {
            // SAFETY: the caller's promise, passed on.
            unsafe { run_answering(&call, slot, &admitted, &self.registry, &mut writer) }
        };
        let len = writer.finish(admitted.user_data, outcome.result, outcome.flags);
        let hidden = call.flags().contains(CallFlags::NO_COMPLETE)
            && all_handled
            && outcome.ran()
            && outcome.result.decode().is_ok();
        (!hidden).then(|| &self.done[..len / 8])
    }
}

/// Runs a call that has attributes or an out area; says how it went, and whether every attribute was handled.
///
/// # Safety
/// As for [`Runner::run`].
unsafe fn run_answering(
    call: &Call<'_>,
    slot: &Slot,
    admitted: &Admitted,
    registry: &Registry,
    writer: &mut DoneWriter<'_>,
) -> (Outcome, bool) {
    let answers = if call.attribute_count() > 0 { slot.answers() } else { Answers::default() };
    let facts = CallFacts { nr: call.nr(), args: call.args(), out_len: call.out_len() };
    let out = writer.out_area(call.out_len());
    let mut tokens = [Some(Token::default()); ATTRIBUTES_MAX];
    let outcome = if let Some(errno) = required_refusal(call, &answers) {
        Outcome::not_run(errno, DoneFlags::NONE)
    } else {
        if let Some(row) = row(call.nr()) {
            prepare(row, call, out);
        }
        look_before(call, &answers, &facts, registry, &mut tokens);
        let args = resolve(call, out);
        // SAFETY: the caller's promise; what is not a value points into the record and the out area, as far as the
        // row says, which the door has checked.
        unsafe { enter(call, slot, &args, Needs(admitted.needs)) }
    };
    let data_handled = return_data(call, &outcome, writer);
    let observed = Observed {
        call: facts,
        result: outcome.result,
        queued_ns: admitted.queued_ns,
        started_ns: outcome.started_ns,
        finished_ns: outcome.finished_ns,
    };
    let others_handled = return_others(call, &outcome, &answers, &observed, registry, &tokens, writer);
    (outcome, data_handled && others_handled)
}

/// Enters the kernel.
///
/// # Safety
/// As for [`invoke`].
#[inline]
unsafe fn enter(call: &Call<'_>, slot: &Slot, args: &[u64; ARGS_MAX], needs: Needs) -> Outcome {
    let stamp = |needs: Needs| if needs.contains(Needs::CLOCK) { now_ns() } else { 0 };
    let started_ns = stamp(needs);
    slot.enter(State::RUNNING);
    // SAFETY: the caller's promise, passed on.
    let invoked = unsafe { invoke(slot.cancel(), call.nr(), args) };
    slot.enter(State::DONE);
    match invoked {
        Invoked::Result(result) => Outcome {
            result: RawResult(result),
            flags: DoneFlags::NONE,
            started_ns,
            finished_ns: stamp(needs),
        },
        Invoked::NeverBegan => Outcome::not_run(Errno(libc::ECANCELED), DoneFlags::CANCELLED),
    }
}

/// The error for the first REQUIRED attribute that cannot be honoured, if there is one.
fn required_refusal(call: &Call<'_>, answers: &Answers) -> Option<Errno> {
    let mut refused = call.asks().enumerate().filter(|(_, ask)| ask.flags.is_required());
    refused.find_map(|(index, _)| answers.verdict(index)).map(|status| match status {
        Status::INVALID => Errno::EINVAL,
        Status::DENIED => Errno::EPERM,
        _ => Errno::EOPNOTSUPP,
    })
}

/// The arguments as the kernel gets them: offsets become addresses in the record and the out area.
fn resolve(call: &Call<'_>, out: &mut [u8]) -> [u64; ARGS_MAX] {
    let data = call.data().as_ptr().expose_provenance() as u64;
    let out = out.as_mut_ptr().expose_provenance() as u64;
    let kinds = call.kinds();
    let mut args = call.args();
    for (index, arg) in args.iter_mut().enumerate().take(call.argc()) {
        *arg = match kinds.get(index) {
            ArgKind::IN => data + *arg,
            ArgKind::OUT => out + *arg,
            ArgKind::INOUT => out + u64::from(Inout::unpack(*arg).out),
            _ => *arg,
        };
    }
    args
}

/// Shows the call to every attribute that is honoured. A token is missing where one panicked.
fn look_before(
    call: &Call<'_>,
    answers: &Answers,
    facts: &CallFacts,
    registry: &Registry,
    tokens: &mut [Option<Token>; ATTRIBUTES_MAX],
) {
    for ((index, ask), token) in call.asks().enumerate().zip(tokens) {
        if let (None, Some(attribute)) = (answers.verdict(index), registry.get(ask.id)) {
            *token = contained(attribute, || attribute.before(ask.payload, facts));
        }
    }
}

/// Writes the DATA return, if there is one; says whether it was handled.
fn return_data(call: &Call<'_>, outcome: &Outcome, writer: &mut DoneWriter<'_>) -> bool {
    let out_len = call.out_len();
    if out_len == 0 && !call.asks().any(|ask| ask.id == AttributeId::DATA) {
        return true;
    }
    if !outcome.ran() {
        writer.data(Status::INAPPLICABLE, 0);
        return false;
    }
    let len = row(call.nr()).map_or(0, |row| written(row, call, outcome.result, writer.out_area(out_len)));
    writer.data(Status::HANDLED, len);
    true
}

/// Writes the returns of all attributes but DATA; says whether all were handled.
fn return_others(
    call: &Call<'_>,
    outcome: &Outcome,
    answers: &Answers,
    observed: &Observed,
    registry: &Registry,
    tokens: &[Option<Token>; ATTRIBUTES_MAX],
    writer: &mut DoneWriter<'_>,
) -> bool {
    let mut all_handled = true;
    for ((index, ask), token) in call.asks().enumerate().zip(tokens) {
        if ask.id == AttributeId::DATA {
            continue;
        }
        writer.attribute(ask.id, answers.room(index), |value| {
            let (status, len) = match (answers.verdict(index), registry.get(ask.id), token) {
                (Some(refused), _, _) => (refused, 0),
                (None, _, _) if !outcome.ran() => (Status::INAPPLICABLE, 0),
                (None, Some(attribute), Some(token)) => {
                    contained(attribute, || attribute.after(ask.payload, *token, observed, value))
                        .unwrap_or((Status::UNAVAILABLE, 0))
                }
                _ => (Status::UNAVAILABLE, 0),
            };
            all_handled &= status == Status::HANDLED;
            (status, len)
        });
    }
    all_handled
}
