//! The system calls, in the order a call meets them: the names it is written with (`constants`), what its row says
//! (`row`, `argument`) and the rows (`table`, `lookup`), the calls no thread survives (`life`), the rules at the
//! door (`door`, `extent`), the one place where a call is made (`invoke`), and what comes back (`outcome`).

mod argument;
mod constants;
mod door;
mod extent;
mod invoke;
mod life;
mod lookup;
mod outcome;
mod row;
mod table;

pub use argument::{Arg, ArgType, Direction, Len, Written};
pub use constants::{constant, constants, errno_name};
pub use door::{check_arguments, check_safe};
pub use invoke::{Invoked, invoke, stub_range};
pub use life::{ends_the_thread, is_foreign};
pub use lookup::{row, row_by_name, rows};
pub use outcome::{prepare, written, written_for};
pub use row::{Class, Descriptors, Memory, Numbers, Row, Scope, ScopeWhen, Twin, When, Yields};
