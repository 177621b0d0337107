//! Calls with and without attributes, of which one claim takes several.

use syslet::attrs::{TimingValue, TraceValue};
use syslet::{AttributeId, CallFlags, Params, Status, SubmissionBuilder};

use super::{NONE, WAYS, handled};
use crate::rig::{self, Seen, drain, getpid, pid, push};

/// What the call with this number asks for: calls without attributes stand between others with few and many.
fn asked(at: u64, flags: CallFlags) -> SubmissionBuilder {
    let call = getpid().user_data(at).flags(flags);
    let trace = TraceValue { id: !at }.payload();
    match at % 4 {
        0 => call,
        1 => call.attribute(AttributeId::TRACE, NONE, &trace),
        2 => call.timing().attribute(AttributeId(99), NONE, &[]).attribute(AttributeId::TRACE, NONE, &trace),
        _ => call.attribute(AttributeId::DATA, NONE, &[1; 24]).attribute(AttributeId::WORKER, NONE, &[]),
    }
}

fn look(seen: &Seen) {
    assert_eq!(seen.result, pid());
    let trace = || TraceValue::parse(handled(seen, AttributeId::TRACE)).expect("a value").id;
    let ids: Vec<_> = seen.returns.iter().map(|(id, ..)| id.0).collect();
    match seen.user_data % 4 {
        0 => assert!(ids.is_empty()),
        1 => assert_eq!((ids, trace()), (vec![10], !seen.user_data)),
        2 => {
            assert_eq!((ids, trace()), (vec![2, 99, 10], !seen.user_data));
            assert_eq!(seen.answer(AttributeId(99)), Some((Status::UNSUPPORTED, &[][..])));
            let timing = TimingValue::parse(handled(seen, AttributeId::TIMING)).expect("a value");
            assert!(timing.queued_ns <= timing.started_ns && timing.started_ns <= timing.finished_ns);
        }
        _ => assert_eq!((ids, handled(seen, AttributeId::WORKER).len()), (vec![1, 3], 16)),
    }
}

/// ATTR-100: of calls that are taken together, each has its own completion, with its own returns: whoever makes them, and
/// in rings in which few completions, or none with attributes, fit into one claim.
#[test]
fn each_has_its_own_returns() {
    const CALLS: u64 = 300;
    let small =
        |completion_record_max| Params { completion_bytes: 4096, completion_record_max, ..Params::default() };
    for params in [Params::default(), small(512), small(384), small(128)] {
        for (config, flags) in WAYS {
            let mut ring = rig::ring_with(config(), &params);
            let (mut pushed, mut seen) = (0, Vec::new());
            while (seen.len() as u64) < CALLS {
                while pushed < CALLS && push(&mut ring, &asked(pushed, flags).build()).is_ok() {
                    pushed += 1;
                }
                ring.submit_and_wait(1).expect("waited");
                seen.extend(drain(&mut ring));
            }
            seen.iter().for_each(look);
            let mut order: Vec<_> = seen.iter().map(|seen| seen.user_data).collect();
            order.sort_unstable();
            assert_eq!(order, (0..CALLS).collect::<Vec<_>>());
        }
    }
}
