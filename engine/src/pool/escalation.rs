//! The steps that follow where a signal does not end a call. Built by the application for a cancel, carried out by
//! the monitor.

use std::time::Duration;

use syslet_abi::{Cancel, CancelSteps};

/// The steps that follow when the signal does not end a call. None of them is taken for a call that is over by then.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[must_use]
pub struct Escalation {
    pub(crate) shutdown_ns: Option<u64>,
    pub(crate) abandon_ns: Option<u64>,
}

impl Escalation {
    /// After this time, the socket that is the call's first descriptor is shut down in both directions, for all its
    /// users. It is the socket that has the descriptor's number at that time: an application that closes descriptors
    /// of calls in flight, and opens others, must not ask for this step.
    pub fn shutdown_after(self, after: Duration) -> Escalation {
        Escalation { shutdown_ns: Some(nanoseconds(after)), ..self }
    }

    /// After this time, the call is abandoned: it goes on in its thread for as long as the kernel keeps that, but its
    /// completion comes now, with ABANDONED. Another worker takes the place, if [`crate::Config::abandoned_max`]
    /// allows. A call with memory of the application's (an address as VALUE) is abandoned only if RELEASE was asked:
    /// its second completion, with RELEASED, says when that memory is not used any more.
    pub fn abandon_after(self, after: Duration) -> Escalation {
        Escalation { abandon_ns: Some(nanoseconds(after)), ..self }
    }

    /// The steps that a request asks for.
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
