//! What follows where a signal does not end a call: asked for by the application with a cancel, carried out by the monitor.

use std::time::Duration;

use syslet_abi::{Cancel, CancelSteps};

/// What follows when the signal does not help. Nothing of it is done to a call that is over by then.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[must_use]
pub struct Escalation {
    pub(crate) shutdown_ns: Option<u64>,
    pub(crate) abandon_ns: Option<u64>,
}

impl Escalation {
    /// So much later, the socket that is the call's first descriptor is shut down in both directions: also for everybody
    /// else who uses it. That is the one which has the descriptor's number then: whoever closes descriptors of
    /// calls in flight, and opens others, must not ask for it.
    pub fn shutdown_after(self, after: Duration) -> Escalation {
        Escalation { shutdown_ns: Some(nanoseconds(after)), ..self }
    }

    /// So much later, the call is given up: it goes on in its thread for as long as the kernel keeps that, but its
    /// completion comes now, with ABANDONED, and another worker takes the place, if [`crate::Config::abandoned_max`]
    /// allows. A call with memory of the application's (an address as VALUE) is given up only if RELEASE was asked: its
    /// second completion, with RELEASED, says when that memory is not used any more.
    pub fn abandon_after(self, after: Duration) -> Escalation {
        Escalation { abandon_ns: Some(nanoseconds(after)), ..self }
    }

    /// What a request asks for.
    pub(crate) fn named(request: &Cancel) -> Escalation {
        let asked = |step, ns| request.steps.contains(step).then_some(ns);
        Escalation {
            shutdown_ns: asked(CancelSteps::SHUTDOWN, request.shutdown_ns),
            abandon_ns: asked(CancelSteps::ABANDON, request.abandon_ns),
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
