//! What a program needs beside the thread that runs it: the pool, as the interpreter asks it, and the calls of a ring's programs, as
//! other threads find them.

use std::fmt::Debug;

use crate::program::groups::Groups;
use crate::program::member::{Leaving, Member, Running};
use crate::slots::phase::Stop;
use crate::sys::activity::Activity;
use crate::sys::sync::Arc;

/// The pool, as programs ask it.
pub(crate) trait Host: Debug {
    /// A group of the ring has calls that other workers may take.
    fn share(&self);

    /// The thread is about to sleep until other threads have made their calls: another worker may take its place.
    fn will_sleep(&self, activity: &Activity);

    /// Stops one call of a program now, and sees to it that it stops.
    fn stop(&self, member: &Arc<Member>) -> Stop;

    /// Stops one call of a program at that time, in nanoseconds of CLOCK_MONOTONIC.
    fn stop_at(&self, at_ns: u64, member: &Arc<Member>);

    /// Whether ways out of programs are to end soon.
    fn is_in_haste(&self) -> bool;
}

/// Calls of one ring's programs.
#[derive(Debug, Default)]
pub(crate) struct RingPrograms {
    /// Calls that run side by side.
    pub(crate) groups: Groups,
    /// Calls that can be stopped alone.
    pub(crate) running: Running,
    /// Calls on the way out of their program.
    pub(crate) leaving: Leaving,
}
