//! The completion of a call, once it is known how it went.

use syslet_abi::{Call, DoneWriter, Status};
use syslet_syscalls::{row, written};

use crate::exec::attributes::{Asked, Sight};
use crate::exec::outcome::Outcome;
use crate::queues::completion_queue::hidden;
use crate::slots::Slot;

/// Writes the attribute returns and the rest of the completion; gives its length in words, 0 when it is hidden.
pub(crate) fn finish(
    asked: &Asked<'_>,
    (outcome, sight): (&Outcome, &Sight<'_>),
    slot: &Slot,
    mut writer: DoneWriter<'_>,
) -> usize {
    let data_handled = !slot.returns_data() || return_data(asked.call, outcome, &mut writer);
    let others_handled = asked.look_after((outcome, sight), &mut writer);
    if data_handled && others_handled && outcome.is_hidden(asked.call) {
        return 0;
    }
    writer.finish(asked.call.user_data(), outcome.result, outcome.flags) / 8
}

/// Ends a call whose success is hidden; gives the words that takes.
pub(crate) fn hide(done: &mut [u64], call: &Call<'_>) -> usize {
    let words = hidden(call.user_data());
    done[..words.len()].copy_from_slice(&words);
    words.len()
}

/// Writes the DATA return; says whether it was handled.
fn return_data(call: &Call<'_>, outcome: &Outcome, writer: &mut DoneWriter<'_>) -> bool {
    let out_len = call.out_len();
    if let Some(status) = outcome.status_of_attributes() {
        writer.data(status, 0);
        return false;
    }
    let len = row(call.nr()).map_or(0, |row| written(row, call, outcome.result, writer.out_area(out_len)));
    writer.data(Status::HANDLED, len);
    true
}
