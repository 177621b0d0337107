//! The tree as text again: reading it gives the same tree.

use std::fmt::{Display, Formatter, Result};

use syslet::syscalls::decode::escaped;

use crate::script::group;
use crate::script::statement::{Body, Statement};
use crate::script::syntax::{
    After, Argument, Attribute, Call, Choice, Field, Operand, Parameter, Part, Piece, Setting, Term, Text,
    Value, View,
};

impl Display for Statement {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if let Body::Group(group) = &self.body {
            return group::show::statement(self, group, f);
        }
        if let Some(name) = &self.name {
            write!(f, "{} = ", name.value)?;
        }
        match &self.body {
            Body::Buffer { size, holds: None } => write!(f, "buffer({})", size.value),
            Body::Buffer { size, holds: Some(holds) } => {
                write!(f, "buffer({}) = {}", size.value, holds.value)
            }
            Body::Call(call) => call.fmt(f),
            Body::Default(attributes) => {
                f.write_str("default")?;
                attributes.iter().try_for_each(|attribute| write!(f, " {attribute}"))
            }
            Body::Group(_) => Ok(()),
        }
    }
}

impl Display for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}(", self.name.value)?;
        joined(f, self.arguments.iter().map(|argument| &argument.value))?;
        f.write_str(")")?;
        self.after.iter().try_for_each(|after| after.fmt(f))?;
        self.attributes.iter().try_for_each(|attribute| write!(f, "  {attribute}"))
    }
}

impl Display for After {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, " after{} {}", if self.whatever { "!" } else { "" }, self.name.value)
    }
}

fn joined<T: Display>(f: &mut Formatter<'_>, items: impl Iterator<Item = T>) -> Result {
    for (index, item) in items.enumerate() {
        f.write_str(if index == 0 { "" } else { ", " })?;
        item.fmt(f)?;
    }
    Ok(())
}

impl Display for Argument {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Argument::Value(value) => value.fmt(f),
            Argument::Text(text) => text.fmt(f),
            Argument::Out(size) => write!(f, "out({})", size.value),
            Argument::View(view) => view.fmt(f),
            Argument::Part(part) => part.fmt(f),
            Argument::Bit(of) => write!(f, "1 << {of}"),
            Argument::Pack(fields) => {
                f.write_str("pack(")?;
                joined(f, fields.iter().map(|field| &field.value))?;
                f.write_str(")")
            }
        }
    }
}

impl Display for Field {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Field::Text(text) => text.fmt(f),
            Field::Number(width, operand) => write!(f, "{} {operand}", width.name()),
        }
    }
}

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Operand::Value(value) => value.fmt(f),
            Operand::View(view) => view.fmt(f),
            Operand::Part(part) => part.fmt(f),
            Operand::Bit(of) => write!(f, "1 << {of}"),
        }
    }
}

impl Display for Part {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} + {}", self.of.value, self.offset.value)
    }
}

impl Display for View {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}({}, {})", self.width.name(), self.of.value, self.offset.value)
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for (index, term) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "|" })?;
            match &term.value {
                Term::Integer(number) => number.fmt(f)?,
                Term::Word(word) => f.write_str(word)?,
                Term::Parameter(parameter) => write!(f, "${parameter}")?,
                Term::Length(text) => write!(f, "{}({text})", Term::LENGTH)?,
            }
        }
        Ok(())
    }
}

impl Display for Parameter {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Parameter::Number(number) => number.fmt(f),
            Parameter::Each => f.write_str("@"),
            Parameter::Count => f.write_str("#"),
        }
    }
}

impl Display for Text {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("\"")?;
        for piece in &self.0 {
            match &piece.value {
                Piece::Bytes(bytes) => f.write_str(&escaped(bytes).replace('$', "\\$"))?,
                Piece::Parameter(parameter) => write!(f, "${{{parameter}}}")?,
            }
        }
        f.write_str("\"")
    }
}

impl Display for Attribute {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "@{}{}", self.name.value, if self.required { "!" } else { "" })?;
        if self.options.is_empty() {
            return Ok(());
        }
        f.write_str("(")?;
        joined(f, self.options.iter())?;
        f.write_str(")")
    }
}

impl Display for Choice {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if let Some(key) = &self.key {
            write!(f, "{}=", key.value)?;
        }
        match &self.value.value {
            Setting::Number(number) => number.fmt(f),
            Setting::Quantity(count, unit) => write!(f, "{count}{}", unit.0),
            Setting::Word(word) => f.write_str(word),
            Setting::Text(text) => text.fmt(f),
        }
    }
}
