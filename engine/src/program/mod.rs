//! Programs of calls: written with [`Program::build`] or [`Program::of`], pushed as one submission, answered by one completion.
//!
//! A program is checked (`validate`) and run (`run`) in slices, from one atom to the next (`course`) over a state that travels with it
//! (`interpreter`). Its calls are made (`program_calls`) one by one (`one_call`), with their arguments checked (`arguments`), or side by
//! side (`parallel`), where each can be stopped alone (`member`). The ring asks this module to admit a program, the pool to run it.
//!
//! A program is written call by call; the value of a call is there to be used once the call is written:
//!
//! ```
//! use syslet::program::build::calls::{close, openat, read};
//! use syslet::program::Program;
//! use syslet::{Config, Engine, Params};
//!
//! let first_bytes = Program::build(|p| {
//!     let (path, buffer) = (p.path(c"/etc/passwd"), p.area(16));
//!     let file = p.call(openat(libc::AT_FDCWD, path, libc::O_RDONLY, 0)).or_stop();
//!     p.call(read(file, buffer, 16)).or_stop();
//!     p.finally(close(file));
//! })?;
//! let mut ring = Engine::start(Config::default())?.ring(&Params::default())?;
//! // Safety: it uses only the file that it opens.
//! unsafe { ring.push_program(&first_bytes) }?;
//! ring.wait(1, None)?;
//! let done = ring.completions().next().ok_or("one program, one completion")?;
//! assert_eq!((done.result().0, done.data().map(<[u8]>::len)), (16, Some(16)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A value has no name before its call is written, and a value of another program is of another type:
//!
//! ```compile_fail,E0425
//! # use syslet::program::{Program, build::calls::{close, getppid}};
//! Program::build(|p| {
//!     p.call(close(file));
//!     let file = p.call(getppid()).value();
//! });
//! ```
//!
//! ```compile_fail,E0521
//! # use syslet::program::{Program, build::calls::{close, openat}};
//! Program::build(|p| {
//!     let path = p.path(c"/");
//!     let file = p.call(openat(libc::AT_FDCWD, path, 0, 0)).or_stop();
//!     Program::build(|other| drop(other.call(close(file))));
//! });
//! ```
//!
//! A count is no descriptor:
//!
//! ```compile_fail,E0277
//! # use syslet::program::{Program, build::calls::{close, getppid}};
//! Program::build(|p| {
//!     let count = p.call(getppid()).value();
//!     p.call(close(count));
//! });
//! ```

pub mod build;

mod owned;
mod validate;
mod run;
mod course;
mod program_calls;
mod one_call;
mod parallel;
mod member;
mod arguments;
mod interpreter;

pub use build::{
    Area, Arg, Builder, Call, Data, Fd, Group, Made, Number, Register, Test, Value, Width, calls,
};
pub(crate) use member::{Member, Name};
pub use owned::Program;
pub(crate) use parallel::{Host, ParallelGroup, RingPrograms, Team};
pub(crate) use run::{Buffers, Suspended};
pub(crate) use validate::{Seen, Validator, admit};
