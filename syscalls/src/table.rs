//! The rows.

use crate::row::Row;

pub(crate) static ROWS: &[Row] = &[];
