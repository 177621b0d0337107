//! Calls in words: a submission and its answer, as strace prints them. The command and the messages of the engine print
//! with it. Everything comes from the table's rows, the lists of names beside them, and the bytes that travelled; no address
//! is ever followed.
//!
//! A line's way: `argument` asks `names` (with `naming`) or `value` for numbers, `shapes`, `structure` and `vectors` for memory;
//! `result` for the result. A `program` is as many lines in one, each by `atom`.

mod address;
mod answer;
mod argument;
mod atom;
mod bytes;
mod descriptor;
mod names;
mod naming;
mod number;
mod program;
mod reader;
mod result;
mod shapes;
mod signals;
mod stat;
mod status;
mod structure;
mod value;
mod vectors;

use syslet_abi::{
    ARGS_MAX, CALL_ARGS_OFFSET, Call, DoneFlags, Fault, Glance, Limits, NR_OFFSET, RawResult, Refusal,
};

pub use answer::Answer;
pub use bytes::{escaped, quoted};
pub use names::value_name;
pub use result::plain_result;

use crate::lookup::row;
use crate::narrowed::RawArgs;
use names::call_name;
use reader::Reader;
use structure::Style;

/// Prints calls. [`Decoder::default`] shows 32 bytes of a buffer and no paths of descriptors.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Decoder {
    style: Style,
}

impl Default for Decoder {
    fn default() -> Decoder {
        Decoder { style: Style { shown_bytes: 32, fd_paths: false } }
    }
}

impl Decoder {
    /// Shows at most this many bytes of a buffer, or elements of an array.
    pub const fn shown_bytes(mut self, shown_bytes: usize) -> Decoder {
        self.style.shown_bytes = shown_bytes;
        self
    }

    /// Whether descriptors are followed by their present paths, `3</etc/passwd>`, read from /proc for each.
    pub const fn fd_paths(mut self, fd_paths: bool) -> Decoder {
        self.style.fd_paths = fd_paths;
        self
    }

    /// A submission before the call is made, `close(3)`, checked or not. A record without arguments that can be found is shown by
    /// the name of its call. A program is `syslet { 0: close(3); 1: close(4) }`.
    #[must_use]
    pub fn record(&self, record: &[u8]) -> String {
        if program::is_program(record) {
            return program::shown(record, self.style);
        }
        match view(record) {
            Some(call) => self.line(&call, None),
            None => format!("{}(...)", call_name(nr_of(record))),
        }
    }

    /// A submission and its result: `close(3) = 0`. Paths are the present ones: a descriptor that the call closed has
    /// none.
    #[must_use]
    pub fn answered(&self, record: &[u8], answer: &Answer<'_>) -> String {
        if program::is_program(record) {
            return format!("{} = {}", self.record(record), self.value(answer.result, answer.flags));
        }
        match view(record) {
            Some(call) => format!("{} = {}", self.line(&call, Some(answer)), self.result(&call, answer)),
            None => format!("{} = {}", self.record(record), plain_result(answer.result)),
        }
    }

    /// A record and the reason of its refusal: `dup(7, 0x8) refused: more arguments than the call has (argument 2)`.
    #[must_use]
    pub fn refused(&self, record: &[u8], fault: &Fault) -> String {
        let place = self.place_of(record, fault).map_or_else(String::new, |place| format!(" ({place})"));
        format!("{} refused: {}{place}", self.record(record), fault.refusal)
    }

    /// The argument at fault, `argument 2, filename`; `None` when the whole call is at fault. In a
    /// program the atom, and its argument or field: `atom 3, then`.
    #[must_use]
    pub fn place_of(&self, record: &[u8], fault: &Fault) -> Option<String> {
        if program::is_program(record) {
            return program::place_of(record, fault.at as usize);
        }
        let call = view(record)?;
        let index = (fault.at as usize).checked_sub(CALL_ARGS_OFFSET)? / 8;
        let known = row(call.nr()).and_then(|row| row.args.get(index));
        let name = known.map_or_else(String::new, |arg| format!(", {}", arg.name));
        (index < call.argc()).then(|| format!("argument {}{name}", index + 1))
    }

    /// The atoms of a program, one by one, `1: read(#0, out@0, 4096), if <= 0 stop`, as far as they can be found;
    /// `None` when the record is no program.
    #[must_use]
    pub fn atoms(&self, record: &[u8]) -> Option<Vec<String>> {
        Glance::of(record).map(|glance| program::atoms(&glance, self.style))
    }

    /// A result without a row, an atom's or a program's: a signed number, or an error.
    #[must_use]
    pub fn value(&self, result: RawResult, flags: DoneFlags) -> String {
        result::shown(None, &[0; 6], result, flags, self.style.fd_paths)
    }

    /// One argument, from 0; with an answer, the bytes that the call wrote there, too.
    #[must_use]
    pub fn argument(&self, call: &Call<'_>, index: usize, answer: Option<&Answer<'_>>) -> String {
        argument::shown(row(call.nr()), call, index, answer, self.style)
    }

    /// The result of the call, without the bytes that it wrote: `-1 ENOENT (No such file or directory)`.
    #[must_use]
    pub fn result(&self, call: &Call<'_>, answer: &Answer<'_>) -> String {
        let (row, args) = (row(call.nr()), RawArgs::of(call));
        let args = row.map_or([0; ARGS_MAX], |row| row.narrow(&args).all());
        result::shown(row, &args, answer.result, answer.flags, self.style.fd_paths)
    }

    fn line(&self, call: &Call<'_>, answer: Option<&Answer<'_>>) -> String {
        let arguments: Vec<String> =
            (0..call.argc()).map(|index| self.argument(call, index, answer)).collect();
        format!("{}({})", call_name(call.nr()), arguments.join(", "))
    }
}

/// The record, if its arguments can be found: offsets outside of their areas are the last fault that the check finds.
fn view(record: &[u8]) -> Option<Call<'_>> {
    const ANY: Limits = Limits { record_bytes_max: usize::MAX, out_bytes_max: usize::MAX };
    match Call::verify(record, &ANY) {
        Ok(()) | Err(Fault { refusal: Refusal::IN_OUTSIDE_DATA | Refusal::OUT_OUTSIDE_AREA, .. }) => {
            Some(Call::admitted(record))
        }
        Err(_) => None,
    }
}

/// The call's number; a number that no call has when the record is too short.
fn nr_of(record: &[u8]) -> u32 {
    Reader(record).u32(NR_OFFSET).unwrap_or(u32::MAX)
}
