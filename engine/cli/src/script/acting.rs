//! The payloads of attributes that change the way in which their call is made; `asks` calls it.

use syslet::AttributeId;
use syslet::attrs::{
    CpuMask, Credentials, Cwd, IoClass, IoPriority, LaneAsk, Nice, Policy, Priority, RetryAsk, RetryOn,
    Scheduling, TimerSlack, Umask,
};

use crate::plan::{Patch, Source};
use crate::script::assigned::{Assigned, Named};
use crate::script::error::ScriptError;
use crate::script::source::Spanned;
use crate::script::syntax::{Attribute, Choice, Setting, Width};

/// A payload, and the number in it that is known only when the step is submitted.
pub(crate) type Payload = (Vec<u8>, Option<Patch>);

/// The payload of such an attribute; nothing for others.
pub(crate) fn payload(
    id: AttributeId,
    attribute: &Attribute,
    assigned: &Assigned,
) -> Result<Option<Payload>, ScriptError> {
    let bytes = match id {
        AttributeId::PRIORITY => priority(attribute)?,
        AttributeId::LANE => lane(attribute)?,
        AttributeId::NICE => Nice::payload(one(attribute, "@nice(5)")?).to_vec(),
        AttributeId::SCHED => sched(attribute)?,
        AttributeId::IOPRIO => ioprio(attribute)?,
        AttributeId::AFFINITY => affinity(attribute)?,
        AttributeId::CREDENTIALS => creds(attribute)?,
        AttributeId::CWD => return cwd(attribute, assigned).map(Some),
        AttributeId::UMASK => Umask::payload(one(attribute, "@umask(0o077)")?).to_vec(),
        AttributeId::TIMER_SLACK => match &attribute.options[..] {
            [Choice { key: None, value }] => TimerSlack::payload(time(value)?).to_vec(),
            _ => return Err(wanted(attribute, "@timer_slack(1ms)")),
        },
        AttributeId::RETRY => retry(attribute)?,
        _ => return Ok(None),
    };
    Ok(Some((bytes, None)))
}

/// The error for numbers that the engine does not take, with the range of those that it does.
pub(crate) fn out_of_range(attribute: &Attribute, id: AttributeId) -> ScriptError {
    let range = match id {
        AttributeId::NICE => "a nice value is from -20 to 19",
        AttributeId::SCHED => "a priority is from 1 to 99 with fifo and rr, and 0 with the others",
        AttributeId::IOPRIO => "a level is from 0 to 7 with real_time and best_effort, and 0 with the others",
        AttributeId::CREDENTIALS => "ids are from 0 to 4294967294, and at most 64 of them are groups",
        AttributeId::UMASK => "a mask is from 0 to 0o777",
        _ => "the number is too large",
    };
    let span = attribute.options.last().map_or(attribute.name.span, |option| option.value.span);
    ScriptError::new(span, range)
}

fn wanted(attribute: &Attribute, example: &str) -> ScriptError {
    let message = format!("`{}` is asked in another way", attribute.name.value);
    ScriptError::new(attribute.name.span, message).help(format!("`{example}`"))
}

/// The one number of an attribute.
fn one<T: TryFrom<i128>>(attribute: &Attribute, example: &str) -> Result<T, ScriptError> {
    match &attribute.options[..] {
        [Choice { key: None, value }] => number(value),
        _ => Err(wanted(attribute, example)),
    }
}

fn number<T: TryFrom<i128>>(setting: &Spanned<Setting>) -> Result<T, ScriptError> {
    let Setting::Number(number) = setting.value else {
        return Err(ScriptError::new(setting.span, "a number is wanted here"));
    };
    T::try_from(number).map_err(|_| {
        ScriptError::new(setting.span, format!("{number} does not fit {} bits", 8 * size_of::<T>()))
    })
}

fn time(setting: &Spanned<Setting>) -> Result<u64, ScriptError> {
    match setting.value {
        Setting::Quantity(count, unit) if unit.is_time() => Ok(count.saturating_mul(unit.1)),
        _ => Err(ScriptError::new(setting.span, "a time is wanted here, such as 1ms")),
    }
}

/// The thing that a word names.
fn named<T: Copy>(setting: &Spanned<Setting>, known: &[(&'static str, T)]) -> Result<T, ScriptError> {
    let Setting::Word(word) = &setting.value else {
        return Err(ScriptError::new(setting.span, "a word is wanted here"));
    };
    known.iter().find(|(name, _)| name == word).map(|&(_, meaning)| meaning).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|&(name, _)| name).collect();
        ScriptError::new(setting.span, format!("unknown word `{word}`")).one_of(word, &names)
    })
}

/// The options behind their keys.
fn key(choice: &Choice) -> Option<&str> {
    choice.key.as_ref().map(|key| key.value.as_str())
}

fn unknown(choice: &Choice, keys: &[&'static str]) -> ScriptError {
    match &choice.key {
        None => ScriptError::new(choice.value.span, "this one wants a key in front"),
        Some(key) => {
            ScriptError::new(key.span, format!("unknown key `{}`", key.value)).one_of(&key.value, keys)
        }
    }
}

/// A word, and a number behind `key`, which is 0 if it is not there.
fn word_and_number<T: Copy>(
    attribute: &Attribute,
    known: &[(&'static str, T)],
    second: &'static str,
) -> Result<(T, u32), ScriptError> {
    let example = format!("@{}({}, {second}=1)", attribute.name.value, known[1].0);
    match &attribute.options[..] {
        [Choice { key: None, value }] => Ok((named(value, known)?, 0)),
        [Choice { key: None, value }, level] if key(level) == Some(second) => {
            Ok((named(value, known)?, number(&level.value)?))
        }
        [Choice { key: None, .. }, other] => Err(unknown(other, &[second])),
        _ => Err(wanted(attribute, &example)),
    }
}

fn priority(attribute: &Attribute) -> Result<Vec<u8>, ScriptError> {
    let payload = Priority::payload(one(attribute, "@priority(5)")?);
    let in_range = Priority::parse(&payload).is_some();
    let outside = || {
        let message = format!("a priority is from -{0} to {0}", Priority::MAX);
        ScriptError::new(attribute.options[0].value.span, message)
    };
    in_range.then(|| payload.to_vec()).ok_or_else(outside)
}

fn lane(attribute: &Attribute) -> Result<Vec<u8>, ScriptError> {
    let example = "@lane(7, limit=2)";
    let (id, limit) = match &attribute.options[..] {
        [Choice { key: None, value }, limit] if key(limit) == Some("limit") => (number(value)?, limit),
        [Choice { key: None, .. }, other] => return Err(unknown(other, &["limit"])),
        _ => return Err(wanted(attribute, example)),
    };
    let ask = LaneAsk { id, limit: number(&limit.value)? };
    if ask.limit == 0 {
        return Err(ScriptError::new(limit.value.span, "a limit is at least 1"));
    }
    Ok(ask.payload().to_vec())
}

fn sched(attribute: &Attribute) -> Result<Vec<u8>, ScriptError> {
    let (policy, priority) = word_and_number(attribute, &Policy::NAMED, "priority")?;
    Ok(Scheduling { policy, priority }.payload().to_vec())
}

fn ioprio(attribute: &Attribute) -> Result<Vec<u8>, ScriptError> {
    let (class, level) = word_and_number(attribute, &IoClass::NAMED, "level")?;
    Ok(IoPriority { class, level }.payload().to_vec())
}

/// The numbers of CPUs.
fn affinity(attribute: &Attribute) -> Result<Vec<u8>, ScriptError> {
    if attribute.options.is_empty() {
        return Err(wanted(attribute, "@affinity(0, 1)"));
    }
    let cpu = |choice: &Choice| match choice.key {
        None => number::<i128>(&choice.value).and_then(|cpu| {
            let fits = usize::try_from(cpu).ok().filter(|cpu| *cpu < 1024);
            fits.ok_or_else(|| ScriptError::new(choice.value.span, "CPUs are counted from 0 to 1023"))
        }),
        Some(_) => Err(unknown(choice, &[])),
    };
    Ok(CpuMask::of(attribute.options.iter().map(cpu).collect::<Result<Vec<usize>, _>>()?).payload())
}

fn creds(attribute: &Attribute) -> Result<Vec<u8>, ScriptError> {
    let mut creds = Credentials::default();
    for choice in &attribute.options {
        let value = &choice.value;
        match key(choice) {
            Some("uid") => creds.fsuid = Some(number(value)?),
            Some("gid") => creds.fsgid = Some(number(value)?),
            Some("group") => creds.groups.get_or_insert_default().push(number(value)?),
            Some("groups") => {
                named(value, &[("none", ())])?;
                creds.groups.get_or_insert_default();
            }
            _ => return Err(unknown(choice, &["uid", "gid", "group", "groups"])),
        }
    }
    if creds == Credentials::default() {
        return Err(wanted(attribute, "@creds(uid=1000, gid=1000, group=4)"));
    }
    Ok(creds.payload())
}

/// The descriptor of a directory: a number, or the result of an earlier statement.
fn cwd(attribute: &Attribute, assigned: &Assigned) -> Result<Payload, ScriptError> {
    let [Choice { key: None, value }] = &attribute.options[..] else {
        return Err(wanted(attribute, "@cwd(dir)"));
    };
    if matches!(value.value, Setting::Text(_)) {
        return Err(ScriptError::new(value.span, "`cwd` takes the descriptor of a directory")
            .help("dir = openat(AT_FDCWD, \"…\", O_PATH|O_DIRECTORY) above, and `@cwd(dir)` here"));
    }
    let Setting::Word(word) = &value.value else {
        return Ok((Cwd::payload(number(value)?).to_vec(), None));
    };
    let name = Spanned { value: word.clone(), span: value.span };
    let from = match assigned.find(&name)? {
        Named::Step(step) => Source::Result(step),
        Named::Atom(step, atom) => Source::Atom(step, atom),
        Named::Buffer(_) => {
            return Err(ScriptError::new(value.span, "a buffer is no directory: name a call"));
        }
    };
    let width = Width::named("i32").expect("a type of the language");
    Ok((Cwd::payload(0).to_vec(), Some(Patch { at: 0, width, from })))
}

fn retry(attribute: &Attribute) -> Result<Vec<u8>, ScriptError> {
    let mut ask = RetryAsk::default();
    for choice in &attribute.options {
        let value = &choice.value;
        match key(choice) {
            None => ask.on = ask.on.with(named(value, &RetryOn::NAMED)?),
            Some("attempts") => ask.attempts = number(value)?,
            Some("time") => ask.time_ns = time(value)?,
            Some("pause") => ask.pause_ns = time(value)?,
            Some(_) => return Err(unknown(choice, &["attempts", "time", "pause"])),
        }
    }
    if ask.on == RetryOn::default() {
        ask.on = RetryOn::NAMED.iter().fold(ask.on, |on, (_, more)| on.with(*more));
    }
    Ok(ask.payload().to_vec())
}
