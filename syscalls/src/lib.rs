//! The system calls: what a row of the table says, the rows, the rules that follow from them at the door and after
//! the call, and the one place where a call is made.

mod argument;
mod door;
mod extent;
mod invoke;
mod life;
mod lookup;
mod outcome;
mod row;
mod table;

pub use argument::{Arg, ArgType, Direction, Len, Written};
pub use door::{check_arguments, check_safe};
pub use invoke::{Invoked, invoke, stub_range};
pub use life::{ends_the_thread, is_foreign};
pub use lookup::{row, row_by_name, rows};
pub use outcome::{prepare, written};
pub use row::{Class, Descriptors, Memory, Numbers, Row, Scope, ScopeWhen, Twin, When, Yields};
