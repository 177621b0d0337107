//! The policy against a simulated submitter: a clock that the tests move, and workers that take a stated time.

use super::*;

const WAKE: Option<u64> = Some(5_000);

/// The kind of reads of so many bytes.
fn read(bytes: u64) -> CallKind {
    CallKind::of(u32::try_from(libc::SYS_pread64).unwrap(), bytes, true)
}

/// A submitter with a clock of its own, and the counts that the rules speak of.
struct Rig {
    sharing: Sharing,
    now: u64,
    readings: u64,
    calls: u64,
    shares: u64,
    shared_calls: u64,
}

/// How the calls of a simulated wait go.
#[derive(Clone, Copy)]
struct Load {
    depth: usize,
    kind: CallKind,
    call_ns: u64,
    wake_ns: Option<u64>,
    /// A shared wait takes so many hundredths of the time alone.
    shared_percent: u64,
}

impl Rig {
    fn new() -> Rig {
        Rig { sharing: Sharing::new(2), now: 1, readings: 0, calls: 0, shares: 0, shared_calls: 0 }
    }

    /// Runs one wait; gives its time.
    fn wait(&mut self, load: Load, call_ns: impl Fn(usize) -> u64) -> u64 {
        let started = self.now;
        let mut look = usize::MAX;
        if self.sharing.wants_look(load.depth, load.kind) {
            self.readings += 1;
            look = match self.sharing.start(load.depth, load.kind, self.now) {
                Next::RunTo(look) => look,
                Next::Share(_) => panic!("before any call was run"),
            };
        }
        let (mut own_ns, mut shared_ns) = (0, 0);
        let mut end = load.depth;
        let mut at = 0;
        while at < end {
            if at == look {
                self.readings += 1;
                match self.sharing.look(at, self.now, || load.wake_ns) {
                    Next::RunTo(next) => {
                        assert!(next > at, "a look that comes again");
                        look = next;
                    }
                    Next::Share(count) => {
                        assert!(count > 0 && count <= end - at);
                        (self.shares, self.shared_calls) =
                            (self.shares + 1, self.shared_calls + count as u64);
                        shared_ns = (end - count..end).map(&call_ns).sum();
                        end -= count;
                        look = usize::MAX;
                        continue;
                    }
                }
            }
            self.now += call_ns(at);
            own_ns += call_ns(at);
            at += 1;
        }
        if shared_ns > 0 {
            self.now = started + (own_ns + shared_ns) * load.shared_percent / 100;
        }
        if self.sharing.is_judging() {
            self.readings += 1;
            self.sharing.end(self.now);
        }
        self.calls += load.depth as u64;
        self.now - started
    }

    /// Runs so many equal waits; gives their time, in hundredths of what they take alone.
    fn run(&mut self, waits: u64, load: Load) -> u64 {
        let taken: u64 = (0..waits).map(|_| self.wait(load, |_| load.call_ns)).sum();
        taken * 100 / (waits * load.depth as u64 * load.call_ns)
    }
}

fn reads(bytes: u64, depth: usize, call_ns: u64, shared_percent: u64) -> Load {
    Load { depth, kind: read(bytes), call_ns, wake_ns: WAKE, shared_percent }
}

/// POOL-11: short calls are not shared for speed at any depth, however many wait; and measuring them costs next to
/// nothing.
#[test]
fn short_calls_are_never_shared() {
    for call_ns in [60, 81, 300, 1_000, 1_900] {
        for depth in [1, 2, 3, 4, 8, 32, 128, 1024, 65_536] {
            let mut rig = Rig::new();
            let load = reads(4096, depth, call_ns, 10);
            rig.run(20_000 / depth as u64 + 100, load);
            assert_eq!(rig.shares, 0, "{depth} calls of {call_ns} ns");
            let readings = rig.readings.saturating_sub(20);
            assert!(readings * 100 <= rig.calls, "{} readings for {} calls", rig.readings, rig.calls);
        }
    }
}

/// POOL-11: a short call in which another thread had the processor does not make the calls behind it look long.
#[test]
fn a_lost_time_slice_shares_no_short_calls() {
    let mut rig = Rig::new();
    let load = reads(4096, 128, 300, 50);
    for wait in 0..5_000_usize {
        rig.wait(load, |at| if at == wait % 128 { 4_000_000 } else { 300 });
    }
    assert_eq!(rig.shares, 0);
}

/// POOL-11: copies of 16 KiB and more, cold reads and fsync are shared: once, in one part, in most waits.
#[test]
fn long_calls_are_shared() {
    let fsync = Load {
        kind: CallKind::of(u32::try_from(libc::SYS_fsync).unwrap(), 0, true),
        ..reads(0, 4, 1_000_000, 50)
    };
    let loads = [
        reads(16 << 10, 128, 1_200, 60),
        reads(64 << 10, 32, 5_000, 60),
        reads(4096, 32, 100_000, 45),
        fsync,
    ];
    for load in loads {
        let mut rig = Rig::new();
        let percent = rig.run(1_000, load);
        assert!(rig.shares > 800, "{} of 1,000 waits", rig.shares);
        assert!(percent < load.shared_percent + 8, "{percent} % of the time alone");
    }
}

/// POOL-11: of calls that are not very long the newest half is shared, of others all.
#[test]
fn the_newest_half_is_shared_at_once() {
    let mut rig = Rig::new();
    rig.run(100, reads(64 << 10, 33, 5_000, 60));
    assert_eq!(rig.shared_calls, 16 * rig.shares);
    let mut rig = Rig::new();
    rig.run(100, reads(64 << 10, 33, 50_000, 60));
    assert_eq!(rig.shared_calls, 32 * rig.shares);
}

/// POOL-11: what is left has to be worth a multiple of the wake-up, and a processor likely free; with one CPU nothing is
/// shared, and no clock is read.
#[test]
fn a_wake_up_has_to_be_worth_it() {
    let mut rig = Rig::new();
    rig.run(1_000, reads(64 << 10, 4, 5_000, 60));
    assert_eq!(rig.shares, 0, "15 µs are left");
    let mut rig = Rig::new();
    rig.run(1_000, Load { wake_ns: Some(50_000), ..reads(64 << 10, 32, 5_000, 60) });
    assert_eq!(rig.shares, 0, "a wake-up costs 50 µs");
    let mut rig = Rig::new();
    let load = reads(64 << 10, 32, 5_000, 60);
    rig.run(100, load);
    let shares = rig.shares;
    assert!(shares > 0);
    rig.run(100, Load { wake_ns: Some(50_000), ..load });
    assert_eq!(rig.shares, shares, "it has become dear");
    rig.run(100, load);
    assert!(rig.shares > shares, "and is cheap again");
    let mut rig = Rig::new();
    rig.run(1_000, Load { wake_ns: None, ..reads(64 << 10, 32, 5_000, 60) });
    assert_eq!(rig.shares, 0, "no processor is free");
    let mut rig = Rig { sharing: Sharing::new(1), ..Rig::new() };
    rig.run(1_000, reads(64 << 10, 1024, 50_000, 60));
    assert_eq!((rig.shares, rig.readings), (0, 0), "one CPU");
}

/// POOL-51: where shared waits take longer, over 1,000 waits at most 5 % are lost, however much longer they take.
#[test]
fn a_busy_processor_costs_little() {
    for shared_percent in [101, 103, 110, 130, 150, 200, 300, 500, 1_000, 2_500] {
        for load in [reads(64 << 10, 32, 5_000, shared_percent), reads(4096, 32, 100_000, shared_percent)] {
            let mut rig = Rig::new();
            let percent = rig.run(1_000, load);
            assert!(rig.shares > 0, "it was tried");
            assert!(percent <= 105, "{percent} % with shared waits of {shared_percent} %");
            assert!(rig.run(10_000, load) <= 105);
        }
    }
}

/// POOL-51: the processor gets busy after a thousand waits in which sharing paid, and free again: the loss is bounded, and
/// the gain comes back.
#[test]
fn a_processor_that_changes_is_followed() {
    let free = reads(64 << 10, 32, 5_000, 60);
    for busy_percent in [110, 150, 300, 2_000] {
        let busy = Load { shared_percent: busy_percent, ..free };
        let mut rig = Rig::new();
        rig.run(1_000, free);
        let percent = rig.run(1_000, busy);
        assert!(percent <= 105, "{percent} % with shared waits of {busy_percent} %");
        rig.run(3_000, free);
        let percent = rig.run(1_000, free);
        assert!(percent < 70, "{percent} % when it is free again");
    }
}

/// POOL-51: shared waits of which some are very long, as where the worker waits for its time slice, lose little, and so do
/// waits that vary.
#[test]
fn single_long_waits_are_paid_for() {
    let (mut rig, mut seed, mut alone, mut taken) = (Rig::new(), 1_u64, 0, 0);
    for _ in 0..1_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let shared_percent = if seed >> 60 == 0 { 2_000 } else { 70 };
        let call_ns = 5_000 + (seed >> 33) % 1_000;
        taken += rig.wait(reads(64 << 10, 32, 5_000, shared_percent), |_| call_ns);
        alone += 32 * call_ns;
    }
    assert!(taken * 100 <= alone * 105, "{taken} ns, alone {alone} ns");
}

/// POOL-51: the first waits alone after shared ones are longer, because buffers lie in the other processor's cache: that is
/// paid for, and does not pass for the time alone.
#[test]
fn waits_that_settle_are_not_compared() {
    let (mut rig, mut taken, mut cold) = (Rig::new(), 0, 0);
    let load = reads(64 << 10, 32, 5_000, 104);
    for _ in 0..1_000 {
        let shares = rig.shares;
        let call_ns = if cold > 0 { 6_500 } else { 5_000 };
        taken += rig.wait(load, |_| call_ns);
        cold = if rig.shares > shares { 2 } else { u32::saturating_sub(cold, 1) };
    }
    assert!(taken * 100 <= 1_000 * 32 * 5_000 * 105, "{taken} ns");
    assert!(rig.shares < 100, "{}", rig.shares);
}

/// POOL-11: a wait that ended in another way than with its calls is not compared.
#[test]
fn a_forgotten_wait_says_nothing() {
    let mut rig = Rig::new();
    rig.run(1_000, reads(64 << 10, 32, 5_000, 60));
    let kind = read(64 << 10);
    assert!(rig.sharing.wants_look(32, kind));
    let _ = rig.sharing.start(32, kind, rig.now);
    let _ = rig.sharing.look(1, rig.now + 5_000, || WAKE);
    assert!(rig.sharing.is_judging());
    rig.sharing.forget();
    assert!(!rig.sharing.is_judging());
    rig.sharing.end(u64::MAX);
    let shares = rig.shares;
    rig.run(10, reads(64 << 10, 32, 5_000, 60));
    assert_eq!(rig.shares, shares + 10, "the time of that wait counts for nothing");
}
