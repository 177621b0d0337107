//! Structures with offsets, as an application writes them, and with addresses, as the kernel gets them.

use syslet_syscalls::{Bases, RawArgs, build, row_by_name};

use crate::submission::{A, Submission};

/// Where the areas are said to be. Nothing is ever read from there.
pub(crate) const DATA: u64 = 0x1000_0000;
pub(crate) const OUT: u64 = 0x2000_0000;

pub(crate) fn bytes(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// `struct msghdr`: name, vector and control data, each as offset and length.
pub(crate) fn header(name: [u64; 2], vector: [u64; 2], control: [u64; 2]) -> Vec<u8> {
    bytes(&[name[0], name[1], vector[0], vector[1], control[0], control[1], 0])
}

/// What the kernel gets: the arguments, and what was built for them.
pub(crate) fn built(submission: &Submission) -> ([u64; 6], Vec<u64>) {
    let mut storage = vec![u64::MAX; 3];
    let mut args = RawArgs::of(&submission.call());
    build(submission.row, &submission.call(), Bases { data: DATA, out: OUT }, &mut storage, &mut args);
    (submission.row.narrow(&args).all(), storage)
}

pub(crate) fn address_of(storage: &[u64], word: usize) -> u64 {
    storage.as_ptr().expose_provenance() as u64 + 8 * word as u64
}

pub(crate) fn call(name: &str, args: &[A], data: &[u8], out_len: u32) -> Submission {
    assert!(row_by_name(name).is_some(), "{name}");
    Submission::new(name, args, data, out_len)
}
