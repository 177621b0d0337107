//! Attributes that change how their call is made, as they are written.

use syslet::abi::AttributeId;
use syslet::attrs::{
    CpuMask, Credentials, Cwd, IoClass, IoPriority, Nice, Policy, RetryAsk, RetryOn, Scheduling, TimerSlack,
    Umask,
};

use crate::script::error::ScriptError;
use crate::script::syntax::{Attribute, Choice, Setting};

/// What such an attribute is asked with; nothing when the id is another one's.
pub(crate) fn payload(id: AttributeId, attribute: &Attribute) -> Option<Result<Vec<u8>, ScriptError>> {
    let options = Options(attribute);
    Some(match id {
        AttributeId::NICE => options.number("5").map(|nice| Nice::payload(nice).to_vec()),
        AttributeId::UMASK => options.number("0o77").map(|mask| Umask::payload(mask).to_vec()),
        AttributeId::CWD => options.number("3").map(|fd| Cwd::payload(fd).to_vec()),
        AttributeId::AFFINITY => options.number("1").map(|cpu: u16| CpuMask::of([cpu.into()]).payload()),
        AttributeId::TIMER_SLACK => options.time("1ms").map(|ns| TimerSlack::payload(ns).to_vec()),
        AttributeId::SCHED => options.word("batch", &Policy::NAMED).and_then(|policy| {
            let priority = options.keyed("priority")?.unwrap_or(0);
            Ok(Scheduling { policy, priority }.payload().to_vec())
        }),
        AttributeId::IOPRIO => options.word("idle", &IoClass::NAMED).and_then(|class| {
            let level = options.keyed("level")?.unwrap_or(0);
            Ok(IoPriority { class, level }.payload().to_vec())
        }),
        AttributeId::CREDENTIALS => options.credentials(),
        AttributeId::RETRY => options.words("short", &RetryOn::NAMED).map(|chosen| {
            let on = chosen.into_iter().fold(RetryOn::default(), RetryOn::with);
            RetryAsk { on, ..RetryAsk::default() }.payload().to_vec()
        }),
        _ => return None,
    })
}

/// What stands in an attribute's parentheses.
struct Options<'a>(&'a Attribute);

impl Options<'_> {
    fn wrong(&self, example: &str) -> ScriptError {
        let name = &self.0.name;
        ScriptError::new(name.span, format!("`{}` is asked for another way", name.value))
            .help(format!("`@{}({example})`", name.value))
    }

    fn plain(&self) -> impl Iterator<Item = &Choice> {
        self.0.options.iter().filter(|choice| choice.key.is_none())
    }

    fn number<T: TryFrom<i128>>(&self, example: &str) -> Result<T, ScriptError> {
        match &self.0.options[..] {
            [Choice { key: None, value }] => match value.value {
                Setting::Number(number) => T::try_from(number)
                    .map_err(|_| ScriptError::new(value.span, format!("{number} is beyond what there is"))),
                _ => Err(self.wrong(example)),
            },
            _ => Err(self.wrong(example)),
        }
    }

    fn time(&self, example: &str) -> Result<u64, ScriptError> {
        match &self.0.options[..] {
            [Choice { key: None, value }] => match value.value {
                Setting::Quantity(count, unit) if unit.is_time() => Ok(count.saturating_mul(unit.1)),
                _ => Err(self.wrong(example)),
            },
            _ => Err(self.wrong(example)),
        }
    }

    /// The words without a key, each one of those named.
    fn words<T: Copy>(&self, example: &str, named: &[(&'static str, T)]) -> Result<Vec<T>, ScriptError> {
        let found: Result<Vec<T>, ScriptError> = self
            .plain()
            .map(|choice| {
                let Setting::Word(word) = &choice.value.value else { return Err(self.wrong(example)) };
                named.iter().find(|(name, _)| name == word).map(|(_, value)| *value).ok_or_else(|| {
                    ScriptError::new(choice.value.span, format!("`{}` has no `{word}`", self.0.name.value))
                        .nearest(word, named.iter().map(|(name, _)| *name))
                })
            })
            .collect();
        found.and_then(|found| if found.is_empty() { Err(self.wrong(example)) } else { Ok(found) })
    }

    fn word<T: Copy>(&self, example: &str, named: &[(&'static str, T)]) -> Result<T, ScriptError> {
        match self.words(example, named)?[..] {
            [one] => Ok(one),
            _ => Err(self.wrong(example)),
        }
    }

    /// The number with that key, if there is one.
    fn keyed(&self, key: &str) -> Result<Option<u32>, ScriptError> {
        let is_it = |choice: &&Choice| choice.key.as_ref().is_some_and(|found| found.value == key);
        let Some(choice) = self.0.options.iter().find(is_it) else { return Ok(None) };
        match choice.value.value {
            Setting::Number(number) => u32::try_from(number).map(Some).map_err(|_| {
                ScriptError::new(choice.value.span, format!("{number} is beyond what there is"))
            }),
            _ => Err(ScriptError::new(choice.value.span, format!("`{key}` takes a number"))),
        }
    }

    fn credentials(&self) -> Result<Vec<u8>, ScriptError> {
        let (fsuid, fsgid) = (self.keyed("uid")?, self.keyed("gid")?);
        let known = usize::from(fsuid.is_some()) + usize::from(fsgid.is_some());
        if known == 0 || known != self.0.options.len() {
            return Err(self.wrong("uid=1000, gid=1000"));
        }
        Ok(Credentials { fsuid, fsgid, groups: None }.payload())
    }
}
