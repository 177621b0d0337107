//! Structures as the kernel wants them: built from those in DATA, with addresses in the place of offsets. The runner builds
//! them again for each attempt at a call, so that no attempt sees the changes of the one before.

use syslet_abi::{Call, RawResult};

use crate::argument::{Arg, ArgType};
use crate::extent::{Place, formed};
use crate::inner::{ENTRY_BYTES, Entry, Header, Inner, Vector, field};
use crate::narrowed::RawArgs;
use crate::row::Row;

const ENTRY_WORDS: usize = ENTRY_BYTES / 8;

/// The addresses of a call's areas.
#[derive(Clone, Copy, Debug)]
pub struct Bases {
    /// The address of DATA.
    pub data: u64,
    /// The address of the out area.
    pub out: u64,
}

/// Makes the structures with addresses in them that the call needs in `storage`, and puts the addresses of these in
/// `args`. Only a row that [is built](Row::is_built) has any. `storage` stays as it is until the call is over;
/// it grows with the longest.
///
/// # Panics
/// When `call` did not pass [`check_arguments`](crate::check_arguments).
#[inline(never)]
pub fn build(row: &Row, call: &Call<'_>, bases: Bases, storage: &mut Vec<u64>, args: &mut RawArgs) {
    let words = inners(row, call).map(|(_, _, inner)| words(inner, call.data())).sum();
    storage.clear();
    storage.resize(words, 0);
    let address = storage.as_mut_ptr().expose_provenance() as u64;
    let mut builder = Builder { data: call.data(), base: 0, address, storage, used: 0 };
    for (index, arg, inner) in inners(row, call) {
        builder.base = if arg.ty.receives() { bases.out } else { bases.data };
        args.set(index, builder.inner(inner));
    }
}

/// Brings back the fields that the call has changed in structures that come back: lengths and flags. Addresses never come
/// back.
///
/// # Panics
/// When [`build`] has not made `storage` for this call, or `out` is not its out area.
#[inline(never)]
pub fn settle(row: &Row, call: &Call<'_>, result: RawResult, storage: &[u64], out: &mut [u8]) {
    let Some(count) = result.decode().ok().and_then(|count| usize::try_from(count).ok()) else { return };
    let mut at = 0;
    for (index, arg, inner) in inners(row, call) {
        if let (Inner::Headers { count: all, stride, .. }, Some(to)) = (inner, Place::of(call, index).out) {
            let done = if arg.ty == ArgType::ReceiveMessage { 1 } else { count.min(all) };
            for header in 0..done {
                let built = &storage[at + header * stride / 8..][..stride / 8];
                settle_one(arg, built, &mut out[to + header * stride..][..stride]);
            }
        }
        at += words(inner, call.data());
    }
}

/// The length of a name, that of control data with the flags, and the length of a message.
fn settle_one(arg: &Arg, built: &[u64], out: &mut [u8]) {
    let mut keep = |at: usize, bytes: usize| {
        out[at..at + bytes].copy_from_slice(&built[at / 8].to_ne_bytes()[..bytes]);
    };
    if arg.ty.receives() {
        keep(field::NAME_LEN, 4);
        keep(field::CONTROL_LEN, 8);
        keep(field::FLAGS, 4);
    }
    if built.len() > field::MESSAGE_LEN / 8 {
        keep(field::MESSAGE_LEN, 4);
    }
}

/// The arguments that have structures with offsets.
pub(crate) fn inners<'a>(
    row: &'a Row,
    call: &'a Call<'_>,
) -> impl Iterator<Item = (usize, &'a Arg, Inner)> + use<'a> {
    row.args.iter().enumerate().take(call.argc()).filter_map(|(index, arg)| {
        let arg = formed(arg, call);
        let inner = Inner::of(arg, index, call).expect("admission has seen its length");
        Some((index, arg, inner?))
    })
}

/// How many words of storage the structures of one argument take.
fn words(inner: Inner, data: &[u8]) -> usize {
    let headers = match inner {
        Inner::Vector(_) => 0,
        Inner::Headers { count, stride, .. } => count * stride / 8,
    };
    headers + inner.vectors(data).map(|vector| vector.count * ENTRY_WORDS).sum::<usize>()
}

struct Builder<'a> {
    data: &'a [u8],
    /// The area that ranges lie in.
    base: u64,
    /// The address of the storage.
    address: u64,
    storage: &'a mut [u64],
    used: usize,
}

impl Builder<'_> {
    /// Builds the structures of one argument, and gives the address of the first.
    fn inner(&mut self, inner: Inner) -> u64 {
        let (at, stride) = match inner {
            Inner::Vector(vector) => return self.vector(vector),
            Inner::Headers { count, stride, .. } => (self.take(count * stride / 8), stride),
        };
        for (index, header) in inner.headers(self.data).enumerate() {
            self.header(at + index * stride / 8, header);
        }
        self.address_of(at)
    }

    fn take(&mut self, words: usize) -> usize {
        let at = self.used;
        self.used += words;
        at
    }

    fn address_of(&self, word: usize) -> u64 {
        self.address + 8 * word as u64
    }

    fn vector(&mut self, vector: Vector) -> u64 {
        let at = self.take(vector.count * ENTRY_WORDS);
        for (index, entry) in vector.entries(self.data).enumerate() {
            let to = at + index * ENTRY_WORDS;
            self.storage[to] = self.range(entry);
            self.storage[to + 1] = entry.len;
        }
        if vector.count == 0 { 0 } else { self.address_of(at) }
    }

    fn header(&mut self, at: usize, header: Header) {
        let Header { name, vector, control, flags, .. } = header;
        self.storage[at + field::NAME / 8] = self.range(name);
        self.storage[at + field::NAME_LEN / 8] = name.len;
        self.storage[at + field::VECTOR / 8] = self.vector(vector);
        self.storage[at + field::VECTOR_LEN / 8] = vector.count as u64;
        self.storage[at + field::CONTROL / 8] = self.range(control);
        self.storage[at + field::CONTROL_LEN / 8] = control.len;
        self.storage[at + field::FLAGS / 8] = flags.into();
    }

    /// The address of a range; an empty one has none.
    fn range(&self, entry: Entry) -> u64 {
        if entry.len == 0 { 0 } else { self.base + entry.at }
    }
}
