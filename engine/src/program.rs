//! Programs of calls: what the door asks of them (`admit`, `flow`), how far one is (`machine`, `step`), how its calls are
//! made (`effective`, `making`), and its one completion (`run`).

pub mod build;

mod admit;
mod answer;
mod making;
mod effective;
mod entangled;
mod flow;
mod machine;
mod member;
mod one;
mod owned;
mod run;
mod step;
mod together;

pub(crate) use admit::{Door, Seen, admit};
pub use build::{
    Area, Arg, Builder, Call, Data, Fd, Group, Made, Number, Register, Test, Value, Width, calls,
};
pub(crate) use machine::Machine;
pub(crate) use member::{Member, Name, Running};
pub(crate) use one::Team;
pub use owned::Program;
pub(crate) use run::Bench;
pub(crate) use together::{Groups, Together};
