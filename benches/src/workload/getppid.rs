//! The cheapest call there is: what remains is the way to it.

use super::{Batch, Workload};
use crate::call::RawCall;

/// `getppid()`.
#[derive(Clone, Copy, Debug)]
pub struct Getppid;

impl Workload for Getppid {
    fn note(&self) -> String {
        String::new()
    }

    fn batch(&mut self, count: usize) -> Batch<'_> {
        Batch::from(vec![RawCall::getppid(); count])
    }
}
