//! What the table costs at the door: finding a row, and accepting submissions.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use syslet::{Config, Engine, Params, Ring, Submission, syscalls};

const AT_FDCWD: u64 = libc::AT_FDCWD.cast_unsigned() as u64;
/// How many submissions are pushed before they are run, outside of the measure.
const BATCH: u64 = 128;

fn rows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("table");
    let numbers: Vec<u32> = (0..512).map(|at| at * 337 % 512).collect();
    group.throughput(Throughput::Elements(numbers.len() as u64));
    group.bench_function("row", |bencher| {
        bencher.iter(|| {
            for number in black_box(&numbers) {
                black_box(syscalls::row(*number));
            }
        });
    });
    group.bench_function("row-and-nature", |bencher| {
        bencher.iter(|| {
            for number in black_box(&numbers) {
                black_box(syscalls::row(*number).map(|row| row.nature(syscalls::RawArgs::default)));
            }
        });
    });
    group.finish();
}

/// Accepting alone: each batch is run before the next, and that is not measured.
fn admission(criterion: &mut Criterion) {
    let engine = Engine::start(Config::default().workers_max(0)).expect("an engine starts");
    let mut ring = engine.ring(&Params::default()).expect("a ring opens");
    let file = Arc::new(std::fs::File::open("/proc/self/exe").expect("the program can be read"));
    let path = b"/\0";
    let submissions = [
        ("getppid", Submission::call(libc::SYS_getppid).build()),
        ("pread64", Submission::call(libc::SYS_pread64).lend(&file).output(64).value(64).value(0).build()),
        ("access", Submission::call(libc::SYS_faccessat).value(AT_FDCWD).input(path).value(0).build()),
        ("getrusage", Submission::call(libc::SYS_getrusage).value(0).output(144).build()),
    ];
    let mut group = criterion.benchmark_group("admission");
    for (name, submission) in submissions {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|count| accept(&mut ring, &submission, count));
        });
    }
    group.finish();
}

/// The time for accepting that many submissions.
fn accept(ring: &mut Ring, submission: &Submission, count: u64) -> Duration {
    let mut spent = Duration::ZERO;
    let mut left = count;
    while left > 0 {
        let batch = left.min(BATCH);
        let began = Instant::now();
        for _ in 0..batch {
            black_box(ring.push_safe(black_box(submission))).expect("there is room for all");
        }
        spent += began.elapsed();
        ring.submit_and_wait(usize::try_from(batch).expect("a small number")).expect("nothing sleeps");
        assert_eq!(ring.completions().count() as u64, batch);
        left -= batch;
    }
    spent
}

criterion_group!(table, rows, admission);
criterion_main!(table);
