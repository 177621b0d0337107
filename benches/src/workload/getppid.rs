//! The cheapest call there is: what remains is the way to it.

use super::Workload;
use crate::call::RawCall;

/// `getppid()`.
#[derive(Clone, Copy, Debug)]
pub struct Getppid;

impl Workload for Getppid {
    fn note(&self) -> String {
        String::new()
    }

    fn batch(&mut self, count: usize) -> Vec<RawCall<'_>> {
        vec![RawCall::getppid(); count]
    }
}
