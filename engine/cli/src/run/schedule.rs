//! The order of the steps: the run takes those that wait for nothing any more, in the script's order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::plan::{Plan, StepId};

/// The order of a run as it unfolds.
#[derive(Debug)]
pub(crate) struct Schedule {
    steps: Vec<State>,
    /// For each step, those that wait for it, and whether they need its success.
    waiters: Vec<Vec<(StepId, bool)>>,
    /// The smallest comes first.
    ready: BinaryHeap<Reverse<StepId>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// How many steps it still waits for.
    waits: usize,
    /// The step because of which it is skipped.
    doomed_by: Option<StepId>,
    over: bool,
}

/// A step to run or to skip.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Next {
    Run(StepId),
    /// Skip it, because of that other one.
    Skip(StepId, StepId),
}

impl Schedule {
    pub(crate) fn new(plan: &Plan) -> Schedule {
        let mut waiters = vec![Vec::new(); plan.steps.len()];
        let mut steps = Vec::with_capacity(plan.steps.len());
        let mut ready = BinaryHeap::new();
        for (id, step) in plan.steps.iter().enumerate() {
            steps.push(State { waits: step.waits.len(), ..State::default() });
            step.waits.iter().for_each(|wait| waiters[wait.step].push((id, wait.must_succeed)));
            if step.waits.is_empty() {
                ready.push(Reverse(id));
            }
        }
        Schedule { steps, waiters, ready }
    }

    /// The next step that waits for nothing; it is handed out once.
    pub(crate) fn next(&mut self) -> Option<Next> {
        let Reverse(id) = self.ready.pop()?;
        Some(self.steps[id].doomed_by.map_or(Next::Run(id), |by| Next::Skip(id, by)))
    }

    /// Takes a step back that was handed out and could not be submitted yet.
    pub(crate) fn again(&mut self, id: StepId) {
        self.ready.push(Reverse(id));
    }

    /// A step is over; those that waited for it come nearer.
    pub(crate) fn over(&mut self, id: StepId, succeeded: bool) {
        self.steps[id].over = true;
        for (waiter, must_succeed) in std::mem::take(&mut self.waiters[id]) {
            let state = &mut self.steps[waiter];
            state.waits -= 1;
            if must_succeed && !succeeded && state.doomed_by.is_none() {
                state.doomed_by = Some(id);
            }
            if state.waits == 0 {
                self.ready.push(Reverse(waiter));
            }
        }
    }

    /// The steps that are not over.
    pub(crate) fn left(&self) -> Vec<StepId> {
        let left = self.steps.iter().enumerate().filter(|(_, state)| !state.over);
        left.map(|(id, _)| id).collect()
    }
}
