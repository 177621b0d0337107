//! A difference between submitter and workers is believed only when it stays (POOL-45): the C library's setuid changes one thread
//! after the other, a filter can be put on all threads at once, and a thread can change back. `submitter` has one per ring.

use std::io;
use std::time::{Duration, Instant};

use nix::sys::time::TimeSpec;
use nix::time::{ClockId, ClockNanosleepFlags, clock_nanosleep};

/// So often a difference is read before it is believed.
const READS: u32 = 8;
/// Before the second reading; doubled for each after it. All pauses together are longer than a setuid of the C library takes.
const PAUSE: Duration = Duration::from_micros(20);

/// The difference that a thread was found to have.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// The description of the one that was believed last; empty when there was none.
    believed: Vec<u8>,
    /// Memory for the next.
    found: Vec<u8>,
}

impl Difference {
    /// Whether there is none. `read` returns true if so, and else writes a description; an error counts as a difference. It is
    /// not called again after `until`.
    pub(super) fn is_none(
        &mut self,
        until: Option<Instant>,
        mut read: impl FnMut(&mut Vec<u8>) -> io::Result<bool>,
    ) -> bool {
        for number in 0..READS {
            if number > 0 && !pause(number, until) {
                break;
            }
            self.found.clear();
            match read(&mut self.found) {
                Ok(true) => {
                    self.believed.clear();
                    return true;
                }
                Ok(false) => {}
                Err(error) => self.found.extend_from_slice(format!("{error:?}").as_bytes()),
            }
            if self.found == self.believed {
                return false;
            }
        }
        std::mem::swap(&mut self.found, &mut self.believed);
        false
    }
}

/// Waits before reading number `number`, counted from 0; false when that would be behind `until`.
fn pause(number: u32, until: Option<Instant>) -> bool {
    let pause = PAUSE * (1 << (number - 1));
    if until.is_some_and(|until| Instant::now() + pause >= until) {
        return false;
    }
    // A pause, because the engine is not told when the other thread has changed all of them.
    let pause = TimeSpec::from_duration(pause);
    let _ = clock_nanosleep(ClockId::CLOCK_MONOTONIC, ClockNanosleepFlags::empty(), &pause);
    true
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Instant;

    use super::{Difference, PAUSE, READS};

    /// Reads `answer` of each reading's number, from 0; gives the number of readings, and whether there is no difference.
    fn reads(
        difference: &mut Difference,
        until: Option<Instant>,
        answer: impl Fn(u32) -> io::Result<Option<u8>>,
    ) -> (u32, bool) {
        let mut count = 0;
        let is_none = difference.is_none(until, |found| {
            count += 1;
            let byte = answer(count - 1)?;
            found.extend(byte);
            Ok(byte.is_none())
        });
        (count, is_none)
    }

    fn always_other(number: u32) -> io::Result<Option<u8>> {
        Ok(Some(u8::try_from(number).unwrap()))
    }

    /// POOL-45: a difference that is another one at each reading is read 8 times, and believed.
    #[test]
    fn a_difference_that_changes_all_the_time_is_read_eight_times() {
        let mut difference = Difference::default();
        assert_eq!(reads(&mut difference, None, always_other), (8, false));
        let error = |number| Err(io::Error::from_raw_os_error(i32::try_from(number).unwrap() + 1));
        assert_eq!(reads(&mut difference, None, error), (8, false));
    }

    /// POOL-45: a difference that is gone at a later reading is none, also after errors.
    #[test]
    fn a_difference_that_goes_is_none() {
        for gone in 0..READS {
            let answer = |number| Ok((number < gone).then_some(7));
            assert_eq!(reads(&mut Difference::default(), None, answer), (gone + 1, true));
            let answer = |number| if number < gone { Err(io::ErrorKind::NotFound.into()) } else { Ok(None) };
            assert_eq!(reads(&mut Difference::default(), None, answer), (gone + 1, true));
        }
    }

    /// POOL-45: the difference that was believed last is read once, unless it was gone meanwhile.
    #[test]
    fn the_same_difference_is_read_once() {
        let mut difference = Difference::default();
        let same = |_| Ok(Some(7));
        assert_eq!(reads(&mut difference, None, same), (8, false));
        assert_eq!(reads(&mut difference, None, same), (1, false));
        assert_eq!(reads(&mut difference, None, |_| Ok(Some(8))), (8, false), "another one");
        assert_eq!(reads(&mut difference, None, |_| Ok(None)), (1, true));
        assert_eq!(reads(&mut difference, None, |_| Ok(Some(8))), (8, false), "it was gone");
    }

    /// POOL-45: beyond the wait's timeout a difference is not read again: once only when that has passed, and as often as the pauses
    /// leave time for otherwise.
    #[test]
    fn a_difference_is_not_read_beyond_the_timeout() {
        let now = Instant::now();
        assert_eq!(reads(&mut Difference::default(), Some(now), always_other), (1, false));
        // Pauses of 1, 2, 4, … may be longer than they are asked to be, never shorter.
        for (time, most) in [(PAUSE, 1), (3 * PAUSE, 2), (7 * PAUSE, 3), (15 * PAUSE, 4)] {
            let (count, is_none) =
                reads(&mut Difference::default(), Some(Instant::now() + time), always_other);
            assert!((1..=most).contains(&count) && !is_none, "{count} readings in {time:?}");
        }
    }
}
