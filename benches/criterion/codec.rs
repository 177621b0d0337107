//! What the bytes cost: writing, checking and reading records, without any ring or call.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use syslet_abi::{
    ArgKind, ArgKinds, AskRepr, AttributeFlags, AttributeId, Call, CallFlags, CallRepr, Done, DoneFlags,
    DoneWriter, Limits, RawResult, Status,
};

const LIMITS: Limits = Limits { record_bytes_max: 4096, out_bytes_max: 4096 };
const PATH: &[u8] = b"/etc/os-release\0";
/// The value of a TIMING return: three times in nanoseconds.
const TIMING_BYTES: usize = 24;

/// The calls measured: none, only plain values, and a path with an attribute.
fn submissions() -> [(&'static str, CallRepr<'static>); 3] {
    let ask = |id, payload| AskRepr { id, flags: AttributeFlags::NONE, payload };
    let plain = CallRepr {
        flags: CallFlags::NONE,
        user_data: 7,
        nr: 110,
        kinds: ArgKinds::default(),
        args: &[],
        out_len: 0,
        attributes: &[],
    };
    let openat = CallRepr {
        nr: 257,
        kinds: ArgKinds::default().with(1, ArgKind::IN),
        args: &[u64::MAX - 99, 0, 0x80000],
        attributes: Box::leak(Box::new([ask(AttributeId::DATA, PATH), ask(AttributeId::TIMING, &[])])),
        ..plain
    };
    let pread = CallRepr { nr: 17, args: &[3, 0x7f00_0000_0000, 4096, 8192], ..plain };
    [("getppid", plain), ("pread64", pread), ("openat+timing", openat)]
}

fn submission(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("submission");
    for (name, repr) in submissions() {
        let mut record = [0; 256];
        let len = repr.emit(&mut record);
        group.bench_function(format!("{name}/emit"), |bencher| {
            bencher.iter(|| black_box(&repr).emit(black_box(&mut record)));
        });
        group.bench_function(format!("{name}/check"), |bencher| {
            bencher.iter(|| Call::check(black_box(&record[..len]), &LIMITS).is_ok());
        });
        group.bench_function(format!("{name}/decode"), |bencher| {
            let call = Call::check(&record[..len], &LIMITS).expect("what is emitted is accepted");
            bencher.iter(|| decode(black_box(&call)));
        });
    }
    group.finish();
}

/// Reads every field, as who runs the call does.
fn decode(call: &Call<'_>) -> u64 {
    let args = (0..call.argc()).fold(0, |sum: u64, index| sum.wrapping_add(call.raw_arg(index)));
    let attributes = call.asks().map(|ask| ask.payload.len() as u64).sum::<u64>();
    args.wrapping_add(attributes).wrapping_add(u64::from(call.nr())).wrapping_add(call.user_data())
}

/// Writes a completion with as many bytes of data, and TIMING's return if asked.
fn write(record: &mut [u8], data: usize, has_timing: bool) -> usize {
    let mut writer = DoneWriter::new(record);
    if data > 0 {
        let _ = black_box(writer.out_area(data));
        writer.data(Status::HANDLED, data);
    }
    if has_timing {
        writer.attribute(AttributeId::TIMING, TIMING_BYTES, |value| {
            value.fill(1);
            (Status::HANDLED, TIMING_BYTES)
        });
    }
    writer.finish(7, RawResult(3), DoneFlags::NONE)
}

fn completion(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("completion");
    for (name, data, has_timing) in [("bare", 0, false), ("timing", 0, true), ("data+timing", 256, true)] {
        let mut record = [0; 512];
        let len = write(&mut record, data, has_timing);
        group.bench_function(format!("{name}/write"), |bencher| {
            bencher.iter(|| write(black_box(&mut record), data, has_timing));
        });
        group.bench_function(format!("{name}/check"), |bencher| {
            bencher.iter(|| Done::check(black_box(&record[..len])).is_ok());
        });
        group.bench_function(format!("{name}/decode"), |bencher| {
            let done = Done::check(&record[..len]).expect("what is written is accepted");
            bencher.iter(|| {
                let done = black_box(&done);
                let returns = done.returns().map(|answer| answer.value.len()).sum::<usize>();
                (done.user_data(), done.result().decode().is_ok(), returns)
            });
        });
    }
    group.finish();
}

criterion_group!(codec, submission, completion);
criterion_main!(codec);
