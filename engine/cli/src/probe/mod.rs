//! `syslet probe`: the abilities and limits of syslet on this machine, one file for each section. Nothing is changed and
//! nothing is left behind.

mod asked;
mod attributes;
mod confinement;
mod files;
mod limits;
mod nonblocking;
mod parking;
mod section;
mod system;

use std::io::{self, Write};

use crate::print::JSON_VERSION;
use serde_json::{Map, Value};
use syslet::{Config, Engine, Params};

/// Everything found, in the order in which it is printed: sections of names and values.
#[derive(Debug)]
pub(crate) struct Found(Vec<(&'static str, Map<String, Value>)>);

/// Finds out all of it.
pub(crate) fn probe() -> Result<Found, String> {
    let engine =
        Engine::start(Config::default()).map_err(|error| format!("the engine cannot start here: {error}"))?;
    let mut ring =
        engine.ring(&Params::default()).map_err(|error| format!("no ring can be opened here: {error}"))?;
    Ok(Found(vec![
        ("system", system::system()),
        ("engine", system::engine(&engine, &ring)),
        ("limits", limits::limits()),
        ("attributes", attributes::attributes(&engine, &mut ring)),
        ("nonblocking", nonblocking::nonblocking(&mut ring)),
        ("parking", parking::parking(&mut ring)),
        ("confinement", confinement::confinement(&engine)),
    ]))
}

impl Found {
    /// Prints it, for people or as one JSON object.
    pub(crate) fn print(&self, json: bool, out: &mut impl Write) -> io::Result<()> {
        if json {
            let sections =
                self.0.iter().map(|(name, found)| ((*name).to_owned(), Value::Object(found.clone())));
            let version = ("v".to_owned(), Value::from(JSON_VERSION));
            return writeln!(out, "{}", Value::Object(std::iter::once(version).chain(sections).collect()));
        }
        for (section, found) in &self.0 {
            writeln!(out, "{section}")?;
            for (name, value) in found {
                writeln!(out, "  {:<22} {}", name.replace('_', " "), text(value))?;
            }
        }
        out.flush()
    }
}

/// A value for people: no quotes, lists with blanks between.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(" "),
        Value::Null => "not known".to_owned(),
        other => other.to_string(),
    }
}
