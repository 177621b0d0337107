//! One claimed call: attributes look, the kernel is entered, attributes look again, the completion is built.
#![allow(unsafe_code, reason = "makes the call that `push` was asked for")]

use std::sync::Arc;

use syslet_abi::{
    ARGS_MAX, ATTRIBUTES_MAX, ArgKind, AttributeId, Call, DONE_BYTES_MIN, Done, DoneFlags, DoneWriter, Errno,
    Inout, RawResult, Status,
};
use syslet_attrs::{Needs, Registry, Token};
use syslet_syscalls::{Invoked, invoke, prepare, row, written};

use crate::asked::Asked;
use crate::clock::now_ns;
use crate::outcome::Outcome;
use crate::ring::batch::BATCH_MAX;
use crate::slot::{Slot, State};

/// The completions of one batch, when it has several, in bytes: those of calls without attributes or out area.
pub(crate) const BATCH_DONE_BYTES: usize = BATCH_MAX * DONE_BYTES_MIN;

/// Runs calls one after the other and builds their completions in one buffer.
#[derive(Debug)]
pub(crate) struct Runner {
    registry: Arc<Registry>,
    done: Box<[u64]>,
}

impl Runner {
    /// A runner with room for any one completion, and for those of any batch.
    pub(crate) fn new(registry: Arc<Registry>, completion_max: usize) -> Runner {
        Runner { registry, done: vec![0; completion_max.max(BATCH_DONE_BYTES) / 8].into_boxed_slice() }
    }

    /// Runs one call and builds its completion from word `at` of the buffer. Gives the completion's length in words,
    /// 0 when the submission wants success hidden and it succeeded.
    ///
    /// # Safety
    /// `record` was admitted by `push`, whose caller answers for what the call does, and `slot` is its slot.
    #[inline]
    pub(crate) unsafe fn run(&mut self, record: &[u64], slot: &Slot, at: usize) -> usize {
        let call = Call::admitted(bytemuck::cast_slice(record));
        if call.attribute_count() > 0 || call.out_len() > 0 {
            // SAFETY: the caller's promise, passed on.
            return unsafe { self.run_answering(&call, slot, at) };
        }
        // SAFETY: the caller's promise, passed on. Without DATA and out area every argument is a value.
        let outcome = unsafe { enter(&call, slot, &call.args(), Needs::NONE) };
        if outcome.is_hidden(&call) {
            return 0;
        }
        let done = Done::bare(slot.user_data(), outcome.result, outcome.flags);
        self.done[at..at + done.len()].copy_from_slice(&done);
        done.len()
    }

    /// Runs a call that has attributes or an out area.
    ///
    /// # Safety
    /// As for [`Runner::run`].
    unsafe fn run_answering(&mut self, call: &Call<'_>, slot: &Slot, at: usize) -> usize {
        let answers = slot.answers();
        let mut writer = DoneWriter::new(bytemuck::cast_slice_mut(&mut self.done[at..]));
        let out = writer.out_area(call.out_len());
        let mut asked =
            Asked { call, answers, registry: &self.registry, tokens: [Token::default(); ATTRIBUTES_MAX] };
        if asked.required_refusal().is_none() {
            if let Some(row) = row(call.nr()) {
                prepare(row, call, out);
            }
            asked.look_before();
        }
        let outcome = if let Some(errno) = asked.required_refusal() {
            Outcome::not_run(errno, DoneFlags::NONE)
        } else {
            let args = resolve(call, out);
            // SAFETY: the caller's promise; what is not a value points into the record and the out area, as far as
            // the row says, which the door has checked.
            unsafe { enter(call, slot, &args, slot.needs()) }
        };
        let data_handled = return_data(call, &outcome, &mut writer);
        let others_handled = asked.look_after(&outcome, slot.queued_ns(), &mut writer);
        if data_handled && others_handled && outcome.is_hidden(call) {
            return 0;
        }
        writer.finish(slot.user_data(), outcome.result, outcome.flags) / 8
    }

    /// The first words of the buffer: the completions built there.
    pub(crate) fn done(&self, words: usize) -> &[u64] {
        &self.done[..words]
    }
}

/// Enters the kernel.
///
/// # Safety
/// As for [`invoke`].
#[inline]
unsafe fn enter(call: &Call<'_>, slot: &Slot, args: &[u64; ARGS_MAX], needs: Needs) -> Outcome {
    let stamp = || if needs.contains(Needs::CLOCK) { now_ns() } else { 0 };
    let started_ns = stamp();
    slot.enter(State::RUNNING);
    // SAFETY: the caller's promise, passed on.
    let invoked = unsafe { invoke(slot.cancel(), call.nr(), args) };
    match invoked {
        Invoked::Result(result) => {
            Outcome { result: RawResult(result), flags: DoneFlags::NONE, started_ns, finished_ns: stamp() }
        }
        Invoked::NeverBegan => Outcome::not_run(Errno(libc::ECANCELED), DoneFlags::CANCELLED),
    }
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
