//! The dispatch flags that admission gives: every row of the table, and attributes.

use std::sync::Arc;

use syslet_abi::{AttributeFlags, AttributeId, Call, CallFlags, Limits, Status};
use syslet_attrs::{
    Attribute, CallFacts, DeadlineAsked, Needs, Observed, Plan, Registry, RetryAsk, RetryOn, Token,
    TraceValue,
};
use syslet_syscalls::{Class, Row, row, rows};

use crate::admission::{Terms, Verdict, admit};
use crate::exec::attributes::AttributeContext;
use crate::nonblocking::{self, NonBlocking};
use crate::slots::dispatch::DispatchFlags;
use crate::{Submission, SubmissionBuilder};

/// An application's attribute that does nothing.
#[derive(Debug)]
struct Silent;

pub(super) const SILENT: AttributeId = AttributeId::APPLICATION;

impl Attribute for Silent {
    fn id(&self) -> AttributeId {
        SILENT
    }

    fn name(&self) -> &'static str {
        "silent"
    }

    fn check(&self, _: &[u8], _: &CallFacts) -> Result<Plan, Status> {
        Ok(Plan { return_bytes_max: 0, may_run_inline: true, needs: Needs::NONE })
    }

    fn after(&self, _: &[u8], _: Token, _: &Observed, _: &mut [u8]) -> (Status, usize) {
        (Status::HANDLED, 0)
    }
}

/// The terms of an engine with these non-blocking attempts.
pub(super) fn terms(abilities: NonBlocking) -> Terms {
    let mut registry = Registry::built_in();
    registry.add(Arc::new(Silent)).expect("a free id");
    Terms {
        context: Arc::new(AttributeContext { registry, trace: None }),
        abilities: nonblocking::probe(abilities),
        has_workers: false,
        program_steps_max: 0,
        number: 0,
    }
}

/// The longest completion of a ring with default parameters.
const COMPLETION_MAX: usize = 64 << 10;

/// The dispatch flags of a submission to a ring with workers; `None` when it is refused.
fn marked(terms: &Terms, completion_max: usize, submission: &SubmissionBuilder) -> Option<DispatchFlags> {
    marked_with(true, terms, completion_max, submission)
}

fn marked_with(
    has_pool: bool,
    terms: &Terms,
    completion_max: usize,
    submission: &SubmissionBuilder,
) -> Option<DispatchFlags> {
    let submission = submission.clone().build();
    let limits = Limits { record_bytes_max: 4 << 10, out_bytes_max: COMPLETION_MAX };
    let call = Call::check(submission.bytes(), &limits).expect("well-formed");
    let mut verdict = Verdict::default();
    admit(&call, completion_max, terms, has_pool, &mut verdict).ok()?;
    Some(verdict.dispatch)
}

/// ATTR-100: instant calls with attributes that only observe are taken together with others, as far as their completions fit into
/// one claim of the completion ring. Those with an out area are not, nor those that can be stopped, are made again or have
/// the application's own attributes.
#[test]
fn brief_calls_are_taken_together() {
    let terms = terms(NonBlocking::All);
    let marked = |completion_max, submission: &_| marked(&terms, completion_max, submission);
    let asked = |id: AttributeId, payload: &[u8]| {
        Submission::call(libc::SYS_getpid).attribute(id, AttributeFlags::NONE, payload)
    };
    let trace = asked(AttributeId::TRACE, &TraceValue { id: 7 }.payload());
    let together = [
        asked(AttributeId::TIMING, &[]),
        asked(AttributeId::USAGE, &[]),
        asked(AttributeId(99), &[]),
        trace.clone().timing(),
    ];
    for submission in &together {
        assert_eq!(marked(COMPLETION_MAX, submission), Some(DispatchFlags::INSTANT), "{submission:?}");
        let worker = submission.clone().flags(CallFlags::ASYNC);
        assert_eq!(
            marked(COMPLETION_MAX, &worker),
            Some(DispatchFlags::INSTANT.with(DispatchFlags::WORKER)),
            "{submission:?}"
        );
    }
    assert_eq!(marked(384, &trace), Some(DispatchFlags::INSTANT), "40 bytes, eight of which fit");
    assert_eq!(marked(384, &trace.timing()), Some(DispatchFlags::PLAIN), "72 bytes");
    let deadline = asked(AttributeId::DEADLINE, &DeadlineAsked::After(1 << 40).emit());
    let clock = Submission::call(libc::SYS_clock_gettime).value(1).output(16);
    let apart = [
        (deadline, DispatchFlags::TIMED),
        (clock, DispatchFlags::PLAIN),
        (asked(SILENT, &[]), DispatchFlags::PLAIN),
    ];
    for (submission, dispatch) in apart {
        assert_eq!(marked(COMPLETION_MAX, &submission), Some(dispatch), "{submission:?}");
    }
    let retry = asked(AttributeId::RETRY, &RetryAsk { on: RetryOn::SHORT, ..RetryAsk::default() }.payload());
    assert_eq!(marked(COMPLETION_MAX, &retry), Some(DispatchFlags::WORKER));
}

/// RING-8: without workers, calls that sleep for storage at most are taken together with others, if their completions are
/// short; those that can sleep for longer are not.
#[test]
fn brief_calls_are_taken_together_without_workers() {
    let terms = terms(NonBlocking::All);
    let marked = |submission: &_| marked_with(false, &terms, COMPLETION_MAX, submission).unwrap();
    let call = |nr| Submission::call(nr).value(0).value(0).value(0);
    let together = [call(libc::SYS_openat), call(libc::SYS_read).flags(CallFlags::STORAGE)];
    for submission in together {
        assert_eq!(marked(&submission), DispatchFlags::STORAGE, "{submission:?}");
    }
    let nanosleep = Submission::call(libc::SYS_nanosleep).value(0).value(0).flags(CallFlags::SYNC);
    let long = Submission::call(libc::SYS_read).value(0).output(16).value(16).flags(CallFlags::STORAGE);
    for submission in [call(libc::SYS_read), nanosleep, long] {
        assert_eq!(marked(&submission), DispatchFlags::PLAIN, "{submission:?}");
    }
    assert_eq!(marked(&Submission::call(libc::SYS_getpid)), DispatchFlags::INSTANT);
}

/// Arguments that reach every condition by which the row decides the class or the scope: none set, all set, and each condition
/// alone.
fn arguments(row: &Row) -> Vec<[u64; 6]> {
    let classes = row.when.iter().map(|when| when.given);
    let scopes = row.scope_when.iter().flat_map(|when| [Some(when.given), when.also]).flatten();
    let decided = classes.chain(scopes).map(|given| {
        let mut args = [0; 6];
        args[usize::from(given.arg)] = given.equals;
        args
    });
    [[0; 6], [u64::MAX; 6], [1; 6]].into_iter().chain(decided).collect()
}

/// A call that a waiting submitter makes as the plain call is instant, or waits for storage at most.
#[track_caller]
fn assert_bounded(name: &str, class: Class, flags: CallFlags, dispatch: DispatchFlags) {
    let is_left_to_others = [DispatchFlags::WORKER, DispatchFlags::PRIVATE, DispatchFlags::NONBLOCKING]
        .into_iter()
        .any(|mark| dispatch.contains(mark));
    let is_bounded = match class {
        Class::Instant | Class::Storage => true,
        Class::Descriptor => flags.contains(CallFlags::STORAGE),
        Class::Sleeps => false,
    };
    assert!(is_left_to_others || is_bounded, "{name}: {class:?} with {flags:?} is marked {dispatch:?}");
}

/// CANCEL-3: no row of the table is ever made in a waiting submitter as a plain call that may sleep for ever, with
/// any arguments, flags but SYNC, non-blocking attempts and attributes.
#[test]
fn nothing_that_may_sleep_for_ever_is_run_inline() {
    let none = CallFlags::NONE;
    let all = [none, CallFlags::STORAGE, CallFlags::NO_COMPLETE, CallFlags::PRIVATE, CallFlags::ASYNC];
    let deadline = DeadlineAsked::After(1 << 40).emit();
    let mut marked_plain = 0;
    for abilities in [NonBlocking::Off, NonBlocking::All] {
        let terms = terms(abilities);
        for row in rows() {
            let Some(nr) = row.numbers.here() else { continue };
            for args in arguments(row) {
                let (class, _) = row.nature(|| args.into());
                let call = args.into_iter().fold(Submission::call(nr), SubmissionBuilder::value);
                for flags in all {
                    let call = call.clone().flags(flags);
                    let timed =
                        call.clone().attribute(AttributeId::DEADLINE, AttributeFlags::NONE, &deadline);
                    for call in [call.clone().timing(), timed, call] {
                        let Some(dispatch) = marked(&terms, COMPLETION_MAX, &call) else { continue };
                        assert_bounded(row.name, class, flags, dispatch);
                        marked_plain +=
                            u32::from(class == Class::Instant && dispatch == DispatchFlags::INSTANT);
                    }
                }
            }
        }
        let unknown = (0..512).rev().find(|nr| row(*nr).is_none()).expect("not all numbers have rows");
        let dispatch = marked(&terms, COMPLETION_MAX, &Submission::call(unknown)).expect("accepted");
        assert!(dispatch.contains(DispatchFlags::WORKER), "{dispatch:?}");
    }
    assert!(marked_plain > 300, "{marked_plain}: instant calls run inline");
}
