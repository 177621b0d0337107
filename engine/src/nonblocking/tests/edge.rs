//! Structures that end where memory ends.

use crate::nonblocking::Attempt;
use crate::nonblocking::tests::rig::{error, memory, nonblocking, plain};

const PAGE: u64 = 4096;
const READ_WRITE: u64 = (libc::PROT_READ | libc::PROT_WRITE) as u64;
const PRIVATE: u64 = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as u64;

/// The end of a page with nothing behind it.
fn end() -> u64 {
    let pages = plain("mmap", [0, 2 * PAGE, READ_WRITE, PRIVATE, u64::MAX, 0]).cast_unsigned();
    assert_eq!(plain("munmap", [pages + PAGE, PAGE]), 0);
    pages + PAGE
}

/// TWIN-4: a structure is read as far as it reaches and not in whole words: six bytes at the end of a page are enough
/// for a semop, and what is not there is no reason to fault.
#[test]
fn a_short_structure_is_read_as_far_as_it_reaches() {
    let end = end();
    let id = plain("semget", [0, 1, (libc::IPC_CREAT | 0o600) as u64]).cast_unsigned();
    // Zero waits for zero, which the semaphore is.
    let came = nonblocking("semop", [id, end - 6, 1]);
    let behind = nonblocking("semop", [id, end - 5, 1]);
    assert_eq!(plain("semctl", [id, 0, libc::IPC_RMID as u64, 0]), 0);
    assert_eq!((came, behind), (Attempt::Final(0), Attempt::NotHere));
    assert_eq!(plain("semop", [id, end - 5, 1]), error(libc::EFAULT));
    for len in 0..=24 {
        let mut bytes = vec![1; len];
        assert!(memory().copy(end - len as u64, &mut bytes), "{len} bytes are there");
        assert_eq!(bytes, vec![0; len]);
        let is_less = memory().copy(end - (len as u64).saturating_sub(1), &mut bytes);
        assert_eq!(is_less, len == 0, "one of {len} bytes is not there");
    }
}
