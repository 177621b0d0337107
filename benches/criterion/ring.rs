//! What the way through both rings costs without the kernel: door, slot, claim, answer, post, consume.
//!
//! The call asks for an attribute that nobody knows and cannot do without it, so it completes without having been
//! made. The answer to that one attribute is part of the figure.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use syslet::{AttributeFlags, AttributeId, Config, DoneFlags, Engine, Params, Ring, Submission};

/// No attribute of that id is ever added here.
const UNKNOWN: AttributeId = AttributeId(AttributeId::APPLICATION.0 + 1);

fn not_run(criterion: &mut Criterion) {
    let submission =
        Submission::call(libc::SYS_getppid).attribute(UNKNOWN, AttributeFlags::REQUIRED, &[]).build();
    let engine = Engine::start(Config::default().workers_max(0)).expect("an engine starts");
    let mut ring = engine.ring(&Params::default()).expect("a ring opens");
    let mut group = criterion.benchmark_group("ring/not-run");
    for depth in [1, 32, 128] {
        group.throughput(Throughput::Elements(depth as u64));
        group.bench_with_input(BenchmarkId::from_parameter(depth), &depth, |bencher, &depth| {
            bencher.iter(|| round(&mut ring, &submission, depth));
        });
    }
    group.finish();
}

fn round(ring: &mut Ring, submission: &Submission, depth: usize) {
    for _ in 0..depth {
        ring.push_safe(submission).expect("there is room for all");
    }
    ring.submit_and_wait(depth).expect("nothing sleeps, so nothing interrupts");
    let over = ring.completions().filter(|done| done.flags().contains(DoneFlags::NOT_RUN)).count();
    assert_eq!(over, depth, "none of them entered the kernel");
}

criterion_group!(ring, not_run);
criterion_main!(ring);
