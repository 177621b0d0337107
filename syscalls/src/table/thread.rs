//! Calls about the thread that makes them.

use super::words::*;
use crate::row::Row;
use crate::row::Scope::ReadsThread;
use crate::row::Yields::{Number, Pid};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    instant("gettid", [186, 178], &[])
        .yields(Pid).scope(ReadsThread),
    instant("getuid", [102, 174], &[])
        .yields(Number).scope(ReadsThread),
];
