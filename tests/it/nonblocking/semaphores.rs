//! semop and semtimedop.

use std::time::Duration;

use syslet::{Submission, SubmissionBuilder};

use super::rig::{Bench, at, blocked, error, plain, same};
use syslet_tests::pool::timespec;

const SEMOP: i64 = libc::SYS_semop;
const SEMTIMEDOP: i64 = libc::SYS_semtimedop;
const NOWAIT: u16 = 0o4000;

/// Three semaphores, removed with this.
#[derive(Debug)]
struct Set(u64);

impl Set {
    fn new() -> Set {
        let id = plain(libc::SYS_semget, &[0, 3, 0o600 | 0o1000]);
        Set(u64::try_from(id).expect("a set"))
    }

    fn values(&self) -> [i64; 3] {
        [0, 1, 2].map(|number| plain(libc::SYS_semctl, &[self.0, number, 12, 0]))
    }

    /// The plain call.
    fn change(&self, operations: &[[u16; 3]]) -> i64 {
        plain(SEMOP, &[self.0, at(operations), operations.len() as u64])
    }

    /// semop, or with a time semtimedop: semaphore, how much, flags.
    fn call(&self, operations: &[[u16; 3]], time: Option<Duration>) -> SubmissionBuilder {
        let bytes: Vec<u8> = operations.as_flattened().iter().flat_map(|part| part.to_ne_bytes()).collect();
        let call = Submission::call(if time.is_some() { SEMTIMEDOP } else { SEMOP });
        let call = call.value(self.0).input(&bytes).value(operations.len() as u64);
        time.into_iter().fold(call, |call, time| call.input(&timespec(time)))
    }
}

impl Drop for Set {
    fn drop(&mut self) {
        plain(libc::SYS_semctl, &[self.0, 0, 0, 0]);
    }
}

const DOWN: u16 = u16::MAX;
const HOUR: Option<Duration> = Some(Duration::from_hours(1));

/// TWIN-40: operations that can be done are done, all of them.
#[test]
fn operations_that_can_be_done_are_done() {
    let (set, mut bench) = (Set::new(), Bench::new());
    for time in [None, HOUR] {
        assert_eq!(bench.ready(set.call(&[[0, 2, 0], [2, 1, 0]], time)).result, 0);
        assert_eq!(bench.ready(set.call(&[[0, DOWN, 0], [1, 0, NOWAIT]], time)).result, 0);
        assert_eq!(bench.ready(set.call(&[[2, DOWN, 0]], time)).result, 0);
    }
    assert_eq!(set.values(), [2, 0, 0]);
    let most: Vec<[u16; 3]> = (0..16).map(|_| [1, 1, 0]).collect();
    assert_eq!(bench.ready(set.call(&most, None)).result, 0);
    assert_eq!(set.values(), [2, 16, 0]);
}

/// TWIN-40: operations that cannot be done change nothing, and a worker waits until it can.
#[test]
fn operations_that_cannot_be_done_are_waited_for() {
    let set = Set::new();
    for time in [None, HOUR] {
        let done = blocked(set.call(&[[1, 3, 0], [0, DOWN, 0]], time), || {
            assert_eq!(set.values()[1], 0, "all or nothing");
            assert_eq!(set.change(&[[0, 1, 0]]), 0);
        });
        assert_eq!((done.result, set.values()), (0, [0, 3, 0]));
        assert_eq!(set.change(&[[1, 3_u16.wrapping_neg(), 0]]), 0);
    }
}

/// TWIN-40: which operation was not to wait is for the plain call to know, and a time that runs out is EAGAIN.
#[test]
fn flags_of_single_operations_are_kept() {
    let (set, mut bench) = (Set::new(), Bench::new());
    assert_eq!(bench.ready(set.call(&[[0, DOWN, NOWAIT]], None)).result, error(libc::EAGAIN));
    for (operations, time) in
        [(vec![[1, 1, 0], [0, DOWN, NOWAIT]], None), (vec![[0, DOWN, 0]], Some(Duration::from_micros(1)))]
    {
        let mut bench = Bench::new();
        bench.begin(set.call(&operations, time));
        bench.let_go();
        let (done, by) = bench.end();
        assert_eq!((done.result, by.attempts), (error(libc::EAGAIN), 2));
    }
    assert_eq!(set.values(), [0; 3]);
    // The second operation is not to wait, but it is the first that would.
    let done = blocked(set.call(&[[0, DOWN, 0], [1, 0, NOWAIT]], None), || {
        assert_eq!(set.change(&[[0, 1, 0]]), 0);
    });
    assert_eq!(done.result, 0);
}

/// TWIN-40: more operations than are copied are a worker's.
#[test]
fn many_operations_are_a_workers() {
    let (set, mut bench) = (Set::new(), Bench::new());
    let many: Vec<[u16; 3]> = (0..17).map(|_| [1, 1, 0]).collect();
    bench.begin(set.call(&many, None));
    bench.let_go();
    let (done, by) = bench.end();
    assert_eq!((done.result, by.attempts, set.values()), (0, 1, [0, 17, 0]));
}

/// TWIN-40, TWIN-47: a fault is refused as the plain call refuses it.
#[test]
fn wrong_operations_are_refused() {
    let (set, nowhere, up) = (Set::new(), 8, [[0u16, 1, 0]]);
    assert_eq!(same(SEMOP, &[set.0, nowhere, 1]), error(libc::EFAULT));
    assert_eq!(same(SEMOP, &[set.0, at(&up), 0]), error(libc::EINVAL));
    assert_eq!(same(SEMOP, &[set.0, at(&up), 1 << 20]), error(libc::E2BIG));
    assert_eq!(same(SEMOP, &[set.0, at(&[[9u16, 1, 0]]), 1]), error(libc::EFBIG));
    assert_eq!(same(SEMOP, &[u64::MAX, at(&up), 1]), error(libc::EINVAL));
    assert_eq!(same(SEMTIMEDOP, &[set.0, at(&up), 1, at(&[0u64, 1 << 40])]), error(libc::EINVAL));
    assert_eq!(same(SEMTIMEDOP, &[set.0, at(&up), 1, nowhere]), error(libc::EFAULT));
    assert_eq!(set.values(), [0; 3]);
}
