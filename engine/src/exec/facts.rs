//! What attributes are told of a call before it runs.

use std::sync::LazyLock;

use syslet_abi::{ARGS_MAX, Call};
use syslet_attrs::{CallFacts, Nature};
use syslet_syscalls::{
    ArgType, Class, Memory, Narrowed, NonBlockingForm, RawArgs, Row, is_foreign, row, rows,
};

use crate::exec::checksum::Moved;

/// The facts of one call.
pub(crate) fn facts(call: &Call<'_>) -> CallFacts {
    let (raw, nature) = (RawArgs::of(call), known(call.nr()));
    let (nature, args) = match row(call.nr()).map(|row| row.narrow(&raw)) {
        Some(args) if Moved::is_discarded(call.nr(), args) => (nature.without(Nature::TRANSFERS), args.all()),
        args => (nature, args.map_or([0; ARGS_MAX], Narrowed::all)),
    };
    CallFacts { nr: call.nr(), args, out_len: call.out_len(), nature, atoms_bytes_max: None }
}

/// Numbers above this have no row.
const NUMBERS_MAX: usize = 512;

/// The nature of a number without a row: nobody knows what it does.
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
