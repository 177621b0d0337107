//! Makes drawn submissions, in guarded areas of both kinds, and says what broke out.

use std::collections::BTreeSet;
use std::time::Duration;

use fastrand::Rng;
use syslet::attrs::DeadlineAsked;
use syslet::guard::{self, Break, Broken};
use syslet::syscalls::{Class, Row, decode::Decoder};
use syslet::{AttributeFlags, AttributeId, Config, Engine, Params, Ring};

use crate::bag::Bag;
use crate::draft::{Draft, Drawn};

/// A call that sleeps longer is stopped.
const NAP_NS: u64 = 2_000_000;
const PATIENCE: Duration = Duration::from_secs(20);

/// Calls that say EFAULT though their addresses are good, and why.
const FAULTS: &[(&str, &str)] = &[];

/// A ring whose calls are guarded, and what has broken out of them.
pub(crate) struct Bench {
    ring: Ring,
    bag: Bag,
    pub(crate) rng: Rng,
    /// Each said once.
    pub(crate) found: BTreeSet<String>,
    /// Whether each call is made with both kinds of areas.
    is_thorough: bool,
    pub(crate) made: u64,
    pub(crate) refused: u64,
}

impl Bench {
    pub(crate) fn new(bag: Bag, seed: u64, is_thorough: bool) -> Bench {
        guard::collect();
        let room = Params {
            submission_record_max: 64 << 10,
            submission_bytes: 1 << 20,
            completion_record_max: 64 << 10,
            completion_bytes: 1 << 20,
            ..Params::default()
        };
        let ring = Engine::start(Config::default().workers_max(4)).expect("an engine").ring(&room);
        let ring = ring.expect("a ring");
        Bench {
            ring,
            bag,
            rng: Rng::with_seed(seed),
            found: BTreeSet::new(),
            is_thorough,
            made: 0,
            refused: 0,
        }
    }

    pub(crate) fn bag(&self) -> &Bag {
        &self.bag
    }

    pub(crate) fn descriptors(&self) -> usize {
        self.bag.len()
    }

    /// Draws a call and makes it: where areas end at a page that faults, where known bytes follow, or both.
    pub(crate) fn make(&mut self, draft: &Draft<'_>) {
        if let Some(drawn) = draft.draw(&self.bag, &mut self.rng) {
            self.run(draft.row, drawn);
        }
    }

    /// Makes a call; gives how it ended the last time, if it was made.
    pub(crate) fn run(&mut self, row: &Row, Drawn { builder, is_refused }: Drawn) -> Option<i64> {
        let soon = DeadlineAsked::After(NAP_NS).emit();
        let may_sleep = may_sleep(row);
        let builder = if may_sleep {
            builder.attribute(AttributeId::DEADLINE, AttributeFlags::NONE, &soon)
        } else {
            builder
        };
        let submission = builder.build();
        let both = [false, true];
        let one = usize::from(self.rng.bool());
        let mut last = None;
        for is_open in if self.is_thorough { &both[..] } else { &both[one..=one] } {
            guard::set_open(*is_open);
            if self.ring.push_safe(&submission).is_err() {
                self.refused += 1;
                return None;
            }
            let said = || submission.decoded(&Decoder::default());
            assert!(!is_refused, "accepted, though it has too little room or none that is known: {}", said());
            let ready = self.ring.wait(1, Some(PATIENCE)).expect("waited");
            assert_eq!(ready, 1, "it hangs: {}", said());
            let result = self.ring.completions().next().map(|done| done.result().0);
            self.made += 1;
            last = result;
            for broken in guard::broken().iter().filter(|broken| !is_known(row, broken)) {
                self.found.insert(format!("{broken:?} by {} = {result:?}", said()));
            }
        }
        last
    }

    /// Says what was found; the process fails if it is anything.
    pub(crate) fn end(self) {
        assert!(
            self.found.is_empty(),
            "{} broke out:\n{}",
            self.found.len(),
            Vec::from_iter(self.found).join("\n")
        );
    }
}

fn may_sleep(row: &Row) -> bool {
    row.class != Class::Instant || !row.when.is_empty()
}

fn is_known(row: &Row, broken: &Broken) -> bool {
    broken.how == Break::Fault && FAULTS.iter().any(|(name, _)| *name == row.name)
}
