//! `out`, `pack`, `buffer` and views.

use super::{memory, operand, plan, plan_with, refused, refused_with};
use crate::plan::{Area, Base, Passed, Patch, Source, Way};
use crate::script::syntax::Width;

/// SCRIPT-6: an out area has from 1 byte to 64 MiB.
#[test]
fn out_areas() {
    let plan = plan_with("read(0, out($1), 1)", &["67108864"]);
    assert!(matches!(operand(&plan, 1).passed, Passed::Out { bytes: 67_108_864, way: Way::Out }));
    refused("read(0, out(67108865), 1)", "67108865", "from 1 to 67108864");
    refused("read(0, out(0), 0)", "0", "from 1");
    refused("read(0, out(-1), 0)", "-1", "from 1");
    refused("read(0, out(), 0)", ")", "expected an argument");
    refused("read(0, out(4KiB), 0)", "4KiB", "units belong to attributes");
}

/// SCRIPT-7: fields are aligned as in a C struct, the tail padded.
#[test]
fn packed_like_a_struct() {
    let packed = |text: &str| memory(&plan(&format!("write(1, pack({text}), 1)")), 1).to_vec();
    assert_eq!(packed("i64 5, i64 0"), [5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(packed("u8 1, u32 2"), [1, 0, 0, 0, 2, 0, 0, 0]);
    assert_eq!(packed("u32 2, u8 1"), [2, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(packed("u8 1, u16 2, u8 3, u64 4, i8 -1").len(), 24);
    assert_eq!(packed("i16 -2"), (-2i16).to_ne_bytes());
    assert_eq!(packed("u16 1, \"ab\", u8 7"), [1, 0, b'a', b'b', 0, 7]);
    assert_eq!(packed("u32 POLLIN|2"), [3, 0, 0, 0]);
}

/// SCRIPT-7: a field is a number that fits its type.
#[test]
fn fields_that_do_not_fit() {
    refused("write(1, pack(u8 256), 1)", "u8 256", "256 does not fit u8");
    refused("write(1, pack(u8 1, u8 -1), 1)", "u8 -1", "does not fit u8");
    refused("write(1, pack(i32 2147483648), 1)", "i32 2147483648", "does not fit i32");
    refused_with("write(1, pack(i8 $1), 1)", &["128"], "i8 $1", "does not fit i8");
    refused("write(1, pack(), 1)", "pack()", "at least one field");
    refused("write(1, pack(5), 1)", "5", "expected a type");
    refused("write(1, pack(int 5), 1)", "int", "is no type");
}

/// SCRIPT-7: a field can be an earlier result, a view, or the address of a buffer.
#[test]
fn fields_known_later() {
    let plan = plan("b = buffer(8)\nfd = dup(1)\nppoll(pack(i32 fd, i16 1, i16 u16(b, 2)), 1, 0, 0, 0)");
    let Passed::Memory { way: Way::InOut, patches, .. } = &operand(&plan, 0).passed else { panic!() };
    let (int, short) = (Width::named("i32").unwrap(), Width::named("i16").unwrap());
    let view = Source::View { width: Width::named("u16").unwrap(), of: Area::Buffer(0), offset: 2 };
    assert_eq!(patches[0], Patch { at: 0, width: int, from: Source::Result(0) });
    assert_eq!(patches[1], Patch { at: 6, width: short, from: view });
    refused("b = buffer(8)\nwrite(1, pack(u32 b), 1)", "u32 b", "needs a u64");
}

/// SCRIPT-7: where the call also writes, packed memory is INOUT.
#[test]
fn packed_for_both_ways() {
    let plan = plan("getsockopt(3, SOL_SOCKET, SO_TYPE, out(4), pack(u32 4))");
    assert!(matches!(operand(&plan, 4).passed, Passed::Memory { way: Way::InOut, .. }));
}

/// SCRIPT-9: a buffer has a name, a size up to 64 MiB and no modifiers.
#[test]
fn buffers() {
    let plan = plan("b = buffer(100)");
    assert_eq!((plan.steps.len(), plan.buffers[0].bytes), (0, 100));
    refused("buffer(100)", "buffer", "needs a name");
    refused("b = buffer(67108865)", "67108865", "from 1 to 67108864");
    refused("b = buffer(8) @timing", "@", "nothing behind a buffer");
}

/// SCRIPT-10: a view reads a buffer, or the bytes that come back of an earlier statement.
#[test]
fn views() {
    let plan = plan("p = pipe2(out(8), 0)\nclose(i32(p, 4))");
    let Passed::Value(Source::View { width, of, offset }) = operand(&plan, 0).passed else { panic!() };
    assert_eq!((width.name(), of, offset), ("i32", Area::Step(0), 4));
    assert!(plan.steps[0].area_read && !plan.steps[1].area_read);
}

/// SCRIPT-10: an offset outside is an error, and so is a statement from which nothing comes back.
#[test]
fn views_that_are_wrong() {
    refused("p = pipe2(out(8), 0)\nclose(i32(p, 5))", "5", "lies outside the 8 bytes of `p`");
    refused("b = buffer(8)\nclose(u64(b, -8))", "-8", "lies outside");
    refused("b = buffer(8)\nclose(u64(b, 9223372036854775807))", "9223372036854775807", "lies outside");
    refused("fd = dup(1)\nclose(i32(fd, 0))", "fd", "nothing comes back from `fd`");
    refused("close(i32(nobody, 0))", "nobody", "no statement above");
    refused("b = buffer(8)\nclose(i32(b))", ")", "expected `,`");
    refused("close(i32x(b, 0))", "i32x", "cannot be called in an argument");
}

/// SCRIPT-10: numbers are read in their width, with their sign.
#[test]
fn widths() {
    let bytes = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0x80];
    let read = |name: &str| Width::named(name).unwrap().read(&bytes).unwrap();
    assert_eq!(["u8", "u16", "u32"].map(read), [0xff, 0xffff, 0xffff_ffff]);
    assert_eq!(["i8", "i16", "i32"].map(read), [-1, -1, -1]);
    assert_eq!(read("u64"), 0x8000_0000_ffff_ffff);
    assert_eq!(read("i64"), 0x8000_0000_ffff_ffff - (1 << 64));
    assert_eq!(Width::named("u32").unwrap().read(&bytes[..3]), None);
}

/// SCRIPT-73: a buffer begins with a string or with pack(…): numbers, and addresses of buffers above it.
#[test]
fn buffers_with_contents() {
    let plan = plan(
        "a = buffer(8) = \"hello\"\nv = buffer(32) = pack(u64 a, u64 2, u64 a + 2, u64 3)\nwritev(1, v, 2)",
    );
    assert_eq!(plan.buffers[0].holds, (b"hello".to_vec(), Vec::new()));
    let (bytes, patches) = &plan.buffers[1].holds;
    assert_eq!((bytes.len(), bytes[8], bytes[24]), (32, 2, 3));
    let width = Width::named("u64").unwrap();
    let address = |at, from| Patch { at, width, from };
    let expected = [address(0, Source::Address(0)), address(16, Source::Plus(Base::Address(0), 2))];
    assert_eq!(patches[..], expected);
    refused("b = buffer(4) = \"hello\"", "\"hello\"", "5 bytes, and the buffer has 4");
    refused("n = getpid()\nb = buffer(8) = pack(u64 n)", "pack(u64 n)", "before anything runs");
    refused("b = buffer(8) = 5", "5", "pack(…) or a string");
    refused("b = buffer(8) = pack(u64 b)", "b", "unknown constant or name");
}

/// SCRIPT-74: `name + NUMBER` is so much more than a result, or the rest of a buffer; it waits for the result, and closes nothing.
#[test]
fn more_than_a_number() {
    let sum = plan("fd = dup(1)\nfsync(fd + 1)\nclose(fd + 1)\nclose(fd)");
    assert!(matches!(sum.steps[1].operands[0].passed, Passed::Value(Source::Plus(Base::Result(0), 1))));
    let waits = |step: usize| sum.steps[step].waits.iter().map(|wait| wait.step).collect::<Vec<_>>();
    assert_eq!((waits(1), waits(2), waits(3)), (vec![0], vec![0], vec![0, 1, 2]));
    plan("b = buffer(64)\nread(0, b + 16, 48)");
    refused("b = buffer(64)\nread(0, b + 16, 49)", "b + 16", "has 48 bytes, and the call reaches 49");
    refused("b = buffer(64)\nread(0, b + 64, 1)", "64", "offset 64 lies outside of `b`");
    refused("b = buffer(64)\nread(0, b + -1, 1)", "-1", "lies outside");
    refused("b = buffer(64)\nwrite(1, pack(u32 b + 1), 4)", "u32 b + 1", "needs a u64");
    refused("fsync(1 + 1)", "1", "stands behind the name of");
    refused("fsync(x + 1)", "x", "no statement above is named `x`");
    refused("syslet {\nfd = dup(1)\nfsync(fd + 1)\n}", "fd", "puts more than it into a register");
}

/// SCRIPT-75: `1 << name` is a bit: its statement waits for the result, and a closing call for its statement.
#[test]
fn bits() {
    let text = "fd = dup(1)\npselect6(fd + 1, pack(u64 1 << fd), 0, 0, 0, 0)\nclose(fd)";
    let plan = plan(text);
    let Passed::Memory { patches, .. } = &plan.steps[1].operands[1].passed else { panic!() };
    assert_eq!(patches[0].from, Source::Bit(Base::Result(0)));
    assert_eq!(plan.steps[2].waits.iter().map(|wait| wait.step).collect::<Vec<_>>(), [0, 1]);
    refused("fsync(2 << 1)", "2", "only 1 can be shifted");
    refused("fsync(1 << 3)", "3", "the bit of a name");
    refused("fsync(1 << x)", "1 << x", "no result of a statement above");
}
