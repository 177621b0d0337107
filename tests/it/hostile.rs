//! Records that somebody else has built, or damaged.

use proptest::prelude::*;
use syslet::{Params, Submission};

use crate::rig::{self, getpid, push_bytes};

/// Valid records of calls that do no harm whatever their other fields say, once number and kinds are theirs.
fn harmless() -> Vec<Vec<u8>> {
    let read = Submission::call(libc::SYS_pread64).int(-1).output(64).value(64).value(0);
    let access = Submission::call(libc::SYS_access).path(c"/none").value(0);
    let submissions =
        [getpid(), getpid().timing(), read.clone(), read.timing(), access.clone(), access.timing()];
    submissions.into_iter().map(|submission| submission.build().bytes().to_vec()).collect()
}

/// Bytes that decide which call is made and what its addresses are: number and kinds.
fn decides(at: usize) -> bool {
    (16..20).contains(&at) || (24..28).contains(&at)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    /// ENGINE-1, ENGINE-4: a damaged record is refused and takes nothing, or is accepted and completes once.
    #[test]
    fn damaged_records(
        which in 0_usize..6,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        shorten in any::<bool>(),
    ) {
        let mut record = harmless().swap_remove(which);
        // An argument that is a value must not become an address: only getpid takes none, so spare the others'.
        let spared = if which < 2 { 0..0 } else { 32..64 };
        for (at, byte) in damage {
            let at = at.index(record.len());
            if !decides(at) && !spared.contains(&at) {
                record[at] = byte;
            }
        }
        if shorten {
            record.truncate(cut.index(record.len()));
        }
        let mut ring = rig::ring_with(rig::alone(), &Params { slots: 1, ..Params::default() });
        match push_bytes(&mut ring, &record) {
            Err(refused) => prop_assert!(!refused.is_full() && ring.in_flight() == 0),
            Ok(_) => {
                let ready = ring.submit_and_wait(1).expect("waited");
                let hidden = ready == 0;
                prop_assert_eq!(ring.in_flight(), 0);
                let seen = rig::drain(&mut ring);
                prop_assert_eq!(seen.len(), usize::from(!hidden));
                let no_complete = record[6] & 16 != 0;
                prop_assert!(!hidden || no_complete);
            }
        }
        prop_assert_eq!(rig::run(&mut ring, getpid()).result, rig::pid());
    }
}
