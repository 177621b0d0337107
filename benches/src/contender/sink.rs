//! Where a contender's results go: their values only, or the time of each as well.

use std::time::Instant;

/// Takes what becomes of the calls of a window, each named by its place there.
pub trait Sink {
    /// Whether it matters when a call is over, and not only when the last one is.
    const IS_TIMED: bool;

    /// The call is about to be handed over.
    fn submitted(&mut self, place: usize);

    /// The call is over with this raw result.
    fn done(&mut self, place: usize, result: i64);
}

/// Values only.
#[derive(Debug)]
pub(super) struct Results<'a>(pub(super) &'a mut [i64]);

impl Sink for Results<'_> {
    const IS_TIMED: bool = false;

    #[inline(always)]
    fn submitted(&mut self, _: usize) {}

    #[inline(always)]
    fn done(&mut self, place: usize, result: i64) {
        self.0[place] = result;
    }
}

/// Values, and the time from handing over to the end.
#[derive(Debug)]
pub(super) struct Timed<'a> {
    results: &'a mut [i64],
    /// Holds when a call was handed over, until it is over.
    latencies_ns: &'a mut [u64],
    began: Instant,
}

impl<'a> Timed<'a> {
    pub(super) fn begin(results: &'a mut [i64], latencies_ns: &'a mut [u64]) -> Timed<'a> {
        Timed { results, latencies_ns, began: Instant::now() }
    }

    fn now_ns(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl Sink for Timed<'_> {
    const IS_TIMED: bool = true;

    fn submitted(&mut self, place: usize) {
        self.latencies_ns[place] = self.now_ns();
    }

    fn done(&mut self, place: usize, result: i64) {
        self.latencies_ns[place] = self.now_ns() - self.latencies_ns[place];
        self.results[place] = result;
    }
}

#[test]
fn a_latency_is_the_time_between_handing_over_and_end() {
    let (mut results, mut latencies_ns) = ([0; 2], [0; 2]);
    let mut sink = Timed::begin(&mut results, &mut latencies_ns);
    sink.submitted(0);
    let first_in = sink.latencies_ns[0];
    sink.submitted(1);
    sink.done(1, 11);
    let second_took = sink.latencies_ns[1];
    sink.done(0, 10);
    let all = sink.now_ns();
    assert_eq!(results, [10, 11]);
    assert!(latencies_ns[0] >= second_took, "handed over earlier, over later");
    assert!(latencies_ns[0] <= all - first_in, "{latencies_ns:?}");
}
