//! Looks at memory that ends where a structure ends.

use crate::nonblocking::Attempt;
use crate::nonblocking::query::TRANSFER_MAX;
use crate::nonblocking::tests::rig::{at, error, memory, nonblocking, plain};

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
/// for a semop, and bytes that are not there are no reason to fault.
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

/// TWIN-4: bytes that end on a page that cannot be read are not looked at, wherever they begin.
#[test]
fn what_ends_nowhere_is_not_read() {
    const PAGE: u64 = 4096;
    let anywhere = 0x22;
    let pages = plain("mmap", [0, 2 * PAGE, 3, anywhere, u64::MAX, 0]).cast_unsigned();
    assert_eq!(plain("mprotect", [pages + PAGE, PAGE, 0]), 0);
    let end = pages + PAGE;
    let mut bytes = [1u8; 96];
    for len in [1, 8, 9, 16, 96] {
        for beyond in 0..20 {
            let at = end + beyond - len as u64;
            let is_there = at + len as u64 <= end;
            assert_eq!(
                memory().copy(at, &mut bytes[..len]),
                is_there,
                "{len} bytes, {beyond} behind the end"
            );
        }
    }
    assert_eq!(memory().words(end - 16), Some([0u64; 2]));
    assert_eq!(memory().words::<2>(end - 15), None);
    assert_eq!(memory().words::<2>(end - 8), None);
    assert_eq!(memory().words::<2>(u64::MAX - 3), None);
    assert_eq!(plain("munmap", [pages, 2 * PAGE]), 0);
}

/// TWIN-12: the rest of a vector ends where the kernel would have ended the whole.
#[test]
fn the_rest_is_no_longer_than_one_call() {
    let half = TRANSFER_MAX - 100;
    let vector = [1000, half, 2000, 0, 3000, half];
    let memory = memory();
    assert_eq!(memory.total(at(&vector), 3), TRANSFER_MAX);
    assert_eq!(memory.total(at(&vector), 2), half);
    assert_eq!(memory.rest(at(&vector), 3, 0), [[1000, half], [3000, 100]]);
    assert_eq!(memory.rest(at(&vector), 3, 10), [[1010, half - 10], [3000, 100]]);
    assert_eq!(memory.rest(at(&vector), 3, half), [[3000, 100]]);
    assert_eq!(memory.rest(at(&vector), 3, half + 1), [[3001, 99]]);
    assert_eq!(memory.rest(at(&vector), 3, TRANSFER_MAX), [[0; 2]; 0]);
}
