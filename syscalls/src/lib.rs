//! The system calls, in the order a call meets them: the names it is written with (`constants`), what its row says
//! (`row`, `argument`, `condition`, `restart`, `harm`) and the rows (`table`, `lookup`), the rules at the door
//! (`door`, `extent`, `inner`), what safe code must lend (`lent`), what calls that share an area may do beside each other (`kept`), the structures that are built for the kernel (`build`), the one place where a call is
//! made (`invoke`), what comes back (`outcome`), and all of that in words (`decode`).

mod argument;
mod build;
mod condition;
mod constants;
pub mod decode;
mod admission;
mod extent;
mod harm;
mod inner;
mod invoke;
mod kept;
mod lent;
mod lookup;
mod narrowed;
mod outcome;
mod restart;
mod nature;
mod row;
mod table;
mod nonblocking;
mod width;

pub use admission::{check_arguments, check_end, check_safe};
pub use argument::{Arg, ArgType, Direction, Form, Len, Written};
pub use build::{Bases, build, settle};
pub use condition::{Condition, RestartWhen, ScopeWhen, When};
pub use constants::{constant, constants, errno_name};
pub use harm::Harm;
pub use inner::VECTOR_MAX;
pub use invoke::{Invoked, invoke, stub_range};
pub use kept::{extents, kept, reached};
pub use lent::Names;
pub use lookup::{is_foreign, row, row_by_name, rows};
pub use narrowed::{Narrowed, RawArgs};
pub use nature::{Class, Scope};
pub use nonblocking::NonBlockingForm;
pub use outcome::{copy_in, prepare, written, written_for};
pub use restart::Restart;
pub use row::{Descriptors, Memory, Numbers, Row, Yields};
pub use width::{Width, Widths};
