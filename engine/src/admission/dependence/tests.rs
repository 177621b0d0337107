//! A kept verdict beside a fresh one: every row of the table, with changed arguments.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::{Arc, OnceLock};

use proptest::prelude::*;
use syslet_abi::{AttributeFlags, AttributeId, Call, CallFlags, Limits, Params};
use syslet_attrs::{ChecksumAsk, DeadlineAsked, RetryAsk, RetryOn};
use syslet_syscalls::{Direction, Row, row, rows};

use crate::admission::dependence::keep;
use crate::admission::tests::{SILENT, terms};
use crate::admission::{Terms, admit, safe};
use crate::slots::admission::Verdict;
use crate::slots::kept::Circumstances;
use crate::{NonBlocking, Submission, SubmissionBuilder};

const LIMITS: Limits = Limits { record_bytes_max: 4 << 10, out_bytes_max: COMPLETION_MAX as usize };
const COMPLETION_MAX: u32 = 64 << 10;

/// The circumstances of a push to a ring of the engine with that number.
fn by(engine: u64, has_pool: bool) -> Circumstances {
    let params = Params { completion_record_max: COMPLETION_MAX, ..Params::default() };
    Circumstances::of(engine, &params, has_pool)
}

/// The check of a push: the verdict, and whether safe code may push the same.
fn check(terms: &Terms, by: Circumstances, submission: &Submission) -> Option<(Verdict, bool)> {
    let call = Call::check(submission.bytes(), &LIMITS).ok()?;
    let mut verdict = Verdict::default();
    admit(&call, by.completion_max(), terms, by.has_pool, &mut verdict).ok()?;
    let is_safe = safe::check(&call, submission.lent(), verdict.needs, &terms.context).is_ok();
    Some((verdict, is_safe))
}

/// Keeps the verdict of a submission that a push would accept; whether there is one to keep.
fn keep_fresh(terms: &Terms, by: Circumstances, submission: &mut Submission) -> bool {
    let Some((verdict, is_safe)) = check(terms, by, submission) else { return false };
    let Some(kept) = keep(submission, by, &verdict) else { return false };
    submission.keeper_mut().replace(kept, is_safe);
    true
}

/// One way of asking for a call.
struct Manner {
    has_pool: bool,
    flags: CallFlags,
    attribute: Option<(AttributeId, Vec<u8>)>,
    /// Arguments go by DATA and the out area where the row has a direction for them, and descriptors are lent.
    has_places: bool,
}

fn manners() -> Vec<Manner> {
    let none = CallFlags::NONE;
    let checksum = ChecksumAsk::default().payload().to_vec();
    let deadline = DeadlineAsked::After(1 << 40).emit().to_vec();
    let asked = [
        (true, none, None),
        (true, CallFlags::STORAGE, None),
        (true, none, Some((AttributeId::CACHE, Vec::new()))),
        (true, CallFlags::STORAGE, Some((AttributeId::CACHE, Vec::new()))),
        (true, CallFlags::STORAGE, Some((AttributeId::DEADLINE, deadline))),
        (true, CallFlags::ASYNC, Some((AttributeId::CHECKSUM, checksum.clone()))),
        (true, CallFlags::PRIVATE.with(CallFlags::RELEASE), None),
        (false, CallFlags::SYNC, None),
        (false, CallFlags::SYNC, Some((AttributeId::CHECKSUM, checksum))),
    ];
    let both = |(has_pool, flags, attribute): &(bool, CallFlags, Option<(AttributeId, Vec<u8>)>)| {
        [false, true].map(|has_places| Manner {
            has_pool: *has_pool,
            flags: *flags,
            attribute: attribute.clone(),
            has_places,
        })
    };
    asked.iter().flat_map(both).collect()
}

/// Flags by which admission decides, alone and together.
const FLAGS: [CallFlags; 7] = [
    CallFlags::NONE,
    CallFlags::STORAGE,
    CallFlags::ASYNC,
    CallFlags::SYNC,
    CallFlags::STORAGE.with(CallFlags::SYNC),
    CallFlags::PRIVATE,
    CallFlags::STORAGE.with(CallFlags::RELEASE),
];

/// Attributes with plans that admission decides by.
fn attributes() -> impl Iterator<Item = (AttributeId, Vec<u8>)> {
    let retry = RetryAsk { on: RetryOn::SHORT, ..RetryAsk::default() };
    let all = [
        (AttributeId::CACHE, Vec::new()),
        (AttributeId::TIMING, Vec::new()),
        (AttributeId::USAGE, Vec::new()),
        (AttributeId::CHECKSUM, ChecksumAsk::default().payload().to_vec()),
        (AttributeId::DEADLINE, DeadlineAsked::After(1 << 40).emit().to_vec()),
        (AttributeId::RETRY, retry.payload().to_vec()),
    ];
    all.into_iter()
}

impl Manner {
    /// A call of the row with these arguments, as far as it has as many.
    fn submission(&self, row: &Row, nr: u16, args: [u64; 6], file: &Arc<File>) -> Submission {
        let mut call = Submission::call(nr).flags(self.flags);
        for (arg, value) in row.args.iter().zip(args) {
            call = match arg.ty.direction() {
                _ if !self.has_places => call.value(value),
                Direction::In => call.input(&[0; 64]),
                Direction::Out => call.output(64),
                Direction::InOut => call.inout(&[0; 64]),
                _ if arg.ty.is_descriptor() && value == 1 => call.lend(file),
                _ => call.value(value),
            };
        }
        if let Some((id, payload)) = &self.attribute {
            call = call.attribute(*id, AttributeFlags::NONE, payload);
        }
        call.build()
    }
}

/// Values that decide somewhere: bounds of widths, of lengths, of positions, and no address.
const VALUES: [u64; 13] = [
    0,
    1,
    64,
    65,
    4096,
    0x7fff_f000,
    0x7fff_f001,
    1 << 31,
    1 << 32,
    1 << 32 | 1,
    1 << 63,
    u64::MAX - 99,
    u64::MAX,
];

/// The same, and those that the row's own conditions and forms name for argument `index`.
fn values(row: &Row, index: usize, file: &File) -> Vec<u64> {
    let is_here = |arg: u8| usize::from(arg) == index;
    let classes = row.when.iter().map(|when| when.given);
    let scopes = row.scope_when.iter().flat_map(|when| [Some(when.given), when.also]).flatten();
    let conditions = classes.chain(scopes).filter(|given| is_here(given.arg));
    let forms = row.args.iter().flat_map(|arg| arg.forms);
    let selected = forms.clone().filter(|form| is_here(form.by)).filter_map(|form| form.equals.first());
    let levels = forms.filter_map(|form| form.also).filter(|(by, _)| is_here(*by)).map(|(_, number)| number);
    let descriptor = u64::try_from(file.as_raw_fd()).expect("open");
    let bits = [libc::MSG_WAITALL, libc::MSG_PEEK, libc::MSG_TRUNC];
    VALUES
        .into_iter()
        .chain(conditions.flat_map(|given| [given.equals, given.mask]))
        .chain(selected.copied().chain(levels).map(u64::from))
        .chain(bits.map(|bit| u64::from(bit.cast_unsigned())))
        .chain([descriptor])
        .collect()
}

/// How often a verdict was kept through a change, and how often it was lost.
#[derive(Debug, Default)]
struct Tally {
    kept: u64,
    safe: u64,
    lost: u64,
}

/// Changes argument `index` of a submission that keeps its verdict; the verdict that is kept then is the fresh one, field by
/// field. One that was lost is kept anew, where there is one.
fn change(
    terms: &Terms,
    by: Circumstances,
    (submission, name): (&mut Submission, &str),
    (index, value): (usize, u64),
    tally: &mut Tally,
) {
    submission.set_arg(index, value);
    let fresh = check(terms, by, submission);
    if let Some(kept) = submission.keeper().get(by) {
        let told = || format!("{name}: argument {index} is {value:#x} in {submission:?}");
        let (verdict, is_safe) = fresh.unwrap_or_else(|| panic!("it would be refused: {}", told()));
        assert_eq!(kept.verdict, verdict, "{}", told());
        let was_safe = submission.keeper().is_safe();
        assert!(is_safe || !was_safe, "it is not safe: {}", told());
        tally.kept += 1;
        tally.safe += u64::from(was_safe);
        let call = Call::admitted(submission.bytes());
        let taken = row(call.nr()).and_then(|row| row.value(&call, row.descriptor?.into()));
        let fd = taken.map_or(Some(-1), |fd| u32::try_from(fd).ok().map(u32::cast_signed));
        assert_eq!(Some(kept.verdict.at_push(&call, || 0).fd), fd, "{}", told());
    } else {
        tally.lost += 1;
        keep_fresh(terms, by, submission);
    }
}

/// ENGINE-35: with every row of the table, each way of asking, and every interesting value in the place of each argument, a
/// submission that is pushed again is decided about as a fresh one is.
#[test]
fn a_changed_argument_is_decided_about_as_in_a_fresh_submission() {
    let file = Arc::new(File::open("/dev/null").unwrap());
    let (terms, mut tally) = (terms(NonBlocking::All), Tally::default());
    for row in rows() {
        let Some(nr) = row.numbers.here() else { continue };
        for manner in &manners() {
            if manner.has_places && row.args.iter().all(|arg| arg.ty.direction() == Direction::Value) {
                continue;
            }
            let by = by(terms.number, manner.has_pool);
            for base in [[1; 6], [u64::MAX; 6]] {
                let mut submission = manner.submission(row, nr, base, &file);
                keep_fresh(&terms, by, &mut submission);
                for index in 0..row.args.len() {
                    let first = Call::admitted(submission.bytes()).raw_arg(index);
                    for value in values(row, index, &file).into_iter().chain([first]) {
                        let changed = (&mut submission, row.name);
                        change(&terms, by, changed, (index, value), &mut tally);
                    }
                }
            }
        }
    }
    assert!(tally.kept > 50_000 && tally.safe > 5_000 && tally.lost > 5_000, "{tally:?}");
}

/// Asking the kernel what it can do takes longer than a case.
static TERMS: OnceLock<Terms> = OnceLock::new();

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// ENGINE-35: the same of many changes one after the other, from any arguments.
    #[test]
    fn many_changes_are_decided_about_as_in_fresh_submissions(
        at in 0_usize..1000,
        (has_pool, has_places) in any::<(bool, bool)>(),
        (flags, attribute) in (0_usize..FLAGS.len(), 0_usize..8),
        base in prop::array::uniform6(0_usize..64),
        steps in prop::collection::vec((0_usize..6, 0_usize..64), 1..24),
    ) {
        let file = Arc::new(File::open("/dev/null").unwrap());
        let terms = TERMS.get_or_init(|| terms(NonBlocking::All));
        let has_arguments = |row: &&Row| row.numbers.here().is_some() && !row.args.is_empty();
        let found: Vec<&Row> = rows().iter().filter(has_arguments).collect();
        let row = found[at % found.len()];
        let flags = FLAGS[flags];
        let manner = Manner { has_pool, flags, attribute: attributes().nth(attribute), has_places };
        let pick = |index: usize, choice: usize| {
            let values = values(row, index, &file);
            values[choice % values.len()]
        };
        let args = std::array::from_fn(|index| pick(index, base[index]));
        let nr = row.numbers.here().unwrap();
        let mut submission = manner.submission(row, nr, args, &file);
        let by = by(terms.number, manner.has_pool);
        keep_fresh(terms, by, &mut submission);
        for (index, choice) in steps {
            let index = index % row.args.len();
            let changed = (&mut submission, row.name);
            change(terms, by, changed, (index, pick(index, choice)), &mut Tally::default());
        }
    }
}

/// A submission of `pread64` with a kept verdict.
fn read(terms: &Terms, by: Circumstances, call: SubmissionBuilder) -> Submission {
    let mut submission = call.build();
    assert!(keep_fresh(terms, by, &mut submission), "accepted");
    submission
}

/// ENGINE-35: a verdict outlives what a loop of reads changes: the word, the descriptor, the buffer, a length and a position
/// that one transfer can have.
#[test]
fn a_loop_of_reads_keeps_its_verdict() {
    let terms = terms(NonBlocking::All);
    for has_pool in [false, true] {
        let by = by(terms.number, has_pool);
        let call = Submission::call(libc::SYS_pread64).value(3).value(4096).value(4096).value(0);
        let mut submission = read(&terms, by, call);
        submission.set_user_data(7);
        for (index, value) in [(0, 4), (1, 1 << 40), (2, 1), (3, 1 << 40)] {
            submission.set_arg(index, value);
            assert!(submission.keeper().get(by).is_some(), "argument {index}");
        }
        assert!(submission.clone().keeper().get(by).is_some(), "a clone has the same bytes");
        submission.set_arg(1, 0);
        assert!(submission.keeper().get(by).is_none(), "it has no memory of the application's");
    }
}

/// ENGINE-35: the length of a read into an out area is what the area was checked for, and its place is an argument.
#[test]
fn a_length_in_an_area_is_checked_again() {
    let (terms, file) = (terms(NonBlocking::All), Arc::new(File::open("/dev/null").unwrap()));
    let by = by(terms.number, true);
    let call = Submission::call(libc::SYS_pread64).lend(&file).output(64).value(64).value(0);
    for (index, value) in [(1, 8), (2, 65)] {
        let mut submission = read(&terms, by, call.clone());
        submission.set_arg(3, 4096);
        assert!(submission.keeper().get(by).is_some(), "a position decides nothing");
        assert!(submission.keeper().is_safe() && submission.clone().keeper().is_safe());
        submission.set_arg(index, value);
        assert!(submission.keeper().get(by).is_none(), "argument {index}");
        assert!(check(&terms, by, &submission).is_none(), "it reaches beyond the area");
    }
    let mut submission = read(&terms, by, call);
    submission.set_arg(0, 1000);
    assert!(submission.keeper().get(by).is_some(), "the descriptor decides nothing else");
    assert!(!submission.keeper().is_safe(), "and it is not lent");
    submission.keeper().get(by).into_iter().for_each(|kept| submission.keeper().note_safe(kept));
    submission.set_arg(3, 0);
    assert!(submission.keeper().is_safe());
    submission.set_arg(0, 1001);
    assert!(!submission.keeper().is_safe());
}

/// ENGINE-35: other circumstances are other verdicts.
#[test]
fn a_verdict_holds_in_its_circumstances_only() {
    let terms = terms(NonBlocking::All);
    let submission = read(&terms, by(terms.number, true), Submission::call(libc::SYS_getpid));
    let small = Params { completion_record_max: COMPLETION_MAX / 2, ..Params::default() };
    let short =
        Params { submission_record_max: 64, completion_record_max: COMPLETION_MAX, ..Params::default() };
    assert!(submission.keeper().get(by(terms.number, true)).is_some());
    let others = [
        by(terms.number, false),
        by(terms.number + 1, true),
        Circumstances::of(terms.number, &small, true),
        Circumstances::of(terms.number, &short, true),
    ];
    for other in others {
        assert!(submission.keeper().get(other).is_none(), "{other:?}");
    }
}

/// ENGINE-35: the verdict of an application's own attribute is asked for at each push.
#[test]
fn an_attribute_of_the_application_is_asked_each_time() {
    let terms = terms(NonBlocking::All);
    let call = Submission::call(libc::SYS_getpid).attribute(SILENT, AttributeFlags::NONE, &[]);
    assert!(!keep_fresh(&terms, by(terms.number, true), &mut call.build()));
    let timed = Submission::call(libc::SYS_getpid).timing();
    assert!(keep_fresh(&terms, by(terms.number, true), &mut timed.build()));
}

/// ENGINE-35: the clock is read at each push, and a deadline after a time begins with it.
#[test]
fn each_push_reads_the_clock() {
    let terms = terms(NonBlocking::All);
    let asked = DeadlineAsked::After(100).emit();
    let call =
        Submission::call(libc::SYS_getpid).attribute(AttributeId::DEADLINE, AttributeFlags::NONE, &asked);
    let by = by(terms.number, true);
    let submission = read(&terms, by, call);
    let call = Call::admitted(submission.bytes());
    let verdict = &submission.keeper().get(by).expect("kept").verdict;
    for now_ns in [1000, 2000] {
        let admission = verdict.at_push(&call, || now_ns);
        assert_eq!((admission.queued_ns, admission.deadline_ns), (now_ns, Some(now_ns + 100)));
    }
    let bare = read(&terms, by, Submission::call(libc::SYS_getpid));
    let verdict = &bare.keeper().get(by).expect("kept").verdict;
    let call = Call::admitted(bare.bytes());
    assert_eq!(verdict.at_push(&call, || panic!("no attribute needs it")).queued_ns, 0);
}

/// ENGINE-35: a verdict is kept when a submission is pushed a second time, and later when changes have taken it away.
#[test]
fn a_verdict_is_kept_for_a_submission_that_is_pushed_again() {
    let terms = terms(NonBlocking::All);
    let by = by(terms.number, true);
    let mut submission = Submission::call(libc::SYS_read).value(0).value(1).value(64).build();
    let mut pushes_until_kept = || {
        let mut pushes = 1;
        while !submission.keeper().is_due() {
            pushes += 1;
        }
        let (verdict, is_safe) = check(&terms, by, &submission).expect("accepted");
        submission.keeper().keep(keep(&submission, by, &verdict).expect("accepted"), is_safe);
        assert!(!submission.keeper().is_due(), "one is there");
        submission.set_arg(1, u64::from(Call::admitted(submission.bytes()).raw_arg(1) == 0));
        pushes
    };
    let pushes: Vec<u32> = (0..9).map(|_| pushes_until_kept()).collect();
    assert_eq!(pushes, [2, 3, 5, 9, 17, 33, 65, 129, 129]);
}
