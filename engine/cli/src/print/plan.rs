//! The plan in print (SCRIPT-29): the steps that would run, without running them.

use std::io::{self, Write};

use serde_json::{Value, json};
use syslet::CallFlags;
use syslet::syscalls::decode::{Decoder, quoted};

use crate::plan::group::Group;
use crate::plan::{Operand, Passed, Plan, Shown, Source, Step, StepId};
use crate::print::JSON_VERSION;
use crate::run::submit::flags;
use crate::script::flags::marks;

/// How it is to be printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    pub(crate) json: bool,
    pub(crate) shown_bytes: usize,
    /// Whether it would run with workers.
    pub(crate) has_workers: bool,
}

/// Prints `plan` to `out`.
pub(crate) fn print(plan: &Plan, how: How, out: &mut impl Write) -> io::Result<()> {
    let planned = Planned { plan, shown_bytes: how.shown_bytes, has_workers: how.has_workers };
    for step in &plan.steps {
        if how.json {
            writeln!(out, "{}", planned.object(step))?;
        } else {
            planned.text(step, out)?;
        }
    }
    out.flush()
}

struct Planned<'a> {
    plan: &'a Plan,
    shown_bytes: usize,
    has_workers: bool,
}

impl Planned<'_> {
    fn text(&self, step: &Step, out: &mut impl Write) -> io::Result<()> {
        let name = step.name.as_ref().map_or(String::new(), |name| format!("{name} = "));
        if let Some(group) = &step.group {
            return self.group_text(step, group, out);
        }
        let sync = if self.flag_names(step).is_empty() { "" } else { " SYNC" };
        writeln!(out, "{}: {name}{} [{}]{sync}", step.line, step.call, step.nr)?;
        for (index, operand) in step.operands.iter().enumerate() {
            let arg = step.row.and_then(|row| row.args.get(index)).map_or("", |arg| arg.name);
            writeln!(out, "      {index} {arg:<10} {:<6} {}", operand.kind(), self.shown(operand))?;
        }
        self.behind(step, out)
    }

    /// The steps that it waits for, and its attributes.
    fn behind(&self, step: &Step, out: &mut impl Write) -> io::Result<()> {
        if !step.waits.is_empty() {
            writeln!(out, "      waits for {}", self.waits(step).join(", "))?;
        }
        for ask in &step.asks {
            let required = if ask.flags.is_required() { "!" } else { "" };
            writeln!(out, "      @{}{required}", ask.name)?;
        }
        Ok(())
    }

    /// The atoms, numbered, with the lines that they come from.
    fn group_text(&self, step: &Step, group: &Group, out: &mut impl Write) -> io::Result<()> {
        let name = step.name.as_ref().map_or(String::new(), |name| format!(" {name}"));
        let flags: String = self.flag_names(step).iter().map(|flag| format!(" {flag}")).collect();
        writeln!(out, "{}: syslet{name} budget({}){flags}", step.line, group.budget)?;
        for (index, operand) in step.operands.iter().enumerate() {
            writeln!(out, "      r{index} = {}", self.shown(operand))?;
        }
        for (atom, words) in group.atoms.iter().zip(self.atoms(step, group)) {
            let asked = marks(atom.flags).chain(atom.asks.iter().map(|ask| ask.name));
            let asks: String = asked.map(|name| format!("  @{name}")).collect();
            writeln!(out, "      {words}{asks}  # line {}", atom.line)?;
        }
        self.behind(step, out)
    }

    /// The atoms in words.
    fn atoms(&self, step: &Step, group: &Group) -> Vec<String> {
        let registers = vec![0; step.operands.len()];
        let program = group.build(&registers, CallFlags::NONE, &[]);
        let decoder = Decoder::default().shown_bytes(self.shown_bytes);
        program.ok().and_then(|program| decoder.atoms(program.bytes())).unwrap_or_default()
    }

    fn flag_names(&self, step: &Step) -> Vec<&'static str> {
        let flags = flags(step, &step.fixed_args(), self.has_workers);
        let named = [(CallFlags::SYNC, "SYNC"), (CallFlags::PRIVATE, "PRIVATE")];
        named.into_iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, name)| name).collect()
    }

    fn object(&self, step: &Step) -> Value {
        let arguments: Vec<Value> = step
            .operands
            .iter()
            .map(|operand| json!({ "kind": operand.kind(), "shown": self.shown(operand) }))
            .collect();
        let asks: Vec<Value> = step
            .asks
            .iter()
            .map(|ask| json!({ "name": ask.name, "required": ask.flags.is_required() }))
            .collect();
        let mut object = json!({
            "v": JSON_VERSION,
            "line": step.line,
            "name": step.name,
            "call": step.call,
            "nr": step.group.is_none().then_some(step.nr),
            "arguments": arguments,
            "waits_for": self.waits(step),
            "flags": self.flag_names(step),
            "attributes": asks,
        });
        if let Some(group) = &step.group {
            object["budget"] = group.budget.into();
            object["atoms"] = self.atoms(step, group).into();
        }
        object
    }

    fn waits(&self, step: &Step) -> Vec<String> {
        step.waits.iter().map(|wait| self.named(wait.step)).collect()
    }

    fn named(&self, id: StepId) -> String {
        let step = &self.plan.steps[id];
        step.name.clone().unwrap_or_else(|| format!("line {}", step.line))
    }

    fn shown(&self, operand: &Operand) -> String {
        match (&operand.shown, &operand.passed) {
            (Shown::Bytes(bytes), _) => quoted(bytes, self.shown_bytes),
            (_, Passed::Value(Source::Address(id))) => {
                format!("{}, {} bytes", self.plan.buffers[*id].name, self.plan.buffers[*id].bytes)
            }
            (shown, _) => text(shown).to_owned(),
        }
    }
}

fn text(shown: &Shown) -> &str {
    match shown {
        Shown::Written(text) | Shown::Number(text) => text,
        Shown::Bytes(_) => "",
    }
}
