//! One argument of a call in words, before the call or after. The decoder calls it for each.

use syslet_abi::{ARGS_MAX, ArgKind, Call};

use crate::argument::{Arg, ArgType, Direction, Len, Width};
use crate::decode::answer::Answer;
use crate::decode::names;
use crate::decode::shapes::{self, Shape};
use crate::decode::structure::{self, Style};
use crate::decode::{bytes, number, value, vectors};
use crate::extent::{Place, extent, formed};
use crate::inner::Inner;
use crate::narrowed::RawArgs;
use crate::outcome::written_for;
use crate::row::{Row, Yields};

/// An argument as the call's others make it, with the name of its place.
#[derive(Clone, Copy, Debug)]
struct Seen {
    name: &'static str,
    arg: &'static Arg,
}

/// Argument `index` in words; with an answer, the bytes that the call wrote there, too.
pub(super) fn shown(
    row: Option<&'static Row>,
    call: &Call<'_>,
    index: usize,
    answer: Option<&Answer<'_>>,
    style: Style,
) -> String {
    let word = call.raw_arg(index);
    let Some((row, arg)) = row.and_then(|row| Some((row, row.args.get(index)?))) else {
        return unknown(call.kinds().get(index), word);
    };
    let arg = Seen { name: arg.name, arg: formed(arg, call) };
    let place = Place::of(call, index);
    if place.data.is_some_and(|at| at > call.data().len()) {
        return unknown(call.kinds().get(index), word);
    }
    if let Ok(Some(inner)) = Inner::of(arg.arg, index, call) {
        return vectors::shown(inner, arg.arg, call, answer, style);
    }
    let came = || Some((answer?, place.out?)).and_then(|(answer, at)| came(row, call, index, answer, at));
    match place {
        Place { data: None, out: None } if call.kinds().get(index) != ArgKind::VALUE => {
            unknown(call.kinds().get(index), word)
        }
        Place { data: None, out: None } => {
            let args = known(row, call);
            passed(row, arg, args[index], args, style)
        }
        Place { data: Some(at), out: None } => went_in(row, arg, call, index, at, style),
        Place { data: None, out: Some(at) } => match came() {
            Some(came) => memory(row, arg, came, style),
            None => extent(arg.arg.len, index, call)
                .map_or_else(|_| format!("out@{at}"), |len| format!("out({len})")),
        },
        Place { data: Some(at), out: Some(_) } => {
            let before = went_in(row, arg, call, index, at, style);
            let after = came().map(|came| memory(row, arg, came, style));
            match after {
                Some(after) if after != before => both(&before, &after),
                _ => before,
            }
        }
    }
}

/// An argument of which only its kind and its 64 bits are known.
fn unknown(kind: ArgKind, word: u64) -> String {
    match kind {
        ArgKind::VALUE => number::hex(word),
        ArgKind::IN => format!("in@{word}"),
        ArgKind::OUT => format!("out@{word}"),
        ArgKind::INOUT => format!("inout@{word:#x}"),
        ArgKind(kind) => format!("kind{kind}@{word:#x}"),
    }
}

/// The arguments as the kernel takes them, as far as they decide about others: an argument that is unknown before the call
/// is made decides nothing.
fn known(row: &Row, call: &Call<'_>) -> [u64; ARGS_MAX] {
    let mut args = RawArgs::of(call);
    let late = call.kinds().not_values().filter(|index| call.kinds().get(*index).is_of_programs());
    late.filter(|index| *index < ARGS_MAX).for_each(|index| args.set(index, u64::MAX));
    row.narrow(&args).all()
}

/// The bits that the kernel takes of it, in words. An address is not followed.
fn passed(row: &Row, arg: Seen, word: u64, args: [u64; ARGS_MAX], style: Style) -> String {
    if arg.arg.ty == ArgType::Int
        && arg.arg.width == Width::Bits64
        && names::find(row.name, arg.name, &args).is_none()
    {
        return word.cast_signed().to_string();
    }
    match names::find(row.name, arg.name, &args) {
        Some(naming) => naming.name(word),
        None => value::value(arg.arg.ty, word, style.fd_paths),
    }
}

/// The bytes of DATA that the call reads.
fn went_in(row: &Row, arg: Seen, call: &Call<'_>, index: usize, at: usize, style: Style) -> String {
    let Some(from) = call.data().get(at..) else { return format!("in@{at}") };
    let Ok(len) = extent(arg.arg.len, index, call) else {
        // The string has no end, or its length cannot be read.
        let cut = from.len().min(style.shown_bytes);
        return format!("\"{}\"...", bytes::escaped(&from[..cut]));
    };
    match from.get(..len) {
        Some(bytes) => memory(row, arg, bytes, style),
        None => format!("in@{at}"),
    }
}

/// The bytes that the call wrote; `None` when it failed without writing.
fn came<'a>(row: &Row, call: &Call<'_>, index: usize, answer: &Answer<'a>, at: usize) -> Option<&'a [u8]> {
    let data = answer.data?;
    let (_, len) = written_for(row, call, index, answer.result, data)?;
    let failed = answer.result.decode().is_err();
    if row.yields == Yields::Pid && answer.result.0 == 0 {
        // No child was waited for, so nothing was written.
        return None;
    }
    let from = data.get(at.min(data.len())..)?;
    let bytes = &from[..len.min(from.len())];
    (!failed || !bytes.is_empty()).then_some(bytes)
}

/// Bytes in the shape of their type.
fn memory(row: &Row, arg: Seen, all: &[u8], style: Style) -> String {
    match arg.arg.ty {
        ArgType::Path => bytes::quoted(all.strip_suffix(&[0]).unwrap_or(all), PATH_BYTES_MAX),
        ArgType::Text => bytes::quoted(all.strip_suffix(&[0]).unwrap_or(all), style.shown_bytes),
        _ => structure::shown(shapes::find(row.name, arg.name).unwrap_or_else(|| shape(arg.arg)), all, style),
    }
}

/// Paths are shown whole, unless they are longer than any.
const PATH_BYTES_MAX: usize = 4096;

/// The shape of bytes that the table of shapes does not know: a fixed length means a structure.
fn shape(arg: &Arg) -> Shape {
    // An argument in a command's form has no name: four bytes are an int.
    if arg.name.is_empty() && arg.len == Len::Const(4) {
        return Shape::Numbers(4);
    }
    let is_buffer = matches!(arg.len, Len::Arg(_) | Len::Plus(..) | Len::Nul | Len::At(_));
    if is_buffer && arg.ty.direction() != Direction::InOut { Shape::Bytes } else { Shape::Structure }
}

/// The bytes that went in and those that came back; the brackets of two arrays are one pair.
fn both(before: &str, after: &str) -> String {
    let inside =
        |text: &str| text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).map(str::to_owned);
    let plain = |text: &String| !text.contains([',', '{']);
    match (inside(before).filter(plain), inside(after).filter(plain)) {
        (Some(before), Some(after)) => format!("[{before} => {after}]"),
        _ => format!("{before} => {after}"),
    }
}
