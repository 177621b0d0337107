//! The table as a list: one line for each call.

use std::io::{self, Write};

use syslet::syscalls::Row;

use super::words;

pub(super) fn print(rows: &[&Row], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{:>4}  {:<24} {:<11} CALL", "NR", "NAME", "CLASS")?;
    for row in rows {
        let number = row.numbers.here().map_or("-".to_owned(), |number| number.to_string());
        let class = words::class(row.class);
        let note = if row.gone.is_some() { "  (gone)" } else { "" };
        writeln!(out, "{number:>4}  {:<24} {class:<11} {}{note}", row.name, words::prototype(row))?;
    }
    Ok(())
}
