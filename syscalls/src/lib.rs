//! The system calls, in the order a call meets them: the names it is written with (`constants`), the format of its row
//! (`row`, `argument`, `widths`, `narrowed`, `condition`, `nature`, `harm`, `restart`, `nonblocking`) and the rows (`table`,
//! `lookup`), the rules of admission (`admission`, `extent`, `inner`, `deciders`), the descriptors that safe code must lend (`lent`), the
//! bytes that calls of a parallel group share (`kept`), the structures that are built for the kernel (`build`), the place
//! where a call is made (`invoke`) and the list of all such places (`sites`), the bytes that come back (`outcome`), and all of that
//! in words (`decode`). The engine and the command call these.

mod admission;
mod argument;
mod build;
mod bytes;
mod condition;
mod constants;
mod deciders;
pub mod decode;
mod extent;
mod harm;
mod inner;
mod invoke;
mod kept;
mod kick;
mod lent;
mod lookup;
mod narrowed;
mod nature;
mod nonblocking;
mod outcome;
mod restart;
mod row;
mod sites;
mod table;
mod widths;

pub use admission::{check_arguments, check_end, check_safe};
pub use argument::{Arg, ArgType, Direction, Form, Len, Width, Written};
pub use build::{Bases, build, settle};
pub use condition::{Condition, RestartWhen, ScopeWhen, When};
pub use constants::{constant, constants, errno_name};
pub use deciders::Deciders;
pub use harm::Harm;
pub use inner::VECTOR_MAX;
pub use invoke::{Invoked, invoke};
pub use kept::{extents, kept, reached};
pub use kick::Kick;
pub use lent::Names;
pub use lookup::{is_foreign, row, row_by_name, rows};
pub use narrowed::{Narrowed, RawArgs};
pub use nature::{Class, Scope};
pub use nonblocking::NonBlockingForm;
pub use outcome::{Filled, copy_in, prepare, written, written_for};
pub use restart::Restart;
pub use row::{Descriptors, Memory, Numbers, Row, Yields};
pub use sites::{Site, site_before_call, site_behind_call, sites};
pub use widths::Widths;
