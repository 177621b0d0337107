//! From attributes as they are written to attributes as the engine is asked for them; `check` and groups call it.

use syslet::Status;
use syslet::abi::{AttributeFlags, AttributeId};
use syslet::attrs::{
    Attribute as Known, CallFacts, ChecksumAsk, DeadlineAsked, Nature, Registry, TraceValue,
};

use crate::plan::Ask;
use crate::script::acting;
use crate::script::assigned::Assigned;
use crate::script::error::ScriptError;
use crate::script::flags;
use crate::script::syntax::{Attribute, Choice, Setting};

/// A call of which nothing is known.
const ANY: CallFacts =
    CallFacts { nr: 0, args: [0; 6], out_len: 0, nature: Nature::NONE, atoms_bytes_max: None };

/// The attributes as the engine is asked for them.
pub(crate) fn asks(attributes: &[&Attribute], assigned: &Assigned) -> Result<Vec<Ask>, ScriptError> {
    let registry = Registry::built_in();
    let mut asks: Vec<Ask> = Vec::new();
    for attribute in attributes {
        let word = &attribute.name;
        if word.value == "data" {
            return Err(ScriptError::new(word.span, "`data` is always there and cannot be asked for")
                .help("write out(N) for bytes that shall come back"));
        }
        if flags::OF_ATOMS.iter().any(|(flag, _)| *flag == word.value) {
            return Err(ScriptError::new(word.span, format!("`{}` is for calls of a group", word.value)));
        }
        let known = registry.iter().find(|known| known.name() == word.value).ok_or_else(|| {
            let names = registry.iter().filter(|known| known.id() != AttributeId::DATA);
            ScriptError::new(word.span, format!("unknown attribute `{}`", word.value)).nearest(
                &word.value,
                names.map(Known::name).chain([flags::PRIVATE]).chain(flags::OF_ATOMS.map(|(word, _)| word)),
            )
        })?;
        if asks.iter().any(|ask| ask.id == known.id()) {
            return Err(ScriptError::new(word.span, format!("`{}` is asked for twice", word.value)));
        }
        let (payload, patch) = match acting::payload(known.id(), attribute, assigned)? {
            Some(payload) => payload,
            None => (payload(known.id(), attribute)?, None),
        };
        if patch.is_none() && known.check(&payload, &ANY) == Err(Status::INVALID) {
            return Err(acting::out_of_range(attribute, known.id()));
        }
        let patch = patch.map(|patch| (patch, attribute.options[0].value.span));
        let required = if attribute.required { AttributeFlags::REQUIRED } else { AttributeFlags::NONE };
        asks.push(Ask { name: known.name(), id: known.id(), flags: required, payload, patch });
    }
    Ok(asks)
}

/// The attribute's payload.
fn payload(id: AttributeId, attribute: &Attribute) -> Result<Vec<u8>, ScriptError> {
    match id {
        AttributeId::CHECKSUM => {
            let expected = number(attribute, "a checksum of 32 bits")?;
            Ok(expected.map_or_else(Vec::new, |expected| {
                ChecksumAsk { expected: Some(expected) }.payload().to_vec()
            }))
        }
        AttributeId::DEADLINE => {
            let [Choice { key: None, value }] = &attribute.options[..] else {
                let message = "`deadline` wants a time, counted from the submission";
                return Err(ScriptError::new(attribute.name.span, message).help("`@deadline(50ms)`"));
            };
            match value.value {
                Setting::Quantity(count, unit) if unit.is_time() => {
                    Ok(DeadlineAsked::After(count.saturating_mul(unit.1)).emit().to_vec())
                }
                _ => Err(ScriptError::new(value.span, "`deadline` takes a time: `@deadline(50ms)`")),
            }
        }
        AttributeId::TRACE => {
            let wanted =
                || ScriptError::new(attribute.name.span, "`trace` wants a number").help("`@trace(7)`");
            let id = number(attribute, "a number of 64 bits")?.ok_or_else(wanted)?;
            Ok(TraceValue { id }.payload().to_vec())
        }
        _ => no_value(attribute).map(|()| Vec::new()),
    }
}

/// The one number that an attribute takes, if it is there.
fn number<T: TryFrom<i128>>(attribute: &Attribute, kind: &str) -> Result<Option<T>, ScriptError> {
    let name = &attribute.name.value;
    match &attribute.options[..] {
        [] => Ok(None),
        [option] if option.key.is_none() => match option.value.value {
            Setting::Number(number) => T::try_from(number)
                .map(Some)
                .map_err(|_| ScriptError::new(option.value.span, format!("{number} is not {kind}"))),
            _ => Err(ScriptError::new(option.value.span, format!("`{name}` takes a number"))),
        },
        [option] => {
            Err(ScriptError::new(option.value.span, format!("`{name}` takes a number without a key")))
        }
        [_, extra, ..] => Err(ScriptError::new(extra.value.span, format!("`{name}` takes one number"))),
    }
}

fn no_value(attribute: &Attribute) -> Result<(), ScriptError> {
    match attribute.options.first() {
        None => Ok(()),
        Some(option) => {
            let message = format!("`{}` takes no value", attribute.name.value);
            Err(ScriptError::new(option.value.span, message))
        }
    }
}
