//! A case made directly and in every other way, each on a state of its own, and what is not equal.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use syslet::CallFlags;
use syslet::syscalls::{ArgType, Class, Direction, Len, Row, Scope, Written, Yields};

use crate::bad::{self, Change};
use crate::buffers::{Buffers, check_given, formed, size};
use crate::case::{Arg, Case, Setup};
use crate::direct::{make, number, row};
use crate::rig::{Form, Rig, Way, asleep_and, made, travels};
use crate::world::World;

/// Everything that is compared.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Outcome {
    result: i64,
    made: String,
    outs: Vec<(usize, Vec<u8>)>,
    blocks: Vec<Vec<(usize, u8)>>,
    left: String,
}

/// What the cases of one call came to.
#[derive(Debug, Default)]
struct Tally {
    good: usize,
    bad: usize,
    may_fail: bool,
    /// Cases whose arguments are exchanged for bad ones.
    exchanged: usize,
}

/// One kind of arguments of a case.
#[derive(Clone, Copy)]
pub(crate) struct Variant<'a> {
    case: &'a Case,
    row: &'static Row,
    setup: &'a Setup,
    change: Option<&'a Change>,
    /// What the arguments that are values are changed by, bit for bit.
    junk: [u64; 6],
    is_good: bool,
    /// Bytes do not travel.
    is_by_address: bool,
}

const ANYBODY: &str = "the superuser may be anybody, and nobody is an error";
/// Calls with arguments of which hardly any is wrong.
const FEW_BAD: &[(&str, &str)] = &[
    ("setuid", ANYBODY),
    ("setgid", ANYBODY),
    ("setreuid", ANYBODY),
    ("setregid", ANYBODY),
    ("setresuid", ANYBODY),
    ("setresgid", ANYBODY),
    ("setfsuid", "it answers with what was before, whatever comes of it"),
    ("setfsgid", "it answers with what was before, whatever comes of it"),
    ("personality", "it takes any bits"),
    ("brk", "what it cannot do, it answers with the break as it is"),
    ("eventfd", "it takes any number"),
    ("alarm", "it takes any number"),
    ("umask", "it takes any bits"),
    ("modify_ldt", "its errors are 32 bits wide, and no error to who looks at 64"),
];

/// Runs every case in every way; each call has good arguments among them, and bad ones.
pub(crate) fn compare(cases: &[Case]) {
    let (tallies, mut faults) = compare_each(cases);
    for (call, tally) in tallies.into_iter().filter(|(_, tally)| tally.exchanged > 0) {
        if tally.good == 0 && !tally.may_fail {
            faults.push(format!("{call}: no good arguments"));
        }
        if tally.bad < 2 && !FEW_BAD.iter().any(|(few, _)| *few == call) && !row(call).args.is_empty() {
            faults.push(format!("{call}: {} bad arguments only", tally.bad));
        }
    }
    assert!(faults.is_empty(), "{} fault(s):\n{}", faults.len(), faults.join("\n"));
}

/// Runs further cases of calls that have good and bad arguments elsewhere.
pub(crate) fn compare_more(cases: &[Case]) {
    let (_, faults) = compare_each(cases);
    assert!(faults.is_empty(), "{} fault(s):\n{}", faults.len(), faults.join("\n"));
}

fn compare_each(cases: &[Case]) -> (BTreeMap<&'static str, Tally>, Vec<String>) {
    let mut rig = Rig::new();
    let mut faults = Vec::new();
    let mut tallies: BTreeMap<&'static str, Tally> = BTreeMap::new();
    for case in cases.iter().filter(|case| row(case.call).numbers.here().is_some()) {
        let row = row(case.call);
        let tally = tallies.entry(case.call).or_default();
        tally.may_fail |= case.allowed.fails;
        let good = Variant::good(case, row);
        let result = run(&mut rig, &good, &mut faults);
        tally.may_fail |= result.is_some_and(is_out_of_reach);
        tally.good += usize::from(result.is_some_and(|result| result >= 0));
        tally.bad += usize::from(result.is_some_and(|result| result < 0));
        tally.exchanged += usize::from(case.unblock.is_none());
        let changes = if case.unblock.is_some() { Vec::new() } else { bad::changes(case, row) };
        for change in &changes {
            let bad = Variant { change: Some(change), is_good: false, ..good };
            tally.bad += usize::from(run(&mut rig, &bad, &mut faults).is_some_and(|result| result < 0));
        }
        for setup in &case.bad {
            let bad = Variant { setup, is_good: false, ..good };
            tally.bad += usize::from(run(&mut rig, &bad, &mut faults).is_some_and(|result| result < 0));
        }
    }
    (tallies, faults)
}

impl<'a> Variant<'a> {
    /// The case as it stands.
    pub(crate) fn good(case: &'a Case, row: &'static Row) -> Variant<'a> {
        let setup = &case.good;
        Variant { case, row, setup, change: None, junk: [0; 6], is_good: true, is_by_address: false }
    }

    /// The same with these bits of its values changed. By address only: what does not fit into an area is refused.
    pub(crate) fn changed(self, junk: [u64; 6], is_by_address: bool) -> Variant<'a> {
        Variant { junk, is_by_address, is_good: false, ..self }
    }

    /// Its arguments on a fresh state.
    pub(crate) fn args(&self) -> Vec<Arg> {
        self.fresh().1
    }

    /// How the plain call differs from that of another variant, if it does.
    pub(crate) fn differs_from(&self, other: &Variant<'_>) -> Option<String> {
        let title = || self.title(&self.args());
        let outcomes = caught(|| (self.directly(0).0, other.directly(0).0));
        match outcomes {
            Ok((own, others)) if own == others => None,
            Ok((own, others)) => Some(format!("{} directly: {}", title(), difference(&own, &others))),
            Err(why) => Some(format!("{} directly: {why}", title())),
        }
    }

    /// Fresh state and arguments on it.
    fn fresh(&self) -> (World, Vec<Arg>) {
        let mut world = World::default();
        let mut args = (self.setup)(&mut world);
        if let Some(change) = self.change {
            args[change.index] = change.arg.clone();
        }
        size(self.row, &mut args);
        if self.junk != [0; 6] {
            args.resize(self.row.args.len(), Arg::Value(0));
        }
        for (arg, junk) in args.iter_mut().zip(self.junk) {
            if let Arg::Value(value) = arg {
                *value ^= junk;
            }
        }
        world.snapshot();
        (world, args)
    }

    fn title(&self, args: &[Arg]) -> String {
        let shown = args.iter().map(|arg| match arg {
            Arg::Value(value) => format!("{:#x}", value),
            Arg::Memory(_) => "memory".to_owned(),
            Arg::In(bytes) => {
                format!("in {}", String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).escape_debug())
            }
            Arg::Out(len) => format!("out {}", len.unwrap_or_default()),
            Arg::InOut(bytes) => format!("inout {}", bytes.len()),
        });
        format!("{}({})", self.case.call, shown.collect::<Vec<_>>().join(", "))
    }

    /// What is seen after the call, with what may differ left out.
    fn look(&self, world: &World, result: i64, mut outs: Vec<(usize, Vec<u8>)>) -> Outcome {
        let allowed = &self.case.allowed;
        let mut seen = String::new();
        let without_numbers = |name: &str| {
            let name = world.anonymous(name);
            name.chars().filter(|c| !c.is_ascii_digit()).collect::<String>()
        };
        let is_fd = self.row.yields == Yields::Fd && !allowed.number;
        if result >= 0 && is_fd {
            seen = made(i32::try_from(result).expect("a descriptor"), without_numbers);
        }
        if let Some(index) = allowed.descriptors {
            let bytes = outs
                .iter_mut()
                .filter(|(out, _)| *out == index)
                .flat_map(|(_, bytes)| bytes.as_chunks_mut().0);
            for number in bytes {
                if result >= 0 {
                    seen += &made(i32::from_ne_bytes(*number), without_numbers);
                }
                *number = [0; 4];
            }
        }
        for (index, range) in &allowed.bytes {
            let of_arg = outs.iter_mut().filter(|(out, _)| out == index);
            of_arg.for_each(|(_, bytes)| {
                let end = range.end.min(bytes.len());
                bytes[range.start.min(end)..end].fill(0);
            });
        }
        let is_free = allowed.result || is_fd || self.row.yields == Yields::Address;
        let result = if is_free && result >= 0 { 0 } else { result };
        let left = world.describe() + &world.anonymous(&(self.case.left)(world));
        let mut blocks = world.changed();
        for block in &mut blocks {
            block.retain(|(at, _)| !allowed.memory.iter().any(|range| range.contains(at)));
        }
        Outcome { result, made: seen, outs, blocks, left }
    }

    fn directly(&self, fill: u8) -> (Outcome, i64) {
        let (world, args) = self.fresh();
        let buffers = Buffers::new(&args, fill);
        let nr = number(self.row.name);
        let call = || make(nr, &buffers.raw);
        let result = match &self.case.unblock {
            None if self.scope(&args) == Scope::WritesThread => in_thread(call),
            None => call(),
            Some(unblock) => asleep_and(nr.into(), Some(buffers.raw[0]), &|| unblock(&world), call),
        };
        (self.look(&world, result, buffers.outs(&args)), result)
    }

    /// Whether it changes the thread that makes it, or worse.
    fn scope(&self, args: &[Arg]) -> Scope {
        self.row.scope_with(&Buffers::new(args, 0).raw.into())
    }

    /// The ways in which this call can be made, and the flags that ask for them.
    fn ways(&self, args: &[Arg]) -> Vec<(Way, CallFlags)> {
        let values = Buffers::new(args, 0).raw.into();
        let (class, scope) = (self.row.class_with(&values), self.row.scope_with(&values));
        let sleeps = if class == Class::Sleeps { CallFlags::SYNC } else { CallFlags::NONE };
        match scope {
            Scope::Process | Scope::ReadsThread if self.case.allowed.submitter => {
                vec![(Way::Inline, CallFlags::SYNC), (Way::Sync, CallFlags::SYNC)]
            }
            Scope::Process | Scope::ReadsThread => vec![
                (Way::Inline, sleeps),
                (Way::Usual, CallFlags::NONE),
                (Way::Pooled, CallFlags::ASYNC),
                (Way::Program, CallFlags::NONE),
                (Way::Registers, CallFlags::ASYNC),
                (Way::Sync, CallFlags::SYNC),
            ],
            Scope::BoundToThread => vec![(Way::Inline, CallFlags::SYNC), (Way::Sync, CallFlags::SYNC)],
            Scope::WritesThread => vec![(Way::Private, CallFlags::PRIVATE)],
            Scope::EngineLife(_) => Vec::new(),
        }
    }

    /// Whether an address among the arguments can travel with the submission instead.
    fn can_travel(&self, args: &[Arg]) -> bool {
        let is_buffer = |arg: &Arg| matches!(arg, Arg::In(_) | Arg::Out(_) | Arg::InOut(_));
        let mut indices = (0..args.len()).filter(|index| is_buffer(&args[*index]));
        indices.any(|index| travels(self.row, args, index))
    }

    fn through(&self, rig: &mut Rig, expected: &Outcome, at: (Way, CallFlags, Form)) -> Result<(), String> {
        let (way, flags, form) = at;
        let (world, args) = self.fresh();
        let unblock = self.case.unblock.as_ref().map(|unblock| || unblock(&world));
        let unblock = unblock.as_ref().map(|unblock| unblock as &(dyn Fn() + Sync));
        let back = rig.make(self.row, &args, (way, form), flags, unblock);
        let mut got = self.look(&world, back.result, back.outs);
        let mut expected = expected.clone();
        for outcome in [&mut got, &mut expected] {
            let failed = form == Form::Contained && outcome.result < 0;
            if self.case.allowed.thread && way.is_away() {
                outcome.outs.clear();
                outcome.result = outcome.result.min(0);
            } else if failed {
                // What a failed call has left in an out area does not come back.
                let interrupted = outcome.result == -i64::from(libc::EINTR);
                outcome.outs.retain(|(index, _)| {
                    let is_left =
                        interrupted && formed(self.row, &args, *index).written == Written::Interrupted;
                    is_left || matches!(args[*index], Arg::InOut(_))
                });
            }
        }
        if got != expected {
            return Err(difference(&got, &expected));
        }
        let is_tried =
            self.row.nonblocking.is_some() && !self.case.is_blocking_only && self.case.unblock.is_some();
        if is_tried && way == Way::Usual && back.worker.attempts < 2 {
            return Err(format!("attempt not made: {:?}", back.worker));
        }
        Ok(())
    }
}

/// Makes one kind of arguments in every way; gives the plain call's result.
pub(crate) fn run(rig: &mut Rig, variant: &Variant<'_>, faults: &mut Vec<String>) -> Option<i64> {
    let (_, args) = variant.fresh();
    let title = variant.title(&args);
    if matches!(variant.scope(&args), Scope::EngineLife(_)) {
        // No engine makes it; nor does this process.
        return None;
    }
    let tell = |rig: &Rig, way: &str| drop(rig.watchdog.send(format!("{title} {way}")));
    tell(rig, "directly");
    let direct = caught(|| variant.directly(0));
    let (expected, result) = match direct {
        Ok(direct) => direct,
        Err(why) => {
            faults.push(format!("{title} directly: {why}"));
            return None;
        }
    };
    if std::env::var_os("SYSLET_EQUIVALENCE_SHOW").is_some() {
        println!("{title} = {result}");
    }
    if variant.is_good && result >= 0 {
        let given = caught(|| check_given(variant.row, &args));
        faults.extend(given.err().map(|why| format!("{title}: {why}")));
    }
    if variant.is_good && variant.case.unblock.is_none() && result >= 0 {
        faults.extend(caught(|| whole(variant, &args, &expected)).err().map(|why| format!("{title}: {why}")));
    }
    let forms: &[Form] =
        if variant.can_travel(&args) { &[Form::Contained, Form::Address] } else { &[Form::Address] };
    let forms = if variant.is_by_address { &[Form::Address] } else { forms };
    for (way, flags) in variant.ways(&args) {
        // Bytes that travel with a program are the programs' own tests'.
        let forms = if way.is_program() { &[Form::Address] } else { forms };
        for form in forms {
            tell(rig, &format!("{way:?} {form:?}"));
            let through =
                caught(|| variant.through(rig, &expected, (way, flags, *form))).and_then(|through| through);
            if let Err(why) = through {
                faults.push(format!("{title} {way:?} {form:?}: {why}"));
                if why.starts_with("panicked") {
                    *rig = Rig::new();
                }
            }
        }
    }
    Some(result)
}

/// The end of what the row says to be written whole is written: two different fills do not show through.
fn whole(variant: &Variant<'_>, args: &[Arg], zeroed: &Outcome) {
    let is_whole = |index: &usize| {
        let arg = formed(variant.row, args, *index);
        arg.written == Written::Whole
            && arg.len != Len::None
            && arg.ty == ArgType::Out
            && arg.ty.direction() == Direction::Out
            && matches!(args.get(*index), Some(Arg::Out(Some(1..))))
            && !variant.case.allowed.loose.contains(index)
    };
    let indices: Vec<usize> = (0..variant.row.args.len()).filter(is_whole).collect();
    if indices.is_empty() {
        return;
    }
    let (filled, _) = variant.directly(0xa5);
    for index in indices {
        let last = |outcome: &Outcome| {
            outcome.outs.iter().find(|(out, _)| *out == index).and_then(|(_, bytes)| bytes.last().copied())
        };
        let untouched = last(zeroed) == Some(0) && last(&filled) == Some(0xa5);
        assert!(!untouched, "argument {index} is said to be written whole, and its end is not");
    }
}

/// Runs it in a thread that ends with it.
fn in_thread(call: impl FnOnce() -> i64 + Send) -> i64 {
    std::thread::scope(|scope| scope.spawn(call).join()).expect("a call does not panic")
}

/// This kernel lacks the call, or this user may not make it.
fn is_out_of_reach(result: i64) -> bool {
    let is = |errno: i32| result == -i64::from(errno);
    is(libc::ENOSYS) || !nix::unistd::geteuid().is_root() && (is(libc::EPERM) || is(libc::EACCES))
}

fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        format!("panicked: {}", text.unwrap_or_default())
    })
}

fn difference(got: &Outcome, expected: &Outcome) -> String {
    if got.result != expected.result {
        return format!("result {} and not {}", got.result, expected.result);
    }
    if got.made != expected.made {
        return format!("made {:?} and not {:?}", got.made, expected.made);
    }
    if got.blocks != expected.blocks {
        return format!("memory {:?} and not {:?}", got.blocks, expected.blocks);
    }
    if got.left != expected.left {
        return format!("left {:?} and not {:?}", got.left, expected.left);
    }
    let pairs = got.outs.iter().zip(&expected.outs);
    let parts = pairs.filter(|(got, expected)| got != expected).map(|((index, got), (_, expected))| {
        let differs = got.iter().zip(expected).enumerate().filter(|(_, (got, expected))| got != expected);
        let shown: Vec<_> =
            differs.map(|(at, (got, expected))| format!("{at}: {got:#x} {expected:#x}")).take(40).collect();
        format!("argument {index}, bytes [{}]", shown.join(", "))
    });
    parts.collect::<Vec<_>>().join("; ")
}
