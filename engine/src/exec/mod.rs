//! One call is made: its attributes look, the kernel is entered, its attributes look again, its completion is built. The pool's
//! executor calls it, and so do the calls of a program; it knows neither.
//!
//! In the order in which a call passes: a thread claims it ([`claim`]); the [`runner`] makes it, with addresses in the place of offsets
//! ([`resolving`]); its attributes see the call and change the thread ([`attributes`], [`thread_setup`]); the kernel is entered
//! ([`attempt`], with its signals in [`signal_sets`], [`signalfd`] and [`signals`], again and again in [`retry`]) while its cost is
//! looked at ([`thread_clock`], [`usage`], [`checksum`]); and the result becomes an [`outcome`] and a completion ([`completing`]), or
//! [`progress`] where another thread goes on. [`trace`] writes lines of all that, and [`unclaimed`] answers for calls that no thread
//! makes.

pub(crate) mod claim;
mod runner;
pub(crate) mod attributes;
mod thread_setup;
mod resolving;
pub(crate) mod attempt;
mod signal_sets;
pub(crate) mod signalfd;
pub(crate) mod signals;
mod retry;
mod thread_clock;
pub(crate) mod usage;
pub(crate) mod checksum;
pub(crate) mod progress;
pub(crate) mod outcome;
mod completing;
pub(crate) mod trace;
pub(crate) mod unclaimed;

pub(crate) use self::{
    completing::hide,
    progress::{Progress, Step},
    resolving::resolve,
    runner::{Runner, Until, is_bare, is_program},
};
