//! `syslet table`: which rows are asked for (`select`), the words for what they say (`words`), and the forms in which
//! it is said: a list, one call, JSON, the table of the documents, counts. What other tables know (`uring`, `kernel`)
//! is asked when it is wanted.

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

/// What a table is printed with: lines on `out`, remarks for people on stderr.
#[derive(Debug)]
pub(crate) struct Printed {
    pub(crate) remark: Option<String>,
}

/// Prints what is asked for. Gives what is wrong with the question otherwise.
pub(crate) fn print(options: &TableOptions, out: &mut impl Write) -> io::Result<Result<Printed, String>> {
    let printed = if let Some(call) = &options.call {
        match select::find(call) {
            Ok(row) => {
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
