//! Scripts in, plans or faults out. Nothing runs here.

mod arguments;
mod attributes;
mod calls;
mod group_faults;
mod group_atoms;
mod groups;
mod memory;
mod order;
mod properties;
mod reading;

use crate::plan::{Operand, Passed, Plan, Source};
use crate::script::compile;
use crate::script::error::ScriptError;
use crate::script::source::Source as Text;

fn source(text: &str) -> Text {
    Text { name: "test".to_owned(), text: text.to_owned() }
}

fn compiled(text: &str, arguments: &[&str]) -> Result<Plan, ScriptError> {
    compiled_whole(text, arguments).map_err(|faults| faults[0].clone())
}

/// The plan, or all faults.
fn compiled_whole(text: &str, arguments: &[&str]) -> Result<Plan, Vec<ScriptError>> {
    let arguments: Vec<Vec<u8>> = arguments.iter().map(|argument| argument.as_bytes().to_vec()).collect();
    compile(&source(text), &arguments)
}

/// The plan of a script that is right.
#[track_caller]
fn plan(text: &str) -> Plan {
    plan_with(text, &[])
}

#[track_caller]
fn plan_with(text: &str, arguments: &[&str]) -> Plan {
    match compiled(text, arguments) {
        Ok(plan) => plan,
        Err(error) => panic!("{text}: {}", error.message),
    }
}

/// The fault in a script: the text at fault, and the message with its help.
#[track_caller]
fn fault(text: &str) -> (String, String) {
    fault_with(text, &[])
}

#[track_caller]
fn fault_with(text: &str, arguments: &[&str]) -> (String, String) {
    match compiled(text, arguments) {
        Ok(_) => panic!("{text}: no fault was found"),
        Err(error) => {
            let help = error.help.unwrap_or_default();
            (text[error.span.range()].to_owned(), format!("{}; {help}", error.message))
        }
    }
}

/// Checks that a script has a fault at `place`, with a message that contains `says`.
#[track_caller]
fn refused(text: &str, place: &str, says: &str) {
    refused_with(text, &[], place, says);
}

#[track_caller]
fn refused_with(text: &str, arguments: &[&str], place: &str, says: &str) {
    let (found, message) = fault_with(text, arguments);
    assert_eq!(found, place, "{text}: {message}");
    assert!(message.contains(says), "{text}: {message:?} does not say {says:?}");
}

/// The last step's argument.
#[track_caller]
fn operand(plan: &Plan, index: usize) -> &Operand {
    &plan.steps[plan.steps.len() - 1].operands[index]
}

/// The value of the first argument of `lseek`, written as `text`.
#[track_caller]
fn value(text: &str) -> u64 {
    fixed(&plan(&format!("lseek(0, {text}, 0)")), 1)
}

#[track_caller]
fn fixed(plan: &Plan, index: usize) -> u64 {
    match operand(plan, index).passed {
        Passed::Value(Source::Fixed(value)) => value,
        ref other => panic!("{other:?} is no fixed value"),
    }
}

/// The bytes of memory passed for the last step's argument.
#[track_caller]
fn memory(plan: &Plan, index: usize) -> &[u8] {
    match &operand(plan, index).passed {
        Passed::Memory { bytes, .. } => bytes,
        other => panic!("{other:?} is no memory"),
    }
}
