//! What a worker claims, posts and asks for, on counters: the tests are the worker's thread, and say what calls cost.

use crate::sys::counter::Counter;
use crate::{Config, Engine, Params, Ring, Submission, SubmissionBuilder};

use super::*;

/// A ring whose calls a worker takes, a pool without threads, and the worker's state.
struct Rig {
    ring: Ring,
    pool: Arc<Pool>,
    local: WorkerLocal,
    stats: WorkerStats,
}

impl Rig {
    fn new() -> Rig {
        let alone = Config::default().workers_max(0);
        let ring = Engine::start(alone).unwrap().ring(&Params::default()).unwrap();
        let terms = &ring.engine.terms;
        let pool = Pool::new(&Config::default(), Arc::clone(&terms.context), terms.abilities);
        let local = WorkerLocal::new(Arc::clone(&terms.context));
        Rig { ring, pool, local, stats: WorkerStats::new() }
    }

    /// Publishes so many calls for workers.
    fn offer(&mut self, calls: usize, call: &Submission) {
        for _ in 0..calls {
            self.ring.push_safe(call).unwrap();
        }
        self.ring.share(0);
        self.ring.publish();
        self.ring.open_to_workers();
        self.pool.scheduler.announce(&self.ring.state);
    }

    /// The worker takes a call as it costs so much; nothing is measured.
    fn knows(&mut self, call: &Submission, ns: u64) {
        self.offer(1, call);
        self.find();
        let kind = CallKind::of_record(self.local.batch.record(0));
        self.local.work(&self.pool, &self.stats);
        (0..100).for_each(|_| self.local.costs.note(kind, ns));
        assert!(!self.find(), "one call");
        (self.local.unmeasured, self.local.looks) = (u32::MAX, false);
        (self.stats.claims, self.stats.wakes) = (Counter::new(), Counter::new());
    }

    fn find(&mut self) -> bool {
        self.local.find(&self.pool, &self.stats)
    }

    /// Runs all there is; gives claims and wake-ups.
    fn run(&mut self) -> (u64, u64) {
        while self.find() {
            self.local.work(&self.pool, &self.stats);
        }
        (self.stats.claims.get(), self.stats.wakes.get())
    }

    /// How many workers are asked for when this one has claimed one of so many calls.
    fn asked(&mut self, calls: usize, call: &Submission) -> u32 {
        self.offer(calls, call);
        assert!(self.find());
        self.local.looks = true;
        self.local.fan_out(&self.pool);
        assert!(!self.local.looks, "the cost is known");
        self.local.work(&self.pool, &self.stats);
        self.run();
        self.pool.monitor.requests.load(std::sync::atomic::Ordering::Relaxed)
    }
}

fn getpid() -> Submission {
    Submission::call(libc::SYS_getpid).build()
}

/// A storage call.
fn access() -> Submission {
    let call: SubmissionBuilder = Submission::call(libc::SYS_faccessat).int(libc::AT_FDCWD.into());
    call.path(c"/").value(0).build()
}

/// POOL-52: short calls are claimed together, and posted with one wake-up, as far as they fit the stated times.
#[test]
fn short_calls_are_claimed_and_posted_together() {
    for (ns, claims, wakes) in [
        (80, 1, 1),
        (CLAIM_NS / 64, 1, 1),
        (CLAIM_NS / 16, 4, 2),
        (CLAIM_NS / 4, 16, 8),
        (CLAIM_NS + 100, 64, 32),
        (1_000_000, 64, 64),
    ] {
        let mut rig = Rig::new();
        rig.knows(&getpid(), ns);
        rig.offer(64, &getpid());
        assert_eq!(rig.run(), (claims, wakes), "calls of {ns} ns");
        assert_eq!(rig.stats.finished.get(), 65, "each is counted once");
    }
}

/// POOL-52: of calls of another kind than those whose cost is known no more than eight are claimed together.
#[test]
fn calls_of_another_kind_are_not_claimed_in_large_numbers() {
    let other = Submission::call(libc::SYS_getppid).build();
    let mut rig = Rig::new();
    rig.knows(&getpid(), 80);
    rig.offer(20, &getpid());
    rig.offer(20, &other);
    rig.find();
    assert_eq!(rig.local.batch.len(), 20);
    rig.local.work(&rig.pool, &rig.stats);
    rig.find();
    assert_eq!(rig.local.batch.len(), 8);
    let kind = CallKind::of_record(rig.local.batch.record(0));
    rig.local.work(&rig.pool, &rig.stats);
    (0..100).for_each(|_| rig.local.costs.note(kind, 80));
    assert_eq!(rig.run().0, 3, "once the cost of the others is known they are claimed together");
    rig.knows(&other, 80);
    rig.offer(4, &other);
    rig.offer(20, &getpid());
    rig.find();
    assert_eq!(rig.local.batch.len(), 8, "a mixture");
    rig.local.work(&rig.pool, &rig.stats);
    rig.run();
    assert_eq!(rig.stats.finished.get(), 66);
}

/// POOL-52: where nothing is known of a call's cost, its completion waits for no other claim.
#[test]
fn calls_of_unknown_cost_are_not_held_back() {
    let mut rig = Rig::new();
    rig.offer(8, &getpid());
    assert!(rig.find());
    rig.local.work(&rig.pool, &rig.stats);
    assert_eq!((rig.stats.wakes.get(), rig.local.owed_ns), (1, 0));
}

/// POOL-52: calls that may sleep for storage are taken singly, and what was posted before is made known first.
#[test]
fn storage_calls_are_taken_singly() {
    let mut rig = Rig::new();
    rig.knows(&access(), 300);
    rig.offer(8, &access());
    assert_eq!(rig.run(), (8, 8));
    let mut rig = Rig::new();
    rig.knows(&getpid(), 80);
    rig.offer(8, &getpid());
    rig.offer(1, &access());
    rig.find();
    rig.local.work(&rig.pool, &rig.stats);
    assert_eq!(rig.stats.wakes.get(), 0, "more is at hand");
    rig.find();
    rig.local.work(&rig.pool, &rig.stats);
    assert_eq!((rig.stats.claims.get(), rig.stats.wakes.get()), (2, 2));
}

/// POOL-11: a worker that was the last to search asks for another one by time: for the same calls, when they are long.
#[test]
fn another_worker_is_asked_for_by_time() {
    for (calls, ns, asked) in
        [(300, 80, 0), (300, 1_900, 0), (3, 80, 0), (300, 2_000, 1), (3, 1_000_000, 1), (1, 1_000_000, 0)]
    {
        let mut rig = Rig::new();
        rig.knows(&access(), ns);
        assert_eq!(rig.asked(calls, &access()), asked, "{calls} calls of {ns} ns");
    }
}

/// POOL-11: where the cost is not known, the worker looks again once it has measured it.
#[test]
fn an_unknown_cost_is_measured_before_another_worker_is_asked_for() {
    let mut rig = Rig::new();
    rig.offer(100, &access());
    rig.find();
    rig.local.looks = true;
    rig.local.fan_out(&rig.pool);
    assert!(rig.local.looks);
    for _ in 0..2 {
        rig.local.work(&rig.pool, &rig.stats);
        rig.find();
    }
    rig.local.fan_out(&rig.pool);
    assert!(!rig.local.looks, "two samples say what it costs");
}
