//! Builds the completion of a call that was made, or is not to be made: its result, the bytes of its out area, and the answers of its
//! attributes. The runner calls it.

use syslet_abi::{AttributeId, Call, DONE_DATA_OFFSET, Done, DoneWriter, Status};
use syslet_syscalls::{row, written};

use crate::exec::attributes::{Asked, Sight};
use crate::exec::outcome::Outcome;
use crate::queues::completion_queue::hidden;
use crate::slots::Slot;

/// Builds the completion of any call at the start of `done`; gives its length in words. `asked` is asked about it, and the out area
/// stands where DATA returns it.
pub(crate) fn complete(
    done: &mut [u64],
    asked: &Asked<'_>,
    (outcome, sight): (&Outcome, &Sight<'_>),
    slot: &Slot,
) -> usize {
    let mut writer = DoneWriter::new(bytemuck::cast_slice_mut(done));
    let data_handled = !slot.returns_data() || return_data(asked.call, outcome, &mut writer);
    let others_handled = asked.look_after((outcome, sight), &mut writer);
    if data_handled && others_handled && outcome.is_hidden(asked.call) {
        return hide(done, asked.call);
    }
    writer.finish(asked.call.user_data(), outcome.result, outcome.flags) / 8
}

/// The same for a call of which there is one value to return, that of this attribute.
pub(crate) fn complete_with_value<const N: usize>(
    done: &mut [u64],
    call: &Call<'_>,
    outcome: &Outcome,
    value: (AttributeId, [u64; N]),
) -> usize {
    if outcome.is_hidden(call) {
        return hide(done, call);
    }
    Done::put_value(done, (call.user_data(), outcome.result, outcome.flags), value)
}

/// The same for a call of which the first `written` bytes of the out area are returned, and nothing else.
pub(crate) fn complete_with_data(
    done: &mut [u64],
    call: &Call<'_>,
    outcome: &Outcome,
    written: usize,
) -> usize {
    if outcome.is_hidden(call) {
        return hide(done, call);
    }
    Done::put_data(done, (call.user_data(), outcome.result, outcome.flags), written)
}

/// The out area of a call, where its completion is built at the start of `done`.
pub(crate) fn out_area<'a>(done: &'a mut [u64], call: &Call<'_>) -> &'a mut [u8] {
    &mut bytemuck::cast_slice_mut(&mut done[DONE_DATA_OFFSET / 8..])[..call.out_len()]
}

/// Ends a call with a success that is hidden; gives the words that takes.
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
