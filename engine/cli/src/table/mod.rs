//! `syslet table`: the selection of rows (`select`), the words for their columns (`words`), and the forms of output: a list, one
//! call, JSON, the table of the documents, counts. io_uring and the kernel (`uring`, `kernel`) are asked when an option wants
//! it.

mod compared;
mod kernel;
mod json;
mod list;
mod markdown;
mod one;
mod select;
mod summary;
mod uring;
pub(crate) mod words;

use std::io::{self, Write};

use crate::options::TableOptions;

/// The remark that goes to stderr, beside the lines on `out`.
#[derive(Debug)]
pub(crate) struct Printed {
    pub(crate) remark: Option<String>,
}

/// Prints the table that the options describe. The inner error is a fault in the options.
pub(crate) fn print(options: &TableOptions, out: &mut impl Write) -> io::Result<Result<Printed, String>> {
    let printed = if let Some(call) = &options.call {
        match select::find(call) {
            Ok(select::Found::Several(rows)) => {
                if options.json {
                    json::print(&rows, out)?;
                } else {
                    list::print(&rows, out)?;
                }
                Printed { remark: None }
            }
            Ok(select::Found::One(row)) => {
                one::print(row, &kernel::knows(row), options.json, out)?;
                Printed { remark: None }
            }
            Err(message) => return Ok(Err(message)),
        }
    } else {
        let selected = select::rows(&options.filters);
        match (options.summary, options.markdown, options.json) {
            (true, _, as_json) => summary::print(&selected.rows, as_json, out)?,
            (_, true, _) => markdown::print(&selected.rows, out)?,
            (_, _, true) => json::print(&selected.rows, out)?,
            _ => list::print(&selected.rows, out)?,
        }
        Printed { remark: selected.remark }
    };
    out.flush()?;
    Ok(Ok(printed))
}
