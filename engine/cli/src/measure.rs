//! One value of an attribute's return as people and programs read it: a number, a word, several words, yes or no. `run`
//! makes them, the printers show them.

use serde_json::Value;

/// A value of an attribute's return.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Measure {
    /// A count, or an amount whose unit is the end of its name.
    Number(u64),
    /// As Number; it may be negative.
    Signed(i64),
    /// One of several states, by its name.
    Word(&'static str),
    /// A set, by the names of what is in it.
    Words(Vec<String>),
    Flag(bool),
}

impl Measure {
    /// The set whose members a display lists with commas between them.
    pub(crate) fn words(listed: &impl ToString) -> Measure {
        let listed = listed.to_string();
        Measure::Words(listed.split(", ").filter(|word| !word.is_empty()).map(str::to_owned).collect())
    }

    /// As JSON has it: names as one word each.
    pub(crate) fn json(&self) -> Value {
        let one_word = |name: &str| Value::from(name.replace([' ', '-'], "_"));
        match self {
            Measure::Number(number) => (*number).into(),
            Measure::Signed(number) => (*number).into(),
            Measure::Word(name) => one_word(name),
            Measure::Words(names) => names.iter().map(|name| one_word(name)).collect(),
            Measure::Flag(is) => (*is).into(),
        }
    }
}

impl std::fmt::Display for Measure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Measure::Number(number) => number.fmt(f),
            Measure::Signed(number) => number.fmt(f),
            Measure::Word(name) => f.write_str(name),
            Measure::Words(names) => f.write_str(&names.join(", ")),
            Measure::Flag(is) => is.fmt(f),
        }
    }
}

impl From<u64> for Measure {
    fn from(number: u64) -> Measure {
        Measure::Number(number)
    }
}

impl From<u32> for Measure {
    fn from(number: u32) -> Measure {
        Measure::Number(number.into())
    }
}

impl From<i64> for Measure {
    fn from(number: i64) -> Measure {
        Measure::Signed(number)
    }
}

impl From<bool> for Measure {
    fn from(is: bool) -> Measure {
        Measure::Flag(is)
    }
}

impl From<&'static str> for Measure {
    fn from(name: &'static str) -> Measure {
        Measure::Word(name)
    }
}
