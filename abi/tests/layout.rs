//! Where every field stands, found by emitting records that differ in that field only, and compared with the spec.

use syslet_abi::{
    ATTRIBUTE_HEADER_BYTES, ArgKinds, AskRepr, AtomRepr, AttributeFlags, AttributeId, CALL_ARGS_OFFSET,
    CALL_BYTES_MIN, CANCEL_BYTES, Call, CallFlags, CallRepr, Cancel, CancelBy, CancelSteps, DONE_BYTES_MIN,
    DONE_DATA_OFFSET, Done, DoneFlags, DoneWriter, Features, HEADER_BYTES, Kind, NR_OFFSET, Operand,
    PARAMS_BYTES, Params, ProgramRepr, RawResult, RecordWord, Refusal, SetupError, Status, Target, Test,
    USER_DATA_OFFSET, offset,
};

use crate::sample::{BARE, LIMITS, emit, poked, rich_done};

/// A structure of the format.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Layout {
    /// The C structure's name.
    pub(crate) name: String,
    /// Its size.
    pub(crate) bytes: usize,
    /// Its fields, by offset.
    pub(crate) fields: Vec<Field>,
}

/// A field of a structure.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Field {
    /// Offset in bytes.
    pub(crate) offset: usize,
    /// Size in bytes.
    pub(crate) bytes: usize,
    /// The C field's name.
    pub(crate) name: String,
}

/// Two values of a field that differ in every bit.
const PATTERNS: [u64; 2] = [0x5555_5555_5555_5555, 0xaaaa_aaaa_aaaa_aaaa];

/// The field that differs between the bytes `of` makes of the one pattern and of the other.
fn probe(name: &str, of: impl Fn(u64) -> Vec<u8>) -> Field {
    let [one, other] = PATTERNS.map(of);
    let differing: Vec<usize> = (0..one.len()).filter(|&at| one[at] != other[at]).collect();
    let (offset, bytes) = (differing[0], differing.len());
    assert_eq!(differing, (offset..offset + bytes).collect::<Vec<_>>(), "{name} is in one piece");
    Field { offset, bytes, name: name.to_owned() }
}

/// The fields, and in the holes between them those named, for each byte of which `guarded` must hold.
fn with_holes(bytes: usize, mut fields: Vec<Field>, holes: &[(&str, &dyn Fn(usize) -> bool)]) -> Vec<Field> {
    let mut free: Vec<usize> =
        (0..bytes).filter(|at| !fields.iter().any(|f| (f.offset..f.offset + f.bytes).contains(at))).collect();
    for (name, guarded) in holes {
        let length = free.iter().zip(free[0]..).take_while(|(at, expected)| **at == *expected).count();
        let hole: Vec<usize> = free.drain(..length).collect();
        assert!(hole.iter().all(|&at| guarded(at)), "{name} is not what stands at {hole:?}");
        fields.push(Field { offset: hole[0], bytes: length, name: (*name).to_owned() });
    }
    assert_eq!(free, [0_usize; 0], "a byte belongs to no field");
    fields.sort_by_key(|field| field.offset);
    fields
}

fn u32_of(pattern: u64) -> u32 {
    u32::try_from(pattern & 0xffff_ffff).expect("masked")
}

fn u16_of(pattern: u64) -> u16 {
    u16::try_from(pattern & 0xffff).expect("masked")
}

fn layout(name: &str, bytes: usize, fields: Vec<Field>) -> Layout {
    Layout { name: name.to_owned(), bytes, fields }
}

fn record() -> Layout {
    let word = RecordWord { len: 0, kind: Kind(0), flags: 0 };
    let bytes = |word: RecordWord| word.pack().to_ne_bytes().to_vec();
    let fields = vec![
        probe("len", |p| bytes(RecordWord { len: u32_of(p), ..word })),
        probe("kind", |p| bytes(RecordWord { kind: Kind(u16_of(p)), ..word })),
        probe("flags", |p| bytes(RecordWord { flags: u16_of(p), ..word })),
    ];
    layout("syslet_record", RecordWord::BYTES, with_holes(RecordWord::BYTES, fields, &[]))
}

/// The first words of a submission or completion, which the record word's own layout describes.
fn word_field() -> Field {
    Field { offset: 0, bytes: RecordWord::BYTES, name: "record".to_owned() }
}

fn call() -> Layout {
    // Counts change the length too, which stands in the record word: only what is behind it is compared.
    let counted = |args: &[u64], attributes: &[AskRepr<'_>]| {
        let record = emit(&CallRepr { args, attributes, ..BARE });
        [&[0; 8], &record[8..CALL_BYTES_MIN]].concat()
    };
    let ask = AskRepr { id: AttributeId::DATA, flags: AttributeFlags::NONE, payload: b"" };
    let count = |p: u64| usize::try_from(p & 0xff).expect("masked");
    let fields = vec![
        word_field(),
        probe("user_data", |user_data| emit(&CallRepr { user_data, ..BARE })),
        probe("nr", |p| emit(&CallRepr { nr: u32_of(p), ..BARE })),
        probe("argc", |p| counted(&[0; 255][..count(p)], &[])),
        probe("attr_count", |p| counted(&[], &[ask; 255][..count(p)])),
        probe("arg_kinds", |p| emit(&CallRepr { kinds: ArgKinds(u32_of(p)), ..BARE })),
        probe("out_len", |p| emit(&CallRepr { out_len: u32_of(p), ..BARE })),
    ];
    let reserved = |at: usize| {
        let record = poked(&emit(&BARE), at, &[1]);
        Call::check(&record, &LIMITS).is_err_and(|fault| fault.refusal == Refusal::RESERVED_BIT)
    };
    layout("syslet_call", CALL_BYTES_MIN, with_holes(CALL_BYTES_MIN, fields, &[("reserved", &reserved)]))
}

/// A program of no atoms.
const NO_PROGRAM: ProgramRepr<'_> = ProgramRepr {
    flags: CallFlags::NONE,
    user_data: 0,
    registers: &[],
    budget: 0,
    out_len: 0,
    scratch_len: 0,
    attributes: &[],
    atoms: &[],
};

fn program() -> Layout {
    let bytes = |program: ProgramRepr<'_>| {
        let mut record = vec![0; program.len_bytes()];
        program.emit(&mut record);
        // Counts change the length too, which stands in the record word.
        [&[0; 8], &record[8..CALL_BYTES_MIN]].concat()
    };
    let ask = AskRepr { id: AttributeId::DATA, flags: AttributeFlags::NONE, payload: b"" };
    let count = |p: u64| usize::try_from(p & 0xff).expect("masked");
    let atoms = vec![AtomRepr::call(0); 0xffff];
    let fields = vec![
        word_field(),
        probe("user_data", |p| bytes(ProgramRepr { user_data: p, ..NO_PROGRAM })),
        probe("scratch", |p| bytes(ProgramRepr { scratch_len: u32_of(p), ..NO_PROGRAM })),
        probe("register_count", |p| bytes(ProgramRepr { registers: &[0; 255][..count(p)], ..NO_PROGRAM })),
        probe("attr_count", |p| bytes(ProgramRepr { attributes: &[ask; 255][..count(p)], ..NO_PROGRAM })),
        probe("atom_count", |p| bytes(ProgramRepr { atoms: &atoms[..usize::from(u16_of(p))], ..NO_PROGRAM })),
        probe("budget", |p| bytes(ProgramRepr { budget: u32_of(p), ..NO_PROGRAM })),
        probe("out_len", |p| bytes(ProgramRepr { out_len: u32_of(p), ..NO_PROGRAM })),
    ];
    layout("syslet_program", CALL_BYTES_MIN, with_holes(CALL_BYTES_MIN, fields, &[]))
}

fn atom() -> Layout {
    let bytes = |atom: AtomRepr<'_>| {
        let program = ProgramRepr { atoms: &[atom], ..NO_PROGRAM };
        let mut record = vec![0; program.len_bytes()];
        program.emit(&mut record);
        [&[0; 8], &record[CALL_BYTES_MIN + 8..2 * CALL_BYTES_MIN]].concat()
    };
    let bare = AtomRepr::call(0);
    let ask = AskRepr { id: AttributeId::TRACE, flags: AttributeFlags::NONE, payload: b"" };
    let count = |p: u64| usize::try_from(p & 0xff).expect("masked");
    let byte = |p: u64| u8::try_from(p & 0xff).expect("masked");
    let fields = vec![
        word_field(),
        probe("operand", |p| bytes(AtomRepr { operand: Operand::number(p), ..bare })),
        probe("nr", |p| bytes(AtomRepr { nr: u32_of(p), ..bare })),
        probe("argc", |p| bytes(AtomRepr { args: &[0; 255][..count(p)], ..bare })),
        probe("attr_count", |p| bytes(AtomRepr { attributes: &[ask; 255][..count(p)], ..bare })),
        probe("test", |p| bytes(AtomRepr { test: Test(byte(p)), ..bare })),
        probe("operand_kind", |p| bytes(AtomRepr { operand: Operand { kind: byte(p), value: 0 }, ..bare })),
        probe("arg_kinds", |p| bytes(AtomRepr { kinds: ArgKinds(u32_of(p)), ..bare })),
        probe("then", |p| bytes(AtomRepr { then: Target(u16_of(p)), ..bare })),
        probe("otherwise", |p| bytes(AtomRepr { otherwise: Target(u16_of(p)), ..bare })),
    ];
    layout("syslet_atom", CALL_BYTES_MIN, with_holes(CALL_BYTES_MIN, fields, &[]))
}

fn attribute() -> Layout {
    let ask = AskRepr { id: AttributeId::DATA, flags: AttributeFlags::NONE, payload: b"" };
    let bytes = |ask: AskRepr<'_>| emit(&CallRepr { attributes: &[ask], ..BARE });
    let header = |ask: AskRepr<'_>| bytes(ask)[CALL_BYTES_MIN..].to_vec();
    let fields = vec![
        probe("id", |p| header(AskRepr { id: AttributeId(u16_of(p)), ..ask })),
        probe("flags", |p| header(AskRepr { flags: AttributeFlags(u16_of(p)), ..ask })),
    ];
    let len = |at: usize| {
        let record = poked(&bytes(ask), CALL_BYTES_MIN + at, &[1]);
        Call::check(&record, &LIMITS).is_err_and(|fault| fault.refusal == Refusal::ATTRIBUTE_OVERRUN)
    };
    let fields = with_holes(ATTRIBUTE_HEADER_BYTES, fields, &[("len", &len)]);
    layout("syslet_attribute", ATTRIBUTE_HEADER_BYTES, fields)
}

fn cancel() -> Layout {
    let request = Cancel::by(0, CancelBy::ALL, 0);
    let bytes = |request: Cancel| request.emit().to_vec();
    let fields = vec![
        word_field(),
        probe("user_data", |p| bytes(Cancel { user_data: p, ..request })),
        probe("by", |p| bytes(Cancel { by: CancelBy(u32_of(p)), ..request })),
        probe("steps", |p| bytes(Cancel { steps: CancelSteps(u32_of(p)), ..request })),
        probe("value", |p| bytes(Cancel { value: p, ..request })),
        probe("shutdown_ns", |p| bytes(Cancel { shutdown_ns: p, ..request })),
        probe("abandon_ns", |p| bytes(Cancel { abandon_ns: p, ..request })),
    ];
    layout("syslet_cancel", CANCEL_BYTES, with_holes(CANCEL_BYTES, fields, &[]))
}

fn done() -> Layout {
    let bare = |user_data, result| {
        let mut record = [0; DONE_BYTES_MIN];
        let _len = DoneWriter::new(&mut record).finish(user_data, RawResult(result), DoneFlags::NONE);
        record.to_vec()
    };
    let fields =
        vec![word_field(), probe("user_data", |p| bare(p, 0)), probe("result", |p| bare(0, p.cast_signed()))];
    layout("syslet_done", DONE_BYTES_MIN, with_holes(DONE_BYTES_MIN, fields, &[]))
}

fn attribute_return() -> Layout {
    let header = |id, status| {
        let mut record = [0; 64];
        let mut writer = DoneWriter::new(&mut record);
        writer.attribute(AttributeId(id), 0, |_| (Status(status), 0));
        let len = writer.finish(0, RawResult(0), DoneFlags::NONE);
        record[DONE_BYTES_MIN..len].to_vec()
    };
    let fields = vec![probe("id", |p| header(u16_of(p), 1)), probe("status", |p| header(1, u16_of(p)))];
    let last = rich_done().len() - ATTRIBUTE_HEADER_BYTES;
    let len = |at: usize| {
        let record = poked(&rich_done(), last + at, &[1]);
        Done::check(&record).is_err_and(|fault| fault.refusal == Refusal::ATTRIBUTE_OVERRUN)
    };
    let fields = with_holes(ATTRIBUTE_HEADER_BYTES, fields, &[("len", &len)]);
    layout("syslet_return", ATTRIBUTE_HEADER_BYTES, fields)
}

fn params() -> Layout {
    let none = Params::default();
    let bytes = |params: Params| params.emit().to_vec();
    let fields = vec![
        probe("abi_version", |p| bytes(Params { abi_version: u32_of(p), ..none })),
        probe("features_required", |p| bytes(Params { features_required: Features(p), ..none })),
        probe("features_wanted", |p| bytes(Params { features_wanted: Features(p), ..none })),
        probe("features_granted", |p| bytes(Params { features_granted: Features(p), ..none })),
        probe("submission_bytes", |p| bytes(Params { submission_bytes: u32_of(p), ..none })),
        probe("completion_bytes", |p| bytes(Params { completion_bytes: u32_of(p), ..none })),
        probe("submission_record_max", |p| bytes(Params { submission_record_max: u32_of(p), ..none })),
        probe("completion_record_max", |p| bytes(Params { completion_record_max: u32_of(p), ..none })),
        probe("slots", |p| bytes(Params { slots: u32_of(p), ..none })),
    ];
    let refused = |at: usize, error| Params::parse(&poked(&bytes(none), at, &[1])) == Err(error);
    let holes: [(&str, &dyn Fn(usize) -> bool); 2] = [
        ("size", &|at| refused(at, SetupError::Size)),
        ("reserved", &|at| refused(at, SetupError::Reserved)),
    ];
    layout("syslet_params", PARAMS_BYTES, with_holes(PARAMS_BYTES, fields, &holes))
}

/// The header has public offsets; that the first page is emitted to them is tested in `header.rs`.
fn ring_header() -> Layout {
    let fields = [
        (offset::MAGIC, 8, "magic"),
        (offset::VERSION, 4, "abi_version"),
        (offset::VERSION + 4, 4, "header_bytes"),
        (offset::TOTAL_BYTES, 8, "total_bytes"),
        (offset::FEATURES, 8, "features_granted"),
        (offset::SUBMISSION_RING, 4, "submission_offset"),
        (offset::SUBMISSION_RING + 4, 4, "submission_bytes"),
        (offset::COMPLETION_RING, 4, "completion_offset"),
        (offset::COMPLETION_RING + 4, 4, "completion_bytes"),
        (offset::RECORD_MAX, 4, "submission_record_max"),
        (offset::RECORD_MAX + 4, 4, "completion_record_max"),
        (offset::SLOTS, 4, "slots"),
        (offset::SLOTS + 4, 4, "reserved"),
        (offset::SUBMISSION_HEAD, 8, "submission_head"),
        (offset::COMPLETION_TAIL, 8, "completion_tail"),
        (offset::ENGINE_STATUS, 8, "engine_status"),
        (offset::COMPLETION_FUTEX, 4, "completion_futex"),
        (offset::ENGINE_ARMED, 4, "engine_armed"),
        (offset::SUBMISSION_TAIL, 8, "submission_tail"),
        (offset::COMPLETION_HEAD, 8, "completion_head"),
        (offset::PEER_ARMED, 4, "peer_armed"),
        (offset::SUBMISSION_FUTEX, 4, "submission_futex"),
    ];
    let fields = fields.map(|(offset, bytes, name)| Field { offset, bytes, name: name.to_owned() });
    layout("syslet_ring_header", HEADER_BYTES, fields.to_vec())
}

/// Every structure of the format, as the Rust code has it.
pub(crate) fn all() -> Vec<Layout> {
    vec![
        record(),
        call(),
        attribute(),
        program(),
        atom(),
        cancel(),
        done(),
        attribute_return(),
        params(),
        ring_header(),
    ]
}

/// The tables of a spec: each follows a line that begins "`struct NAME`, N bytes", its rows begin
/// "| offset | bytes | `field` |".
fn tables(text: &str) -> Vec<Layout> {
    let mut tables: Vec<Layout> = Vec::new();
    for line in text.lines() {
        if let Some((name, rest)) = line.strip_prefix("`struct ").and_then(|rest| rest.split_once("`, ")) {
            let bytes =
                rest.split(' ').next().and_then(|bytes| bytes.parse().ok()).expect("the size of a structure");
            tables.push(layout(name, bytes, Vec::new()));
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, offset, bytes, name, ..] = cells[..] else { continue };
        if let (Ok(offset), Ok(bytes), Some(table)) = (offset.parse(), bytes.parse(), tables.last_mut()) {
            table.fields.push(Field { offset, bytes, name: name.trim_matches('`').to_owned() });
        }
    }
    tables
}

/// ABI-1: every structure has the fields, offsets and sizes of the spec's tables: submissions and completions begin
/// with the record word.
#[test]
fn the_tables_of_the_spec_are_the_bytes() {
    assert_eq!(tables(include_str!("../../specs/abi.md")), all());
}

/// ABI-11: the offsets that the crate exports are those of a submission's table.
#[test]
fn exported_offsets_are_those_of_the_submission() {
    let call = call();
    let offset_of =
        |name: &str| call.fields.iter().find(|field| field.name == name).map(|field| field.offset);
    assert_eq!(offset_of("user_data"), Some(USER_DATA_OFFSET));
    assert_eq!(offset_of("nr"), Some(NR_OFFSET));
    assert_eq!((CALL_ARGS_OFFSET, DONE_DATA_OFFSET), (call.bytes, DONE_BYTES_MIN + ATTRIBUTE_HEADER_BYTES));
}
