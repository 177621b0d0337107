//! Lays out the memory of a group, and checks how far calls reach into it.

use syslet::syscalls::{Len, RawArgs, Row};

use crate::plan::group::{Arg, Group, Memory, Place};
use crate::script::error::ScriptError;
use crate::script::group::argument::Lowered;
use crate::script::group::lowering::{Local, Lowering};
use crate::script::length::{decided_by, number_at, reach};
use crate::script::lower::{Position, formed};
use crate::script::source::{Span, Spanned};
use crate::script::syntax::Value;

impl Lowering<'_> {
    /// Bytes that travel with the group: where they begin.
    pub(crate) fn carry(&mut self, bytes: &[u8]) -> usize {
        let data = &mut self.group.data;
        data.resize(data.len().next_multiple_of(8), 0);
        let at = data.len();
        data.extend_from_slice(bytes);
        at
    }

    /// Room in the out area.
    pub(crate) fn room(&mut self, bytes: usize, comes_back: bool) -> Memory {
        let all = if comes_back { &mut self.group.out_bytes } else { &mut self.group.scratch_bytes };
        let at = all.next_multiple_of(8);
        *all = at + bytes;
        Memory::new(if comes_back { Place::ComesBack(at) } else { Place::Scratch(at) }, bytes)
    }

    /// The part that begins at `offset` of an area, and has at least so many bytes as far as that is known.
    pub(crate) fn part(
        &mut self,
        of: &Spanned<String>,
        (offset, span): (&Value, Span),
        (least, prefix): (usize, &str),
    ) -> Result<Memory, ScriptError> {
        let word = &of.value;
        let Some(Local::Area(area)) = self.names.get(word).copied() else {
            return Err(ScriptError::new(of.span, format!("`{word}` is no area of this group")));
        };
        match self.number(offset)? {
            Arg::Register(register) => Ok(area.moved_by(register)),
            Arg::Value(number) => {
                let part = usize::try_from(number).ok().and_then(|offset| area.behind(offset));
                part.filter(|part| part.bytes >= least).ok_or_else(|| {
                    let (number, bytes) = (number.cast_signed(), area.bytes);
                    let message =
                        format!("{prefix}offset {number} lies outside the {bytes} bytes of `{word}`");
                    ScriptError::new(span, message)
                })
            }
            _ => Err(ScriptError::new(span, "an offset is known before, or a register")
                .help(format!("at = {offset} puts a result into one"))),
        }
    }

    /// Checks that each argument's memory is as long as the call reaches. Where that is known only when the group runs, the
    /// record is to say how long it is.
    pub(crate) fn bound(
        &self,
        call: &str,
        row: Option<&'static Row>,
        lowered: &mut [Lowered],
    ) -> Result<(), ScriptError> {
        let Some(row) = row else { return Ok(()) };
        for (index, arg) in row.args.iter().enumerate().take(lowered.len()) {
            let arg = formed(arg, |by| lowered.get(by)?.fixed());
            let position = Position { call, index, arg: Some(arg) };
            if self.keeps_inside(row, arg.len, position, lowered)? {
                continue;
            }
            match &mut lowered[index] {
                Lowered { arg: Arg::Memory(memory), .. } => memory.is_bounded = true,
                Lowered { arg: Arg::Inout(..), span, .. } => {
                    let position = position.describe();
                    let message = format!("how far {position} is reached is known only when the group runs");
                    return Err(ScriptError::new(*span, message)
                        .help("bytes that are known later stand in an area: a = area(16)"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether it is known that the call reaches no further than the argument's memory is long, if it is memory.
    fn keeps_inside(
        &self,
        row: &Row,
        len: Len,
        position: Position<'_>,
        lowered: &[Lowered],
    ) -> Result<bool, ScriptError> {
        let (one, call) = (&lowered[position.index], position.call);
        let Some(bytes) = one.bytes() else { return Ok(true) };
        if let Some(by) = decided_by(len).filter(|by| *by >= lowered.len()) {
            let message =
                format!("argument {} of {call}, which says how long this one is, is missing", by + 1);
            return Err(ScriptError::new(one.span, message));
        }
        let raw: RawArgs = lowered.iter().map(|one| one.fixed().unwrap_or_default()).collect();
        let fixed = |by: usize| lowered[by].fixed().map(|_| row.narrow(&raw).get(by));
        let number = |by: usize, offset| number_at(self.group.known(lowered.get(by)?.arg)?, offset);
        match reach(len, position.index, fixed, number) {
            Some(reached) if reached > bytes as u64 => {
                let message =
                    format!("{} has {bytes} bytes, and the call reaches {reached}", position.describe());
                Err(ScriptError::new(one.span, message))
            }
            Some(_) => Ok(true),
            None => Ok(len == Len::Nul && self.group.known(one.arg).is_some_and(|text| text.contains(&0))),
        }
    }
}

impl Group {
    /// The bytes that an argument has before the call, if they are known before anything runs.
    fn known(&self, arg: Arg) -> Option<&[u8]> {
        let (at, bytes) = match arg {
            Arg::Memory(Memory { place: Place::Data(at), bytes, .. }) => (at, bytes),
            Arg::Inout(memory, data) => (data, memory.bytes),
            _ => return None,
        };
        self.data.get(at..at + bytes)
    }
}
