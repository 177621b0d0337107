//! From a script's text to a plan: tokens, tree, arguments of the command put in, everything checked and ordered.

mod argument;
mod cursor;
pub(crate) mod error;
pub(crate) mod group;
pub(crate) mod number;
mod parse;
mod reserved;
mod show;
mod statement;
pub(crate) mod source;
pub(crate) mod syntax;
mod text;
mod token;

mod acting;
mod asks;
mod assigned;
mod check;
mod derived;
pub(crate) mod flags;
mod given;
pub(crate) mod length;
pub(crate) mod context;
pub(crate) mod lower;
mod order;
mod pack;
mod target;

#[cfg(test)]
mod tests;

use crate::plan::Plan;
use crate::script::error::ScriptError;
use crate::script::source::Source;

/// Reads and checks a script, the command's arguments put in. Its faults stand in the order of the script.
pub(crate) fn compile(source: &Source, arguments: &[Vec<u8>]) -> Result<Plan, Vec<ScriptError>> {
    check::check(&source.text, &parse::parse(source)?, arguments)
}
