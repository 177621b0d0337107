//! Finds the steps that each step waits for; `check` calls it.

use std::collections::{BTreeMap, HashMap};

use syslet::syscalls::Descriptors;

use crate::plan::{Plan, Source, Step, StepId, Wait};
use crate::script::assigned::{Assigned, Named};
use crate::script::error::ScriptError;
use crate::script::source::Span;
use crate::script::syntax::After;

/// Which steps name which results, and which results are gone. A number in an area is a result of its own: the two
/// ends of a pipe are closed one by one.
#[derive(Debug, Default)]
pub(crate) struct Order {
    /// The steps that name a result.
    users: HashMap<Source, Vec<StepId>>,
    /// The step that closed or replaced a result's descriptor last.
    ended: HashMap<Source, Ended>,
}

#[derive(Clone, Copy, Debug)]
struct Ended {
    by: StepId,
    replaced: bool,
}

impl Order {
    /// Gives `step`, which becomes the plan's next, everything it waits for.
    pub(crate) fn place(
        &mut self,
        step: &mut Step,
        after: &[After],
        assigned: &Assigned,
        plan: &Plan,
    ) -> Result<(), ScriptError> {
        let id = plan.steps.len();
        let ends = step.ends();
        let after = after_steps(after, assigned)?;
        let mut waits = Waits::default();
        for (named, made_by, span) in step.named() {
            // Whether a call of a group succeeded is not known by the group's result.
            waits.add(made_by, !matches!(named, Source::Atom(..)));
            self.check_open(named, span, &after, plan)?.into_iter().for_each(|by| waits.add(by, true));
        }
        after.iter().for_each(|&(earlier, whatever)| waits.add(earlier, !whatever && ends == Ends::Nothing));
        match ends {
            Ends::Nothing => {}
            Ends::One { of, replaced } => {
                self.users.get(&of).into_iter().flatten().for_each(|&user| waits.add(user, false));
                self.ended.insert(of, Ended { by: id, replaced });
            }
            Ends::Unnamed => {}
            Ends::Range => (0..id).for_each(|earlier| waits.add(earlier, false)),
        }
        for (named, ..) in step.named() {
            self.users.entry(named).or_default().push(id);
        }
        step.waits = waits.list();
        Ok(())
    }

    /// Checks that a result is not closed; gives the step that replaced it, if one did.
    fn check_open(
        &self,
        named: Source,
        span: Span,
        after: &[(StepId, bool)],
        plan: &Plan,
    ) -> Result<Option<StepId>, ScriptError> {
        match self.ended.get(&named) {
            None => closed_inside(named, span, plan).map(|()| None),
            Some(ended) if after.iter().any(|&(step, _)| step == ended.by) => Ok(None),
            Some(Ended { by, replaced: true }) => Ok(Some(*by)),
            Some(Ended { by, replaced: false }) => {
                let line = plan.steps[*by].line;
                Err(ScriptError::new(span, format!("line {line} closes this descriptor"))
                    .help("move this line up, or give that one a name and put `after NAME` here"))
            }
        }
    }
}

/// Checks that the way out of its group leaves a result.
fn closed_inside(named: Source, span: Span, plan: &Plan) -> Result<(), ScriptError> {
    let Source::Atom(step, atom) = named else { return Ok(()) };
    let mut closers = plan.steps[step].group.iter().flat_map(|group| group.closers(atom));
    closers.find(|(_, closer)| closer.is_finally).map_or(Ok(()), |(_, closer)| {
        Err(ScriptError::new(span, format!("line {} closes this descriptor", closer.line))
            .help("use it in the group, or close it below"))
    })
}

/// The steps, and whether their failure is as good as success.
fn after_steps(after: &[After], assigned: &Assigned) -> Result<Vec<(StepId, bool)>, ScriptError> {
    let step = |after: &After| match assigned.find(&after.name)? {
        Named::Step(id) | Named::Atom(id, _) => Ok((id, after.whatever)),
        Named::Buffer(_) => Err(ScriptError::new(after.name.span, "a buffer is always there: name a call")),
    };
    after.iter().map(step).collect()
}

/// The effect of a step on descriptors.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ends {
    Nothing,
    /// The descriptor that is a step's result, or lies in its area.
    One {
        of: Source,
        replaced: bool,
    },
    /// One that no step made.
    Unnamed,
    /// All between two numbers.
    Range,
}

impl Step {
    fn ends(&self) -> Ends {
        let (argument, replaced) = match self.row.map(|row| row.descriptors) {
            None | Some(Descriptors::Kept) => return Ends::Nothing,
            Some(Descriptors::ClosesRange) => return Ends::Range,
            Some(Descriptors::Closes(argument)) => (argument, false),
            Some(Descriptors::Replaces(argument)) => (argument, true),
        };
        let closed = self.operands.get(usize::from(argument));
        let of = closed.and_then(|operand| operand.sources().find(|source| source.step().is_some()));
        // A number made out of a descriptor is another one.
        let of = of.filter(|of| *of == of.base());
        of.map_or(Ends::Unnamed, |of| Ends::One { of, replaced })
    }

    /// The results that its arguments and attributes name, the steps that make them, and where they are named.
    fn named(&self) -> impl Iterator<Item = (Source, StepId, Span)> {
        let arguments = self.operands.iter();
        let arguments = arguments.flat_map(|operand| operand.sources().map(|source| (source, operand.span)));
        let attributes = self.asks.iter().filter_map(|ask| ask.patch.map(|(patch, span)| (patch.from, span)));
        arguments.chain(attributes).filter_map(|(source, span)| Some((source.base(), source.step()?, span)))
    }
}

/// Each step waited for once; needing its success outweighs not needing it.
#[derive(Default)]
struct Waits(BTreeMap<StepId, bool>);

impl Waits {
    fn add(&mut self, step: StepId, must_succeed: bool) {
        *self.0.entry(step).or_default() |= must_succeed;
    }

    fn list(self) -> Vec<Wait> {
        self.0.into_iter().map(|(step, must_succeed)| Wait { step, must_succeed }).collect()
    }
}
