//! The named numbers of the format, and their tables in the spec.

use std::collections::BTreeMap;

use syslet_abi::{
    ABI_VERSION, ARGS_MAX, ATOMS_MAX, ATTRIBUTES_MAX, ArgKind, AtomFlags, AttributeFlags, AttributeId,
    CallFlags, CancelBy, CancelSteps, DoneFlags, EngineStatus, Features, Kind, LINE_BYTES, MAGIC, PAGE_BYTES,
    Params, RECORD_MAX_MIN, REGISTERS_MAX, RING_BYTES_MAX, RING_BYTES_MIN, RecordWord, Refusal,
    SCRATCH_BYTES_MAX, Status, StepOp, Target, Test, Width,
};

/// Numbers, by their name in C.
pub(crate) type Values = BTreeMap<String, u64>;

/// Every named number of the format, by its name in C.
pub(crate) fn numbers() -> Values {
    let mut values = Values::new();
    let mut add = |prefix: &str, named: &[(&str, u64)]| {
        values.extend(named.iter().map(|(name, value)| (format!("SYSLET_{prefix}{name}"), *value)));
    };
    add("", &[("ABI_VERSION", ABI_VERSION.into()), ("ARGS_MAX", ARGS_MAX as u64), ("MAGIC", MAGIC)]);
    add("", &[("ATTRIBUTES_MAX", ATTRIBUTES_MAX as u64), ("SLOTS_MAX", Params::SLOTS_MAX.into())]);
    add("", &[("PAGE_BYTES", PAGE_BYTES as u64), ("LINE_BYTES", LINE_BYTES as u64)]);
    add("RING_BYTES_", &[("MIN", RING_BYTES_MIN.into()), ("MAX", RING_BYTES_MAX.into())]);
    add("RECORD_MAX_", &[("MIN", RECORD_MAX_MIN.into())]);
    let kinds = [
        ("PAD", Kind::PAD),
        ("CALL", Kind::CALL),
        ("SYSLET", Kind::SYSLET),
        ("CANCEL", Kind::CANCEL),
        ("DONE", Kind::DONE),
        ("STEP", Kind::STEP),
    ];
    add("KIND_", &kinds.map(|(name, kind)| (name, kind.0.into())));
    let flags = [
        ("ASYNC", CallFlags::ASYNC),
        ("SYNC", CallFlags::SYNC),
        ("STORAGE", CallFlags::STORAGE),
        ("PRIVATE", CallFlags::PRIVATE),
        ("NO_COMPLETE", CallFlags::NO_COMPLETE),
        ("RELEASE", CallFlags::RELEASE),
    ];
    add("CALL_", &flags.map(|(name, flag)| (name, flag.0.into())));
    let kinds = [
        ("VALUE", ArgKind::VALUE),
        ("IN", ArgKind::IN),
        ("OUT", ArgKind::OUT),
        ("INOUT", ArgKind::INOUT),
        ("RESULT", ArgKind::RESULT),
        ("REGISTER", ArgKind::REGISTER),
        ("HANDLE", ArgKind::HANDLE),
        ("ARENA", ArgKind::ARENA),
    ];
    add("ARG_", &kinds.map(|(name, kind)| (name, kind.0.into())));
    let names = [
        ("ALL", CancelBy::ALL),
        ("USER_DATA", CancelBy::USER_DATA),
        ("FD", CancelBy::FD),
        ("NUMBER", CancelBy::NUMBER),
        ("TRACE", CancelBy::TRACE),
    ];
    add("CANCEL_", &names.map(|(name, by)| (name, by.0.into())));
    let steps = [("SHUTDOWN", CancelSteps::SHUTDOWN), ("ABANDON", CancelSteps::ABANDON)];
    add("STEP_", &steps.map(|(name, step)| (name, step.0.into())));
    add("ATTRIBUTE_", &attributes());
    add("ATTRIBUTE_", &[("REQUIRED", AttributeFlags::REQUIRED.0.into())]);
    values.extend(numbers_of_answers());
    values.extend(numbers_of_programs());
    values
}

fn attributes() -> [(&'static str, u64); 24] {
    let ids = [
        ("DATA", AttributeId::DATA),
        ("TIMING", AttributeId::TIMING),
        ("WORKER", AttributeId::WORKER),
        ("CACHE", AttributeId::CACHE),
        ("USAGE", AttributeId::USAGE),
        ("IO", AttributeId::IO),
        ("BLOCKED", AttributeId::BLOCKED),
        ("CHECKSUM", AttributeId::CHECKSUM),
        ("COUNTERS", AttributeId::COUNTERS),
        ("TRACE", AttributeId::TRACE),
        ("DEADLINE", AttributeId::DEADLINE),
        ("PRIORITY", AttributeId::PRIORITY),
        ("LANE", AttributeId::LANE),
        ("ATOMS", AttributeId::ATOMS),
        ("NICE", AttributeId::NICE),
        ("SCHED", AttributeId::SCHED),
        ("IOPRIO", AttributeId::IOPRIO),
        ("AFFINITY", AttributeId::AFFINITY),
        ("CREDENTIALS", AttributeId::CREDENTIALS),
        ("CWD", AttributeId::CWD),
        ("UMASK", AttributeId::UMASK),
        ("TIMER_SLACK", AttributeId::TIMER_SLACK),
        ("RETRY", AttributeId::RETRY),
        ("APPLICATION", AttributeId::APPLICATION),
    ];
    ids.map(|(name, id)| (name, id.0.into()))
}

fn numbers_of_programs() -> Values {
    let mut values = Values::new();
    let mut add = |prefix: &str, named: &[(&str, u64)]| {
        values.extend(named.iter().map(|(name, value)| (format!("SYSLET_{prefix}{name}"), *value)));
    };
    add("", &[("ATOMS_MAX", ATOMS_MAX as u64), ("REGISTERS_MAX", REGISTERS_MAX as u64)]);
    add("", &[("SCRATCH_BYTES_MAX", SCRATCH_BYTES_MAX as u64), ("WIDTH_SIGNED", Width::SIGNED)]);
    let flags = [
        ("ASYNC", AtomFlags::ASYNC),
        ("STORAGE", AtomFlags::STORAGE),
        ("FINALLY", AtomFlags::FINALLY),
        ("STOPPABLE", AtomFlags::STOPPABLE),
    ];
    add("ATOM_", &flags.map(|(name, flag)| (name, flag.0.into())));
    let tests = [
        ("ALWAYS", Test::ALWAYS),
        ("ZERO", Test::ZERO),
        ("NON_ZERO", Test::NON_ZERO),
        ("NEGATIVE", Test::NEGATIVE),
        ("NON_POSITIVE", Test::NON_POSITIVE),
        ("EQUAL", Test::EQUAL),
        ("LESS", Test::LESS),
        ("GREATER", Test::GREATER),
        ("MASK", Test::MASK),
        ("ERRNO", Test::ERRNO),
        ("ERROR", Test::ERROR),
    ];
    add("TEST_", &tests.map(|(name, test)| (name, test.0.into())));
    let steps = [
        ("SET", StepOp::SET),
        ("ADD", StepOp::ADD),
        ("SUBTRACT", StepOp::SUBTRACT),
        ("COMPARE", StepOp::COMPARE),
        ("JUMP", StepOp::JUMP),
        ("LOAD", StepOp::LOAD),
        ("STORE", StepOp::STORE),
        ("TOGETHER", StepOp::TOGETHER),
    ];
    add("STEP_", &steps.map(|(name, step)| (name, step.0.into())));
    add("NEXT_", &[("STOP", Target::STOP.0.into()), ("NEXT", Target::NEXT.0.into())]);
    values
}

fn numbers_of_answers() -> Values {
    let mut values = Values::new();
    let mut add = |prefix: &str, named: &[(&str, u64)]| {
        values.extend(named.iter().map(|(name, value)| (format!("SYSLET_{prefix}{name}"), *value)));
    };
    let flags = [
        ("NOT_RUN", DoneFlags::NOT_RUN),
        ("ENGINE_RESULT", DoneFlags::ENGINE_RESULT),
        ("CANCELLED", DoneFlags::CANCELLED),
        ("ABANDONED", DoneFlags::ABANDONED),
        ("MORE", DoneFlags::MORE),
        ("FINALLY_FAILED", DoneFlags::FINALLY_FAILED),
        ("RELEASED", DoneFlags::RELEASED),
    ];
    add("DONE_", &flags.map(|(name, flag)| (name, flag.0.into())));
    let statuses = [
        ("HANDLED", Status::HANDLED),
        ("UNSUPPORTED", Status::UNSUPPORTED),
        ("UNAVAILABLE", Status::UNAVAILABLE),
        ("INAPPLICABLE", Status::INAPPLICABLE),
        ("INVALID", Status::INVALID),
        ("DENIED", Status::DENIED),
        ("MISMATCH", Status::MISMATCH),
    ];
    add("STATUS_", &statuses.map(|(name, status)| (name, status.0.into())));
    let features = [
        ("INLINE", Features::INLINE),
        ("WORKERS", Features::WORKERS),
        ("CANCEL", Features::CANCEL),
        ("SYSLETS", Features::SYSLETS),
        ("SHARED", Features::SHARED),
    ];
    add("FEATURE_", &features.map(|(name, feature)| (name, feature.0)));
    let statuses = [
        ("RUNNING", EngineStatus::RUNNING),
        ("CLOSING", EngineStatus::CLOSING),
        ("GONE", EngineStatus::GONE),
    ];
    add("ENGINE_", &statuses.map(|(name, status)| (name, status.0)));
    for refusal in Refusal::ALL {
        add("REFUSED_", &[(refusal.name(), refusal.0.into())]);
    }
    values
}

/// The prefixes in C of what the spec's tables number, in the order of the tables. The first cell of a table's head
/// says what it is.
const TABLES: [(&str, &str); 14] = [
    ("kind", "SYSLET_KIND_"),
    ("flag", "SYSLET_CALL_"),
    ("argument kind", "SYSLET_ARG_"),
    ("id", "SYSLET_ATTRIBUTE_"),
    ("flag", "SYSLET_ATOM_"),
    ("test", "SYSLET_TEST_"),
    ("next", "SYSLET_NEXT_"),
    ("step", "SYSLET_STEP_"),
    ("by", "SYSLET_CANCEL_"),
    ("step", "SYSLET_STEP_"),
    ("flag", "SYSLET_DONE_"),
    ("status", "SYSLET_STATUS_"),
    ("feature bit", "SYSLET_FEATURE_"),
    ("engine status", "SYSLET_ENGINE_"),
];

/// ABI-1: each table of the spec that numbers something says what the code says, and misses nothing.
#[test]
fn the_tables_of_the_spec_have_the_numbers() {
    let mut spec = Values::new();
    let mut tables = TABLES.into_iter().peekable();
    let mut current = ("", "");
    for line in include_str!("../../specs/abi.md").lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, number, name, ..] = cells[..] else { continue };
        current = tables.next_if(|(head, _)| *head == number && name == "name").unwrap_or(current);
        if let (Ok(number), true) = (number.parse::<u64>(), name.starts_with(char::is_uppercase)) {
            let value = if current.0 == "feature bit" { 1 << number } else { number };
            spec.insert(format!("{}{name}", current.1), value);
        }
    }
    let mut code = numbers();
    // The only numbers in no table: the first of a range of ids, and a flag told in its field's row.
    assert_eq!(code.remove("SYSLET_ATTRIBUTE_APPLICATION"), Some(0x8000));
    assert_eq!(code.remove("SYSLET_ATTRIBUTE_REQUIRED"), Some(1));
    code.retain(|name, _| TABLES.iter().any(|(_, prefix)| name.starts_with(prefix)));
    assert_eq!(spec, code);
}

/// ABI-2: the word has the length in its low half, then kind, then flags; a record's word is never zero.
#[test]
fn the_record_word_is_one_number() {
    let word = RecordWord { len: 0x0102_0308, kind: Kind(0x0506), flags: 0x0708 };
    assert_eq!(word.pack(), 0x0708_0506_0102_0308);
    assert_eq!(RecordWord::unpack(word.pack()), word);
    assert_eq!(RecordWord::at(&word.pack().to_ne_bytes()), word);
    for kind in [Kind::PAD, Kind::CALL, Kind::SYSLET, Kind::CANCEL, Kind::DONE] {
        assert!(RecordWord { len: 0, kind, flags: 0 }.pack() != 0, "{kind:?}");
    }
}
